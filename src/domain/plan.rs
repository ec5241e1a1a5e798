//! A plan template: what is asked, by which channel, and when (features.md F054–F060).

use chrono::{Days, NaiveDate};
use serde::{Deserialize, Serialize};

use super::{
    CycleChange, Done, Due, FirstContact, Schedule, ScheduleFault, ScheduleLimits, word::words,
};

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PlanKind {
    Routine,
    Specialty,
    Disease,
}

words! { PlanKind, "a kind of plan",
    Routine = "routine",
    Specialty = "specialty",
    Disease = "disease",
}

/// How the patient is reached. Only some of them count as face to face (rules.md §3).
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    Ivr,
    Agent,
    ManualPhone,
    Clinic,
    HomeVisit,
    Sms,
    Email,
    Letter,
    Web,
    Wechat,
}

words! { Channel, "a channel",
    Ivr = "ivr",
    Agent = "agent",
    ManualPhone = "manual_phone",
    Clinic = "clinic",
    HomeVisit = "home_visit",
    Sms = "sms",
    Email = "email",
    Letter = "letter",
    Web = "web",
    Wechat = "wechat",
}

impl Channel {
    pub const fn is_face_to_face(self) -> bool {
        matches!(self, Self::Clinic | Self::HomeVisit)
    }
}

/// The body of a `plan_template` row, and of a patient's own plan.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PlanBody {
    pub schedule: Schedule,
    /// The dialplan that asks the questions.
    pub dialplan: String,
    pub channel: Channel,
    #[serde(default)]
    pub first_contact: FirstContact,
    /// This patient's own rhythm, in the order of their days.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<CycleChange>,
}

/// A follow-up that a plan asks for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Step {
    pub sequence: u16,
    pub on: NaiveDate,
    /// The last day on which it counts as in time.
    pub deadline: NaiveDate,
}

impl PlanBody {
    /// # Errors
    /// Every fault, for the page to show beside the fields.
    pub fn check(&self, limits: &ScheduleLimits) -> Result<(), Vec<ScheduleFault>> {
        self.schedule.check(limits)
    }

    /// The follow-ups that should stand as tasks today: all that have been due, and those
    /// due within `ahead` days. Where the next one counts from when the last really took
    /// place, it is not there before.
    pub fn steps(
        &self,
        anchor_on: NaiveDate,
        done: &[Done],
        today: NaiveDate,
        ahead: u32,
    ) -> Vec<Step> {
        let until = today.checked_add_days(Days::new(ahead.into())).unwrap_or(NaiveDate::MAX);
        let dues = self.schedule.due_dates(anchor_on, done, &self.changes);
        let waits = self.schedule.anchor == super::Anchor::Actual;
        let mut steps = Vec::new();
        for due in dues.into_iter().take_while(|due| due.on <= until) {
            steps.push(self.step(anchor_on, due));
            if waits && !done.iter().any(|done| done.sequence == due.sequence) {
                break;
            }
        }
        steps
    }

    fn step(&self, anchor_on: NaiveDate, due: Due) -> Step {
        let grace = u64::from(self.first_contact.last_day);
        let later = |day: NaiveDate| day.checked_add_days(Days::new(grace)).unwrap_or(day);
        // The first contact is counted from the discharge, each other from its own day.
        let first = later(anchor_on);
        let deadline = if due.sequence == 0 && first >= due.on { first } else { later(due.on) };
        Step { sequence: due.sequence, on: due.on, deadline }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Anchor, Horizon, Interval};

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn body(anchor: Anchor) -> PlanBody {
        let schedule =
            Schedule { anchor, ..Schedule::cycle(Interval::Days(30), Horizon::Count(4)) };
        PlanBody {
            schedule,
            dialplan: "followup".to_owned(),
            channel: Channel::Ivr,
            first_contact: FirstContact::default(),
            changes: Vec::new(),
        }
    }

    #[test]
    fn tasks_stand_for_what_has_been_due_and_what_is_due_soon() {
        let at = |today| {
            let steps = body(Anchor::Scheduled).steps(day("2025-01-01"), &[], day(today), 14);
            steps.iter().map(|step| step.on.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(at("2025-01-01"), Vec::<String>::new());
        assert_eq!(at("2025-01-17"), ["2025-01-31"]);
        assert_eq!(at("2025-03-02"), ["2025-01-31", "2025-03-02"]);
        assert_eq!(at("2030-01-01").len(), 4, "the horizon ends it");
    }

    #[test]
    fn what_counts_from_the_actual_day_waits_for_it() {
        let plan = body(Anchor::Actual);
        let on = |done: &[Done]| {
            let steps = plan.steps(day("2025-01-01"), done, day("2025-12-31"), 0);
            steps.iter().map(|step| step.on.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(on(&[]), ["2025-01-31"]);
        let done = [Done { sequence: 0, on: day("2025-02-10") }];
        assert_eq!(on(&done), ["2025-01-31", "2025-03-12"]);
    }

    #[test]
    fn the_first_contact_is_in_time_within_fourteen_days_of_the_discharge() {
        let mut plan = body(Anchor::Scheduled);
        plan.schedule = Schedule::cycle(Interval::Days(7), Horizon::Count(2));
        let steps = plan.steps(day("2025-01-01"), &[], day("2025-03-01"), 0);
        assert_eq!(steps[0].deadline, day("2025-01-15"));
        assert_eq!(steps[1].deadline, day("2025-01-29"));
        // Due later than day 14 anyway: it has its own days of grace.
        let late = body(Anchor::Scheduled).steps(day("2025-01-01"), &[], day("2025-03-01"), 0);
        assert_eq!(late[0].deadline, day("2025-02-14"));
    }
}
