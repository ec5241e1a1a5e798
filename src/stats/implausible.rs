//! Series of one person that look invented: many follow-ups within minutes, or the same
//! answers again and again. A list to look into, not a verdict.

use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct ImplausiblePolicy {
    /// So many entries within so many minutes: a follow-up takes three minutes.
    pub burst_entries: usize,
    pub burst_minutes: u16,
    /// So many entries in a row with the same answers.
    pub identical_entries: usize,
}

impl Default for ImplausiblePolicy {
    fn default() -> Self {
        Self { burst_entries: 5, burst_minutes: 5, identical_entries: 5 }
    }
}

/// A follow-up that somebody typed in.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Entry<'a> {
    pub id: &'a str,
    pub entered_at: DateTime<Utc>,
    /// Its answers in one text or digest: only equality is looked at.
    pub answers: &'a str,
    /// A recording or a call record stands behind it: then it took place.
    pub evidenced: bool,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Suspicion {
    ManyWithinMinutes { ids: Vec<String>, from: DateTime<Utc>, to: DateTime<Utc> },
    IdenticalAnswers { ids: Vec<String>, from: DateTime<Utc>, to: DateTime<Utc> },
}

impl ImplausiblePolicy {
    /// `entries`: all of one person. Each longest series once.
    pub fn judge(&self, entries: &[Entry<'_>]) -> Vec<Suspicion> {
        let mut entries: Vec<&Entry<'_>> =
            entries.iter().filter(|entry| !entry.evidenced).collect();
        entries.sort_by_key(|entry| (entry.entered_at, entry.id));
        let mut found = self.bursts(&entries);
        for series in entries.chunk_by(|a, b| a.answers == b.answers) {
            if series.len() >= self.identical_entries.max(2) {
                let (ids, from, to) = told(series);
                found.push(Suspicion::IdenticalAnswers { ids, from, to });
            }
        }
        found
    }

    /// Every entry that lies in some window with enough of them; windows that overlap
    /// are one series.
    fn bursts(&self, entries: &[&Entry<'_>]) -> Vec<Suspicion> {
        let window = Duration::minutes(self.burst_minutes.into());
        let enough = self.burst_entries.max(2);
        let mut ranges: Vec<(usize, usize)> = Vec::new();
        for first in 0..entries.len().saturating_sub(enough - 1) {
            let last = first + enough - 1;
            if entries[last].entered_at - entries[first].entered_at > window {
                continue;
            }
            match ranges.last_mut() {
                Some((_, end)) if first <= *end => *end = last,
                _ => ranges.push((first, last)),
            }
        }
        let series = |(from, to): (usize, usize)| told(&entries[from..=to]);
        let burst = |(ids, from, to)| Suspicion::ManyWithinMinutes { ids, from, to };
        ranges.into_iter().map(series).map(burst).collect()
    }
}

fn told(series: &[&Entry<'_>]) -> (Vec<String>, DateTime<Utc>, DateTime<Utc>) {
    let ids = series.iter().map(|entry| entry.id.to_owned()).collect();
    let time = |entry: Option<&&Entry<'_>>| entry.map(|entry| entry.entered_at).unwrap_or_default();
    (ids, time(series.first()), time(series.last()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(id: &'static str, minute: i64, answers: &'static str) -> Entry<'static> {
        let start: DateTime<Utc> = "2026-11-25T02:00:00Z".parse().unwrap();
        let entered_at = start + Duration::minutes(minute);
        Entry { id, entered_at, answers, evidenced: false }
    }

    #[track_caller]
    fn check(entries: &[Entry<'_>], expected: &[&str]) {
        let policy = ImplausiblePolicy { burst_entries: 3, burst_minutes: 5, identical_entries: 3 };
        let found = policy.judge(entries);
        let told = found.iter().map(|suspicion| match suspicion {
            Suspicion::ManyWithinMinutes { ids, .. } => format!("burst {}", ids.join("")),
            Suspicion::IdenticalAnswers { ids, .. } => format!("same {}", ids.join("")),
        });
        assert_eq!(told.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn many_within_minutes_and_the_same_answers_again_are_listed() {
        let spread = ["a", "b", "c"].into_iter().zip([0, 10, 20]);
        let spread: Vec<_> = spread.map(|(id, minute)| entry(id, minute, id)).collect();
        check(&spread, &[]);
        check(&[], &[]);
        let burst = [
            entry("a", 0, "1"),
            entry("b", 3, "2"),
            entry("c", 5, "3"),
            entry("d", 6, "4"),
            entry("e", 30, "5"),
        ];
        check(&burst, &["burst abcd"]);
        check(&burst[1..3], &[]);
        let same =
            [entry("c", 90, "1"), entry("a", 0, "1"), entry("b", 60, "1"), entry("d", 200, "2")];
        check(&same, &["same abc"]);
        let broken =
            [entry("a", 0, "1"), entry("b", 60, "1"), entry("c", 90, "2"), entry("d", 200, "1")];
        check(&broken, &[]);
        let recorded = burst.map(|entry| Entry { evidenced: true, ..entry });
        check(&recorded, &[]);
    }
}
