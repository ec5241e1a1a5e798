//! A hospital of a million patients and ten million follow-ups: how long the dialler, the
//! search and the reports take. `SUIFANG_PATIENTS` makes it smaller; the full size takes some
//! twenty minutes and 15 GB. `SUIFANG_BENCH_FOLDER` keeps the hospital for the next run,
//! `SUIFANG_BENCH_PARTS` (`claims searches reports messages imports`) measures some of it.
#![expect(clippy::unwrap_used, reason = "what a bench needs and does not get ends it")]

use std::{path::Path, process::Command};

use chrono::{Days, NaiveDate};
use suifang::{
    app::{App, Dialler, Hub},
    base::{RunId, UserId},
    config::Config,
    domain::{Calendar, CallingPolicy},
    engine::{Clock, SystemClock, open_database},
    store::{Departments, Principal, due, patient, statistics, statistics::Period},
};

#[tokio::main]
async fn main() {
    let patients = std::env::var("SUIFANG_PATIENTS").ok().and_then(|n| n.parse().ok());
    let patients: u64 = patients.unwrap_or(1_000_000);
    let kept = std::env::var_os("SUIFANG_BENCH_FOLDER").map(std::path::PathBuf::from);
    let own = || std::env::temp_dir().join(format!("suifang-bench-{}", std::process::id()));
    let folder = kept.clone().unwrap_or_else(own);
    let is_filled = folder.join("filled").exists();
    std::fs::create_dir_all(&folder).unwrap();
    let mut config = Config::parse("", "bench").unwrap();
    config.paths.data = folder.join("data");
    config.hospital.training = true;
    let (postgres, database) = open_database(&config).await.unwrap();
    let app = App::new(database, Hub::default());
    let bench = Bench { app: &app, config: &config, patients };
    if !is_filled {
        let began = SystemClock.instant();
        fill(&config.paths.data, patients);
        println!("{patients} patients filled in {:.0} s", seconds_since(began));
        std::fs::write(folder.join("filled"), "").unwrap();
    }
    // What an earlier run imported too: a report counts it anew until then.
    bench.rolls().await;
    bench.parts().await;
    app.database().close().await;
    if let Some(postgres) = postgres {
        postgres.stop().await;
    }
    if kept.is_none() {
        let _ = std::fs::remove_dir_all(&folder);
    }
}

struct Bench<'a> {
    app: &'a App,
    config: &'a Config,
    patients: u64,
}

