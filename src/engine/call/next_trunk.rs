//! A trunk has certainly carried a dial to nobody: the next one takes it within the same
//! attempt. After any 18x never: somebody's telephone may have rung.

use std::{
    collections::VecDeque,
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use super::{
    Call, Dial, DialPurpose, Kind, Timers,
    outbound::{LegTo, ring_timers},
    sound::Sound,
};
use crate::{
    app::NextTrunk,
    base::{Breakage, E164, Pii, broken},
    config::{Config, Trunk},
    domain::read_cell,
    engine::dialer,
    sip::{
        endpoint::Input,
        invite::{self, By, EndReport, Leg},
    },
};

/// By which trunks a dial may go.
#[derive(Default)]
pub(super) struct Route {
    /// Whose number it is; `None`: this dial goes by its own trunk or not at all.
    number: Option<E164>,
    trunk: String,
    next: VecDeque<String>,
    waits: Option<Waits>,
}

/// A trunk is chosen, and its turn has not come yet.
struct Waits {
    trunk: Trunk,
    at: Instant,
    /// What became of the dial by the trunk before.
    report: EndReport,
}

impl Route {
    /// A test is of one trunk; a registered phone is on none.
    pub(super) fn of(dial: &Dial, config: &Config) -> Self {
        let number = match &dial.purpose {
            _ if dial.contact.is_some() => None,
            DialPurpose::FollowUp { claim, .. } | DialPurpose::Agent { claim, .. } => {
                Some(claim.e164.clone())
            }
            DialPurpose::Duty(claim) => {
                let numbers = read_cell(claim.phone.reveal(), &config.hospital.area_code);
                numbers.ok().and_then(|numbers| numbers.into_iter().next()).map(|one| one.e164)
            }
            DialPurpose::Test | DialPurpose::Studio(_) | DialPurpose::Ring(_) => None,
        };
        let next = dial.trunk.fails_over_to.iter().cloned().collect();
        Self { number, trunk: dial.trunk.name.clone(), next, waits: None }
    }

    /// Which carries it now.
    pub(super) fn trunk(&self) -> &str {
        &self.trunk
    }

    /// The trunk before has reached somebody after all: nobody dials again.
    pub(super) fn stop(&mut self) {
        self.waits = None;
    }

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.waits.as_ref().map(|waits| waits.at)
    }

    /// The line was put down meanwhile: what was waited for is looked at now.
    pub(super) fn hurry(&mut self, now: Instant) {
        if let Some(waits) = &mut self.waits {
            waits.at = now;
        }
    }
}

impl Call {
    /// The trunk has said nothing at all for its time.
    pub(super) async fn no_response(&mut self) {
        let silence = EndReport { by: By::Timeout, ..EndReport::default() };
        if !self.fails_over(&silence).await {
            self.why = Some("no response from the trunk");
        }
        // Whatever it still says is for nobody.
        self.command_leg(invite::Command::Cancel);
    }

    /// Is the dial over by this, or does the next trunk take it?
    pub(super) async fn fails_over(&mut self, report: &EndReport) -> bool {
        if self.route.waits.is_some() {
            // The trunk before has something to say after all. Where it rang or was picked up,
            // nobody dials again.
            let reached_nobody = !report.progressed && !report.late_answer;
            if !reached_nobody {
                self.route.stop();
            }
            return reached_nobody;
        }
        if !is_dead(report) || matches!(self.kind, Kind::Inbound(_)) {
            return false;
        }
        self.hold_off(report);
        let is_stopped = self.core.is_stopped() && !matches!(self.kind, Kind::Duty(_));
        if is_stopped || !self.may_dial_on() {
            return false;
        }
        let Some((trunk, at)) = self.next_trunk().await else { return false };
        self.route.waits = Some(Waits { trunk, at, report: report.clone() });
        true
    }

    fn may_dial_on(&self) -> bool {
        self.why.is_none()
            && self.fault.is_none()
            && !self.rang
            && !self.early
            && self.times.answered.is_none()
            && !self.core.is_draining()
    }

    /// Others need not find out by themselves.
    fn hold_off(&self, report: &EndReport) {
        let config = self.core.config();
        let Some(trunk) = config.trunk.iter().find(|trunk| trunk.name == self.route.trunk) else {
            return;
        };
        // A trunk without another one is left alone only where it asks for it.
        let own = if trunk.fails_over_to.is_empty() { 0 } else { trunk.hold_off_s };
        let asked = report.retry_after_s.map(|seconds| u64::from(seconds.min(RETRY_AFTER_MAX_S)));
        let seconds = asked.unwrap_or(own);
        tracing::warn!(
            trunk = trunk.name,
            status = report.last_status,
            hold_off_s = seconds,
            "a trunk has carried a dial to nobody"
        );
        let until = self.core.clock.instant() + Duration::from_secs(seconds);
        self.core.trunks.hold_off(&trunk.name, until);
    }

