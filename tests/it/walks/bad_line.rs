//! Signalling over a line that loses, doubles and delays a tenth of everything.

use std::time::Duration;

use suifang::sim::{Behaviour, Patient, compare};

use crate::support::{Faults, Relay, Stage, answers, does, free_port, said, until};

/// `SUIFANG_BAD_LINE_CALLS` calls (500 in `make torture`).
#[tokio::test(flavor = "multi_thread")]
async fn a_tenth_lost_doubled_and_late_changes_no_outcome_and_leaves_nothing_behind() {
    let calls = std::env::var("SUIFANG_BAD_LINE_CALLS").ok();
    let calls: usize = calls.and_then(|text| text.parse().ok()).unwrap_or(30);
    let seed = std::env::var("SUIFANG_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(7);
    println!("SUIFANG_SEED={seed}");
    let trunk = "lines = 40\ncalls_per_s = 10.0\n\
                 profile = { options_interval_s = 0, no_response_s = 20 }";
    let mut stage = Stage::new("bad-line", trunk);
    let patients = patients(calls);
    let address = |port: u16| ([127, 0, 0, 1], port).into();
    let carrier_port = free_port();
    let carrier = stage.carrier_at(carrier_port, patients.clone()).await;
    let faults = Faults { lost: 0.1, doubled: 0.1, late: 0.1 };
    let (server, as_carrier) = (address(stage.sip_port), address(stage.carrier_port));
    let relay = Relay::start(server, as_carrier, address(carrier_port), faults, seed);
    stage.start();
    let file = stage.discharges(&patients);
    let imported = stage.run(&["import", file.to_str().unwrap(), "--run", "quick"]);
    assert!(imported.status.success(), "{}", said(&imported));
    let database = stage.database().await;
    let mut result = compare(&database, carrier.truth()).await.unwrap();
    for _ in 0..calls + 150 {
        if result.not_dialled == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
        result = compare(&database, carrier.truth()).await.unwrap();
    }
    assert_eq!(result.not_dialled, 0, "{}", stage.log());
    let spoiled = relay.spoiled();
    println!("{calls} calls, {spoiled} datagrams spoiled, {:?}", result.differences);
    assert!(spoiled > calls, "the line was not bad: {spoiled}");
    assert!(result.differences.len() <= calls / 100, "{:#?}", result.differences);
    for (number, dials) in carrier.dials() {
        assert_eq!(dials, 1, "{number} was dialled {dials} times");
    }
    for what in ["transactions", "dialogs", "timers"] {
        let name = format!("sip_open{{what=\"{what}\"}}");
        let is_gone = || stage.metric(&name) == Some(0.0);
        assert!(until(Duration::from_secs(90), is_gone), "{what}: {:?}", stage.metric(&name));
    }
    for name in ["media_legs", "rtp_ports_in_use"] {
        assert_eq!(stage.metric(name), Some(0.0), "{name}");
    }
}

fn patients(calls: usize) -> Vec<Patient> {
    let mut patients: Vec<_> = (0..calls)
        .map(|n| match n % 6 {
            0 => does(n, Behaviour::Busy, "busy"),
            1 => does(n, Behaviour::Decline, "declined"),
            2 => does(n, Behaviour::Vacant, "not_in_service"),
            _ => answers(n),
        })
        .collect();
    // A lost answer of the carrier's is one dial more on its side of the line, none on ours.
    patients.iter_mut().filter_map(|patient| patient.truth.as_mut()).for_each(|t| t.dials = None);
    patients
}
