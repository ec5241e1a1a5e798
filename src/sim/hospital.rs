//! A hospital's day: discharged people as a CSV file, and the carrier's truth about how
//! each of them will answer. The same seed, the same day.

use std::net::SocketAddr;

use chrono::{Datelike, Days, NaiveDate};
use rand::{Rng, SeedableRng, rngs::StdRng, seq::IndexedRandom};

use super::{Behaviour, Dial, Expected, Patient, Truth};

/// How many of a hundred do what.
#[derive(Clone, Debug)]
pub struct Mix(pub Vec<(u32, Kind)>);

/// A way to answer the telephone.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    Completes,
    /// Waits for each question to end, and thinks.
    Slow,
    BehindGateway,
    Busy,
    NoAnswer,
    Declines,
    Vacant,
    PoweredOff,
    Speaks,
    WrongKeys,
    HangsUp,
    WrongNumber,
    Refuses,
}

impl Default for Mix {
    fn default() -> Self {
        Self(vec![
            (62, Kind::Completes),
            (4, Kind::Slow),
            (3, Kind::BehindGateway),
            (8, Kind::Busy),
            (4, Kind::NoAnswer),
            (5, Kind::Declines),
            (4, Kind::Vacant),
            (3, Kind::PoweredOff),
            (1, Kind::Speaks),
            (2, Kind::WrongKeys),
            (2, Kind::HangsUp),
            (1, Kind::WrongNumber),
            (1, Kind::Refuses),
        ])
    }
}

pub struct Hospital {
    /// UTF-8, with a header in Chinese.
    pub csv: String,
    pub truth: Truth,
}

impl Hospital {
    pub fn generate(
        seed: u64,
        patients: usize,
        mix: &Mix,
        today: NaiveDate,
        listen: SocketAddr,
    ) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let mut csv = format!("{}\n", HEADER.join(","));
        let mut made = Vec::with_capacity(patients);
        for n in 0..patients {
            let person = Person::draw(&mut rng, n, today);
            csv += &person.row();
            let kind = mix.draw(&mut rng);
            made.push(person.patient(kind, &mut rng));
        }
        let truth =
            Truth { seed, listen, log: None, username: None, password: None, patients: made };
        Self { csv, truth }
    }
}

impl Mix {
    fn draw(&self, rng: &mut StdRng) -> Kind {
        let all: u32 = self.0.iter().map(|(share, _)| share).sum();
        let mut at = rng.random_range(0..all.max(1));
        for (share, kind) in &self.0 {
            if at < *share {
                return *kind;
            }
            at -= share;
        }
        Kind::Completes
    }
}

struct Person {
    name: String,
    is_female: bool,
    birth: NaiveDate,
    number: String,
    admission_no: String,
    department: &'static str,
    icd: (&'static str, &'static str),
    admitted: NaiveDate,
    discharged: NaiveDate,
}

