//! Dials what is due: the rules are `domain`'s, the rows are `app`'s; here is only the
//! loop that waits for lines.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::time;
use tracing::{error, info, warn};

use super::{
    CallCommand, Core,
    call::{Dial, DialPurpose, dial},
    hold, sleep,
};
use crate::{
    app::{Claim, Dialler, Ended, RunAction},
    base::{Pii, RunId},
    config::{Config, DialRule, Governor, Trunk},
    domain::{DialForm, GovernorLimits, HomeArea, Outcome, TollClass, dial_digits},
    store::{Principal, run::Run},
};

const SYSTEM: Principal = Principal::System("dialler");

/// Runs until the server ends.
pub async fn run_dialler(core: Arc<Core>) {
    loop {
        let woken = core.wake.notified();
        let looking = hold(&*core.clock);
        let wait = match pass(&core).await {
            Ok(wait) => wait,
            Err(error) => {
                warn!(%error, "the dialler waits for the database");
                LOOK_AGAIN
            }
        };
        core.ticks.looked();
        drop(looking);
        tokio::select! {
            () = woken => {}
            // The database is asked twice a second, however fast a simulated clock runs.
            () = time::sleep(LOOK_AGAIN) => {}
            () = sleep(&*core.clock, wait), if wait < LOOK_AGAIN => {}
        }
    }
}

/// One look at all runs; answers how soon a trunk's next call may start.
async fn pass(core: &Arc<Core>) -> Result<Duration, crate::app::AppError> {
    if core.is_draining() {
        return Ok(LOOK_AGAIN);
    }
    let since = core.stops().turn();
    let stopped = core.app.stopped().await?.is_some();
    core.stops().follow(stopped, since);
    let dialler = core.dialler().await;
    let mut soonest = LOOK_AGAIN;
    for run in core.app.active_runs().await? {
        let id = RunId::from_uuid(run.run_id);
        let now = core.clock.instant();
        match look(core, &dialler, &run, now).await? {
            Look::Dialled { next_at } => {
                core.set_why_idle(id, None);
                soonest = soonest.min(next_at.saturating_duration_since(now));
            }
            Look::Idle(why) => core.set_why_idle(id, Some(why)),
        }
    }
    Ok(soonest)
}

enum Look {
    Dialled { next_at: Instant },
    Idle(String),
}

async fn look(
    core: &Arc<Core>,
    dialler: &Dialler,
    run: &Run,
    now: Instant,
) -> Result<Look, crate::app::AppError> {
    let idle = |why: &str| Ok(Look::Idle(why.to_owned()));
    let (id, at) = (RunId::from_uuid(run.run_id), core.clock.wall());
    if core.is_stopped() {
        return idle("stop_all");
    }
    let is_open = dialler.calendar.is_open(at);
    if is_open != (run.state == "running") {
        let action = if is_open { RunAction::Start } else { RunAction::WaitForWindow };
        core.app.change_run(&SYSTEM, id, action, None, at).await?;
    }
    if !is_open {
        return idle("outside_window");
    }
    // Withdrawn, or gone with its file: nobody is dialled for what cannot be asked.
    match core.library_of(id).await.map(|library| library.program(&run.dialplan)) {
        Ok(Ok(_)) => {}
        Ok(Err(why)) | Err(why) => return Ok(Look::Idle(why)),
    }
    if !core.room_for_a_call() {
        return idle("no_room");
    }
    let Some(trunk) = trunk_for(core, run) else { return idle("no_trunk") };
    let free = free_lines(core, run, &trunk);
    if free == 0 {
        return idle("no_line");
    }
    let due_at = core.trunks.with_pace(&trunk, |pace| pace.due_at().unwrap_or(now));
    if due_at > now {
        return Ok(Look::Dialled { next_at: due_at });
    }
    if let Some(held) = core.app.held_by_governor(&trunk.name, &limits(&trunk), at).await? {
        let until = held.until.with_timezone(&core.config().hospital.timezone);
        return Ok(Look::Idle(format!("governor_{} {}", held.why, until.format("%m-%d %H:%M"))));
    }
    let claims = core.app.claim_due(dialler, id, &trunk.name, 1, at).await?;
    if claims.is_empty() {
        return Ok(Look::Idle(nothing_due(core, id, run.is_standing, at).await?));
    }
    let next_at = core.trunks.with_pace(&trunk, |pace| {
        pace.take(now);
        pace.due_at().unwrap_or(now)
    });
    for claim in claims {
        start(core, dialler, &trunk, run, claim).await;
    }
    Ok(Look::Dialled { next_at })
}

/// All are dialled: the run ends when none waits for another try.
async fn nothing_due(
    core: &Core,
    run: RunId,
    is_standing: bool,
    at: chrono::DateTime<chrono::Utc>,
) -> Result<String, crate::app::AppError> {
    let (open, next) = core.app.run_outlook(run).await?;
    if open == 0 && is_standing {
        return Ok("nothing_due".to_owned());
    }
    if open == 0 {
        core.app.change_run(&SYSTEM, run, RunAction::Finish, None, at).await?;
        info!(run.id = %run, "the run has ended");
        return Ok("finished".to_owned());
    }
    match next {
        Some(next) if next > at => {
            let local = next.with_timezone(&core.config().hospital.timezone);
            Ok(format!("waiting_retry {}", local.format("%m-%d %H:%M")))
        }
        _ => Ok("in_progress".to_owned()),
    }
}

