//! A duty phone on the line: what the machine wants is said, checked and stored.

use std::time::Instant;

use super::{Call, Kind};
use crate::{
    app::{DutyClaim, Essentials, TakenByPhone},
    base::{Machine as _, Pii},
    domain::DutyOutcome,
    ivr::{
        Clip,
        duty::{DutyAlert, DutyPhone, Input, Output, Taken},
        reading,
    },
};

impl Call {
    pub(super) fn begin_duty(&mut self) {
        let mut phone = DutyPhone::new(self.core.library(), LANGUAGE);
        phone.handle_input(Input::Start, self.core.clock.instant());
        self.duty = Some(phone);
    }

    pub(super) fn tell_duty(&mut self, input: Input) {
        let now = self.core.clock.instant();
        if let Some(phone) = &mut self.duty {
            phone.handle_input(input, now);
        }
    }

    pub(super) async fn on_duty(&mut self, output: Output) {
        match output {
            Output::Say(clips) => self.say_duty(clips).await,
            Output::StopSaying => self.sound.stop_play(),
            Output::Check(staff_no) => {
                let alert = self.check_staff(&staff_no).await;
                self.tell_duty(Input::Checked(alert));
            }
            Output::Take(staff_no) => {
                let taken = self.take_alert(&staff_no).await;
                self.tell_duty(Input::Taken(taken));
            }
            Output::HangUp => self.hang_up(),
        }
    }

    async fn say_duty(&mut self, clips: Vec<Clip>) {
        // A word that no voice can speak must not keep the rest from who is on duty.
        let items = self.core.voice.play_items(&clips).await;
        if items.is_empty() {
            self.tell_duty(Input::Said);
        } else if self.sound.play(items).is_err() {
            self.fail("the sound could not be played");
        }
    }

    /// A database that is away tells nothing: the number counts as wrong.
    async fn check_staff(&self, staff_no: &str) -> Option<Box<DutyAlert>> {
        let Kind::Duty(claim) = &self.kind else { return None };
        let at = self.core.clock.wall();
        match self.core.app.duty_essentials(claim.alert, staff_no, at).await {
            Ok(found) => found.map(|essentials| Box::new(spoken(essentials))),
            Err(error) => {
                tracing::error!(%error, "a staff number could not be checked");
                None
            }
        }
    }

    async fn take_alert(&self, staff_no: &str) -> Taken {
        let Kind::Duty(claim) = &self.kind else { return Taken::NotStored };
        let at = self.core.clock.wall();
        match self.core.app.acknowledge_by_phone(claim.alert, staff_no, at).await {
            Ok(TakenByPhone::Now) => Taken::Now,
            Ok(TakenByPhone::Before) => Taken::Before,
            Err(error) => {
                tracing::error!(%error, "an acknowledgement could not be stored");
                Taken::NotStored
            }
        }
    }

    /// The next phone rings only when this is stored.
    pub(super) async fn finish_duty(&self) {
        let Kind::Duty(claim) = &self.kind else { return };
        let heard = self.duty.as_ref().map(DutyPhone::outcome);
        let outcome = match self.times.answered {
            Some(_) => heard.unwrap_or(DutyOutcome::NotConfirmed),
            None => DutyOutcome::NoAnswer,
        };
        end_duty_call(&self.core, claim, outcome, None).await;
    }
}

/// However it ended, or could not begin.
pub(crate) async fn end_duty_call(
    core: &crate::engine::Core,
    claim: &DutyClaim,
    outcome: DutyOutcome,
    because: Option<&'static str>,
) {
    let at = core.clock.wall();
    let end = || core.app.end_duty_call(claim, outcome, because, at);
    super::end::until_stored("the end of a duty call", end).await;
}

pub(super) fn handle_timeout(phone: &mut DutyPhone, now: Instant) {
    if phone.poll_timeout().is_some_and(|at| at <= now) {
        phone.handle_timeout(now);
    }
}

/// As it is told: a surname with its right reading, never the full name.
fn spoken(essentials: Essentials) -> DutyAlert {
    let Essentials { ward, name, name_reading, sex, item_text, said, advice } = essentials;
    let reading = name_reading.as_ref().map(|reading| reading.reveal().as_str());
    DutyAlert {
        ward: ward.unwrap_or_default(),
        call_name: Pii::new(reading::call_name(name.reveal(), reading, &sex)),
        item_text,
        said,
        advice,
    }
}

/// Staff are spoken to in Mandarin, as in the prompt studio.
const LANGUAGE: &str = "zh-CN";
