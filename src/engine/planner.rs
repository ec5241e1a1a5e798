//! Turns the plans' clock: tasks are made, fall due, join their runs, and are reminded of.
//! The rules are `domain`'s, the rows are `app`'s.

use std::{sync::Arc, time::Duration};

use tokio::{sync::broadcast::error::RecvError, time};
use tracing::{info, warn};

use super::{CallCommand, Core, erase_old_messages, erase_old_recordings};
use crate::base::PersonId;

/// Each minute, and at once when discharges came in. Runs until the server ends.
pub(super) async fn run_planner(core: Arc<Core>) {
    let mut every = time::interval(LOOK);
    every.set_missed_tick_behavior(time::MissedTickBehavior::Delay);
    loop {
        every.tick().await;
        if core.is_draining() {
            continue;
        }
        let dialler = core.dialler().await;
        let at = core.clock.wall();
        match core.app.turn_plans(&dialler.calendar, at).await {
            Ok(turned) if turned.tasks + turned.due > 0 => {
                info!(plans = turned.plans, tasks = turned.tasks, due = turned.due, "plans turned");
                core.wake.notify_waiters();
            }
            Ok(_) => {}
            Err(error) => warn!(%error, "the plans wait for the database"),
        }
        if let Err(error) = core.app.roll_up(at, || core.clock.instant()).await {
            warn!(%error, "the reports' days wait for the database");
        }
        erase_old_recordings(&core).await;
        erase_old_messages(&core).await;
        match core.app.settle_uncertain(&dialler, at).await {
            Ok(0) => {}
            Ok(count) => info!(count, "uncertain attempts were judged by what was stored of them"),
            Err(error) => warn!(%error, "uncertain attempts wait for the database"),
        }
    }
}

/// A death, a readmission, a refusal: a call that has become forbidden ends while it still
/// rings; one that is answered is left to those who speak (rules.md §2).
pub(super) async fn run_guard(core: Arc<Core>) {
    let mut events = core.app.hub().subscribe();
    loop {
        match events.recv().await {
            Ok(event) if event.kind.ends_with(".follow_up_ended") => {
                let person = event.body["person"].as_str().and_then(|id| id.parse().ok());
                if let Some(person) = person {
                    cancel_ringing(&core, person);
                }
            }
            Ok(_) => {}
            Err(RecvError::Lagged(_)) => warn!("the guard of live calls fell behind"),
            Err(RecvError::Closed) => return,
        }
    }
}

fn cancel_ringing(core: &Core, person: PersonId) {
    for call in core.all_calls() {
        if call.person() == Some(person) {
            call.send(CallCommand::CancelUnanswered);
        }
    }
}

/// A day begins at midnight; nobody waits longer than this for its tasks.
const LOOK: Duration = Duration::from_secs(60);
