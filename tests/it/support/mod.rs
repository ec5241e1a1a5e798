//! A hospital for a test: the real binary, the real carrier, a real Postgres, in a folder
//! and on ports of its own.

pub(crate) mod desk;
pub(crate) mod odd_trunk;
mod page;
mod raw_phone;
mod relay;

pub(crate) use page::Page;
pub(crate) use raw_phone::RawPhone;
pub(crate) use relay::{Faults, Relay};

use std::{
    collections::BTreeSet,
    fs,
    net::UdpSocket,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::{Arc, Mutex, OnceLock},
    time::Duration,
};

use chrono::{DateTime, Utc};
use suifang::{
    engine::{SystemClock, open_database},
    sim::{Behaviour, Carrier, Dial, Expected, Heard, Patient, Truth},
    store::{Database, Principal, attempt},
};

pub(crate) mod hospital;

pub(crate) struct Stage {
    pub(crate) folder: PathBuf,
    pub(crate) sip_port: u16,
    pub(crate) web_port: u16,
    pub(crate) carrier_port: u16,
    server: Option<Child>,
}

impl Stage {
    /// A folder with a configuration; nothing runs yet.
    pub(crate) fn new(name: &str, trunk: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("suifang-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        let ports = [free_port(), free_port(), free_port()];
        let stage = Self {
            folder,
            sip_port: ports[0],
            web_port: ports[1],
            carrier_port: ports[2],
            server: None,
        };
        copy_folder(&manifest().join("dialplans"), &stage.folder.join("dialplans"));
        copy_folder(&manifest().join("tests/data/dialplans"), &stage.folder.join("dialplans"));
        fs::write(stage.config(), stage.config_text(trunk)).unwrap();
        stage
    }

    fn config_text(&self, trunk: &str) -> String {
        let Self { sip_port, web_port, carrier_port, .. } = self;
        format!(
            "[hospital]\ntraining = true\n[dialer]\nignore_window = true\ndrain_s = 5\n\
             [web]\nbind = \"127.0.0.1:{web_port}\"\n\
             [[interface]]\nname = \"lo\"\nbind = \"127.0.0.1\"\nport = {sip_port}\nregistrar = true\n\
             [[trunk]]\nname = \"sim\"\npeer = \"127.0.0.1:{carrier_port}\"\n\
             caller_number = \"05925027064\"\n{trunk}\n"
        )
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.folder.join("suifang.toml")
    }

    pub(crate) fn run(&self, args: &[&str]) -> Output {
        self.run_with_config(&self.config(), args, "")
    }

    pub(crate) fn run_with_config(&self, config: &Path, args: &[&str], input: &str) -> Output {
        use std::io::Write;
        let mut child = Command::new(env!("CARGO_BIN_EXE_suifang"))
            .arg("--config")
            .arg(config)
            .args(args)
            .current_dir(&self.folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    }

    /// # Panics
    /// When the server does not answer within two minutes; its log is printed.
    pub(crate) fn start(&mut self) {
        let log = fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.folder.join("server.log"))
            .unwrap();
        let server = Command::new(env!("CARGO_BIN_EXE_suifang"))
            .arg("--config")
            .arg(self.config())
            .arg("serve")
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        self.server = Some(server);
        let mut ready = false;
        until(Duration::from_secs(120), || {
            let ended =
                self.server.as_mut().is_none_or(|server| server.try_wait().unwrap().is_some());
            ready = !ended && self.run(&["status"]).status.success();
            ended || ready
        });
        assert!(ready, "the server did not start:\n{}", self.log());
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder.join("server.log")).unwrap_or_default()
    }

    pub(crate) fn kill(&mut self) {
        let mut server = self.server.take().unwrap();
        server.kill().unwrap();
        server.wait().unwrap();
    }

