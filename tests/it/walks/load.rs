use std::{
    collections::HashMap,
    io::{BufRead as _, BufReader},
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use rand::{Rng as _, SeedableRng as _};
use serde_json::{Value, json};
use suifang::{
    engine::{Clock as _, SystemClock},
    sim::{Behaviour, Carrier, Dial, Patient, PicksUp, Truth, compare},
};

use crate::support::{
    answers,
    desk::{Agent, House},
    dial,
    hospital::{Answer, Hospital},
    number,
};

/// How large, by SUIFANG_AGENTS, SUIFANG_IVR (calls of the machine at once) and SUIFANG_LOAD_S.
/// The size of a hospital: 50, 100, 600.
struct Size {
    agents: usize,
    ivr: usize,
    seconds: u64,
}

impl Size {
    fn read() -> Self {
        let count = |name: &str, usual: usize| {
            std::env::var(name).ok().and_then(|n| n.parse().ok()).unwrap_or(usual)
        };
        let (agents, ivr) = (count("SUIFANG_AGENTS", 4), count("SUIFANG_IVR", 8));
        Self { agents, ivr, seconds: count("SUIFANG_LOAD_S", 20) as u64 }
    }
}

/// Of the clicks: numbers from here on.
const CLICKED: usize = 50_000_000;

/// F046: agents dial by clicks and take callers out of the queue while the machine asks others.
/// Nobody is dialled twice, no answer is lost, no agent stays where nobody is. What it took is
/// printed: from the INVITE at the agent's phone to the pop, and each request of the page.
#[tokio::test(flavor = "multi_thread")]
async fn f046_agents_and_the_machine_call_at_once_and_nothing_is_lost_or_doubled() {
    let size = Size::read();
    let seed = rand::random::<u64>();
    println!(
        "{} agents, {} of the machine, {} s, seed {seed}",
        size.agents, size.ivr, size.seconds
    );
    let lines = size.ivr + 3 * size.agents + 10;
    let trunk = format!("lines = {lines}\ncalls_per_s = 8.0");
    let head = "[sip]\ninbound_dialplan = \"short_menu\"";
    let hospital = Hospital::open_with("load", "2025-01-06T10:00", head, &trunk).await;
    let asked: Vec<Patient> = (0..size.ivr * (2 + size.seconds as usize / 25)).map(slow).collect();
    let clicks = size.agents * (2 + size.seconds as usize / 12);
    let carrier = hospital.carrier([asked.clone(), clicked(clicks)].concat()).await;
    let house = House::new();
    let mut agents = Vec::new();
    for n in 0..size.agents {
        let picks_up = PicksUp::After(Duration::from_millis(300 + 50 * (n as u64 % 10)));
        agents.push(house.agent(&hospital, &format!("agent{n:03}"), 600.0, picks_up).await);
    }
    let tasks = follow_ups(&hospital, "clicks", clicks, CLICKED).await;
    let run = follow_ups(&hospital, "machine", asked.len(), 0).await.run;
    hospital.post(&format!("/api/runs/{run}/start"), &json!({})).ok();
    let floor = Floor {
        hospital: &hospital,
        runtime: tokio::runtime::Handle::current(),
        tasks: Mutex::new(tasks.tasks),
        given: AtomicUsize::new(0),
        is_quiet: AtomicBool::new(false),
        over: AtomicBool::new(false),
        times: Mutex::default(),
    };
    let until = SystemClock.instant() + Duration::from_secs(size.seconds);
    let pops = Mutex::new(Vec::new());
    tokio::task::block_in_place(|| {
        let runtime = floor.runtime.clone();
        std::thread::scope(|scope| {
            for (n, agent) in agents.iter().enumerate() {
                scope.spawn(|| floor.watch(agent, &pops));
                let seed = seed + n as u64;
                let floor = &floor;
                scope.spawn(move || floor.work(agent, until, seed));
            }
            runtime.block_on(callers(&hospital, &carrier, size.agents, until));
            floor.is_quiet.store(true, Relaxed);
            scope.spawn(|| floor.ends(&agents));
        });
    });
    floor.tell();
    pops_tell(pops.into_inner().unwrap());
    nothing_is_lost(&hospital, &carrier, asked, floor.given.load(Relaxed)).await;
}

/// Answers, and thinks before each.
fn slow(n: usize) -> Patient {
    let mut patient = answers(n);
    patient.dials[0].thinks_s = 2.0;
    patient
}

fn clicked(count: usize) -> Vec<Patient> {
    let dials = vec![Dial { hums_hz: Some(1000.0), ..dial(Behaviour::Answer) }];
    let patient = |n| Patient { number: number(CLICKED + n), dials: dials.clone(), truth: None };
    (0..count).map(patient).collect()
}

struct Made {
    run: String,
    tasks: Vec<String>,
}

/// Discharged patients with a follow-up each, whose numbers begin here.
async fn follow_ups(hospital: &Hospital, name: &str, count: usize, from: usize) -> Made {
    let row = |n: usize| {
        let (no, phone) = (format!("{name}{n}"), &number(from + n)[3..]);
        format!("张{n},男,1960-02-03,{no},心内科,一病区,2024-12-20,2025-01-01,1,{phone},J18,肺炎")
    };
    let rows: Vec<_> = (0..count).map(row).collect();
    let made = hospital.discharges(&rows.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let ask = json!({ "name": name, "dialplan": "quick", "import_id": made["import_id"] });
    let run = hospital.post("/api/runs", &ask).ok()["run_id"].as_str().unwrap().to_owned();
    let listed = hospital.sql(&format!("select task_id from task where run_id = '{run}'"));
    Made { run, tasks: listed.split_whitespace().map(str::to_owned).collect() }
}

/// Somebody rings in each two seconds for each ten agents, and wants a person.
async fn callers(hospital: &Hospital, carrier: &Carrier, agents: usize, until: Instant) {
    let pause = Duration::from_secs_f64(20.0 / agents as f64);
    let left = until.saturating_duration_since(SystemClock.instant());
    let count = (left.as_secs_f64() / pause.as_secs_f64()) as u32;
    let calls: futures_util::stream::FuturesUnordered<_> = (0..count)
        .map(|n| async move {
            let from = format!("137{n:08}");
            let dial =
                Dial { keys: ["~0", "~5"].map(str::to_owned).to_vec(), ..dial(Behaviour::Answer) };
            tokio::time::sleep(pause * n).await;
            carrier.call_in(&from, hospital.sip(), "05925027064", dial).await
        })
        .collect();
    let all = futures_util::StreamExt::collect::<Vec<_>>(calls);
    let how = tokio::time::timeout(left + Duration::from_secs(300), all).await;
    println!("{count} callers: {:?}", how.map(|all| tally(&all)));
}

fn tally(all: &[Option<&'static str>]) -> HashMap<&'static str, usize> {
    let mut counts = HashMap::new();
    for how in all {
        *counts.entry(how.unwrap_or("lost")).or_default() += 1;
    }
    counts
}

/// Where the agents work.
struct Floor<'a> {
    hospital: &'a Hospital,
    runtime: tokio::runtime::Handle,
    tasks: Mutex<Vec<String>>,
    /// Answers that the server has taken.
    given: AtomicUsize,
    /// Nobody rings in any more.
    is_quiet: AtomicBool,
    over: AtomicBool,
    times: Mutex<HashMap<&'static str, Vec<Duration>>>,
}

/// One whose test has failed keeps nobody waiting.
struct SendsHome<'a>(&'a Floor<'a>);

impl Drop for SendsHome<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.is_quiet.store(true, Relaxed);
            self.0.over.store(true, Relaxed);
        }
    }
}

