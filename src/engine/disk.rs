//! How much room a disk has left.

use std::path::Path;

use nix::sys::statvfs::statvfs;

/// Free for us, in MiB; `None` when the folder cannot be asked.
pub fn free_mib(folder: &Path) -> Option<u64> {
    let found = statvfs(folder).ok()?;
    Some(found.blocks_available().saturating_mul(found.fragment_size()) / (1024 * 1024))
}
