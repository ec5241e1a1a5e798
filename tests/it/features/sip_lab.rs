//! The SIP lab: what passed on the wire of a call is read on the page and by a command, masked
//! for whoever may not see more, and gone after its time.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream, UdpSocket},
    process::{Command, Output},
    time::Duration,
};

use serde_json::{Value, json};
use suifang::{
    engine::{Clock as _, erase_old_messages},
    sim::{Behaviour, Dial, Patient},
};

use crate::{
    interop::installed,
    support::{
        dial,
        hospital::{Answer, Hospital},
        said,
    },
};

const NUMBER: &str = "13977700042";
const SECRET: &str = "5ecre7canary";
const NAME: &str = "Canary Zhen";

/// A caller at the trunk's address, as little of one as there is; the socket's messages are
/// written by hand, so that what is kept can be compared with what was sent.
struct Caller {
    wire: Wire,
    to: String,
}

enum Wire {
    Udp(UdpSocket),
    /// And what was read of it beyond a message.
    Tcp(TcpStream, Vec<u8>),
}

impl Wire {
    fn address(&self) -> SocketAddr {
        match self {
            Self::Udp(socket) => socket.local_addr().unwrap(),
            Self::Tcp(stream, _) => stream.local_addr().unwrap(),
        }
    }

    /// By TCP in two pieces, as networks may cut it.
    fn send(&mut self, text: &str) {
        match self {
            Self::Udp(socket) => drop(socket.send(text.as_bytes()).unwrap()),
            Self::Tcp(stream, _) => {
                let (head, tail) = text.as_bytes().split_at(text.len() / 2);
                stream.write_all(head).unwrap();
                stream.write_all(tail).unwrap();
            }
        }
    }

    fn receive(&mut self) -> String {
        let mut buffer = [0; 8192];
        match self {
            Self::Udp(socket) => {
                let length = socket.recv(&mut buffer).unwrap();
                String::from_utf8_lossy(&buffer[..length]).into_owned()
            }
            Self::Tcp(stream, rest) => loop {
                let text = String::from_utf8_lossy(rest).into_owned();
                let whole = text.find("\r\n\r\n").map(|end| {
                    let length =
                        text[..end].lines().find_map(|l| l.strip_prefix("Content-Length: "));
                    end + 4 + length.and_then(|l| l.parse::<usize>().ok()).unwrap_or_default()
                });
                if let Some(end) = whole.filter(|end| rest.len() >= *end) {
                    rest.drain(..end);
                    return text[..end].to_owned();
                }
                let length = stream.read(&mut buffer).unwrap();
                assert!(length > 0, "the connection was closed");
                rest.extend_from_slice(&buffer[..length]);
            },
        }
    }
}

impl Caller {
    fn open(hospital: &Hospital) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        socket.connect(hospital.sip()).unwrap();
        Self::by(Wire::Udp(socket))
    }

    fn by_tcp(hospital: &Hospital) -> Self {
        let stream = TcpStream::connect(hospital.sip()).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        Self::by(Wire::Tcp(stream, Vec::new()))
    }

    fn by(wire: Wire) -> Self {
        Self { wire, to: "<sip:05925027064@127.0.0.1>".to_owned() }
    }

    fn send(&mut self, method: &str, cseq: u32, more: &str, body: &str) {
        let at = self.wire.address();
        let by = if matches!(self.wire, Wire::Udp(_)) { "UDP" } else { "TCP" };
        let to = &self.to;
        let text = format!(
            "{method} sip:05925027064@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/{by} {at};branch=z9hG4bK{cseq}{method}\r\n\
             Max-Forwards: 70\r\nFrom: \"{NAME}\" <sip:{NUMBER}@127.0.0.1>;tag=far\r\nTo: {to}\r\n\
             Call-ID: canary-call\r\nCSeq: {cseq} {method}\r\nContact: <sip:{NUMBER}@{at}>\r\n\
             Authorization: Digest username=\"u\", response=\"{SECRET}\"\r\n{more}\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        self.wire.send(&text);
    }

    /// The final answer to it.
    fn answer(&mut self, cseq: u32, method: &str) -> u16 {
        loop {
            let text = self.wire.receive();
            let status = text.split(' ').nth(1).and_then(|status| status.parse::<u16>().ok());
            let is_ours = text.contains(&format!("CSeq: {cseq} {method}\r\n"));
            if let Some(status) = status.filter(|status| is_ours && *status >= 200) {
                let to = text.lines().find_map(|line| line.strip_prefix("To: "));
                self.to = to.unwrap_or_default().to_owned();
                return status;
            }
        }
    }

    fn call(&mut self) {
        let port = self.wire.address().port();
        let sdp = format!(
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
             m=audio {} RTP/AVP 8\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{SECRET:A<40}\r\n",
            port & !1
        );
        self.send("INVITE", 1, "Content-Type: application/sdp\r\n", &sdp);
        assert_eq!(self.answer(1, "INVITE"), 200);
        self.send("ACK", 1, "", "");
        self.send(
            "INFO",
            2,
            "Content-Type: application/dtmf-relay\r\n",
            "Signal=7\r\nDuration=160\r\n",
        );
        assert_eq!(self.answer(2, "INFO"), 200);
        self.send("BYE", 3, "", "");
        assert_eq!(self.answer(3, "BYE"), 200);
    }
}

