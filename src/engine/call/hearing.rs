//! What is heard before the answer: a tone of the network, an announcement that was learnt.

use super::{Call, Kind};
use crate::{
    domain::{Announcement, DialFacts, NetworkTone},
    engine::{Announcements, MediaHandle},
    media::{
        Tone,
        announcement::{self, Verdict},
    },
    store::attempt::Heard,
};

/// What the ear has made of it so far.
#[derive(Default)]
pub(super) struct Hearing {
    has_begun: bool,
    announcement: Option<(Announcement, Verdict)>,
    tone: Option<NetworkTone>,
    rang: bool,
}

impl Call {
    /// From the first sound before the answer on.
    pub(super) fn listen_before_answer(&self) {
        let Some(media) = self.ear() else { return };
        // Busy: the status that follows is what there is.
        let _ = media.detect_tones(true);
        let _ = media.listen_for(self.core.announcements().listener());
    }

    /// A person has answered, and what they say is no announcement; or a machine has.
    pub(super) fn listen_after_answer(&self) {
        let Some(media) = self.ear() else { return };
        let _ = media.listen_for(None);
        let _ = media.detect_machines();
    }

    /// Where it is dialled for somebody, by machine or by hand.
    fn ear(&self) -> Option<&MediaHandle> {
        let is_wanted = matches!(self.kind, Kind::FollowUp(_) | Kind::Ring(_) | Kind::Test);
        self.sound.media.as_ref().filter(|_| is_wanted)
    }

    pub(super) fn on_announcement(&mut self, heard: announcement::Heard) {
        if self.times.answered.is_some() {
            return;
        }
        let announcement::Heard::Announced(verdict) = heard else {
            tracing::info!("the announcement was another one after all");
            self.hearing.announcement = None;
            return;
        };
        let Some(class) = Announcements::class(verdict.class) else { return };
        tracing::info!(
            announcement = class.as_str(),
            confidence_percent = verdict.confidence_percent,
            at_ms = verdict.at_ms,
            "an announcement was recognised"
        );
        self.hearing.announcement = Some((class, verdict));
    }

    pub(super) const fn on_tone(&mut self, tone: Tone) {
        if self.times.answered.is_some() {
            return;
        }
        match tone {
            Tone::Busy => self.hearing.tone = Some(NetworkTone::Busy),
            Tone::Congestion => self.hearing.tone = Some(NetworkTone::Congestion),
            Tone::Vacant => self.hearing.tone = Some(NetworkTone::Vacant),
            Tone::Ringback => self.hearing.rang = true,
            Tone::Dial | Tone::CallWaiting => {}
        }
    }
}

impl Hearing {
    /// Whether it had begun before.
    pub(super) const fn began(&mut self) -> bool {
        std::mem::replace(&mut self.has_begun, true)
    }

    pub(super) const fn add_to(&self, facts: DialFacts) -> DialFacts {
        let early_media = match self.announcement {
            Some((class, _)) => Some(class),
            None => None,
        };
        DialFacts { early_media, tone: self.tone, rang: facts.rang || self.rang, ..facts }
    }

    /// How it is known, for the record.
    pub(super) fn source(&self) -> Option<Heard> {
        if let Some((_, verdict)) = self.announcement {
            return Some(Heard {
                source: "announcement",
                confidence_percent: verdict.confidence_percent.into(),
                at_ms: i32::try_from(verdict.at_ms).unwrap_or(i32::MAX),
            });
        }
        // A cadence is there or is not; it says no moment.
        self.tone.map(|_| Heard { source: "tone", confidence_percent: 100, at_ms: 0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Outcome;

    #[test]
    fn what_was_heard_goes_into_the_facts_with_its_source() {
        let verdict = Verdict { class: 0, confidence_percent: 80, at_ms: 2600 };
        let said = Some((Announcement::VacantNumber, verdict));
        let busy = Some(NetworkTone::Busy);
        let cases: [(_, _, bool, _, _); 4] = [
            (None, None, true, Outcome::NoAnswer, None),
            (None, busy, false, Outcome::Busy, Some("tone")),
            (said, None, false, Outcome::NotInService, Some("announcement")),
            // What is said is nearer to the truth than a tone after it.
            (said, busy, true, Outcome::NotInService, Some("announcement")),
        ];
        for (announcement, tone, rang, outcome, source) in cases {
            let hearing = Hearing { announcement, tone, rang, has_begun: true };
            let facts = DialFacts { sip_status: Some(480), ..DialFacts::default() };
            assert_eq!(hearing.add_to(facts).outcome(None), outcome);
            assert_eq!(hearing.source().map(|heard| heard.source), source);
        }
    }
}
