//! The key of the data folder, which seals secrets that the database holds.

use std::{
    fs::{self, OpenOptions},
    io::{ErrorKind, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use crate::app::{KEY_BYTES, Vault};

/// Made at the first start, for its owner's eyes alone. A key that is there is never written
/// over: what it sealed would be lost.
///
/// # Errors
/// In words, with the file's name.
pub(super) fn load_vault(data: &Path) -> Result<Vault, String> {
    let path = data.join(FILE);
    let failed = |what: &dyn std::fmt::Display| format!("{}: {what}", path.display());
    match fs::read(&path) {
        Ok(bytes) => {
            let key: [u8; KEY_BYTES] = bytes.try_into().map_err(|bytes: Vec<u8>| {
                let len = bytes.len();
                failed(&format!("a key has {KEY_BYTES} bytes, not {len}; bring back your backup"))
            })?;
            Ok(Vault::new(key))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let key = Vault::fresh_key();
            let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
            made.and_then(|mut file| file.write_all(&key).and_then(|()| file.sync_all()))
                .map_err(|error| failed(&error))?;
            Ok(Vault::new(key))
        }
        Err(error) => Err(failed(&error)),
    }
}

/// In the data folder; in no backup.
pub(super) const FILE: &str = "second-factor.key";

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_key_is_made_once_for_its_owner_alone_and_never_written_over() {
        let folder = std::env::temp_dir().join(format!("suifang-key-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join(FILE);
        load_vault(&folder).unwrap();
        let first = fs::read(&path).unwrap();
        assert_eq!(first.len(), KEY_BYTES);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        load_vault(&folder).unwrap();
        assert_eq!(fs::read(&path).unwrap(), first);
        fs::write(&path, b"short").unwrap();
        assert!(load_vault(&folder).unwrap_err().contains("not 5"));
        assert_eq!(fs::read(&path).unwrap(), b"short");
        fs::remove_dir_all(&folder).unwrap();
    }
}