async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..600 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{what} did not come");
}

/// Who sent it, and what it was.
fn titles(trace: &Value) -> Vec<String> {
    let messages = trace["messages"].as_array().unwrap().iter();
    let messages = messages.filter(|message| message["is_repeat"] == false);
    let one = |message: &Value| {
        let ours = if message["is_ours"] == true { ">" } else { "<" };
        format!("{ours} {}", message["title"].as_str().unwrap())
    };
    messages.map(one).collect()
}

fn command(hospital: &Hospital, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_suifang"));
    let command = command.arg("--config").arg(hospital.folder.join("suifang.toml")).args(args);
    tokio::task::block_in_place(|| command.output()).unwrap()
}

fn is_masked(what: &str, text: &str) {
    for canary in [NUMBER, NAME, "Zhen", "Signal=7", SECRET] {
        assert!(!text.contains(canary), "{what} has {canary}: {text}");
    }
}

async fn calls_in(hospital: &Hospital, mut caller: Caller) -> String {
    caller.call();
    let ended = "select call_id from call where state = 'ended'";
    until("the end of the call", || !hospital.sql(ended).is_empty()).await;
    let id = hospital.sql(ended);
    let path = format!("/api/calls/{id}/trace");
    until("the last message", || {
        titles(&hospital.get(&path).ok()).iter().filter(|title| *title == "> 200 OK").count() == 3
    })
    .await;
    id
}