impl Floor<'_> {
    fn timed(&self, what: &'static str, ask: impl FnOnce() -> Answer) -> Answer {
        let began = SystemClock.instant();
        let answer = ask();
        let took = SystemClock.instant() - began;
        self.times.lock().unwrap().entry(what).or_default().push(took);
        assert!(answer.status < 500, "{what}: {answer:?}");
        answer
    }

    /// A person reads, speaks, types.
    fn pass(&self, time: Duration) {
        self.runtime.block_on(async move { tokio::time::sleep(time).await });
    }

    fn desk(&self, agent: &Agent) -> Value {
        self.timed("desk", || self.hospital.get_as(&agent.cookie, "/api/desk")).ok()
    }

    fn post(&self, agent: &Agent, what: &'static str, path: &str, body: &Value) -> Answer {
        self.timed(what, || self.hospital.post_as(&agent.cookie, path, body))
    }

    /// Dials when free, talks for a while, puts down, says what it came to.
    fn work(&self, agent: &Agent, until: Instant, seed: u64) {
        let _sends_home = SendsHome(self);
        let mut rng = rand::rngs::StdRng::seed_from_u64(seed);
        while !self.is_quiet.load(Relaxed) {
            let desk = self.desk(agent);
            match desk["state"].as_str().unwrap() {
                "idle" if SystemClock.instant() < until => self.dials(agent),
                "talking" if desk["call"]["state"] == "answered" => {
                    self.talks(agent, &desk, &mut rng)
                }
                "wrap_up" => self.writes_up(agent, &desk),
                "offline" => drop(self.post(agent, "enter", "/api/desk/enter", &json!({}))),
                _ => {}
            }
            self.reads(agent, &mut rng);
            self.pass(Duration::from_millis(rng.random_range(300..1200)));
        }
    }

    fn dials(&self, agent: &Agent) {
        let Some(task) = self.tasks.lock().unwrap().pop() else { return };
        let dialled = self.post(agent, "dial", "/api/desk/dial", &json!({ "task_id": task }));
        // A caller was quicker: the task is dialled by somebody later.
        if dialled.status == 409 {
            self.tasks.lock().unwrap().insert(0, task);
        } else {
            assert_eq!(dialled.status, 202, "{dialled:?}");
        }
    }

    fn talks(&self, agent: &Agent, desk: &Value, rng: &mut rand::rngs::StdRng) {
        let call = desk["call"]["call_id"].as_str().unwrap();
        if desk["call"]["direction"] == "outbound" {
            let path = format!("/api/desk/calls/{call}/answers");
            let answer = json!({ "questionnaire": "quick", "link_id": "q.one", "value": "one" });
            let taken = self.post(agent, "answer", &path, &answer);
            self.given.fetch_add(usize::from(taken.status < 300), Relaxed);
        }
        self.pass(Duration::from_millis(rng.random_range(2000..12_000)));
        let path = format!("/api/desk/calls/{call}/act");
        self.post(agent, "act", &path, &json!({ "act": "hang_up" }));
    }

    fn writes_up(&self, agent: &Agent, desk: &Value) {
        for call in desk["to_write_up"].as_array().unwrap() {
            let path = format!("/api/desk/calls/{}/disposition", call["call_id"].as_str().unwrap());
            let said = json!({ "outcome": "completed", "respondent": "self", "note": "好" });
            self.post(agent, "disposition", &path, &said);
        }
        self.post(agent, "done", "/api/desk/done", &json!({}));
    }

    /// What else stands on a screen.
    fn reads(&self, agent: &Agent, rng: &mut rand::rngs::StdRng) {
        let (what, path) = [
            ("due", "/api/due?limit=50"),
            ("patients", "/api/patients?q=zhang"),
            ("calls", "/api/calls?limit=20"),
        ][rng.random_range(0..3)];
        self.timed(what, || self.hospital.get_as(&agent.cookie, path));
    }

    /// As a browser: an open stream; when a ringing call is first seen, is noted.
    fn watch(&self, agent: &Agent, pops: &Mutex<Vec<Duration>>) {
        let mut seen: Vec<(String, Instant)> = Vec::new();
        while !self.over.load(Relaxed) {
            let stream = self.hospital.stream_as(&agent.cookie, "/api/events");
            let mut event = String::new();
            for line in BufReader::new(stream).lines().map_while(Result::ok) {
                if let Some(kind) = line.strip_prefix("event: ") {
                    kind.clone_into(&mut event);
                } else if let Some(data) = line.strip_prefix("data: ").filter(|_| event == "desk") {
                    let desk: Value = serde_json::from_str(data).unwrap();
                    let id = desk["call"]["call_id"].as_str().unwrap_or_default();
                    if !id.is_empty() && seen.last().is_none_or(|(last, _)| last != id) {
                        seen.push((id.to_owned(), SystemClock.instant()));
                    }
                }
                if self.over.load(Relaxed) {
                    break;
                }
            }
        }
        // Who is on the screen before the phone rings has waited for nothing.
        let of = |rung: &Instant| {
            let near = seen.iter().map(|(_, at)| *at).filter(|at| *at + BEFORE > *rung);
            near.min().map(|at| at.saturating_duration_since(*rung))
        };
        pops.lock().unwrap().extend(agent.phone.rung_at().iter().filter_map(of));
    }

    /// Nobody dials any more: each agent is free within the bound, whatever happened.
    fn ends(&self, agents: &[Agent]) {
        let _sends_home = SendsHome(self);
        let limit = SystemClock.instant() + Duration::from_secs(150);
        for agent in agents {
            loop {
                let desk = self.desk(agent);
                match desk["state"].as_str().unwrap() {
                    "idle" | "offline" => break,
                    "wrap_up" => self.writes_up(agent, &desk),
                    "talking" => {
                        let call = desk["call"]["call_id"].as_str().unwrap_or_default();
                        let path = format!("/api/desk/calls/{call}/act");
                        self.post(agent, "act", &path, &json!({ "act": "hang_up" }));
                    }
                    _ => {}
                }
                assert!(SystemClock.instant() <= limit, "{} is stuck: {desk:#}", agent.login);
                self.pass(Duration::from_millis(200));
            }
        }
        self.over.store(true, Relaxed);
    }

    fn tell(&self) {
        let times = self.times.lock().unwrap();
        let mut kinds: Vec<_> = times.keys().copied().collect();
        kinds.sort_unstable();
        let mut all: Vec<Duration> = Vec::new();
        for kind in kinds {
            all.extend(&times[kind]);
            quantiles(kind, times[kind].clone());
        }
        quantiles("all requests", all);
    }
}

