//! ADT messages through the real TCP port, as an interface engine sends them.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

use serde_json::{Value, json};
use suifang::{
    engine::{Clock as _, SystemClock},
    his::hl7::{Charset, Message, frame},
    sim::Behaviour,
};

use crate::support::{does, free_port, hospital::Hospital, until};

/// F013: an intake that hears nothing is an alarm, until a message comes.
#[tokio::test(flavor = "multi_thread")]
async fn f013_an_hl7_intake_that_hears_nothing_is_an_alarm() {
    let port = free_port();
    let head = format!("[hl7]\nbind = \"127.0.0.1:{port}\"\nsilent_after_h = 12\n");
    let hospital = Hospital::open_with("f013-hl7-silent", "2025-02-02T10:00", &head, "").await;
    let silent = || hospital.get("/api/overview").ok()["sources_silent"].clone();
    let known = || hospital.sql("select count(*) from source_state") == "1";
    assert!(until(Duration::from_secs(60), known));
    assert_eq!(silent(), json!([]));
    hospital.on("2025-02-02T23:00").await;
    assert_eq!(silent()[0]["name"], "hl7");
    let mut engine = Engine::connect(port, Charset::Utf8);
    engine.send("MSH|^~\\&|HIS||||20250202230000||ADT^A08|1|P|2.4\rPID|1");
    assert_eq!(silent(), json!([]), "refused or not, it was heard");
}

/// The hospital's interface engine: one connection, one message after the other.
struct Engine {
    stream: TcpStream,
    charset: Charset,
}

impl Engine {
    fn connect(port: u16, charset: Charset) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        Self { stream, charset }
    }

    /// MSA-1, the place of the fault, and the answer itself.
    fn send(&mut self, message: &str) -> (String, String, Message) {
        let bytes = self.charset.encode(message);
        self.send_bytes(&frame(&bytes))
    }

    fn send_bytes(&mut self, bytes: &[u8]) -> (String, String, Message) {
        self.stream.write_all(bytes).unwrap();
        let answer = Message::read(&self.receive()).unwrap();
        let place = format!("{}-{}", answer.value("ERR", 2, 1), answer.value("ERR", 2, 3));
        (answer.value("MSA", 1, 1), place.trim_matches('-').to_owned(), answer)
    }

    fn receive(&mut self) -> Vec<u8> {
        let mut all = Vec::new();
        let mut byte = [0];
        while !all.ends_with(&[0x1C, 0x0D]) {
            assert_eq!(self.stream.read(&mut byte).unwrap(), 1, "closed: {all:?}");
            all.push(byte[0]);
        }
        all[1..all.len() - 2].to_vec()
    }

    #[track_caller]
    fn takes(&mut self, message: &str) {
        let (code, place, answer) = self.send(message);
        assert_eq!(code, "AA", "{place} {:?}", answer.value("ERR", 8, 1));
    }
}

/// A message about one patient; what a test does not name is usual.
struct Adt<'a> {
    event: &'a str,
    no: &'a str,
    sent: &'a str,
    record: &'a str,
    visit: &'a str,
    phone: &'a str,
    discharged: &'a str,
    more: &'a str,
}

const USUAL: Adt<'static> = Adt {
    event: "A01",
    no: "1",
    sent: "20250101080000",
    record: "B0001",
    visit: "Z0001",
    phone: "13800138000",
    discharged: "",
    more: "",
};

impl Adt<'_> {
    fn written(&self, charset: Charset) -> String {
        let Self { event, no, sent, record, visit, phone, discharged, more } = self;
        let set = charset.as_hl7();
        [
            format!("MSH|^~\\&|HIS|H1|SF|H1|{sent}||ADT^{event}|{no}|P|2.5||||||{set}"),
            format!("EVN|{event}|{sent}"),
            format!("PID|||{record}^^^H1^MR||王秀英||19520815|F|||湖滨南路 1 号^^厦门||{phone}"),
            "NK1|1|李强|SPO^配偶||13900139000".to_owned(),
            format!(
                "PV1||I|心内一病区^3^12|||||||心内科|||||||||{visit}||||||||||||||||||\
                 |||||||20241220090000|{discharged}"
            ),
            "DG1|1||I10^原发性高血压|||F".to_owned(),
            "ZPI|1|什么".to_owned(),
            (*more).to_owned(),
        ]
        .iter()
        .filter(|line| !line.is_empty())
        .map(|line| format!("{line}\r"))
        .collect()
    }
}