#[tokio::test(flavor = "multi_thread")]
async fn f135_a_callers_messages_are_read_masked_and_whole_only_with_the_right() {
    let hospital = Hospital::open("siplab", "2025-01-06T10:00").await;
    let id = calls_in(&hospital, Caller::open(&hospital)).await;
    let path = format!("/api/calls/{id}/trace");

    let trace = hospital.get(&path).ok();
    let found = titles(&trace);
    assert_eq!(found.first().unwrap(), "< INVITE");
    let order = ["< INVITE", "> 200 OK", "< ACK", "< INFO", "> 200 OK", "< BYE", "> 200 OK"];
    let passed: Vec<_> = found.iter().filter(|title| !title.starts_with("> 1")).collect();
    assert_eq!(passed, order, "{found:?}");
    is_masked("the masked trace", &trace.to_string());
    let first = &trace["messages"][0];
    let text = first["text"].as_str().unwrap();
    assert!(text.contains("sip:*******0042@127.0.0.1"), "{text}");
    assert!(
        text.contains("Authorization: Digest response=\"redacted\"") && text.contains("m=audio"),
        "{text}"
    );
    assert_eq!((&first["after_ms"], &first["has_sdp"]), (&json!(0), &json!(true)));
    assert_eq!(trace["explanation"]["facts"][0]["zh"], "对方呼入");

    // Whole for a reason, and still without what would let anybody in.
    let clear = format!("{path}/clear");
    let Answer { status, .. } = hospital.post(&clear, &json!({ "reason": "because" }));
    assert_eq!(status, 422);
    let whole = hospital.post(&clear, &json!({ "reason": "other", "words": "one-way audio" })).ok();
    let text = whole.to_string();
    assert!(text.contains(NUMBER) && text.contains("Signal=7") && !text.contains(SECRET));
    assert_eq!(
        hospital.sql("select count(*) from sip_message where message like '%5ecre7canary%'"),
        "0"
    );

    // Who looks for faults and may not see numbers; who sees calls and no signalling.
    for (role, modules) in
        [("line", json!(["home", "signalling"])), ("clerk", json!(["calls", "clear"]))]
    {
        let ask = json!({ "name": role, "modules": modules });
        hospital.put(&format!("/api/roles/{role}"), &ask).ok();
        hospital.add_user(role, role).await;
    }
    let [line, clerk] = ["line", "clerk"].map(|login| hospital.cookie_of(login));
    is_masked("the trace of the line's man", &hospital.get_as(&line, &path).ok().to_string());
    let ask = json!({ "reason": "emergency" });
    assert_eq!(hospital.post_as(&line, &clear, &ask).status, 403);
    assert_eq!(hospital.get_as(&clerk, &path).status, 403);
    assert_eq!(hospital.post_as(&clerk, &clear, &ask).status, 403);

    let audit = hospital.sql(&format!(
        "select string_agg(distinct who || ' ' || did || coalesce(' ' || reason, ''), ', ')
         from audit where subject = 'signalling' and subject_id = '{id}'"
    ));
    assert_eq!(audit, "admin traced, admin unmasked other: one-way audio, line traced");
    let metrics = hospital.get("/metrics").ok();
    let metrics = metrics.as_str().unwrap();
    assert!(metrics.contains("sip_lab_messages_total{what=\"queue_full\"} 0"), "{metrics}");
    is_masked("/metrics", metrics);
}

/// The same messages in the same order, by a program that is not ours.
fn is_read_by_tshark(path: &str) {
    if !installed("tshark", 1) {
        return;
    }
    let ports = ["-d", "udp.port==1-65535,sip"];
    let fields = ["-T", "fields", "-e", "sip.Method", "-e", "sip.Status-Code"];
    let sums = ["-o", "ip.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE"];
    let fields = [&fields[..], &["-e", "udp.checksum.status", "-e", "_ws.malformed"]].concat();
    let args = [&["-r", path][..], &ports, &sums, &fields].concat();
    let read = Command::new("tshark").args(args).output().unwrap();
    let text = String::from_utf8_lossy(&read.stdout);
    // Method or status; 1: the sum is right; nothing is malformed.
    let words = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
    let words: Vec<_> = words.filter(|line| !line.starts_with('1')).collect();
    let expected = ["INVITE 1", "200 1", "ACK 1", "INFO 1", "200 1", "BYE 1", "200 1"];
    assert_eq!(words, expected, "{}", said(&read));
}