    /// SIGTERM; answers the exit code.
    pub(crate) fn terminate(&mut self) -> Option<i32> {
        let mut server = self.server.take().unwrap();
        let pid = server.id().to_string();
        Command::new("kill").args(["-TERM", &pid]).status().unwrap();
        let ended = until(Duration::from_secs(120), || server.try_wait().unwrap().is_some());
        assert!(ended, "the server did not drain:\n{}", self.log());
        server.wait().unwrap().code()
    }

    /// The record, beside the running server.
    pub(crate) async fn database(&self) -> Database {
        let config = suifang::config::Config::load(&self.config(), &|_| None).unwrap();
        let (postgres, database) = open_database(&config).await.unwrap();
        // The server keeps it; forgetting ours leaves it running.
        std::mem::forget(postgres);
        database
    }

    pub(crate) async fn carrier(&self, patients: Vec<Patient>) -> Carrier {
        self.carrier_at(self.carrier_port, patients).await
    }

    /// At another port than the trunk's peer: something stands between.
    pub(crate) async fn carrier_at(&self, port: u16, patients: Vec<Patient>) -> Carrier {
        let listen = ([127, 0, 0, 1], port).into();
        let truth = Truth { listen, ..self.truth(patients) };
        Carrier::start(truth, Arc::new(SystemClock)).await.unwrap()
    }