async fn open(name: &str) -> (Hospital, u16) {
    let port = free_port();
    let head = format!("[hl7]\nbind = \"127.0.0.1:{port}\"\n");
    (Hospital::open_with(name, "2025-01-02T10:00", &head, "").await, port)
}

fn person(hospital: &Hospital, search: &str) -> Value {
    let found = hospital.get(&format!("/api/patients?search={search}")).ok();
    let id = found["items"][0]["person_id"].as_str().unwrap_or_else(|| panic!("{found}"));
    hospital.patient_in_clear(id)
}

fn plans(hospital: &Hospital, person: &Value) -> Vec<String> {
    let id = person["person_id"].as_str().unwrap();
    let plans = hospital.get(&format!("/api/patients/{id}/plans")).ok();
    let mut all: Vec<_> = plans
        .as_array()
        .unwrap()
        .iter()
        .map(|p| {
            let why = p["end_reason"].as_str().unwrap_or("active");
            format!("{} {why}", p["template"].as_str().unwrap())
        })
        .collect();
    all.sort();
    all
}

/// Everything that could be doubled.
fn counts(hospital: &Hospital) -> String {
    hospital.sql(
        "select (select count(*) from person), (select count(*) from admission),
             (select count(*) from diagnosis), (select count(*) from contact),
             (select count(*) from number), (select count(*) from plan), (select count(*) from task),
             (select count(*) from hospital_message)",
    )
}

/// F013: admitted, discharged, changed, taken back, each told twice, in both character
/// sets: the right answers within 200 ms, the right rows, nothing doubled.
#[tokio::test(flavor = "multi_thread")]
async fn f013_f010_adt_messages_are_taken_once_in_both_character_sets() {
    for (name, charset) in [("hl7-utf8", Charset::Utf8), ("hl7-gb", Charset::Gb18030)] {
        let (hospital, port) = open(name).await;
        let mut engine = Engine::connect(port, charset);
        let mut took = Vec::new();
        let mut twice = |adt: Adt<'_>| {
            let text = adt.written(charset);
            let begun = SystemClock.instant();
            engine.takes(&text);
            took.push((SystemClock.instant() - begun).as_millis());
            let before = counts(&hospital);
            let (code, _, answer) = engine.send(&text);
            assert_eq!((code.as_str(), answer.value("MSA", 2, 1)), ("AA", adt.no.to_owned()));
            assert_eq!(answer.charset, charset, "the answer is in the sender's own");
            assert_eq!(counts(&hospital), before, "{} again", adt.event);
        };
        twice(USUAL);
        let wang = person(&hospital, "Z0001");
        assert_eq!(wang["name"], "王秀英");
        assert_eq!(wang["home_address"], "厦门湖滨南路 1 号");
        assert_eq!(wang["contacts"][1]["name"], "李强");
        assert_eq!(wang["admissions"][0]["discharged_on"], Value::Null);
        assert!(plans(&hospital, &wang).is_empty(), "still on the ward");
        let left = Adt { event: "A03", no: "2", sent: "20250101150000", ..USUAL };
        twice(Adt { discharged: "20250101143000", ..left });
        assert_eq!(plans(&hospital, &wang), ["discharge active", "hypertension active"]);
        let stay = person(&hospital, "Z0001")["admissions"][0].clone();
        assert_eq!(stay["discharged_on"], "2025-01-01");
        assert_eq!((&stay["department"], &stay["ward"]), (&json!("心内科"), &json!("心内一病区")));
        twice(Adt { event: "A08", no: "3", sent: "20250101160000", phone: "13700137000", ..USUAL });
        let told = person(&hospital, "Z0001")["contacts"][0]["numbers"].clone();
        assert_eq!(told[0]["number"], "+8613700137000");
        assert_eq!(
            (&told[0]["source"], &told[1]["number"]),
            (&json!("HIS"), &json!("+8613800138000"))
        );
        twice(Adt { event: "A13", no: "4", sent: "20250101170000", ..USUAL });
        let wang = person(&hospital, "Z0001");
        assert_eq!(wang["admissions"][0]["discharged_on"], Value::Null);
        let ended = ["discharge discharge_cancelled", "hypertension discharge_cancelled"];
        assert_eq!(plans(&hospital, &wang), ended);
        let again = Adt { event: "A03", no: "5", sent: "20250102090000", ..USUAL };
        twice(Adt { discharged: "20250102083000", ..again });
        assert_eq!(plans(&hospital, &wang).len(), 4, "planned anew: {:?}", plans(&hospital, &wang));
        took.sort_unstable();
        println!("acknowledged in {took:?} ms");
        let next = Adt { no: "6", sent: "20250102093000", visit: "Z0002", ..USUAL };
        let text = next.written(charset).replace("20241220090000", "20250102090000");
        engine.takes(&text);
        let all = plans(&hospital, &wang);
        assert!(all.iter().all(|plan| !plan.ends_with("active")), "in hospital again: {all:?}");
        assert_eq!(all.iter().filter(|plan| plan.ends_with("readmitted")).count(), 2, "{all:?}");
        drop(hospital);
    }
}