#[tokio::test(flavor = "multi_thread")]
async fn f135_a_command_draws_the_ladder_and_writes_a_capture_only_with_a_reason() {
    let hospital = Hospital::open("siplabcli", "2025-01-06T10:00").await;
    let id = calls_in(&hospital, Caller::open(&hospital)).await;
    let drawn = command(&hospital, &["trace", &id, "--english", "--by", "li"]);
    let text = said(&drawn);
    assert!(drawn.status.success(), "{text}");
    is_masked("the ladder", &text);
    for expected in [
        "< INVITE",
        " INVITE (SDP) · 1 INVITE ",
        " 200 OK · 3 BYE ",
        "RTP patient: PCMA",
        "they hung up",
    ] {
        let expected = expected.trim_start_matches("< ");
        assert!(text.contains(expected), "{expected}: {text}");
    }
    let file = hospital.folder.join("call.pcap");
    let path = file.to_str().unwrap();
    for missing in [vec!["--pcap", path], vec!["--pcap", path, "--in-clear"]] {
        let args = [vec!["trace", &id], missing].concat();
        let refused = command(&hospital, &args);
        assert_eq!(refused.status.code(), Some(2), "{}", said(&refused));
        assert!(!file.exists());
    }
    let args =
        ["trace", &id, "--pcap", path, "--in-clear", "--reason", "carrier asks", "--by", "li"];
    let written = command(&hospital, &args);
    assert!(written.status.success(), "{}", said(&written));
    let bytes = std::fs::read(&file).unwrap();
    assert_eq!(bytes[..4], [0xd4, 0xc3, 0xb2, 0xa1]);
    let holds = |what: &str| bytes.windows(what.len()).any(|part| part == what.as_bytes());
    assert!(holds(NUMBER) && holds("Signal=7") && !holds(SECRET));
    is_read_by_tshark(path);
    let audit = hospital.sql(&format!(
        "select string_agg(who || ' ' || did || coalesce(' ' || reason, ''), ', ' order by audit_id)
         from audit where subject = 'signalling' and subject_id = '{id}' and who = 'li'"
    ));
    assert_eq!(audit, "li traced, li exported carrier asks");
    let unknown = command(&hospital, &["trace", "00000000-0000-7000-8000-000000000001"]);
    assert_eq!(unknown.status.code(), Some(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn f028_a_dial_is_traced_from_its_invite_and_explained_to_its_end() {
    let hospital = Hospital::open("siplabout", "2025-01-06T10:00").await;
    let keys = ["~1", "~42#", "~1"].map(str::to_owned).to_vec();
    let patients = [(1, Behaviour::Answer), (2, Behaviour::Busy)].map(|(n, does)| Patient {
        number: format!("+861380000000{n}"),
        dials: vec![Dial { keys: keys.clone(), ..dial(does) }],
        truth: None,
    });
    let _carrier = hospital.carrier(patients.to_vec()).await;
    let rows = [
        "王秀英,女,1952-08-15,Z1,心内科,2025-01-01,13800000001",
        "李明,男,1950-01-01,Z2,心内科,2025-01-01,13800000002",
    ];
    let text =
        format!("姓名,性别,出生日期,住院号,出院科室,出院日期,联系电话\n{}\n", rows.join("\n"));
    let import = hospital.import("in.csv", text.as_bytes()).await["import_id"].clone();
    let ask = json!({ "name": "试", "dialplan": "quick", "import_id": import, "trunk": "sim" });
    let run = hospital.post("/api/runs", &ask).ok()["run_id"].as_str().unwrap().to_owned();
    hospital.post(&format!("/api/runs/{run}/start"), &json!({})).ok();
    let of = |n: u32| {
        hospital.sql(&format!(
            "select call_id from call where remote = '+861380000000{n}' and state = 'ended'"
        ))
    };
    until("both ends", || !of(1).is_empty() && !of(2).is_empty()).await;
    hospital.server.core.signalling.trace().flush().await;

    let trace = hospital.get(&format!("/api/calls/{}/trace", of(1))).ok();
    let found = titles(&trace);
    assert_eq!(found.first().unwrap(), "> INVITE");
    let place = |what: &str| found.iter().position(|title| title == what);
    let (answer, ack) = (place("< 200 OK").unwrap(), place("> ACK").unwrap());
    assert!(answer < ack, "{found:?}");
    assert!(found.iter().any(|title| title.ends_with(" BYE")), "{found:?}");
    assert!(!trace.to_string().contains("13800000001"));
    let rtp = &trace["rtp"][0];
    assert_eq!((&rtp["role"], &rtp["codec"]), (&json!("patient"), &json!("PCMA")));
    assert!(rtp["packets_received"].as_i64().unwrap() > 50, "{rtp}");
    assert!((-500..1000).contains(&rtp["first_after_answer_ms"].as_i64().unwrap()), "{rtp}");
    let facts = trace["explanation"]["facts"].to_string();
    assert!(facts.contains("keys were pressed") && facts.contains("hung up"), "{facts}");
    assert_eq!(trace["explanation"]["outcome"]["zh"], "完成");
    assert_eq!(trace["explanation"]["next"]["en"], "the task is completed");

    let trace = hospital.get(&format!("/api/calls/{}/trace", of(2))).ok();
    let found = titles(&trace);
    assert_eq!(found.last().unwrap(), "> ACK", "{found:?}");
    assert!(found.contains(&"< 486 Busy Here".to_owned()), "{found:?}");
    let explanation = &trace["explanation"];
    assert!(explanation["rule"]["en"].as_str().unwrap().starts_with("486, 600 or cause 17"));
    let next = explanation["next"]["zh"].as_str().unwrap();
    assert!(next.starts_with("等待重拨，不早于 2025-01-06 10:"), "{next}");
}

/// What a stream brings in pieces is kept message by message.
#[tokio::test(flavor = "multi_thread")]
async fn f135_a_call_by_tcp_is_traced_like_one_by_udp() {
    let hospital = Hospital::open("siplabtcp", "2025-01-06T10:00").await;
    let id = calls_in(&hospital, Caller::by_tcp(&hospital)).await;
    let trace = hospital.get(&format!("/api/calls/{id}/trace")).ok();
    let order = ["< INVITE", "> 200 OK", "< ACK", "< INFO", "> 200 OK", "< BYE", "> 200 OK"];
    let found = titles(&trace);
    let passed: Vec<_> = found.iter().filter(|title| !title.starts_with("> 1")).collect();
    assert_eq!(passed, order, "{found:?}");
    let messages = trace["messages"].as_array().unwrap();
    assert!(messages.iter().all(|message| message["transport"] == "tcp"));
    assert_eq!(messages[0]["remote"], messages[1]["remote"]);
    is_masked("the trace by TCP", &trace.to_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn f135_messages_are_kept_for_their_days_and_never_too_many() {
    let hospital = Hospital::open("siplabold", "2025-01-06T10:00").await;
    let id = calls_in(&hospital, Caller::open(&hospital)).await;
    let count = || hospital.sql("select count(*) from sip_message").parse::<u32>().unwrap();
    assert!(count() >= 7);
    let core = &hospital.server.core;
    core.app.erase_old_messages(7, 5, hospital.clock.wall()).await.unwrap();
    assert_eq!(count(), 5);
    let left = titles(&hospital.get(&format!("/api/calls/{id}/trace")).ok());
    assert_eq!(left.last().unwrap(), "> 200 OK", "the oldest go first");
    // 6 days and 23 hours, then 7 days and an hour.
    for (wall, expected) in [("2025-01-13T09:00", 5), ("2025-01-13T11:00", 0)] {
        hospital.on(wall).await;
        erase_old_messages(core).await;
        assert_eq!(count(), expected, "{wall}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lab_that_is_off_keeps_nothing_and_homer_hears_masked_messages() {
    let homer = UdpSocket::bind("127.0.0.1:0").unwrap();
    homer.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let head = format!("[homer]\naddress = \"{}\"\n", homer.local_addr().unwrap());
    let hospital = Hospital::open_with("siplabhomer", "2025-01-06T10:00", &head, "").await;
    Caller::open(&hospital).call();
    let mut heard = Vec::new();
    let mut buffer = [0; 16_384];
    while !heard.iter().any(|text: &String| text.contains("BYE sip:")) {
        let length = homer.recv(&mut buffer).unwrap();
        assert_eq!(&buffer[..4], b"HEP3");
        heard.push(String::from_utf8_lossy(&buffer[6..length]).into_owned());
    }
    assert!(heard[0].contains("INVITE sip:"), "{heard:?}");
    is_masked("HOMER", &heard.concat());

    let head = "[limits]\nsip_lab_days = 0\n";
    let hospital = Hospital::open_with("siplaboff", "2025-01-06T10:00", head, "").await;
    Caller::open(&hospital).call();
    let ended = "select call_id from call where state = 'ended'";
    until("the end of the call", || !hospital.sql(ended).is_empty()).await;
    let trace = hospital.get(&format!("/api/calls/{}/trace", hospital.sql(ended))).ok();
    assert_eq!((&trace["messages"], &trace["kept_days"]), (&json!([]), &json!(0)));
    assert_eq!(trace["explanation"]["facts"][0]["en"], "they called in");
}
