//! A trunk that is dead for a dial, and the next one that carries it.

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};
use suifang::{
    engine::{Clock as _, SystemClock},
    sim::{Behaviour, Carrier, Dial, Patient, Truth},
};

use crate::support::{dial, dialled_at, free_port, hospital::Hospital, odd_trunk::OddTrunk};

struct Scene {
    hospital: Hospital,
    first: OddTrunk,
    second: Carrier,
    patients: usize,
}

impl Scene {
    /// `name` of the hospital, `transport` of the first trunk, and the lines of the second.
    async fn open(name: &str, transport: &str, lines: usize) -> Self {
        let second_port = free_port();
        let trunk = format!(
            "transport = \"{transport}\"\nlines = 5\ncalls_per_s = 10.0\nfails_over_to = \"second\"\nhold_off_s = 0\n\
             profile = {{ options_interval_s = 0 }}\n\
             [[trunk]]\nname = \"second\"\npeer = \"127.0.0.1:{second_port}\"\n\
             caller_number = \"05925027065\"\nlines = {lines}\ncalls_per_s = 10.0\n\
             profile = {{ options_interval_s = 0 }}\ndial = {{ e164 = true }}"
        );
        let hospital = Hospital::open_with(name, "2025-01-06T09:30", "", &trunk).await;
        let first = OddTrunk::open(hospital.carrier_port);
        let keys = ["~1", "~42#", "~1"].map(str::to_owned).to_vec();
        // Where one conversation is to take a line, it lasts until another dial was tried.
        let thinks_s = if lines == 1 { 2.0 } else { 0.0 };
        let answers = Dial { keys, thinks_s, ..dial(Behaviour::Answer) };
        let patients = (1..=9).map(|n| Patient {
            number: format!("+86{}", number(n)),
            dials: vec![answers.clone()],
            truth: None,
        });
        let truth = Truth {
            seed: 1,
            listen: ([127, 0, 0, 1], second_port).into(),
            log: Some(hospital.folder.join("second.jsonl")),
            username: None,
            password: None,
            patients: patients.collect(),
        };
        let second = Carrier::start(truth, Arc::new(SystemClock)).await.unwrap();
        Self { hospital, first, second, patients: 0 }
    }

    /// One more patient is dialled; answers their number in the list.
    async fn dial_one(&mut self) -> usize {
        self.patients += 1;
        let n = self.patients;
        let row = format!("王秀英{n},女,1952-08-15,Z{n},心内科,2025-01-01,{}", number(n));
        let header = "姓名,性别,出生日期,住院号,出院科室,出院日期,联系电话";
        let file = format!("{header}\n{row}\n");
        let import = self.hospital.import(&format!("{n}.csv"), file.as_bytes()).await;
        let id = import["import_id"].clone();
        let ask = json!({ "name": "试", "dialplan": "quick", "import_id": id, "trunk": "sim" });
        let made = self.hospital.post("/api/runs", &ask).ok();
        let run = made["run_id"].as_str().unwrap();
        self.hospital.post(&format!("/api/runs/{run}/start"), &json!({})).ok();
        n
    }

    async fn until(&self, what: &str, holds: impl Fn() -> bool) {
        for _ in 0..600 {
            if holds() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("{what} did not come: {} {:?}", self.attempts(), self.first.methods());
    }

    async fn outcome(&self, n: usize) -> Value {
        let e164 = format!("+86{}", number(n));
        let ask = format!(
            "select json_build_object('trunk', trunk, 'outcome', outcome, 'sip_status', sip_status,
                 'tried', trunks_tried) from attempt where e164 = '{e164}' and state = 'ended'"
        );
        self.until("the outcome", || !self.hospital.sql(&ask).is_empty()).await;
        serde_json::from_str(self.hospital.sql(&ask).lines().next().unwrap()).unwrap()
    }

    fn attempts(&self) -> String {
        self.hospital.sql("select trunk, state, outcome, trunks_tried, why from attempt")
    }

    fn dials_by_second(&self, n: usize) -> usize {
        self.second.dials().get(&format!("+86{}", number(n))).copied().unwrap_or_default()
    }

    fn metric(&self, name: &str) -> String {
        let text = self.hospital.get("/metrics").ok();
        let line = text.as_str().unwrap().lines().find(|line| line.starts_with(name));
        line.unwrap_or_default().rsplit(' ').next().unwrap_or_default().to_owned()
    }
}

