//! Secrets that must be read again are sealed by a key that is not in the database.

use rand::RngCore;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

/// The key of the data folder.
#[derive(Clone)]
pub struct Vault([u8; KEY_BYTES]);

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Vault(…)")
    }
}

impl Vault {
    pub const fn new(key: [u8; KEY_BYTES]) -> Self {
        Self(key)
    }

    /// A key for a folder that has none yet.
    pub fn fresh_key() -> [u8; KEY_BYTES] {
        let mut key = [0; KEY_BYTES];
        rand::rng().fill_bytes(&mut key);
        key
    }

    /// Nonce, then what was sealed. `whose` is bound to it: a row that is copied to another
    /// person opens for nobody.
    pub(super) fn seal(&self, whose: &[u8], secret: &[u8]) -> Option<Vec<u8>> {
        let mut nonce = [0; NONCE_LEN];
        rand::rng().fill_bytes(&mut nonce);
        let mut sealed = secret.to_vec();
        let given = Nonce::assume_unique_for_key(nonce);
        self.key()?.seal_in_place_append_tag(given, Aad::from(whose), &mut sealed).ok()?;
        Some([&nonce[..], &sealed].concat())
    }

    /// `None` when it was sealed by another key, for somebody else, or was changed.
    pub(super) fn open(&self, whose: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, sealed) = sealed.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut opened = sealed.to_vec();
        let secret = self.key()?.open_in_place(nonce, Aad::from(whose), &mut opened).ok()?;
        Some(secret.to_vec())
    }

    fn key(&self) -> Option<LessSafeKey> {
        UnboundKey::new(&AES_256_GCM, &self.0).ok().map(LessSafeKey::new)
    }
}

pub const KEY_BYTES: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_opens_for_its_person_and_its_key_alone() {
        let vault = Vault::new([7; KEY_BYTES]);
        let sealed = vault.seal(b"li", b"secret").unwrap();
        assert_eq!(vault.open(b"li", &sealed).as_deref(), Some(&b"secret"[..]));
        assert_eq!(vault.open(b"wang", &sealed), None);
        assert_eq!(Vault::new([8; KEY_BYTES]).open(b"li", &sealed), None);
        assert_eq!(vault.open(b"li", b""), None);
        let mut changed = sealed.clone();
        changed[NONCE_LEN] ^= 1;
        assert_eq!(vault.open(b"li", &changed), None);
        assert_ne!(vault.seal(b"li", b"secret").unwrap(), sealed, "never the same nonce");
        assert_eq!(format!("{vault:?}"), "Vault(…)");
    }
}
