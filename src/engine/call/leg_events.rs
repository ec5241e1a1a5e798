//! What the leg tells: ringing, answered, changed, over. The first 18x and the 200 are
//! durable before they take effect.

use std::time::Duration;

use super::{Call, Kind};
use crate::{
    base::{Breakage, broken},
    ivr,
    sip::{
        invite::{self, LegEvent},
        message::Response,
        sdp::Negotiated,
    },
    store::attempt::Step,
};

impl Call {
    pub(super) async fn on_leg(&mut self, event: LegEvent) {
        match event {
            LegEvent::Trying => self.timers.response_until = None,
            LegEvent::Ringing { status } => {
                self.route.stop();
                self.on_ringing(status).await;
            }
            LegEvent::EarlyMedia { media, .. } => self.on_early_media(&media).await,
            LegEvent::Answered(media) => {
                self.route.stop();
                self.on_answered(&media).await;
            }
            LegEvent::Confirmed | LegEvent::ChangeRefused { .. } | LegEvent::Response { .. } => {}
            LegEvent::MediaChanged(media) => {
                if self.sound.configure(&media).is_err() {
                    self.fail("the sound could not follow a re-INVITE");
                }
            }
            LegEvent::Key(key) => {
                self.sound.keys_by = Some("INFO");
                self.on_key(key).await;
            }
            LegEvent::Request { transaction, request } => {
                let response = Response::to_request(&request.headers, 501, "");
                let response = Box::new(response);
                self.command_leg(invite::Command::Respond { transaction, response });
            }
            LegEvent::Ended(report) => {
                if !self.fails_over(&report).await {
                    self.on_ended(report).await;
                }
            }
        }
    }

    async fn on_ringing(&mut self, status: u16) {
        self.timers.response_until = None;
        if self.times.answered.is_none() && !self.room.is_alerted {
            self.room.is_alerted = true;
            self.join_up();
        }
        let is_first = self.times.answered.is_none() && !self.rang;
        if status != 180 || !is_first {
            return;
        }
        self.rang = true;
        self.core.live.update(self.id, |live| live.state = "ringing");
        self.step(Step::Rang).await;
        self.set_state("ringing").await;
        self.join_up();
    }

    async fn on_early_media(&mut self, media: &Negotiated) {
        self.timers.response_until = None;
        if self.sound.configure(media).is_err() {
            return self.fail("the sound could not be configured");
        }
        self.room.has_early_sound |= broken(Breakage::EarlySoundIsRingback);
        if !self.hearing.began() {
            self.listen_before_answer();
        }
        if !self.early && self.is_recorded() {
            self.early = true;
            self.core.live.update(self.id, |live| live.state = "early_media");
            self.set_state("early_media").await;
            self.begin_recording("early").await;
        }
        self.join_up();
    }

    async fn on_answered(&mut self, media: &Negotiated) {
        self.timers.response_until = None;
        self.timers.ring_until = None;
        if !self.step(Step::Answered).await {
            return self.fail("the answer could not be stored");
        }
        let (now, at) = (self.core.clock.instant(), self.core.clock.wall());
        self.times.answered = Some(at);
        self.listen_after_answer();
        self.core.live.update(self.id, |live| {
            live.state = "answered";
            live.answered_at = Some(at);
        });
        self.set_state("answered").await;
        if self.sound.configure(media).is_err() {
            return self.fail("the sound could not be configured");
        }
        if let Some(handle) = &self.sound.media {
            // Busy: only the time-out for a silent line is armed later.
            let _ = handle.expect_rtp();
        }
        if self.is_recorded() {
            self.begin_recording("call").await;
        }
        self.join_up();
        self.timers.speak_at = Some(now + BEFORE_FIRST_WORD);
        let longest = Duration::from_secs(self.core.config().dialer.call_max_s);
        // A duty phone's time began when it was rung.
        if !matches!(self.kind, Kind::Duty(_)) {
            self.timers.end_at = Some(now + longest);
        }
    }

    /// A nurse who reads prompts is recorded sentence by sentence; staff on duty not at all,
    /// nor who was not told of a recording (a number that is tried).
    const fn is_recorded(&self) -> bool {
        !matches!(self.kind, Kind::Studio | Kind::Duty(_) | Kind::Ring(_))
    }

    pub(super) async fn on_ended(&mut self, report: invite::EndReport) {
        let late = &self.core.counters.late_answers;
        late.fetch_add(u64::from(report.late_answer), std::sync::atomic::Ordering::Relaxed);
        let now = self.core.clock.instant();
        self.tell_talk(ivr::Input::HungUp, now);
        self.tell_booth(ivr::studio::Input::HungUp);
        self.tell_duty(ivr::duty::Input::HungUp);
        self.sound.stop_play();
        let until = now + super::GIVE_UP;
        self.timers = super::Timers { give_up_at: Some(until), ..super::Timers::default() };
        self.end = Some(report);
        self.gave_up().await;
        self.dismiss();
    }

    /// Durable before it takes effect. `false`: it is not, or the attempt is not ours.
    async fn step(&self, step: Step) -> bool {
        let Kind::FollowUp(claim) = &self.kind else { return true };
        let at = self.core.clock.wall();
        match self.core.app.attempt_step(claim.attempt, step, at).await {
            Ok(ours) => ours,
            Err(error) => {
                tracing::error!(%error, ?step, "a step of an attempt could not be stored");
                false
            }
        }
    }

    pub(super) async fn set_state(&self, state: &str) {
        let at = self.core.clock.wall();
        if let Err(error) = self.core.app.call_state(self.id, state, at).await {
            tracing::warn!(%error, "the state of a call could not be stored");
        }
    }
}

/// People say 喂 first, and take the telephone to the ear.
pub(crate) const BEFORE_FIRST_WORD: Duration = Duration::from_secs(1);