fn number(n: usize) -> String {
    format!("1380000000{n}")
}

/// Silence for three seconds: the second INVITE leaves within four; what the first says after all is cancelled, or acknowledged, ended and counted.
#[tokio::test(flavor = "multi_thread")]
async fn f028_a_dead_trunk_gives_its_dial_to_the_next_one_and_after_any_18x_never() {
    let mut scene = Scene::open("nexttrunk", "udp", 5).await;
    // Silent: and picks up when it is too late.
    scene.first.says(vec![(4500, "200 OK")]);
    let n = scene.dial_one().await;
    scene.until("the first INVITE", || scene.first.last_invite().is_some()).await;
    let began = scene.first.first_invite().unwrap();
    scene.until("the second INVITE", || scene.dials_by_second(n) == 1).await;
    // By the clock of each carrier: a look at them may come late.
    let rung = dialled_at(&scene.hospital.folder.join("second.jsonl"), &number(n));
    let took = rung - (SystemClock.wall() - (SystemClock.instant() - began));
    assert!((2900..4000).contains(&took.num_milliseconds()), "{took:?}");
    assert!(scene.first.last_invite().unwrap() - began < Duration::from_millis(3100));
    let done = scene.outcome(n).await;
    assert_eq!((&done["trunk"], &done["outcome"]), (&json!("second"), &json!("completed")));
    assert_eq!(done["tried"][0]["trunk"], "sim");
    assert_eq!(done["tried"][0]["sip_status"], Value::Null);
    scene.until("the late answer's end", || scene.first.methods().len() > 2).await;
    assert_eq!(scene.first.methods(), ["INVITE", "ACK", "BYE"]);
    assert_eq!(scene.metric("sip_late_answers_total"), "1");
    assert_eq!(scene.metric("dialer_failed_over_total"), "1");

    // It says that it is busy with itself, and for how long: the next dial does not ask it.
    scene.first.says(vec![(0, "503 Service Unavailable|Retry-After: 3 (maintenance)")]);
    let n = scene.dial_one().await;
    let done = scene.outcome(n).await;
    assert_eq!((&done["trunk"], &done["outcome"]), (&json!("second"), &json!("completed")));
    assert_eq!(done["tried"][0]["sip_status"], 503);
    assert_eq!(scene.first.methods(), ["INVITE", "ACK"]);

    // After a ring the line's fault is this dial's own: nobody is rung twice.
    tokio::time::sleep(Duration::from_secs(3)).await;
    for said in ["180 Ringing", "183 Session Progress"] {
        scene.first.says(vec![(50, said), (300, "503 Service Unavailable")]);
        let n = scene.dial_one().await;
        let done = scene.outcome(n).await;
        assert_eq!((&done["trunk"], &done["tried"]), (&json!("sim"), &json!([])), "{said}");
        assert_eq!((&done["outcome"], scene.dials_by_second(n)), (&json!("trunk_fault"), 0));
    }
    // A hand at the phone is no fault of the trunk.
    scene.first.says(vec![(50, "486 Busy Here")]);
    let n = scene.dial_one().await;
    assert_eq!(scene.outcome(n).await["outcome"], "busy");
    assert_eq!(scene.dials_by_second(n), 0);
    assert_eq!(scene.metric("dialer_failed_over_total"), "2");
}

/// A refused connection is no answer either; and the next trunk has only the lines it has.
#[tokio::test(flavor = "multi_thread")]
async fn f028_a_refused_connection_is_a_dead_trunk_and_lines_hold_for_the_next_one_too() {
    let mut scene = Scene::open("nexttrunk-tcp", "tcp", 1).await;
    let first = scene.dial_one().await;
    scene.until("the dial by the second", || scene.dials_by_second(first) == 1).await;
    // Its one line is taken by that conversation.
    let second = scene.dial_one().await;
    let done = scene.outcome(second).await;
    assert_eq!((&done["trunk"], &done["outcome"]), (&json!("sim"), &json!("trunk_fault")));
    assert_eq!((scene.dials_by_second(second), &done["tried"]), (0, &json!([])));
    let done = scene.outcome(first).await;
    assert_eq!((&done["trunk"], &done["outcome"]), (&json!("second"), &json!("completed")));
    assert_eq!(done["tried"][0]["sip_status"], Value::Null);
    assert_eq!(scene.first.methods(), Vec::<String>::new(), "it listens to datagrams only");
}