impl Bench<'_> {
    async fn parts(&self) {
        let asked = std::env::var("SUIFANG_BENCH_PARTS").unwrap_or_default();
        let is_asked = |part: &str| asked.is_empty() || asked.split(' ').any(|word| word == part);
        if is_asked("claims") {
            self.claims().await;
        }
        if is_asked("searches") {
            self.searches().await;
        }
        if is_asked("reports") {
            self.reports().await;
        }
        if is_asked("messages") {
            self.messages().await;
        }
        if is_asked("imports") {
            self.imports().await;
        }
    }

    async fn rolls(&self) {
        let (began, mut stays) = (SystemClock.instant(), 0);
        loop {
            let now = || SystemClock.instant();
            match self.app.roll_up(SystemClock.wall(), now).await.unwrap() {
                0 => break,
                done => stays += done,
            }
        }
        let each_ms = seconds_since(began) * 1_000_000.0 / stays.max(1) as f64;
        println!("{:<52} {each_ms:>9.1} ms, of {stays}", "roll-up of a thousand stays");
    }

    async fn claims(&self) {
        let run = "select run_id::text from run where name = 'bench'";
        let run: RunId = psql(&self.config.paths.data, run).parse().unwrap();
        let at = SystemClock.wall();
        let dialler = Dialler {
            node: "bench".to_owned(),
            epoch: self.app.begin_epoch("bench", at).await.unwrap(),
            policy: CallingPolicy::default(),
            calendar: Calendar::always(self.config.hospital.timezone),
            allow: None,
        };
        let mut times = Times::default();
        for _ in 0..ROUNDS {
            let began = SystemClock.instant();
            self.app.claim_due(&dialler, run, "sim", 1, SystemClock.wall()).await.unwrap();
            times.add(began);
        }
        times.tell("claim of the next due task");
    }

    async fn searches(&self) {
        let some = |n: usize| (n as u64 * 7919) % self.patients;
        type Make<'a> = Box<dyn Fn(usize) -> patient::Terms + 'a>;
        let name = |text: &'static [&'static str]| -> Make<'_> {
            Box::new(move |n| {
                let search = text[n % text.len()].to_owned();
                let is_sound = search.is_ascii();
                let sound = is_sound.then(|| search.clone());
                patient::Terms { search, sound, limit: 51, ..patient::Terms::default() }
            })
        };
        let kinds: [(&str, Make<'_>); 5] = [
            ("search: a whole name", name(&["王秀英", "李国强", "张建华", "刘丽梅"])),
            ("search: a surname alone", name(&["王", "李", "罗", "何"])),
            ("search: pinyin or initials", name(&["wangxiuying", "lgq", "zhangjian", "llm", "zs"])),
            (
                "search: a telephone number",
                Box::new(move |n| {
                    let digits = format!("1{}", 3_000_000_000 + some(n));
                    let e164 = Some(format!("+86{digits}"));
                    let terms =
                        patient::Terms { search: digits, e164, ..patient::Terms::default() };
                    patient::Terms { limit: 51, ..terms }
                }),
            ),
            (
                "search: an admission number",
                Box::new(move |n| {
                    let search = format!("Z{}", some(n));
                    patient::Terms { search, limit: 51, ..patient::Terms::default() }
                }),
            ),
        ];
        for (what, make) in kinds {
            let mut times = Times::default();
            for n in 0..ROUNDS {
                let terms = make(n);
                let began = SystemClock.instant();
                let mut scope = self.app.database().scope(&nurse()).await.unwrap();
                patient::search(&mut scope, &terms).await.unwrap();
                times.add(began);
            }
            times.tell(what);
        }
        let mut times = Times::default();
        for _ in 0..ROUNDS {
            let today = Some(SystemClock.wall().date_naive());
            let zone = self.config.hospital.timezone.name().to_owned();
            let terms = due::Terms { until: today, limit: 51, zone, ..due::Terms::default() };
            let began = SystemClock.instant();
            let mut scope = self.app.database().scope(&nurse()).await.unwrap();
            due::list(&mut scope, &terms).await.unwrap();
            times.add(began);
        }
        times.tell("due list, first page of the whole hospital");
    }

    async fn reports(&self) {
        let to = SystemClock.wall().date_naive();
        for (name, days) in [("a month", 31), ("a year", 365), ("five years", 1825)] {
            let period = Period { from: to - Days::new(days), to };
            for (by, and) in [("department", "month"), ("attending", "department"), ("disease", "")]
            {
                let what = format!("report over roll-ups, {name}, by {by} {and}");
                self.report(&what, period, by, and, ROUNDS / 4).await;
            }
            let mut times = Times::default();
            for _ in 0..ROUNDS / 4 {
                let began = SystemClock.instant();
                let mut scope = self.app.database().scope(&nurse()).await.unwrap();
                statistics::causes(&mut scope, period).await.unwrap();
                times.add(began);
            }
            times.tell(&format!("causes over roll-ups, {name}"));
            let what = format!("free filter, {name}, by ward and disease");
            self.report(&what, period, "ward", "disease", 5).await;
        }
        for (name, days) in [("a month", 31), ("a year", 365)] {
            self.over_calls(name, Period { from: to - Days::new(days), to }).await;
        }
    }

    /// Reports of calls: the workload has kept counts, for the others each call or answer of
    /// the period is looked at.
    async fn over_calls(&self, name: &str, period: Period) {
        let midnight = |day: NaiveDate| day.and_time(chrono::NaiveTime::MIN).and_utc();
        let (from, to) = (midnight(period.from), midnight(period.to));
        for what in ["workload", "AAPOR", "marks by department", "symptoms by disease"] {
            let mut times = Times::default();
            for _ in 0..ROUNDS / 10 {
                let began = SystemClock.instant();
                let mut scope = self.app.database().scope(&nurse()).await.unwrap();
                let scope = &mut scope;
                match what {
                    "workload" => {
                        statistics::workload(scope, period, from, to).await.unwrap();
                    }
                    "AAPOR" => drop(statistics::outcomes(scope, from, to).await.unwrap()),
                    "marks by department" => {
                        let form = "call_rating";
                        statistics::marks(scope, form, "department", from, to).await.unwrap();
                    }
                    _ => drop(statistics::symptoms(scope, "sym.", from, to).await.unwrap()),
                }
                times.add(began);
            }
            let source = match what {
                "workload" => "kept by the hour",
                "symptoms by disease" => "kept by the day",
                _ => "from the calls",
            };
            times.tell(&format!("{what}, {name}, {source}"));
        }
    }

    async fn report(&self, what: &str, period: Period, by: &str, and: &str, rounds: usize) {
        let mut times = Times::default();
        for _ in 0..rounds {
            let began = SystemClock.instant();
            let mut scope = self.app.database().scope(&nurse()).await.unwrap();
            statistics::follow_up(&mut scope, period, by, and).await.unwrap();
            times.add(began);
        }
        times.tell(what);
    }

    /// What stands between an ADT message and its acknowledgement: a discharge with its plans.
    async fn messages(&self) {
        let (calendar, mut times) =
            (Calendar::always(self.config.hospital.timezone), Times::default());
        let turn = SystemClock.wall().timestamp() % 1_000_000;
        for n in 0..ROUNDS {
            let on = (SystemClock.wall() - chrono::Duration::days(2)).format("%Y%m%d080000");
            let message = [
                format!("MSH|^~\\&|HIS|H1|SF|H1|{on}||ADT^A03|{turn}-{n}|P|2.5||||||UNICODE UTF-8"),
                format!("PID|||M{turn}{n}^^^H1^MR||王秀英||19520815|F|||||136{n:08}"),
                "NK1|1|李强|SPO^配偶||13900139000".to_owned(),
                format!(
                    "PV1||I|一病区^3^12|||||||科室{}|||||||||M{turn}{n}{}{on}|{on}",
                    n % 20,
                    "|".repeat(25)
                ),
                "DG1|1||I10^原发性高血压|||F".to_owned(),
            ];
            let (text, began) = (message.join("\r") + "\r", SystemClock.instant());
            let taken =
                self.app.take_message(text.as_bytes(), &calendar, "0592", SystemClock.wall());
            assert!(taken.await.unwrap().fault.is_none());
            times.add(began);
        }
        times.tell("a discharge by HL7, to its acknowledgement");
    }

    async fn imports(&self) {
        let mut csv =
            "姓名,性别,出生日期,住院号,出院科室,出院日期,联系电话,主要诊断编码\n".to_owned();
        let on = SystemClock.wall().date_naive() - Days::new(2);
        // Others than those of an earlier run of the same hospital.
        let turn = SystemClock.wall().timestamp() % 1_000_000;
        for n in 0..ROWS {
            csv += &format!(
                "张{n},女,1952-08-15,B{turn:06}{n:06},科室{},{on},137{n:08},I10\n",
                n % 20
            );
        }
        let (calendar, at) = (Calendar::always(self.config.hospital.timezone), SystemClock.wall());
        let (by, began) = (nurse(), SystemClock.instant());
        let done = self.app.import_csv(&by, "b.csv", csv.as_bytes(), &calendar, "0592", at);
        let done = done.await.unwrap();
        assert_eq!(done.bad.len(), 0);
        let rate = f64::from(ROWS) / seconds_since(began);
        println!("{:<52} {rate:>9.0} rows a second", "import of a table, plans included");
    }
}

