//! A few days of a small hospital by real calls, by the command that also plays it at length.

use std::process::Command;

use crate::support::manifest;

/// Ten beds, seven days, so that first contacts fall due, are retried, and some are
/// completed. Every rule holds, on the wire and in the record. In a process of its own: one
/// rule counts what the process holds open.
#[test]
fn a_few_days_of_real_calls_in_virtual_time_break_no_rule() {
    let month = Command::new(env!("CARGO_BIN_EXE_suifang"))
        .args("simulate month --seed 7 --beds 10 --days 7 --speed 20 --dialplans".split(' '))
        .arg(manifest().join("dialplans"))
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&month.stdout);
    let why = String::from_utf8_lossy(&month.stderr);
    assert!(month.status.success(), "{told}{why}");
    let holds = told.lines().filter(|line| line.starts_with("holds ")).count();
    assert_eq!((holds, told.contains("BROKEN")), (9, false), "{told}");
    let first = told.lines().next().unwrap_or_default();
    let counts: Vec<u64> = first.split(' ').filter_map(|word| word.parse().ok()).collect();
    let &[_seed, invites, answered, _jumps, _seconds] = counts.as_slice() else {
        panic!("{told}");
    };
    assert!(invites > 3 && answered > 0, "{told}");
}
