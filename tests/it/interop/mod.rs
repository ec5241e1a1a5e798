//! Peers that are not ours, on real sockets. Without the program: NOT RUN.

mod baresip;
mod baresip_agent;
mod kamailio;
mod networks;
mod odd_peers;
mod secure;
mod sipp;
mod torture;

use std::{
    fs,
    path::Path,
    process::{Child, Command, Stdio},
};

/// Is the program installed? Otherwise says so, for the closing lines of `make test`.
pub(crate) fn installed(program: &str, tests: usize) -> bool {
    let found = Command::new(program).arg("-v").output().is_ok();
    if !found {
        println!("NOT RUN ({tests}): {program} is not installed");
    }
    found
}

/// baresip with this configuration and this account, all in `folder`; what it says is in `log`.
fn start_baresip(folder: &Path, config: &str, account: &str) -> Child {
    fs::write(folder.join("config"), config).unwrap();
    fs::write(folder.join("accounts"), account).unwrap();
    fs::write(folder.join("contacts"), "").unwrap();
    let log = fs::File::create(folder.join("log")).unwrap();
    Command::new("baresip")
        .arg("-f")
        .arg(folder)
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .spawn()
        .unwrap()
}