/// F013: in any order the record ends the same: an A08 before its A01 makes a stub, an
/// older message writes over nothing.
#[tokio::test(flavor = "multi_thread")]
async fn f013_messages_out_of_order_never_write_old_over_new() {
    let (hospital, port) = open("hl7-order").await;
    let mut engine = Engine::connect(port, Charset::Utf8);
    let mut tell = |adt: Adt<'_>| engine.takes(&adt.written(Charset::Utf8));
    tell(Adt { event: "A08", no: "1", sent: "20250101120000", phone: "13700137000", ..USUAL });
    let stub = person(&hospital, "Z0001");
    assert_eq!(stub["admissions"].as_array().unwrap().len(), 1, "an A08 before its A01");
    tell(Adt {
        event: "A03",
        no: "2",
        sent: "20250101150000",
        discharged: "202501011430",
        ..USUAL
    });
    let more = "";
    tell(Adt { no: "3", sent: "20241220090000", phone: "13600136000", more, ..USUAL });
    let wang = person(&hospital, "Z0001");
    let stay = &wang["admissions"][0];
    assert_eq!(stay["discharged_on"], "2025-01-01", "a late A01 takes no discharge back");
    assert_eq!(wang["contacts"][0]["numbers"][0]["number"], "+8613800138000", "A03 was the last");
    assert_eq!(plans(&hospital, &wang), ["discharge active", "hypertension active"]);
    // The discharge was taken back at four; the A03 of three o'clock comes after it.
    tell(Adt { event: "A13", no: "4", sent: "20250101160000", ..USUAL });
    tell(Adt {
        event: "A03",
        no: "5",
        sent: "20250101150000",
        discharged: "202501011430",
        ..USUAL
    });
    let wang = person(&hospital, "Z0001");
    assert_eq!(wang["admissions"][0]["discharged_on"], Value::Null);
    assert_eq!(wang["admissions"].as_array().unwrap().len(), 1);
    // An A08 of the morning does not bring the old number to the front.
    tell(Adt { event: "A08", no: "6", sent: "20250101110000", phone: "13700137000", ..USUAL });
    let first = person(&hospital, "Z0001")["contacts"][0]["numbers"][0]["number"].clone();
    assert_eq!(first, "+8613800138000");
    // Taken back altogether, then a late A01 of the same day.
    tell(Adt { event: "A11", no: "7", sent: "20250101170000", ..USUAL });
    tell(Adt { no: "8", sent: "20250101100000", ..USUAL });
    let stay = person(&hospital, "Z0001")["admissions"][0].clone();
    assert!(stay["cancelled_at"].is_string(), "{stay}");
}

/// F013: two numbers of one patient become one, with plans, contacts and numbers; what
/// comes late under the old number finds its way.
#[tokio::test(flavor = "multi_thread")]
async fn f013_f010_a_merge_takes_everything_along() {
    let (hospital, port) = open("hl7-merge").await;
    let mut engine = Engine::connect(port, Charset::Utf8);
    let mut tell = |adt: &Adt<'_>| engine.takes(&adt.written(Charset::Utf8));
    let left = Adt { event: "A03", discharged: "202501011430", ..USUAL };
    tell(&Adt { no: "1", ..left });
    let other =
        Adt { event: "A03", record: "B0002", visit: "Z0002", discharged: "202501011430", ..USUAL };
    tell(&Adt { no: "2", phone: "13700137000", ..other });
    let gone = person(&hospital, "Z0002");
    let merge = Adt { event: "A40", sent: "20250101160000", more: "MRG|B0002^^^H1^MR", ..USUAL };
    tell(&Adt { no: "3", ..merge });
    tell(&Adt { no: "3", ..merge });
    tell(&Adt { no: "4", ..merge });
    let wang = person(&hospital, "Z0002");
    assert_eq!(wang["record_no"], "B0001");
    assert_eq!(wang["admissions"].as_array().unwrap().len(), 2);
    assert_eq!(plans(&hospital, &wang).len(), 4);
    let numbers = wang["contacts"][0]["numbers"].as_array().unwrap();
    assert_eq!(numbers.len(), 2, "{numbers:?}");
    assert_eq!(wang["contacts"].as_array().unwrap().len(), 2, "the spouse once");
    let late = Adt { event: "A08", no: "5", sent: "20250101170000", phone: "13600136000", ..USUAL };
    tell(&Adt { record: "B0002", visit: "Z0002", ..late });
    let first = person(&hospital, "Z0001")["contacts"][0]["numbers"][0]["number"].clone();
    assert_eq!(first, "+8613600136000");
    let old = gone["person_id"].as_str().unwrap();
    let shown = hospital.patient_in_clear(old);
    assert_eq!(shown["person_id"], wang["person_id"], "the old address leads to the survivor");
    assert_eq!(hospital.sql("select count(*) from person where merged_into is null"), "1");
}

