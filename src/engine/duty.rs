//! The loop of the alerts: what is overdue goes on to the next rank, and duty phones ring.
//! When and whom is `domain`'s and `app`'s.

use std::{sync::Arc, time::Duration};

use tokio::{sync::broadcast::error::RecvError, time};
use tracing::{info, warn};

use super::{
    CallCommand, Core, Dial, DialPurpose,
    call::{dial, end_duty_call},
    studio::way_to,
};
use crate::{app::DutyClaim, domain::DutyOutcome};

/// Runs until the server ends.
pub(super) async fn run_alerts(core: Arc<Core>) {
    let mut every = time::interval(LOOK);
    every.set_missed_tick_behavior(time::MissedTickBehavior::Delay);
    loop {
        every.tick().await;
        if core.is_draining() {
            continue;
        }
        if let Err(error) = pass(&core).await {
            warn!(%error, "the alerts wait for the database");
        }
    }
}

async fn pass(core: &Arc<Core>) -> Result<(), crate::app::AppError> {
    let (app, at) = (&core.app, core.clock.wall());
    app.recover_duty_calls(&core.node, core.epoch, at).await?;
    let escalated = app.escalate_alerts(AT_ONCE, at).await?;
    if escalated > 0 {
        info!(escalated, "alerts were overdue");
    }
    if !core.room_for_a_call() {
        return Ok(());
    }
    for claim in app.claim_duty_calls(&core.node, core.epoch, AT_ONCE, at).await? {
        tokio::spawn(ring(Arc::clone(core), claim));
    }
    Ok(())
}

/// Stop all calls is about patients: a duty phone rings all the same (docs/adr/0011).
async fn ring(core: Arc<Core>, claim: DutyClaim) {
    let trunk = {
        let (config, now) = (core.config(), core.clock.instant());
        let trunks = config.trunk.iter();
        let mut up = trunks.filter(|trunk| core.trunks.takes_calls(&trunk.name, now));
        up.next().map(|trunk| trunk.name.clone())
    };
    let target = match way_to(&core, &claim.phone, trunk).await {
        Ok(target) => target,
        Err(why) => {
            warn!(why, "a duty phone cannot be called");
            let because = core.config().pilot.is_some().then_some("number_not_allowed");
            return end_duty_call(&core, &claim, DutyOutcome::NotCalled, because).await;
        }
    };
    let wanted = Dial {
        purpose: DialPurpose::Duty(Box::new(claim.clone())),
        trunk: target.trunk,
        digits: target.digits,
        contact: target.contact,
        id: None,
        line: None,
        dialplan: DIALPLAN.to_owned(),
    };
    match dial(&core, wanted).await {
        Ok(handle) => {
            if let Err(error) = core.app.begin_duty_call(&claim, handle.id()).await {
                warn!(%error, "a duty call is not linked to its alert");
            }
        }
        Err(error) => {
            warn!(%error, "a duty phone was not called");
            end_duty_call(&core, &claim, DutyOutcome::NotCalled, None).await;
        }
    }
}

/// Somebody has taken it at the page: the phone stops ringing. Who has picked up already is
/// told by the machine.
pub(super) async fn run_hush(core: Arc<Core>) {
    let mut events = core.app.hub().subscribe();
    loop {
        match events.recv().await {
            Ok(event) if TAKEN.contains(&event.kind.as_str()) => {
                let alert = event.body["alert_id"].as_str().and_then(|id| id.parse().ok());
                let calls = core.all_calls();
                for call in
                    calls.iter().filter(|call| call.alert().is_some_and(|it| Some(it) == alert))
                {
                    call.send(CallCommand::CancelUnanswered);
                }
            }
            Ok(_) => {}
            Err(RecvError::Lagged(_)) => warn!("acknowledgements fell behind"),
            Err(RecvError::Closed) => return,
        }
    }
}

const TAKEN: [&str; 3] = ["alert.acknowledged", "alert.in_hand", "alert.closed"];

/// A minute's wait is counted in seconds.
const LOOK: Duration = Duration::from_secs(1);

/// In one look; the next follows at once. A hospital raises a few emergencies a day.
const AT_ONCE: i64 = 20;

/// Stands in the call's row in place of a dialplan.
const DIALPLAN: &str = "duty_call";