/// The screen may show a call this long before its phone rings.
const BEFORE: Duration = Duration::from_secs(2);

fn pops_tell(pops: Vec<Duration>) {
    assert!(!pops.is_empty(), "nobody was shown anything");
    quantiles("screen-pop", pops);
}

fn quantiles(what: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |share: f64| times[((times.len() - 1) as f64 * share).round() as usize];
    println!(
        "{what:<14} {:>6} times  p50 {:>7.1?}  p99 {:>7.1?}  max {:>7.1?}",
        times.len(),
        at(0.5),
        at(0.99),
        at(1.0)
    );
}

async fn nothing_is_lost(
    hospital: &Hospital,
    carrier: &Carrier,
    asked: Vec<Patient>,
    given: usize,
) {
    // What is on the line ends by itself.
    for _ in 0..900 {
        if hospital.sql("select count(*) from call where state <> 'ended'").trim() == "0" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    for (number, dials) in carrier.dials() {
        assert_eq!(dials, 1, "{number} was dialled {dials} times");
    }
    let by_agents =
        "select count(*) from answer where questionnaire = 'quick' and channel = 'agent'";
    assert_eq!(hospital.sql(by_agents).trim(), given.to_string(), "answers that agents gave");
    let truth = Truth { patients: asked, ..carrier.truth().clone() };
    let result = compare(hospital.server.core.app.database(), &truth).await.unwrap();
    println!("{} of the machine compared, {} differ", result.compared, result.differences.len());
    assert_eq!(result.differences, Vec::<String>::new());
    assert!(result.compared > 0);
    let dialled = carrier.dials().len();
    println!("{dialled} numbers dialled, once each; {given} answers by agents, all there");
}