    /// The first that is up, has a line, may dial by its carrier's rules, and whose turn comes
    /// soon. The turn is taken.
    async fn next_trunk(&mut self) -> Option<(Trunk, Instant)> {
        self.route.number.as_ref()?;
        let config = self.core.config();
        while let Some(name) = self.route.next.pop_front() {
            let Some(trunk) = config.trunk.iter().find(|trunk| trunk.name == name) else {
                continue;
            };
            let now = self.core.clock.instant();
            let is_free = self.core.live.count_of_trunk(&name) < trunk.lines;
            if !is_free || !self.core.trunks.takes_calls(&name, now) || self.is_watched(trunk).await
            {
                continue;
            }
            if let Some(at) = self.core.trunks.with_pace(trunk, |pace| pace.book(now, PATIENCE)) {
                return Some((trunk.clone(), at));
            }
        }
        None
    }

    /// At the limit of what its carrier takes for a nuisance.
    async fn is_watched(&self, trunk: &Trunk) -> bool {
        let (limits, at) = (dialer::limits(trunk), self.core.clock.wall());
        let held = self.core.app.held_by_governor(&trunk.name, &limits, at).await;
        // Without the record nobody knows: then not.
        held.map_or(true, |held| held.is_some())
    }

    /// The turn of the next trunk has come.
    pub(super) async fn on_next_trunk(&mut self, now: Instant) {
        let Some(Waits { trunk, report, .. }) = self.route.waits.take_if(|it| it.at <= now) else {
            return;
        };
        let is_stopped = self.core.is_stopped() && !matches!(self.kind, Kind::Duty(_));
        if is_stopped || !self.may_dial_on() {
            return self.gave_up_between(report).await;
        }
        if let Err(why) = self.go_on(&trunk, &report).await {
            tracing::warn!(why, trunk = trunk.name, "a dial could not go on by the next trunk");
            self.gave_up_between(report).await;
        }
    }

    /// As the last trunk has left it.
    async fn gave_up_between(&mut self, report: EndReport) {
        if self.end.is_none() {
            self.on_ended(report).await;
        }
    }

    async fn go_on(&mut self, trunk: &Trunk, report: &EndReport) -> Result<(), &'static str> {
        let core = std::sync::Arc::clone(&self.core);
        let number = self.route.number.clone().ok_or("no number")?;
        let digits = Pii::new(dialer::digits_for(&core, trunk, &number));
        let config = core.config();
        let interface = trunk.interface.as_deref().unwrap_or_default();
        let interface = config.interface(interface).ok_or("no interface")?;
        let beside = self.room.parties.first().and_then(|party| party.sound.media.as_ref());
        let sound = Sound::open(&core, interface, (&trunk.profile, trunk.srtp), beside);
        let sound = sound.map_err(|_| "no sound")?;
        let mailbox = core.signalling.open().await.map_err(|_| "no signalling")?;
        let leg_to = LegTo { trunk, digits: digits.reveal(), contact: None, answers_itself: false };
        let leg = leg_to.leg(&core, mailbox.owner, sound.local.clone());
        let leg = leg.map_err(|_| "the number cannot be written as a SIP address")?;
        self.store_next(trunk, report).await?;
        // What the trunk before may still say is answered by the endpoint: CANCEL, ACK and BYE.
        let _ = core.signalling.send(Input::Forget { owner: self.mailbox.owner }).await;
        self.mailbox = mailbox;
        self.sound = sound;
        self.leg = Leg::outbound(leg, rand::random());
        self.sip_call_id.clear();
        self.timers = Timers { end_at: self.timers.end_at, ..Timers::default() };
        let (ring_until, response_until) = ring_timers(&trunk.profile, core.clock.instant());
        self.timers.ring_until = Some(ring_until);
        self.timers.response_until = Some(response_until);
        self.route.trunk.clone_from(&trunk.name);
        core.counters.failed_over.fetch_add(1, Ordering::Relaxed);
        core.live.update(self.id, |live| {
            live.trunk = Some(trunk.name.clone());
            live.remote = digits;
        });
        self.join_up();
        Ok(())
    }

    /// Durable before the INVITE leaves.
    async fn store_next(&self, trunk: &Trunk, report: &EndReport) -> Result<(), &'static str> {
        let next = NextTrunk {
            call: self.id,
            attempt: self.kind.claim().map(|claim| claim.attempt),
            from: self.route.trunk.clone(),
            to: trunk.name.clone(),
            sip_status: report.last_status,
            q850: report.q850,
            sip_call_id: self.sip_call_id.clone(),
        };
        match self.core.app.next_trunk(&next, self.core.clock.wall()).await {
            Ok(true) => Ok(()),
            Ok(false) => Err("the attempt is not ours any more"),
            Err(_) => Err("it could not be stored"),
        }
    }
}

/// Has this trunk certainly carried the call to nobody?
fn is_dead(report: &EndReport) -> bool {
    let is_refused = report.last_status == Some(UNAVAILABLE);
    let is_gone = !report.heard && matches!(report.by, By::Timeout | By::Fault);
    (!report.progressed || broken(Breakage::NextTrunkAfterRinging))
        && !report.answered
        && !report.we_cancelled
        && !report.late_answer
        && (is_refused || is_gone)
}

/// RFC 3261 §21.5.4: the server is overloaded or under maintenance.
const UNAVAILABLE: u16 = 503;

/// The next trunk's turn is waited for no longer: with three seconds of silence before, a dial
/// is on its way again within four.
const PATIENCE: Duration = Duration::from_millis(800);

/// An hour: what a carrier asks for beyond is for people to settle.
const RETRY_AFTER_MAX_S: u32 = 3600;
