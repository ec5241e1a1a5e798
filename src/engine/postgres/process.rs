//! The database's process: is it there, was it ever, make it stop.

use std::{fs, path::Path, time::Duration};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use tokio::{process::Child, time};

/// The live postmaster of this cluster. A stale file, whose pid is dead or has become
/// another program, names none.
pub(super) fn postmaster(folder: &Path) -> Option<Pid> {
    let text = fs::read_to_string(folder.join(PID_FILE)).ok()?;
    let pid: i32 = text.lines().next()?.trim().parse().ok()?;
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, after) = stat.rsplit_once(')')?;
    let is_zombie = after.trim_start().starts_with('Z');
    let name = fs::read_to_string(format!("/proc/{pid}/comm")).ok()?;
    let command = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let is_ours = String::from_utf8_lossy(&command).contains(&*folder.to_string_lossy());
    (!is_zombie && name.trim() == "postgres" && is_ours).then(|| Pid::from_raw(pid))
}

/// Removes the pid file of a server that is dead: its pid may since be somebody else's,
/// and PostgreSQL would then refuse to start.
pub(super) fn forget_dead_postmaster(folder: &Path) {
    if postmaster(folder).is_none() {
        // Not there is what is wanted.
        let _ = fs::remove_file(folder.join(PID_FILE));
    }
}

pub(super) async fn stop(folder: &Path) {
    let Some(pid) = postmaster(folder) else { return };
    // SIGINT: fast shutdown.
    if kill(pid, Signal::SIGINT).is_err() {
        return;
    }
    for _ in 0..STOP_WAIT_TENTHS {
        if postmaster(folder).is_none() {
            return;
        }
        time::sleep(Duration::from_millis(100)).await;
    }
}

/// Waits for the child in the background, so that it is no zombie.
pub(super) fn reap(mut child: Child) {
    tokio::spawn(async move { child.wait().await.map(drop) });
}

const PID_FILE: &str = "postmaster.pid";

/// A checkpoint of a busy day takes some seconds.
const STOP_WAIT_TENTHS: u32 = 300;
