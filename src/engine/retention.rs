//! 销毁: recordings past their time leave the disk, a few each minute.

use std::{io::ErrorKind, path::Path};

use tracing::{info, warn};

use super::Core;

/// What is past its time now, at most a hundred at once.
pub async fn erase_old_recordings(core: &Core) {
    let at = core.clock.wall();
    let due = match core.app.recordings_past_their_time(at).await {
        Ok(due) => due,
        Err(error) => return warn!(%error, "old recordings wait for the database"),
    };
    let folder = core.recordings();
    let mut erased = 0;
    for recording in due {
        let gone = core.app.erase_recording(recording, |path| remove_recording(&folder, path), at);
        match gone.await {
            Ok(gone) => erased += usize::from(gone),
            Err(error) => warn!(%error, "a recording past its time stays"),
        }
    }
    if erased > 0 {
        info!(erased, "recordings past their time were erased");
    }
}

/// One that is not there any more is gone as well.
pub fn remove_recording(folder: &Path, path: &str) -> bool {
    match std::fs::remove_file(folder.join(path)) {
        Ok(()) => true,
        Err(error) if error.kind() == ErrorKind::NotFound => true,
        Err(error) => {
            warn!(%error, "a recording that is to go cannot be removed");
            false
        }
    }
}