/// F013: what cannot be taken is answered by segment and field, kept, and put right by a
/// person.
#[tokio::test(flavor = "multi_thread")]
async fn f013_a_refused_message_is_kept_with_its_fault_and_can_be_repaired() {
    let (hospital, port) = open("hl7-repair").await;
    let mut engine = Engine::connect(port, Charset::Utf8);
    let good = Adt { no: "9", ..USUAL }.written(Charset::Utf8);
    for (message, code, place) in [
        (good.replace("王秀英", ""), "AE", "PID-5"),
        (good.replace("B0001", ""), "AE", "PID-3"),
        (good.replace("19520815", "19521315"), "AE", "PID-7"),
        (good.replace("ADT^A01", "ADT^A99"), "AR", "MSH-9"),
        (good.replace("ADT^A01", "ORU^R01"), "AR", "MSH-9"),
        (good.replace("|9|P|", "||P|"), "AR", "MSH-10"),
        (good.replace("|2.5|", "|3.0|"), "AR", "MSH-12"),
        (good.replace("UNICODE UTF-8", "EBCDIC"), "AR", "MSH-18"),
        (good.replace("心内一病区", "").replace("心内科", ""), "AE", "PV1-10"),
        // Cut off in the middle of PID.
        (good[..good.find("PID").unwrap() + 6].to_owned(), "AE", "PID-3"),
        ("garbage".to_owned(), "AR", "MSH"),
        (String::new(), "AR", "MSH"),
    ] {
        let (told, at, answer) = engine.send(&message);
        assert_eq!((told.as_str(), at.as_str()), (code, place), "{}", answer.value("ERR", 8, 1));
    }
    assert_eq!(hospital.sql("select count(*) from person"), "0", "nothing is left of them");
    // Begun and never ended, then a good one: the connection goes on.
    engine.stream.write_all(&[0x0B]).unwrap();
    engine.stream.write_all(&good.as_bytes()[..100]).unwrap();
    let (told, ..) = engine.send_bytes(&frame(good.replace("王秀英", "").as_bytes()));
    assert_eq!(told, "AR", "the one that was cut short");
    assert_eq!(Message::read(&engine.receive()).unwrap().value("MSA", 1, 1), "AE");
    let list = hospital.get("/api/hospital-messages?state=rejected&search=9").ok();
    let kept = &list["items"].as_array().unwrap().iter().find(|m| m["control_id"] == "9").unwrap();
    assert_eq!(kept["fault"].as_str().unwrap().split(':').next(), Some("PID-5"));
    let id = kept["message_id"].as_str().unwrap();
    let text = hospital.get(&format!("/api/hospital-messages/{id}")).ok();
    let text = text["text"].as_str().unwrap().to_owned();
    let repair = |text: &str| {
        hospital.post(&format!("/api/hospital-messages/{id}/repair"), &json!({ "text": text }))
    };
    let refused = repair(&text);
    assert_eq!(refused.status, 422);
    assert!(refused.body["detail"].as_str().unwrap().starts_with("PID-5"), "{refused:?}");
    assert_eq!(repair(&text.replace("B0001^^^H1^MR||", "B0001^^^H1^MR||王秀英")).status, 204);
    assert_eq!(person(&hospital, "Z0001")["name"], "王秀英");
    assert_eq!(repair(&good).status, 409, "once");
    // The sender repeats it: it is in the record already.
    let (told, ..) = engine.send(&good);
    assert_eq!(told, "AA");
    hospital.add_user("wang", "nurse").await;
    let cookie = hospital.sign_in("wang");
    assert_eq!(hospital.get_as(&cookie, "/api/hospital-messages").status, 403);
}

