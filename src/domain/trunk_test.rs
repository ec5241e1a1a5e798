//! What a test of a trunk has shown, and what to ask the carrier: pure, in both languages.

/// All that was seen.
#[derive(Clone, Debug, Default)]
pub struct TrunkFacts {
    pub registration: Option<Registered>,
    pub options: Option<OptionsAnswer>,
    pub call: Option<LineCall>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Registered {
    NotWanted,
    Yes,
    /// The status, or nobody answered.
    No(Option<u16>),
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum OptionsAnswer {
    Status(u16),
    Silence,
}

/// A call to a colleague, who has keyed what came through.
#[derive(Clone, Debug, Default)]
pub struct LineCall {
    /// `None`: the trunk said nothing at all.
    pub sip_status: Option<u16>,
    pub answered: bool,
    pub codec: Option<String>,
    pub packets_received: u32,
    pub packets_lost: u32,
    /// For how long the colleague's side was louder than silence.
    pub loud_ms: u32,
    /// How the last key came: `RFC 4733`, `in-band`, `INFO`.
    pub keys_by: Option<&'static str>,
    pub hears_us: Option<bool>,
    /// What the colleague's telephone showed, and what it should: of both the last four digits.
    pub shown: Option<u16>,
    pub number: u16,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Grade {
    Good,
    Bad,
    /// It could not be seen.
    Open,
}

/// One line of the report; each text in Chinese and in English.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TrunkFinding {
    pub grade: Grade,
    pub about: [&'static str; 2],
    pub found: [String; 2],
    /// What to do, or to ask the carrier for.
    pub ask: Option<[&'static str; 2]>,
}

impl TrunkFinding {
    fn new(grade: Grade, about: [&'static str; 2], found: [&str; 2]) -> Self {
        Self { grade, about, found: found.map(str::to_owned), ask: None }
    }

    fn bad(about: [&'static str; 2], found: [&str; 2], ask: [&'static str; 2]) -> Self {
        Self { ask: Some(ask), ..Self::new(Grade::Bad, about, found) }
    }

    /// As it is printed.
    pub fn line(&self, english: bool) -> String {
        let at = usize::from(english);
        let mark = match self.grade {
            Grade::Good => "✓",
            Grade::Bad => "✗",
            Grade::Open => "–",
        };
        let ask = self.ask.map(|ask| format!("\n    → {}", ask[at])).unwrap_or_default();
        format!("{mark} {}: {}{ask}", self.about[at], self.found[at])
    }
}

/// In the order in which it was tried; what was not tried has no line.
pub fn judge_trunk(facts: &TrunkFacts) -> Vec<TrunkFinding> {
    let mut found = Vec::new();
    found.extend(facts.registration.map(registration));
    found.extend(facts.options.map(options));
    if let Some(call) = &facts.call {
        found.push(answer(call));
        if call.answered {
            found.extend([sound_out(call), sound_in(call), keys(call), number(call)]);
        }
    }
    found
}

fn registration(registered: Registered) -> TrunkFinding {
    let about = ["注册", "registration"];
    match registered {
        Registered::NotWanted => {
            TrunkFinding::new(Grade::Good, about, ["这条线路不用注册", "not wanted by this trunk"])
        }
        Registered::Yes => TrunkFinding::new(Grade::Good, about, ["已注册", "registered"]),
        Registered::No(Some(status)) => TrunkFinding::bad(
            about,
            [&format!("被拒绝,状态码 {status}"), &format!("refused with {status}")],
            [
                "请运营商核对账号、密码、鉴权域(realm)和是否已开通",
                "ask the carrier for account, password, realm, and whether it is enabled",
            ],
        ),
        Registered::No(None) => TrunkFinding::bad(
            about,
            ["没有回应", "no answer"],
            [
                "请运营商核对 SBC 的地址和端口,并放行本机地址;查本院防火墙",
                "ask the carrier for address and port of its SBC and to admit ours; look at the firewall",
            ],
        ),
    }
}

fn options(answer: OptionsAnswer) -> TrunkFinding {
    let about = ["询问(OPTIONS)", "OPTIONS"];
    match answer {
        OptionsAnswer::Status(status @ (408 | 503)) => TrunkFinding::bad(
            about,
            [&format!("后面的设备不通,状态码 {status}"), &format!("nobody behind it, {status}")],
            ["请运营商检查线路", "ask the carrier to look at the trunk"],
        ),
        OptionsAnswer::Status(status) => TrunkFinding::new(
            Grade::Good,
            about,
            [&format!("有回应,状态码 {status}"), &format!("answered, {status}")],
        ),
        OptionsAnswer::Silence => TrunkFinding::bad(
            about,
            ["没有回应", "no answer"],
            [
                "请运营商确认是否回应 OPTIONS;不回应就设 options_interval_s = 0",
                "ask the carrier whether OPTIONS is answered; if not, set options_interval_s = 0",
            ],
        ),
    }
}

fn answer(call: &LineCall) -> TrunkFinding {
    let about = ["呼叫", "call"];
    let codec = call.codec.as_deref().unwrap_or("–");
    let status = match (call.answered, call.sip_status) {
        (true, _) => {
            let found = [&*format!("接通,编码 {codec}"), &*format!("answered, {codec}")];
            return TrunkFinding::new(Grade::Good, about, found);
        }
        (false, status) => status,
    };
    let found = match status {
        Some(status) => [format!("没有接通,状态码 {status}"), format!("not answered, {status}")],
        None => ["没有回应".to_owned(), "no answer of the trunk".to_owned()],
    };
    TrunkFinding::bad(about, [&found[0], &found[1]], ask_for(status))
}

/// By the final status of the call (RFC 3261 §21).
const fn ask_for(status: Option<u16>) -> [&'static str; 2] {
    match status {
        None | Some(408) => [
            "请运营商核对 SBC 的地址和端口,并放行本机地址;查本院防火墙",
            "ask the carrier for address and port of its SBC and to admit ours; look at the firewall",
        ],
        Some(401 | 407) => [
            "请运营商核对账号、密码和鉴权域(realm)",
            "ask the carrier for account, password and realm",
        ],
        Some(403) => [
            "请运营商核对外呼权限、并发数和主叫号码段",
            "ask the carrier for the right to call out, the lines bought and the block of numbers",
        ],
        Some(404 | 484 | 604) => [
            "请运营商说明被叫号码格式(0、86、+),改 [trunk.dial];也可能是空号",
            "ask the carrier how numbers are written (0, 86, +) and set [trunk.dial]; or nobody has it",
        ],
        Some(415 | 488 | 606) => {
            ["请运营商确认支持 PCMA 或 PCMU,20 毫秒", "ask the carrier for PCMA or PCMU at 20 ms"]
        }
        Some(480 | 486 | 487 | 600 | 603) => {
            ["电话没有接或占线,请同事准备好再试", "nobody picked up, or busy: try again"]
        }
        Some(_) => [
            "请把状态码和时间告诉运营商,请他们查话单",
            "tell the carrier status and time; they find it in their records",
        ],
    }
}

const MEDIA: [&str; 2] = [
    "本机在 NAT 后面时设 advertise;防火墙放行 RTP 端口(UDP);请运营商核对媒体地址",
    "behind NAT set advertise; let RTP ports (UDP) through the firewall; ask for their media address",
];

fn sound_out(call: &LineCall) -> TrunkFinding {
    let about = ["声音:我方到对方", "sound from us"];
    match call.hears_us {
        Some(true) => TrunkFinding::new(Grade::Good, about, ["同事听得清楚", "heard clearly"]),
        Some(false) => {
            TrunkFinding::bad(about, ["同事说听不清楚", "the colleague hears it badly"], MEDIA)
        }
        None => {
            TrunkFinding::new(Grade::Open, about, ["同事没有按键,不知道", "no key came: unknown"])
        }
    }
}

fn sound_in(call: &LineCall) -> TrunkFinding {
    let about = ["声音:对方到我方", "sound to us"];
    let LineCall { packets_received: received, packets_lost: lost, loud_ms, .. } = *call;
    if received == 0 {
        return TrunkFinding::bad(about, ["没有收到语音包", "no packet came"], MEDIA);
    }
    let part = 100.0 * f64::from(lost) / f64::from(received.saturating_add(lost));
    let loud_s = f64::from(loud_ms) / 1000.0;
    let found = [
        format!("{received} 个语音包,丢 {part:.1} %,有声音 {loud_s:.1} 秒"),
        format!("{received} packets, {part:.1} % lost, {loud_s:.1} s louder than silence"),
    ];
    let found = [&*found[0], &*found[1]];
    if part > LOSS_MAX_PERCENT {
        let ask =
            ["请网络管理员和运营商查丢包", "have the network and the carrier look for the loss"];
        return TrunkFinding::bad(about, found, ask);
    }
    if loud_ms < LOUD_MIN_MS {
        return TrunkFinding::new(Grade::Open, about, found);
    }
    TrunkFinding::new(Grade::Good, about, found)
}

fn keys(call: &LineCall) -> TrunkFinding {
    let about = ["按键", "keys"];
    match call.keys_by {
        Some(way) => TrunkFinding::new(
            Grade::Good,
            about,
            [&format!("收到,方式 {way}"), &format!("received, by {way}")],
        ),
        None => TrunkFinding::bad(
            about,
            ["一个也没收到", "none came"],
            [
                "同事按了键的话:请运营商确认按键方式(RFC 4733、带内、INFO),再改线路的 dtmf",
                "if keys were pressed: ask how they are sent (RFC 4733, in-band, INFO) and set dtmf",
            ],
        ),
    }
}

fn number(call: &LineCall) -> TrunkFinding {
    let about = ["来电显示", "number shown"];
    match call.shown {
        None => TrunkFinding::new(
            Grade::Open,
            about,
            ["同事没有按出号码,不知道", "the colleague keyed none: unknown"],
        ),
        Some(shown) if shown == call.number => TrunkFinding::new(
            Grade::Good,
            about,
            [&format!("后4位 {shown:04},正确"), &format!("ends in {shown:04}, as it should")],
        ),
        Some(shown) => TrunkFinding::bad(
            about,
            [
                &format!("后4位 {shown:04},应为 {:04}", call.number),
                &format!("ends in {shown:04}, not in {:04}", call.number),
            ],
            [
                "请运营商核对主叫号码透传;看线路的 From、PAI、PPI 写法",
                "ask the carrier to pass our number on; look at From, PAI and PPI of the trunk",
            ],
        ),
    }
}

/// What G.711 bears before words get lost (ITU-T G.113 appendix I: 2 % is noticed).
const LOSS_MAX_PERCENT: f64 = 2.0;

/// Counting to five takes two seconds; a line's own noise is no voice.
const LOUD_MIN_MS: u32 = 500;

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> LineCall {
        LineCall {
            sip_status: Some(200),
            answered: true,
            codec: Some("PCMA".to_owned()),
            packets_received: 900,
            packets_lost: 3,
            loud_ms: 2400,
            keys_by: Some("RFC 4733"),
            hears_us: Some(true),
            shown: Some(64),
            number: 64,
        }
    }

    #[test]
    fn each_fact_has_a_verdict_and_each_bad_one_says_whom_to_ask_for_what() {
        let silent = LineCall::default();
        let refused = |status| LineCall { sip_status: Some(status), ..LineCall::default() };
        let rows = [
            ("all well", good(), "✓✓✓✓✓"),
            ("a trunk without a word", silent, "✗"),
            ("no right to call", refused(403), "✗"),
            ("another way to write numbers", refused(484), "✗"),
            ("one-way sound", LineCall { packets_received: 0, ..good() }, "✓✓✗✓✓"),
            ("packets of silence", LineCall { loud_ms: 40, ..good() }, "✓✓–✓✓"),
            ("loss", LineCall { packets_lost: 60, ..good() }, "✓✓✗✓✓"),
            (
                "keys lost",
                LineCall { keys_by: None, hears_us: None, shown: None, ..good() },
                "✓–✓✗–",
            ),
            ("another number shown", LineCall { shown: Some(1234), ..good() }, "✓✓✓✓✗"),
            ("heard badly", LineCall { hears_us: Some(false), ..good() }, "✓✗✓✓✓"),
        ];
        for (name, call, expected) in rows {
            let facts = TrunkFacts { call: Some(call), ..TrunkFacts::default() };
            let found = judge_trunk(&facts);
            let marks: String = found.iter().filter_map(|f| f.line(false).chars().next()).collect();
            assert_eq!(marks, expected, "{name}: {found:#?}");
            for finding in found {
                assert_eq!(finding.grade == Grade::Bad, finding.ask.is_some(), "{finding:?}");
            }
        }
    }

    #[test]
    fn registration_and_options_are_told_in_both_languages() {
        let facts = TrunkFacts {
            registration: Some(Registered::No(Some(403))),
            options: Some(OptionsAnswer::Silence),
            call: None,
        };
        let found = judge_trunk(&facts);
        assert!(found[0].line(false).starts_with("✗ 注册: 被拒绝,状态码 403\n    → 请运营商"));
        assert!(found[1].line(true).starts_with("✗ OPTIONS: no answer\n    → ask the carrier"));
        let fine = TrunkFacts {
            registration: Some(Registered::Yes),
            options: Some(OptionsAnswer::Status(405)),
            call: None,
        };
        assert!(judge_trunk(&fine).iter().all(|finding| finding.grade == Grade::Good));
    }
}