#[derive(Default)]
struct Times(Vec<f64>);

impl Times {
    fn add(&mut self, began: std::time::Instant) {
        self.0.push(seconds_since(began) * 1000.0);
    }

    fn tell(mut self, what: &str) {
        self.0.sort_by(f64::total_cmp);
        let at = |share: f64| self.0[((self.0.len() - 1) as f64 * share).round() as usize];
        println!("{what:<52} p50 {:>8.1} ms   p99 {:>8.1} ms", at(0.5), at(0.99));
    }
}

fn seconds_since(began: std::time::Instant) -> f64 {
    (SystemClock.instant() - began).as_secs_f64()
}

fn nurse() -> Principal {
    Principal::Person {
        user: UserId::from_uuid(uuid::Uuid::nil()),
        login: "bench".to_owned(),
        departments: Departments::All,
    }
}

fn fill(data: &Path, patients: u64) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/hospital.sql");
    let done = psql_command(data)
        .args(["-v", &format!("patients={patients}"), "-f"])
        .arg(file)
        .args(["-c", "vacuum analyze"])
        .status()
        .unwrap();
    assert!(done.success(), "the hospital could not be filled");
}

fn psql(data: &Path, text: &str) -> String {
    let done = psql_command(data).args(["-c", text]).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8_lossy(&done.stdout).trim().to_owned()
}

fn psql_command(data: &Path) -> Command {
    let pid = std::fs::read_to_string(data.join("postgres/postmaster.pid")).unwrap();
    let mut command = Command::new("psql");
    command.args(["-X", "-q", "-t", "-A", "-v", "ON_ERROR_STOP=1", "-U", "postgres", "-h"]);
    command.arg(pid.lines().nth(4).unwrap()).args(["-d", "suifang"]);
    command
}

const ROUNDS: usize = 200;
const ROWS: u32 = 10_000;
