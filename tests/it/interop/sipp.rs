use std::process::{Command, Stdio};

use super::installed;
use crate::support::{Stage, free_port, manifest, said, until};

/// The inbound menu, keys by INFO (by UDP and by TCP) and as telephone-events; each call must
/// go to its end.
#[test]
fn f032_sipp_calls_the_menu_and_presses_keys_both_ways() {
    if !installed("sipp", 1) {
        return;
    }
    let mut stage = Stage::new("sipp", "");
    stage.start();
    let calls = [("menu_info.xml", "u1"), ("menu_rfc4733.xml", "u1"), ("menu_info.xml", "t1")];
    for (file, transport) in calls {
        if file == "menu_rfc4733.xml" && !may_open_raw_sockets() {
            println!("NOT RUN (1): sipp plays keys as packets only with raw sockets (root)");
            continue;
        }
        let scenario = manifest().join("tests/data/sipp").join(file);
        let output = Command::new("sipp")
            .arg(format!("127.0.0.1:{}", stage.sip_port))
            .arg("-sf")
            .arg(&scenario)
            .args([
                "-t",
                transport,
                "-s",
                "1000",
                "-i",
                "127.0.0.1",
                "-mi",
                "127.0.0.1",
                "-m",
                "10",
                "-r",
                "5",
            ])
            .args(["-p", &free_port().to_string(), "-timeout", "60"])
            .current_dir(&stage.folder)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(output.status.success(), "{file} {transport}: {}\n{}", said(&output), stage.log());
    }
}

/// sipp as the patient: it is called, answers, echoes, and hangs up or is hung up on.
#[test]
fn f028_sipp_as_a_patient_is_called() {
    if !installed("sipp", 1) {
        return;
    }
    // sipp takes an OPTIONS for its one call: nobody asks for its health.
    let mut stage = Stage::new("uas", "profile = { options_interval_s = 0 }");
    let mut patient = Command::new("sipp")
        .args(["-sn", "uas", "-rtp_echo", "-i", "127.0.0.1", "-m", "1", "-timeout", "120"])
        .args(["-p", &stage.carrier_port.to_string()])
        .current_dir(&stage.folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    stage.start();
    let address = format!("sip:patient@127.0.0.1:{}", stage.carrier_port);
    let output = stage.run(&["call", &address, "--dialplan", "ring_test"]);
    assert!(said(&output).contains("answered, SIP status 200"), "{}", said(&output));
    let ended = until(std::time::Duration::from_secs(60), || patient.try_wait().unwrap().is_some());
    let _ = patient.kill();
    assert!(ended, "sipp did not see the end of the call");
}

/// sipp's own way to send telephone-events needs them; an ordinary user has none.
fn may_open_raw_sockets() -> bool {
    use socket2::{Domain, Protocol, Socket, Type};
    Socket::new(Domain::IPV4, Type::RAW, Some(Protocol::UDP)).is_ok()
}
