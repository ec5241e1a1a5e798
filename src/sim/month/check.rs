//! What must never be broken, whatever happened in the month: by the carrier's log, which is
//! the wire, and by the server's record.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use chrono::{DateTime, Duration, NaiveDate, Utc};
use serde::Deserialize;
use uuid::Uuid;

use super::{ROWS_MAX, SIMULATOR, open_files, world::World};
use crate::{
    domain::{Calendar, CallingPolicy},
    store::{
        StoreError,
        proof::{self, Dial},
    },
};

/// One rule, with how much was looked at and what broke it.
#[derive(Clone, Debug)]
pub struct Check {
    pub rule: &'static str,
    pub looked_at: usize,
    pub verdict: Verdict,
    /// What else is worth knowing of it.
    pub remark: Option<String>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Verdict {
    Holds,
    Broken(Vec<String>),
}

impl Check {
    fn new(rule: &'static str, looked_at: usize, mut broken: Vec<String>) -> Self {
        broken.truncate(TOLD_MAX);
        let verdict = if broken.is_empty() { Verdict::Holds } else { Verdict::Broken(broken) };
        Self { rule, looked_at, verdict, remark: None }
    }

    pub fn holds(&self) -> bool {
        self.verdict == Verdict::Holds
    }
}

/// From the claim to the end.
type Span = (DateTime<Utc>, DateTime<Utc>);

/// What was on the wire, as the carrier wrote it down.
pub(super) struct Wire {
    lines: Vec<Line>,
}

#[derive(Deserialize)]
struct Line {
    at: DateTime<Utc>,
    event: String,
    number: String,
    more: String,
}

impl Wire {
    /// A line that cannot be read is none.
    pub(super) fn read(log: &Path) -> Self {
        let text = fs::read_to_string(log).unwrap_or_default();
        Self { lines: text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect() }
    }

    fn invites(&self) -> impl Iterator<Item = &Line> {
        self.lines.iter().filter(|line| line.event == "invite")
    }

    pub(super) fn dials(&self) -> u64 {
        self.invites().count() as u64
    }

    pub(super) fn answered(&self) -> u64 {
        let ended = self.lines.iter().filter(|line| line.event == "ended");
        ended.filter(|line| line.more == "ended").count() as u64
    }