    /// A figure of `/metrics`, by its name with labels.
    pub(crate) fn metric(&self, name: &str) -> Option<f64> {
        let url = format!("http://127.0.0.1:{}/metrics", self.web_port);
        let text = ureq::get(&url).call().ok()?.body_mut().read_to_string().ok()?;
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))?;
        line.parse().ok()
    }

    /// Its patients hear at which question a call goes on that a crash has cut: the first
    /// that `record`, once it is there, has no answer to. One entry is one answer.
    pub(crate) async fn carrier_hearing(
        &self,
        patients: Vec<Patient>,
        record: Arc<OnceLock<Database>>,
    ) -> Carrier {
        let heard: Heard = Arc::new(move |number| {
            let record = Arc::clone(&record);
            Box::pin(async move {
                let mut scope = record.get()?.scope(&Principal::System("test")).await.ok()?;
                let given = attempt::answers_of_number(&mut scope, &number).await.ok()?;
                Some(given.into_iter().map(|(item, _)| item).collect::<BTreeSet<_>>().len())
            })
        });
        let (truth, clock) = (self.truth(patients), Arc::new(SystemClock));
        Carrier::start_hearing(truth, clock, heard).await.unwrap()
    }

    fn truth(&self, patients: Vec<Patient>) -> Truth {
        Truth {
            seed: 1,
            listen: ([127, 0, 0, 1], self.carrier_port).into(),
            log: Some(self.folder.join("carrier.jsonl")),
            username: None,
            password: None,
            patients,
        }
    }

    /// Discharges of these patients, as a file.
    pub(crate) fn discharges(&self, patients: &[Patient]) -> PathBuf {
        let mut csv = "姓名,性别,出生日期,住院号,出院科室,出院日期,联系电话\n".to_owned();
        for (n, patient) in patients.iter().enumerate() {
            let phone = patient.number.trim_start_matches("+86");
            csv += &format!("张{n},女,1952-08-15,T{n:05},心内科,2026-01-05,{phone}\n");
        }
        let path = self.folder.join("discharges.csv");
        fs::write(&path, csv).unwrap();
        path
    }

    /// Every line of the carrier's log of this kind: `(number, at)`.
    pub(crate) fn on_the_wire(&self, event: &str) -> Vec<(String, String)> {
        let text = fs::read_to_string(self.folder.join("carrier.jsonl")).unwrap_or_default();
        text.lines()
            .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
            .filter(|line| line["event"] == event)
            .map(|line| {
                let text = |key: &str| line[key].as_str().unwrap_or_default().to_owned();
                (text("number"), text("at"))
            })
            .collect()
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if let Some(mut server) = self.server.take() {
            let _ = server.kill();
            let _ = server.wait();
        }
        let pid = fs::read_to_string(self.folder.join("data/postgres/postmaster.pid"));
        if let Some(pid) = pid.ok().and_then(|text| text.lines().next().map(str::to_owned)) {
            let _ = Command::new("kill").args(["-QUIT", &pid]).status();
        }
        if !std::thread::panicking() {
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}

/// A patient who answers the short questionnaire: `one`, 42, `one`.
pub(crate) fn answers(n: usize) -> Patient {
    let keys = ["~1", "~42#", "~1"].map(str::to_owned).to_vec();
    let mut truth =
        Expected { outcome: "completed".to_owned(), dials: Some(1), ..Expected::default() };
    for (item, code) in [("q.one", "one"), ("q.two", "42"), ("q.three", "one")] {
        truth.answers.insert(item.to_owned(), code.to_owned());
    }
    Patient {
        number: number(n),
        dials: vec![Dial { keys, ..dial(Behaviour::Answer) }],
        truth: Some(truth),
    }
}

pub(crate) fn does(n: usize, behaviour: Behaviour, outcome: &str) -> Patient {
    let truth = Expected { outcome: outcome.to_owned(), dials: Some(1), ..Expected::default() };
    Patient { number: number(n), dials: vec![dial(behaviour)], truth: Some(truth) }
}

pub(crate) fn dial(does: Behaviour) -> Dial {
    Dial {
        does,
        ring_s: 0.5,
        keys: Vec::new(),
        thinks_s: 0.0,
        hangs_up_after: None,
        speaks_s: 0.0,
        hums_hz: None,
    }
}

pub(crate) fn number(n: usize) -> String {
    format!("+86138{n:08}")
}

/// Synthetic speech is the same in every hospital: each sentence is rendered once a run.
pub(crate) fn share_voice(folder: &Path) {
    let voice = std::env::temp_dir().join(format!("suifang-voice-{}", std::process::id()));
    fs::create_dir_all(&voice).unwrap();
    fs::create_dir_all(folder.join("data")).unwrap();
    std::os::unix::fs::symlink(voice, folder.join("data/voice")).unwrap();
}

pub(crate) fn until(limit: Duration, mut holds: impl FnMut() -> bool) -> bool {
    let clock = SystemClock;
    let give_up = suifang::engine::Clock::instant(&clock) + limit;
    while suifang::engine::Clock::instant(&clock) < give_up {
        if holds() {
            return true;
        }
        pause();
    }
    false
}

#[expect(clippy::disallowed_methods, reason = "another process is waited for; it tells nobody")]
fn pause() {
    std::thread::sleep(Duration::from_millis(100));
}

pub(crate) fn manifest() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// When the first INVITE for this number came to a simulated carrier, by its log.
pub(crate) fn dialled_at(log: &Path, number: &str) -> DateTime<Utc> {
    let text = fs::read_to_string(log).unwrap();
    let line = text.lines().find(|line| line.contains(number)).expect("a dial in the log");
    let line: serde_json::Value = serde_json::from_str(line).unwrap();
    moment(line["at"].as_str().unwrap())
}

/// One that nobody holds, for UDP and for TCP. Until it is bound, other tests ask for ports of
/// their own: none is given twice.
pub(crate) fn free_port() -> u16 {
    static GIVEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());
    loop {
        // Below the ranges of RTP, which are wide, and below those that the system takes for
        // connections and for port 0.
        let port = 10_000 + rand::random::<u16>() % 9_000;
        let is_free = UdpSocket::bind(("127.0.0.1", port)).is_ok()
            && std::net::TcpListener::bind(("127.0.0.1", port)).is_ok();
        if is_free && GIVEN.lock().unwrap().insert(port) {
            return port;
        }
    }
}

pub(crate) fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy_folder(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}

pub(crate) fn said(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// Of a file, as the record has it.
pub(crate) fn sha256(path: &Path) -> String {
    use sha2::Digest;
    format!("{:x}", sha2::Sha256::digest(fs::read(path).unwrap()))
}

/// When a moment of the carrier's log was.
pub(crate) fn moment(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}