/// F013: a batch is taken message by message and answered in one piece; a number that is
/// none does not cost a discharge.
#[tokio::test(flavor = "multi_thread")]
async fn f013_f017_a_batch_is_answered_message_by_message() {
    let (hospital, port) = open("hl7-batch").await;
    let mut engine = Engine::connect(port, Charset::Utf8);
    let one = Adt { no: "1", phone: "无", ..USUAL }.written(Charset::Utf8);
    let two = Adt { no: "2", record: "B0002", visit: "Z0002", ..USUAL }.written(Charset::Utf8);
    let bad = Adt { no: "3", record: "", ..USUAL }.written(Charset::Utf8);
    let batch = format!("BHS|^~\\&|HIS\r{one}{two}{bad}BTS|3\r");
    engine.stream.write_all(&frame(batch.as_bytes())).unwrap();
    let answers = suifang::his::hl7::split_batch(&engine.receive());
    let told: Vec<_> = answers
        .iter()
        .map(|answer| {
            let answer = Message::read(answer).unwrap();
            format!("{} {}", answer.value("MSA", 2, 1), answer.value("MSA", 1, 1))
        })
        .collect();
    assert_eq!(told, ["1 AA", "2 AA", "3 AE"]);
    assert_eq!(hospital.sql("select count(*) from admission"), "2");
    let list = hospital.get("/api/hospital-messages?search=A01&state=accepted").ok();
    let one = list["items"].as_array().unwrap().iter().find(|m| m["control_id"] == "1").unwrap();
    assert!(one["fault"].as_str().unwrap().contains("不是电话号码"), "{list}");
}

/// F019, F029: an A08 with a new PID-13; the next dial uses it. F054: an A01 while the
/// telephone rings ends the call within a second.
#[tokio::test(flavor = "multi_thread")]
async fn f019_a_changed_pid_13_is_dialled_next_and_a_readmission_ends_a_ringing_call() {
    let port = free_port();
    let head = format!("[hl7]\nbind = \"127.0.0.1:{port}\"\n");
    let hospital = Hospital::open_with("hl7-dial", "2025-01-02T10:00", &head, "").await;
    let rings = |n: usize| {
        let mut patient = does(n, Behaviour::NoAnswer, "no_answer");
        patient.dials[0].ring_s = 30.0;
        patient
    };
    let carrier = hospital.carrier(vec![rings(1), rings(2)]).await;
    let mut engine = Engine::connect(port, Charset::Utf8);
    let left = Adt { event: "A03", discharged: "202501011430", phone: "13800000001", ..USUAL };
    engine.takes(&left.written(Charset::Utf8));
    let told = Adt { event: "A08", no: "2", sent: "20250101150000", phone: "13800000002", ..USUAL };
    engine.takes(&told.written(Charset::Utf8));
    let run = json!({ "name": "试", "dialplan": "quick", "lines": 1 });
    let run = hospital.post("/api/runs", &run).ok();
    let id = run["run_id"].as_str().unwrap();
    assert!(hospital.post(&format!("/api/runs/{id}/start"), &json!({})).status < 300);
    let dialled = || hospital.sql("select e164 from attempt where rang_at is not null");
    let rang = until(Duration::from_secs(60), || !dialled().is_empty());
    assert!(rang, "nobody was dialled: {}", hospital.sql("select state, why from task"));
    assert_eq!(dialled(), "+8613800000002");
    let back =
        Adt { no: "3", sent: "20250102095900", visit: "Z0002", phone: "13800000002", ..USUAL };
    let back = back.written(Charset::Utf8).replace("20241220090000", "20250102090000");
    engine.takes(&back);
    let ended = || hospital.sql("select we_cancelled from attempt where ended_at is not null");
    let since = hospital.clock.wall().to_rfc3339();
    assert!(until(Duration::from_secs(30), || ended() == "t"), "it still rings");
    // By the times of the record: looking there takes longer on a busy machine.
    let took = hospital.sql(&format!(
        "select extract(epoch from ended_at - timestamptz '{since}') from attempt
         where ended_at is not null"
    ));
    assert!(took.parse::<f64>().unwrap() < 1.5, "{took} s");
    drop(carrier);
}