/// The run's own trunk or those that take over for it; without one, the first of all.
fn trunk_for(core: &Core, run: &Run) -> Option<Trunk> {
    let (config, now) = (core.config(), core.clock.instant());
    let named = |name: &String| config.trunk.iter().find(|trunk| trunk.name == *name);
    let wanted: Vec<&Trunk> = match &run.trunk {
        None => config.trunk.iter().collect(),
        Some(name) => {
            let own = named(name)?;
            std::iter::once(own).chain(own.fails_over_to.iter().filter_map(named)).collect()
        }
    };
    let mut up = wanted.into_iter().filter(|trunk| core.trunks.takes_calls(&trunk.name, now));
    up.next().cloned()
}

pub(super) fn limits(trunk: &Trunk) -> GovernorLimits {
    let Governor { calls_per_h_max, short_share_max, no_answer_share_max } = trunk.governor;
    GovernorLimits { calls_per_h_max, short_share_max, no_answer_share_max }
}

fn free_lines(core: &Core, run: &Run, trunk: &Trunk) -> usize {
    let calls = core.live.list();
    let of_trunk: usize = calls.iter().map(|call| call.lines_of(&trunk.name)).sum();
    let id = RunId::from_uuid(run.run_id);
    let of_run = calls.iter().filter(|call| call.run == Some(id)).count();
    let lines = run.lines.and_then(|lines| usize::try_from(lines).ok()).unwrap_or(usize::MAX);
    trunk.lines.saturating_sub(of_trunk).min(lines.saturating_sub(of_run))
}

async fn start(core: &Arc<Core>, dialler: &Dialler, trunk: &Trunk, run: &Run, claim: Claim) {
    let attempt = claim.attempt;
    let digits = digits_for(core, trunk, &claim.e164);
    let id = RunId::from_uuid(run.run_id);
    // The red button may have been pressed while the claim was written.
    let refused = core.is_stopped() || core.is_draining();
    let failed = if refused {
        Some("stopped before the INVITE".to_owned())
    } else {
        let purpose = DialPurpose::FollowUp { claim: Box::new(claim), run: Some(id) };
        let wanted = Dial {
            contact: None,
            id: None,
            line: None,
            purpose,
            trunk: trunk.clone(),
            digits: Pii::new(digits),
            dialplan: run.dialplan.clone(),
        };
        dial(core, wanted).await.err().map(|error| error.to_string())
    };
    if let Some(why) = failed {
        warn!(why, "a call was not started");
        not_started(core, dialler, attempt, why).await;
    }
}

/// The attempt is there, its INVITE never left.
pub(super) async fn not_started(
    core: &Core,
    dialler: &Dialler,
    attempt: crate::base::AttemptId,
    why: String,
) {
    let ended = Ended { judged: Some(Outcome::SystemFault), why: Some(why), ..Ended::default() };
    let at = core.clock.wall();
    if let Err(error) = core.app.finish_attempt(dialler, attempt, &ended, at).await {
        error!(%error, "an attempt could not be ended; the next start finds it");
    }
}

/// A number that must not be dialled any more: what rings there stops ringing.
pub fn cancel_number(core: &Core, number: &crate::base::E164) {
    let config = core.config();
    for live in core.live.list().iter().filter(|live| live.is_outbound) {
        let mut trunks = config.trunk.iter();
        let trunk = trunks.find(|trunk| live.trunk.as_ref().is_some_and(|it| *it == trunk.name));
        let is_it = trunk.is_some_and(|it| digits_for(core, it, number) == *live.remote.reveal());
        if let Some(call) = core.call(live.call).filter(|_| is_it) {
            call.send(CallCommand::CancelUnanswered);
        }
    }
}

/// Whose numbers cost what.
pub(super) fn home_area(config: &Config) -> HomeArea<'_> {
    let hospital = &config.hospital;
    HomeArea { area_code: &hospital.area_code, near_mobiles: &hospital.near_mobiles }
}

pub fn toll_class(config: &Config, number: &crate::base::E164) -> TollClass {
    home_area(config).toll_class(number)
}

pub(super) fn digits_for(core: &Core, trunk: &Trunk, number: &crate::base::E164) -> String {
    let DialRule { outside_prefix, zero_before_far_mobile, strip_own_area, e164 } = &trunk.dial;
    let config = core.config();
    let form = DialForm {
        home: home_area(&config),
        outside_prefix,
        zero_before_far_mobile: *zero_before_far_mobile,
        strip_own_area: *strip_own_area,
        e164: *e164,
    };
    dial_digits(number, &form)
}

/// Pause, stop and the red button act within two seconds; windows open on the minute.
const LOOK_AGAIN: Duration = Duration::from_millis(500);