    /// `+86…`, however the trunk wrote it.
    fn by_number(&self) -> BTreeMap<String, Vec<DateTime<Utc>>> {
        let mut all: BTreeMap<String, Vec<DateTime<Utc>>> = BTreeMap::new();
        for line in self.invites() {
            all.entry(line.number.clone()).or_default().push(line.at);
        }
        all
    }
}

pub(super) async fn all(
    world: &World,
    wire: &Wire,
    files_before: usize,
    leeway_ms: i64,
) -> Result<Vec<Check>, StoreError> {
    let calendar = &world.town.calendar;
    let policy = world.core.dialler().await.policy;
    let mut scope = world.core.app.database().scope(&SIMULATOR).await?;
    let dials = proof::dials(&mut scope, ROWS_MAX).await?;
    let doubled = proof::doubled_answers(&mut scope).await?;
    let open = proof::open(&mut scope).await?;
    let tapes = proof::tapes(&mut scope, ROWS_MAX).await?;
    let untaped = proof::untaped(&mut scope).await?;
    let told = |what: &str, n: i64| (n > 0).then(|| format!("{n} {what}"));
    let stuck = [
        told("follow-ups are still in progress", open.tasks),
        told("attempts have no end", open.attempts),
        told("calls have no end", open.calls),
        told("recordings have no end", open.recordings),
    ];
    let doubled = told("questions have two answers", doubled).into_iter().collect();
    let invites = wire.dials() as usize;
    Ok(vec![
        Check::new("nobody is in two live calls", dials.len(), at_once(&dials)),
        Check::new("no INVITE outside the calling windows", invites, windows(wire, calendar)),
        Check::new("every INVITE is one attempt of the record", invites, recorded(wire, &dials)),
        Check::new(
            "nobody is dialled again without leave",
            dials.len(),
            leave(&dials, &policy, calendar),
        ),
        Check::new("an answered question has one row", dials.len(), doubled),
        Check::new(
            "every claimed task has ended in one outcome",
            dials.len(),
            stuck.into_iter().flatten().chain(outcomes(&dials)).collect(),
        ),
        Check::new("nobody is dialled who is gone", dials.len(), gone(world, &dials)),
        lengths(&tapes, untaped, leeway_ms),
        Check::new(
            "ports, legs and files are given back",
            invites,
            given_back(world, files_before),
        ),
    ])
}

/// The sound that was kept against the time between answer and end.
fn lengths(tapes: &[proof::Tape], untaped: i64, leeway_ms: i64) -> Check {
    let off = |tape: &proof::Tape| {
        let talked = (tape.ended_at - tape.answered_at).num_milliseconds();
        (tape.duration_ms - talked).abs()
    };
    let wrong = tapes.iter().filter(|t| off(t) > leeway_ms || t.frames_dropped > 0);
    let mut broken: Vec<_> = wrong
        .map(|tape| {
            let proof::Tape { call_id, duration_ms, frames_dropped, .. } = tape;
            format!(
                "call {call_id}: {duration_ms} ms recorded, {} ms off, {frames_dropped} frames lost",
                off(tape)
            )
        })
        .collect();
    if untaped > 0 {
        broken.push(format!("{untaped} answered calls have no recording"));
    }
    let most = tapes.iter().map(off).max().unwrap_or(0);
    let remark = Some(format!("at most {most} ms apart"));
    Check { remark, ..Check::new("a recording is as long as its talk", tapes.len(), broken) }
}

/// Who has died, is in hospital again, or has said that nobody is to call.
fn gone(world: &World, dials: &[Dial]) -> Vec<String> {
    let residents = world.town.residents();
    let calendar = &world.town.calendar;
    let mut refused: BTreeSet<Uuid> = BTreeSet::new();
    let mut broken = Vec::new();
    for dial in dials.iter().filter(|dial| dial.way == "dial") {
        let Some(at) = residents.find(dial.person_id) else { continue };
        let person = &residents.all[at].person;
        let day = calendar.local_date(dial.claimed_at);
        let since = [person.died_on, person.readmitted_on];
        if since.into_iter().flatten().any(|on| on <= day) || refused.contains(&dial.person_id) {
            broken.push(format!("person {} was dialled at {}", dial.person_id, dial.claimed_at));
        }
        if dial.outcome.as_deref() == Some("refused") {
            refused.insert(dial.person_id);
        }
    }
    broken
}

/// By person and by number: from the claim to the end.
fn at_once(dials: &[Dial]) -> Vec<String> {
    let mut lives: BTreeMap<String, Vec<Span>> = BTreeMap::new();
    for dial in dials.iter().filter(|dial| dial.way == "dial") {
        let span = (dial.claimed_at, dial.ended_at.unwrap_or(dial.claimed_at));
        lives.entry(format!("person {}", dial.person_id)).or_default().push(span);
        lives.entry(dial.e164.clone()).or_default().push(span);
    }
    let mut broken = Vec::new();
    for (who, mut spans) in lives {
        spans.sort_unstable();
        if let Some(pair) = spans.windows(2).find(|pair| pair[0].1 > pair[1].0) {
            broken.push(format!("{who} was in two calls at {}", pair[1].0));
        }
    }
    broken
}

fn windows(wire: &Wire, calendar: &Calendar) -> Vec<String> {
    let outside = wire.invites().filter(|line| !calendar.is_open(line.at));
    outside.map(|line| format!("{} was dialled at {}", line.number, line.at)).collect()
}

/// As often on the wire as in the record, number by number.
fn recorded(wire: &Wire, dials: &[Dial]) -> Vec<String> {
    let mut record: BTreeMap<&str, usize> = BTreeMap::new();
    for dial in dials.iter().filter(|dial| dial.way == "dial") {
        *record.entry(&dial.e164).or_default() += 1;
    }
    let wire = wire.by_number();
    let numbers: BTreeSet<&str> = record.keys().copied().chain(wire.keys().map(|n| &**n)).collect();
    let differs = |number: &&str| {
        let (sent, written) = (wire.get(*number).map_or(0, Vec::len), record.get(*number));
        let written = written.copied().unwrap_or(0);
        (sent != written).then(|| format!("{number}: {sent} INVITEs, {written} attempts"))
    };
    numbers.iter().filter_map(differs).collect()
}

/// The gap since the last dial, shorter after a busy line, none after a fault of the line;
/// the most dials of a day; and nobody is asked again who has told all.
fn leave(dials: &[Dial], policy: &CallingPolicy, calendar: &Calendar) -> Vec<String> {
    let mut broken = Vec::new();
    let mut last: BTreeMap<Uuid, &Dial> = BTreeMap::new();
    let mut days: BTreeMap<(Uuid, NaiveDate), u32> = BTreeMap::new();
    let mut done: BTreeSet<Uuid> = BTreeSet::new();
    for dial in dials.iter().filter(|dial| dial.way == "dial") {
        let (outcome, person) = (dial.outcome.as_deref(), dial.person_id);
        if done.contains(&dial.task_id) {
            broken.push(format!("task {} was dialled after it was done", dial.task_id));
        }
        if let Some(before) = last.get(&person) {
            let was_busy = before.outcome.as_deref() == Some("busy");
            let gap = if was_busy { policy.retry.after_busy_s } else { policy.retry.gap_s };
            let since = dial.claimed_at - before.ended_at.unwrap_or(before.claimed_at);
            if since < Duration::seconds(i64::try_from(gap).unwrap_or(i64::MAX / 1000)) {
                broken.push(format!("person {person} was dialled {since} after a call"));
            }
        }
        if matches!(outcome, Some("completed" | "refused")) {
            done.insert(dial.task_id);
        }
        if matches!(outcome, Some("trunk_fault" | "system_fault")) {
            continue;
        }
        last.insert(person, dial);
        let day = calendar.local_date(dial.claimed_at);
        let count = days.entry((person, day)).or_default();
        *count += 1;
        if *count > policy.dials_per_day_max {
            broken.push(format!("person {person} was dialled {count} times on {day}"));
        }
    }
    broken
}

fn outcomes(dials: &[Dial]) -> impl Iterator<Item = String> {
    let none = dials.iter().filter(|dial| dial.outcome.is_none() || dial.ended_at.is_none());
    none.map(|dial| format!("attempt {} is {} without an outcome", dial.attempt_id, dial.state))
}

fn given_back(world: &World, files_before: usize) -> Vec<String> {
    let ours = world.core.pool("loopback").map_or(0, crate::engine::PortPool::in_use);
    let recorder = world.core.recorder.metrics();
    let active = recorder.active.load(std::sync::atomic::Ordering::Relaxed);
    let files = open_files().saturating_sub(files_before);
    let told = |n: usize, most: usize, what: &str| (n > most).then(|| format!("{n} {what}"));
    [
        told(ours, 0, "RTP ports of ours are still in use"),
        told(world.carrier.ports_in_use(), 0, "RTP ports of the carrier are still in use"),
        told(world.core.all_calls().len(), 0, "calls are still live"),
        told(usize::try_from(active).unwrap_or(usize::MAX), 0, "recordings are still written"),
        told(files, CONNECTIONS, "more files are open than before the first call"),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Between answer and first frame, and between the last frame and the end of the call, each
/// at most a tick of sound: what holds at full speed holds at any, for the clock stands while
/// either end works.
pub(super) const LEEWAY_MS: i64 = 40;

/// The pool opens them as it needs them, and keeps them.
const CONNECTIONS: usize = 20;

/// Enough to see what kind of fault it is.
const TOLD_MAX: usize = 20;
