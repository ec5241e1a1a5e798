//! The birthday: compared, and forgotten. Only that it fitted goes to the record.

use std::sync::Arc;

use chrono::Datelike;

use super::{Given, Machine, Output, State};
use crate::{
    domain::Conversation,
    ivr::{Item, questionnaire::Verify},
};

impl Machine {
    pub(super) fn on_verify(&mut self, item: &Arc<Item>, verify: Verify, keys: &str) {
        let birth = self.context.birth_date.as_ref().map(|date| *date.reveal());
        let expected = birth.map(|date| match verify {
            Verify::Birthday => format!("{:02}{:02}", date.month(), date.day()),
            Verify::BirthYear => format!("{:04}", date.year()),
        });
        let fits = expected.as_deref() == Some(keys);
        if fits {
            self.identity = 2;
            self.resume_recording();
            self.verified(item, "confirmed");
            return self.go(self.at + 1);
        }
        let failed = self.failed.entry(item.link_id.clone()).or_default();
        *failed += 1;
        if *failed < item.tries {
            let clips = item.on_wrong.clone().map(|say| self.say_clips(&say));
            let State::Asking(ask) = &mut self.state else { return };
            ask.deadline = None;
            match clips {
                Some(clips) => self.say(clips, false, false),
                None => self.again(None),
            }
            return;
        }
        self.resume_recording();
        self.verified(item, "failed");
        // The weaker proof, where the form allows it, is the next item.
        if verify == Verify::Birthday && self.program.takes_the_weaker_proof() {
            return self.go(self.at + 1);
        }
        self.verdict.conversation = Some(Conversation::IdentityNotConfirmed);
        self.outputs.push_back(Output::Task("人工核对身份后随访".to_owned()));
        let clips = self.text("identity.failed");
        self.say_then(clips, super::Then::End, false);
    }

    /// That it fitted, or not; never the digits.
    fn verified(&mut self, item: &Item, code: &str) {
        let State::Asking(ask) = &self.state else { return };
        if let Some(form) = ask.form.clone() {
            let given =
                Given { code: Some(code.to_owned()), ..self.blank(&form, item, "answered") };
            self.answer(given, code.to_owned());
        }
    }

    /// Who has said no to recording is not recorded again after the birthday.
    pub(super) fn resume_recording(&mut self) {
        if !self.unrecorded {
            self.outputs.push_back(Output::ResumeRecording);
        }
    }
}
