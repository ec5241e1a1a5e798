//! Peers that are not ours, on real sockets. Without the program: NOT RUN.

mod baresip;
mod baresip_agent;
mod kamailio;
mod networks;
mod odd_peers;
mod secure;
mod sipp;
mod torture;

use std::process::Command;

/// Is the program installed? Otherwise says so, for the closing lines of `make test`.
pub(crate) fn installed(program: &str, tests: usize) -> bool {
    let found = Command::new(program).arg("-v").output().is_ok();
    if !found {
        println!("NOT RUN ({tests}): {program} is not installed");
    }
    found
}