impl Person {
    fn draw(rng: &mut StdRng, n: usize, today: NaiveDate) -> Self {
        let pick =
            |list: &[&'static str], rng: &mut StdRng| list.choose(rng).copied().unwrap_or_default();
        let name = format!("{}{}{}", pick(SURNAMES, rng), pick(GIVEN, rng), pick(GIVEN, rng));
        let age = i64::from(rng.random_range(30..90_i32)) * 365 + rng.random_range(0..365_i64);
        let birth = today - chrono::Duration::days(age);
        let stay = Days::new(rng.random_range(2..15));
        let discharged = today - Days::new(rng.random_range(1..12));
        let (department, icd) =
            DEPARTMENTS.choose(rng).copied().unwrap_or(("内科", ("R69", "原因不明的疾病")));
        Self {
            name,
            is_female: rng.random(),
            birth,
            number: format!("+86139{:08}", 10_000_000 + n * 37),
            admission_no: format!("ZY{:07}", 2_600_000 + n),
            department,
            icd,
            admitted: discharged - stay,
            discharged,
        }
    }

    fn row(&self) -> String {
        let sex = if self.is_female { "女" } else { "男" };
        let phone = self.number.trim_start_matches("+86");
        let Self { name, birth, admission_no, department, icd, admitted, discharged, .. } = self;
        format!(
            "{name},{sex},{birth},{admission_no},1,{department},,{admitted},{discharged},1,\
             {phone},{},{},否\n",
            icd.0, icd.1
        )
    }

    fn patient(&self, kind: Kind, rng: &mut StdRng) -> Patient {
        let (dials, truth) = self.answers(kind, rng);
        Patient { number: self.number.clone(), dials, truth: Some(truth) }
    }

    fn answers(&self, kind: Kind, rng: &mut StdRng) -> (Vec<Dial>, Expected) {
        let unanswered = |does, ring_s, outcome: &str| {
            let dial = Dial { does, ring_s, ..quiet() };
            (vec![dial], Expected { outcome: outcome.to_owned(), ..Expected::default() })
        };
        let ring_s = f64::from(rng.random_range(10..40_u32)) / 10.0;
        match kind {
            Kind::Busy => unanswered(Behaviour::Busy, 0.0, "busy"),
            Kind::NoAnswer => unanswered(Behaviour::NoAnswer, 0.0, "no_answer"),
            Kind::Declines => unanswered(Behaviour::Decline, ring_s, "declined"),
            Kind::Vacant => unanswered(Behaviour::Vacant, 0.0, "not_in_service"),
            Kind::PoweredOff => unanswered(Behaviour::PoweredOff, 0.0, "unreachable"),
            Kind::Speaks => {
                let dial = Dial { ring_s, speaks_s: 3.0, ..quiet() };
                (vec![dial], expected("answered_no_keys"))
            }
            Kind::WrongNumber => {
                (vec![Dial { ring_s, keys: entries(&["~3"]), ..quiet() }], expected("wrong_number"))
            }
            Kind::Refuses => (
                vec![Dial { ring_s, keys: entries(&["~1", "1", "9"]), ..quiet() }],
                expected("refused"),
            ),
            _ => self.talks(kind, ring_s, rng),
        }
    }

    /// Who goes through the questions, and how far.
    fn talks(&self, kind: Kind, ring_s: f64, rng: &mut StdRng) -> (Vec<Dial>, Expected) {
        let birthday = format!("{:02}{:02}", self.birth.month(), self.birth.day());
        let status = rng.random_range(0..3_usize);
        let temperature = rng.random_range(360..373_u32);
        let adherence = rng.random_range(0..2_usize);
        // The second key skips what is told; a key is no answer to a question not yet heard.
        let mut keys = entries(&["~1", "1", "1"]);
        keys.push(birthday);
        keys.push(format!("~{}", status + 1));
        keys.extend(entries(&["1", "1", "1"]));
        keys.push(format!("{temperature}#"));
        keys.push("1".to_owned());
        keys.push((adherence + 1).to_string());
        keys.extend(entries(&["1", "2"]));
        let answers = [
            ("open.who", "patient".to_owned()),
            ("open.consent", "consent".to_owned()),
            ("gen.status", ["k100", "k90", "k70"][status].to_owned()),
            ("sym.any", "false".to_owned()),
            ("pain.any", "false".to_owned()),
            ("temp.taken", "true".to_owned()),
            ("temp.value", format!("{}.{}", temperature / 10, temperature % 10)),
            ("med.adherence", ["regular", "intermittent"][adherence].to_owned()),
            ("med.reaction", "false".to_owned()),
            ("more", "enough".to_owned()),
        ];
        let mut dial = Dial { ring_s, keys, ..quiet() };
        let mut truth = expected("completed");
        truth.answers = answers.map(|(item, code)| (item.to_owned(), code)).into();
        match kind {
            Kind::Slow => {
                dial.thinks_s = 3.0;
                dial.keys.remove(1);
                dial.keys = dial.keys.iter().map(|keys| as_slow(keys)).collect();
            }
            Kind::BehindGateway => {
                dial.does = Behaviour::GatewayAnswer;
                dial.ring_s = 6.0;
            }
            // An unlisted key first; the question is asked again, to its end.
            Kind::WrongKeys => {
                dial.keys[2] = "7".to_owned();
                dial.keys.insert(3, "~1".to_owned());
            }
            Kind::HangsUp => {
                dial.hangs_up_after = Some(5);
                truth = expected("break_off");
            }
            _ => {}
        }
        (vec![dial], truth)
    }
}

fn as_slow(keys: &str) -> String {
    if keys.starts_with('~') { keys.to_owned() } else { format!("~{keys}") }
}

fn expected(outcome: &str) -> Expected {
    Expected { outcome: outcome.to_owned(), ..Expected::default() }
}

fn quiet() -> Dial {
    Dial {
        does: Behaviour::Answer,
        ring_s: 2.0,
        keys: Vec::new(),
        thinks_s: 0.0,
        hangs_up_after: None,
        speaks_s: 0.0,
        hums_hz: None,
    }
}

fn entries(keys: &[&str]) -> Vec<String> {
    keys.iter().map(|key| (*key).to_owned()).collect()
}

const HEADER: [&str; 14] = [
    "姓名",
    "性别",
    "出生日期",
    "住院号",
    "住院次数",
    "出院科室",
    "病区",
    "入院日期",
    "出院日期",
    "离院方式",
    "联系电话",
    "主要诊断编码",
    "主要诊断",
    "手术",
];

const SURNAMES: &[&str] = &[
    "王", "李", "张", "刘", "陈", "杨", "黄", "赵", "吴", "周", "徐", "孙", "马", "朱", "胡", "林",
    "郭", "何", "高", "罗", "曾", "任", "单", "欧阳",
];

const GIVEN: &[&str] = &[
    "秀", "英", "国", "强", "建", "华", "丽", "明", "志", "芳", "春", "梅", "文", "海", "玉", "兰",
    "永", "福", "小", "红",
];

type Illness = (&'static str, &'static str);

const DEPARTMENTS: &[(&str, Illness)] = &[
    ("心内科", ("I10", "原发性高血压")),
    ("内分泌科", ("E11", "2型糖尿病")),
    ("骨科", ("S72", "股骨骨折")),
    ("呼吸内科", ("J44", "慢性阻塞性肺病")),
    ("普外科", ("K35", "急性阑尾炎")),
];
