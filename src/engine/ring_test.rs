//! 床旁试拨: whom a ward may ring, by which trunk; the rules are `domain`'s and `app`'s.

use std::sync::Arc;

use super::{
    Core, Dial, DialPurpose,
    call::{dial, end_ring},
    dialer::{digits_for, home_area},
};
use crate::{
    app::{AppError, RingAsk, RingClaim},
    base::{NumberId, PersonId, Pii},
    config::Trunk,
    domain::{Outcome, TollClass},
    store::Principal,
};

/// What somebody at the bedside asks for.
#[derive(Clone, Copy, Debug)]
pub struct RingWish {
    pub person: PersonId,
    pub number: NumberId,
    /// Of the role of who asks.
    pub toll: TollClass,
}

/// Rings the number; answers which ring it is. How it ends stands in the record.
///
/// # Errors
/// With the reason, before anything was sent.
pub async fn ring(core: &Arc<Core>, by: &Principal, wish: RingWish) -> Result<RingClaim, AppError> {
    if core.is_stopped() {
        let what = "全部停呼中,不能拨出 / all calls are stopped";
        return Err(AppError::Conflict(what.to_owned()));
    }
    if !core.room_for_a_call() {
        let what = "线路已满,请稍后再试 / too many calls at once; try again later";
        return Err(AppError::Conflict(what.to_owned()));
    }
    let config = core.config();
    let trunk = up_trunk(core)
        .ok_or_else(|| AppError::Conflict("没有可用的线路 / no trunk is up".to_owned()))?;
    let RingWish { person, number, toll } = wish;
    let ask = RingAsk { person, number, toll, home: home_area(&config), trunk: &trunk.name };
    let (dialler, at) = (core.dialler().await, core.clock.wall());
    let claim = core.app.begin_ring_test(by, &dialler, &ask, at).await?;
    let wanted = Dial {
        purpose: DialPurpose::Ring(Box::new(claim.clone())),
        digits: Pii::new(digits_for(core, &trunk, &claim.e164)),
        trunk,
        contact: None,
        id: None,
        line: None,
        dialplan: DIALPLAN.to_owned(),
    };
    match dial(core, wanted).await {
        Ok(handle) => core.app.set_ring_call(&claim, handle.id()).await?,
        Err(error) => {
            tracing::warn!(%error, "a number could not be rung");
            end_ring(core, &claim, Outcome::SystemFault).await;
            let what = format!("没有拨出:{error} / not called: {error}");
            return Err(AppError::Conflict(what));
        }
    }
    Ok(claim)
}

fn up_trunk(core: &Core) -> Option<Trunk> {
    let (config, now) = (core.config(), core.clock.instant());
    let mut trunks = config.trunk.iter();
    trunks.find(|trunk| core.trunks.takes_calls(&trunk.name, now)).cloned()
}

/// Its one question: is the phone in your hand?
const DIALPLAN: &str = "ring_test";
