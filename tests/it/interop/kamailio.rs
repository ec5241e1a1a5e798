use std::{
    fs,
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use serde_json::{Value, json};
use suifang::{
    engine::{Clock as _, SystemClock},
    sim::{Behaviour, Carrier, Dial, Patient, Truth},
};

use super::installed;
use crate::support::{dial, dialled_at, free_port, hospital::Hospital, manifest};

/// Kamailio as a carrier's SBC: tests/data/kamailio/kamailio.cfg.
struct Sbc {
    port: u16,
    hospital: u16,
    carrier: u16,
    log: PathBuf,
    child: Child,
}

impl Sbc {
    fn start(name: &str, port: u16, hospital: u16, carrier: u16, folder: &std::path::Path) -> Self {
        let log = folder.join(format!("{name}.log"));
        let child = run(port, hospital, carrier, &log);
        Self { port, hospital, carrier, log, child }
    }

    /// What its routes have said of themselves.
    fn count(&self, what: &str) -> usize {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        log.lines().filter(|line| line.contains(&format!("TEST {what}"))).count()
    }

    fn stop(&mut self) {
        Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        self.child.wait().unwrap();
    }

    fn restart(&mut self) {
        self.stop();
        self.child = run(self.port, self.hospital, self.carrier, &self.log);
    }
}

impl Drop for Sbc {
    fn drop(&mut self) {
        self.stop();
    }
}

fn run(port: u16, hospital: u16, carrier: u16, log: &std::path::Path) -> Child {
    let log = fs::OpenOptions::new().create(true).append(true).open(log).unwrap();
    let pid = format!("/tmp/suifang-kamailio-{port}-{}.pid", std::process::id());
    Command::new("kamailio")
        .args(["-DD", "-E", "-P", &pid, "-f"])
        .arg(manifest().join("tests/data/kamailio/kamailio.cfg"))
        .args(["-A", &format!("PORT={port}"), "-A", &format!("HOSPITAL={hospital}")])
        .args(["-A", &format!("CARRIER={carrier}"), "-A", "SECRET=\"secret\""])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .unwrap()
}

struct Scene {
    hospital: Hospital,
    carrier: Carrier,
    patients: usize,
}

impl Scene {
    /// The hospital, its carrier, and the ports of the two SBCs between them.
    async fn open() -> (Self, Sbc, Sbc) {
        let (second, carrier_port) = (free_port(), free_port());
        let own =
            "username = \"05925027064\"\npassword = \"secret\"\nlines = 5\ncalls_per_s = 10.0";
        let trunk = format!(
            "{own}\nregister = true\nfails_over_to = \"second\"\nhold_off_s = 60\n\
             profile = {{ base = \"ims-cn\", session_expires_s = 0 }}\n\
             [[trunk]]\nname = \"second\"\npeer = \"127.0.0.1:{second}\"\n{own}\n\
             caller_number = \"05925027064\"\nprofile = {{ base = \"ims-cn\" }}"
        );
        let hospital = Hospital::open_with("kamailio", "2025-01-06T09:30", "", &trunk).await;
        let (folder, sip) = (hospital.folder.clone(), hospital.sip().port());
        let a = Sbc::start("a", hospital.carrier_port, sip, carrier_port, &folder);
        let b = Sbc::start("b", second, sip, carrier_port, &folder);
        let keys = ["~1", "~42#", "~1"].map(str::to_owned).to_vec();
        let answers = Dial { keys, ..dial(Behaviour::Answer) };
        let slowly = Dial { thinks_s: 1.5, ..answers.clone() };
        let patients = (1..=9).map(|n| Patient {
            number: format!("+86{}", number(n)),
            dials: vec![if n == 3 { slowly.clone() } else { answers.clone() }],
            truth: None,
        });
        let truth = Truth {
            seed: 1,
            listen: ([127, 0, 0, 1], carrier_port).into(),
            log: Some(folder.join("carrier.jsonl")),
            username: None,
            password: None,
            patients: patients.collect(),
        };
        let carrier = Carrier::start(truth, Arc::new(SystemClock)).await.unwrap();
        (Self { hospital, carrier, patients: 0 }, a, b)
    }

    async fn dial_one(&mut self) -> usize {
        self.patients += 1;
        let n = self.patients;
        let header = "姓名,性别,出生日期,住院号,出院科室,出院日期,联系电话";
        let row = format!("王秀英{n},女,1952-08-15,Z{n},心内科,2025-01-01,{}", number(n));
        let file = format!("{header}\n{row}\n");
        let import = self.hospital.import(&format!("{n}.csv"), file.as_bytes()).await;
        let id = import["import_id"].clone();
        let ask = json!({ "name": "试", "dialplan": "quick", "import_id": id, "trunk": "sim" });
        let run = self.hospital.post("/api/runs", &ask).ok()["run_id"].clone();
        let path = format!("/api/runs/{}/start", run.as_str().unwrap());
        self.hospital.post(&path, &json!({})).ok();
        n
    }

    async fn until(&self, what: &str, sbc: &Sbc, holds: impl Fn() -> bool) {
        for _ in 0..600 {
            if holds() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let log = fs::read_to_string(&sbc.log).unwrap_or_default();
        let attempts = "select e164, trunk, state, outcome, sip_status, why from attempt";
        panic!("{what} did not come:\n{}\n{log}", self.hospital.sql(attempts));
    }

    async fn completed(&self, n: usize, sbc: &Sbc) -> Value {
        let ask = format!(
            "select json_build_object('trunk', trunk, 'outcome', outcome, 'tried', trunks_tried)
             from attempt where e164 = '+86{}' and state = 'ended'",
            number(n)
        );
        self.until("the end", sbc, || !self.hospital.sql(&ask).is_empty()).await;
        let done: Value = serde_json::from_str(&self.hospital.sql(&ask)).unwrap();
        assert_eq!(done["outcome"], "completed", "{n}");
        done
    }

    fn is_registered(&self) -> bool {
        self.hospital.get("/api/trunks").ok()[0]["registered"] == true
    }

    fn dials(&self, n: usize) -> usize {
        self.carrier.dials().get(&format!("+86{}", number(n))).copied().unwrap_or_default()
    }

    /// A patient calls the number that the SBC has registered, and presses these keys.
    async fn calls_in(
        &self,
        sbc: &Sbc,
        keys: &[&str],
        then_puts_down: bool,
    ) -> Option<&'static str> {
        let at = ([127, 0, 0, 1], sbc.port).into();
        let hangs_up_after = then_puts_down.then_some(keys.len());
        let keys = keys.iter().map(|key| (*key).to_owned()).collect();
        let presses = Dial { keys, hangs_up_after, ..dial(Behaviour::Answer) };
        let call = self.carrier.call_in("13900000001", at, "05925027064", presses);
        tokio::time::timeout(Duration::from_secs(60), call).await.unwrap_or(None)
    }
}

fn number(n: usize) -> String {
    format!("1380000000{n}")
}

/// Registration with digest, calls both ways, each BYE challenged inside its dialog, a proof
/// that came too late, a restart in mid-call, and the second SBC when the first is gone.
#[tokio::test(flavor = "multi_thread")]
async fn f028_kamailio_registers_challenges_restarts_and_gives_way_to_the_second_one() {
    if !installed("kamailio", 1) {
        return;
    }
    let (mut scene, mut a, b) = Scene::open().await;
    scene.until("the registration", &a, || scene.is_registered()).await;
    assert!(a.count("registered") >= 1);

    let n = scene.dial_one().await;
    assert_eq!(scene.completed(n, &a).await["trunk"], "sim");
    scene.until("the proved BYE", &a, || a.count("proved BYE") == 1).await;
    assert_eq!((a.count("proved INVITE"), a.count("challenged BYE")), (1, 1));

    // Proved in time, looked at two seconds later: asked again, and proved again.
    let n = scene.dial_one().await;
    scene.completed(n, &a).await;
    assert_eq!(scene.dials(n), 1);
    assert!(a.count("challenged INVITE -4") >= 1, "no proof was stale");

    // "Call me tomorrow morning": thanked, and put down by us, which is challenged too.
    let byes = a.count("proved BYE");
    let ended = scene.calls_in(&a, &["~1", "2", "1"], false).await;
    assert_eq!(ended, Some("ended"));
    scene.until("the proved BYE of the call in", &a, || a.count("proved BYE") > byes).await;
    let inbound = scene.hospital.sql("select trunk, end_why from call where direction = 'inbound'");
    assert!(inbound.starts_with("sim|"), "{inbound}");

    // It forgets everything in mid-call; the call goes on, and its end is heard.
    let n = scene.dial_one().await;
    scene
        .until("the answer", &a, || {
            scene.hospital.sql("select count(*) from attempt where state = 'live'") == "1"
        })
        .await;
    let byes = a.count("proved BYE");
    a.restart();
    scene.completed(n, &a).await;
    scene.until("the BYE after the restart", &a, || a.count("proved BYE") > byes).await;
    // The registration is gone with it, and comes back by itself.
    let mut ended = None;
    for _ in 0..20 {
        ended = scene.calls_in(&a, &["1"], true).await;
        if ended.is_some_and(|how| how != "refused") {
            break;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    assert!(ended.is_some_and(|how| how != "refused"), "no call came in: {ended:?}");

    // The first is gone: the next dial goes by the second within four seconds.
    a.stop();
    let n = scene.dial_one().await;
    let began = SystemClock.wall();
    scene.until("the dial by the second", &b, || scene.dials(n) == 1).await;
    let log = scene.hospital.folder.join("carrier.jsonl");
    let took = dialled_at(&log, &number(n)) - began;
    assert!(took.num_milliseconds() < 4500, "{took:?}");
    let done = scene.completed(n, &b).await;
    assert_eq!((&done["trunk"], &done["tried"][0]["trunk"]), (&json!("second"), &json!("sim")));
    assert!(b.count("proved INVITE") >= 1);
    // Within the hold-off nobody asks the first one.
    let n = scene.dial_one().await;
    scene.until("the next dial by the second", &b, || scene.dials(n) == 1).await;
    let tried = "select trunk, trunks_tried from attempt order by claimed_at desc limit 1";
    assert_eq!(scene.hospital.sql(tried), "second|[]");
    a.child = run(a.port, a.hospital, a.carrier, &a.log);
}
