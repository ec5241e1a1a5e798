//! What became of a dial. The facts are kept for ever; the outcome is derived from them
//! by a total, versioned function, so that old dials can be judged again by a better one.

use super::word::words;

/// What the wire says of one dial.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct DialFacts {
    /// The last response, provisional or final; `None` when there was none at all.
    pub sip_status: Option<u16>,
    /// The switch's own cause, from the Reason header (RFC 3326).
    pub q850: Option<u8>,
    /// 180, or a ringing tone or caller tune was heard.
    pub rang: bool,
    pub answered: bool,
    /// Our ring time-out ran out, or we were told to stop, and we sent CANCEL.
    pub we_cancelled: bool,
    pub early_media: Option<Announcement>,
    /// A tone of the network before the answer.
    pub tone: Option<NetworkTone>,
}

/// A tone that says how a dial ended; its cadence is in `src/media/cadence.rs`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum NetworkTone {
    Busy,
    Congestion,
    /// The number is not in service.
    Vacant,
}

/// What a voice before the answer said (or, at a gateway that answers at once, after it).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Announcement {
    VacantNumber,
    Suspended,
    PoweredOff,
    NoCoverage,
    InCall,
    NoAnswer,
    Barred,
    NetworkBusy,
    Voicemail,
}

/// What the conversation came to, as the dialplan reports it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Conversation {
    Completed,
    Partial,
    BreakOff,
    Refused,
    WrongNumber,
    WrongPerson,
    Postponed,
    AnsweredNoKeys,
    IdentityNotConfirmed,
    Unable,
    SystemFault,
}

/// How a dial ended (rules.md §1; AAPOR in the table there).
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Outcome {
    Completed,
    Partial,
    BreakOff,
    Refused,
    Declined,
    WrongNumber,
    WrongPerson,
    Postponed,
    AnsweredNoKeys,
    IdentityNotConfirmed,
    CarrierVoicemail,
    CallAssistant,
    NoAnswer,
    Busy,
    Unreachable,
    Barred,
    NotInService,
    TrunkFault,
    Unable,
    NotEligible,
    SystemFault,
    Uncertain,
}

words! { Outcome, "an outcome",
    Completed = "completed",
    Partial = "partial",
    BreakOff = "break_off",
    Refused = "refused",
    Declined = "declined",
    WrongNumber = "wrong_number",
    WrongPerson = "wrong_person",
    Postponed = "postponed",
    AnsweredNoKeys = "answered_no_keys",
    IdentityNotConfirmed = "identity_not_confirmed",
    CarrierVoicemail = "carrier_voicemail",
    CallAssistant = "call_assistant",
    NoAnswer = "no_answer",
    Busy = "busy",
    Unreachable = "unreachable",
    Barred = "barred",
    NotInService = "not_in_service",
    TrunkFault = "trunk_fault",
    Unable = "unable",
    NotEligible = "not_eligible",
    SystemFault = "system_fault",
    Uncertain = "uncertain",
}

words! { Conversation, "what a conversation can come to",
    Completed = "completed",
    Partial = "partial",
    BreakOff = "break_off",
    Refused = "refused",
    WrongNumber = "wrong_number",
    WrongPerson = "wrong_person",
    Postponed = "postponed",
    AnsweredNoKeys = "answered_no_keys",
    IdentityNotConfirmed = "identity_not_confirmed",
    Unable = "unable",
    SystemFault = "system_fault",
}

words! { NetworkTone, "a tone of the network",
    Busy = "busy",
    Congestion = "congestion",
    Vacant = "vacant",
}

words! { Announcement, "an announcement",
    VacantNumber = "vacant_number",
    Suspended = "suspended",
    PoweredOff = "powered_off",
    NoCoverage = "no_coverage",
    InCall = "in_call",
    NoAnswer = "no_answer",
    Barred = "barred",
    NetworkBusy = "network_busy",
    Voicemail = "voicemail",
}

impl Outcome {
    /// Says something about the person or the number, so it counts towards the task's
    /// maximum. A fault of the line or of ours costs the patient nothing.
    pub const fn is_attempt(self) -> bool {
        !matches!(self, Self::TrunkFault | Self::SystemFault | Self::Uncertain)
    }

    /// Somebody spoke or keyed.
    pub const fn was_answered(self) -> bool {
        matches!(
            self,
            Self::Completed
                | Self::Partial
                | Self::BreakOff
                | Self::Refused
                | Self::WrongNumber
                | Self::WrongPerson
                | Self::Postponed
                | Self::AnsweredNoKeys
                | Self::IdentityNotConfirmed
                | Self::Unable
        )
    }

    pub const fn of_conversation(conversation: Conversation) -> Self {
        match conversation {
            Conversation::Completed => Self::Completed,
            Conversation::Partial => Self::Partial,
            Conversation::BreakOff => Self::BreakOff,
            Conversation::Refused => Self::Refused,
            Conversation::WrongNumber => Self::WrongNumber,
            Conversation::WrongPerson => Self::WrongPerson,
            Conversation::Postponed => Self::Postponed,
            Conversation::AnsweredNoKeys => Self::AnsweredNoKeys,
            Conversation::IdentityNotConfirmed => Self::IdentityNotConfirmed,
            Conversation::Unable => Self::Unable,
            Conversation::SystemFault => Self::SystemFault,
        }
    }
}

impl Announcement {
    const fn outcome(self) -> Outcome {
        match self {
            Self::VacantNumber | Self::Suspended => Outcome::NotInService,
            Self::PoweredOff | Self::NoCoverage => Outcome::Unreachable,
            Self::InCall => Outcome::Busy,
            Self::NoAnswer => Outcome::NoAnswer,
            Self::Barred => Outcome::Barred,
            Self::NetworkBusy => Outcome::TrunkFault,
            Self::Voicemail => Outcome::CarrierVoicemail,
        }
    }
}

impl NetworkTone {
    const fn outcome(self) -> Outcome {
        match self {
            Self::Busy => Outcome::Busy,
            Self::Congestion => Outcome::TrunkFault,
            Self::Vacant => Outcome::NotInService,
        }
    }
}

impl DialFacts {
    /// A hand at the phone, or the far switch's own word that the line is busy: whatever is
    /// played beside it does not change it.
    pub(super) const fn is_certain(&self) -> bool {
        matches!(self.sip_status, Some(603 | 607 | 608)) || matches!(self.q850, Some(17 | 21))
    }

    /// A code that many a gateway makes of anything, and no cause that says more.
    pub(super) const fn says_nothing(&self) -> bool {
        matches!(self.q850, None | Some(16 | 31))
            && matches!(self.sip_status, None | Some(100..=199 | 408 | 480 | 487 | 500 | 502 | 503))
    }

    /// Total: any code from any peer has an outcome. The first row that fits decides.
    pub const fn outcome(&self, conversation: Option<Conversation>) -> Outcome {
        use Outcome::*;
        if self.answered {
            return match conversation {
                Some(conversation) => Outcome::of_conversation(conversation),
                None => AnsweredNoKeys,
            };
        }
        if let Some(announcement) = self.early_media
            && !self.is_certain()
        {
            return announcement.outcome();
        }
        if let Some(tone) = self.tone
            && self.says_nothing()
        {
            return tone.outcome();
        }
        match (self.sip_status, self.q850) {
            (None, _) => TrunkFault,

            // A hand at the phone. Never `Refused`: who declines at noon may answer at
            // five, and "do not call me again" is said by key, not by code.
            (Some(603 | 607 | 608), _) => Declined,
            (Some(403), Some(21 | 55)) => Barred,
            (_, Some(21)) => Declined,
            (Some(486 | 600), _) | (_, Some(17)) => Busy,

            // The line's own faults, also after it rang: the patient did nothing.
            (_, Some(34 | 38 | 41 | 42 | 127)) => TrunkFault,

            // It rang, so the number is right and the line works, whatever the code says.
            (Some(408 | 480 | 487 | 404 | 484 | 604), _) if self.rang => NoAnswer,
            // We gave up without having heard it ring: nothing is known of the patient.
            _ if self.we_cancelled && !self.rang => TrunkFault,
            _ if self.we_cancelled => NoAnswer,

            // A cause is nearer to the truth than the code a gateway made of it.
            (_, Some(1 | 22 | 28)) => NotInService,
            (_, Some(18 | 19)) => NoAnswer,
            (_, Some(20 | 27)) => Unreachable,
            (_, Some(54 | 55 | 87)) => Barred,
            (_, Some(2 | 3 | 32..=127)) => TrunkFault,

            // No cause, or one that says nothing (16 and 31 are "normal").
            (Some(301 | 404 | 410 | 484 | 604), _) => NotInService,
            (Some(480 | 502), _) => Unreachable,
            (Some(606), _) => TrunkFault, // our offer was not acceptable
            (Some(601..=699), _) => Busy, // an unknown 6xx is a 600 (RFC 3261 §8.1.3.2)
            (Some(200..=299), _) => SystemFault, // they answered and we were not there
            (Some(_), _) => TrunkFault,
        }
    }
}

/// Stored beside each outcome: which edition of the table above judged it.
pub const OUTCOME_VERSION: i16 = 2;

#[cfg(test)]
mod tests {
    use super::{Outcome::*, *};

    const SILENCE: DialFacts = DialFacts {
        sip_status: None,
        q850: None,
        rang: false,
        answered: false,
        we_cancelled: false,
        early_media: None,
        tone: None,
    };

    #[test]
    fn each_code_has_its_outcome() {
        for (sip_status, q850, expected) in [
            (Some(486), Some(17), Busy),
            (Some(603), Some(21), Declined),
            (Some(404), Some(1), NotInService),
            (Some(480), Some(19), NoAnswer),
            (Some(480), Some(20), Unreachable),
            (Some(480), Some(1), NotInService),
            (Some(480), Some(16), Unreachable),
            (Some(404), Some(3), TrunkFault),
            (Some(403), None, TrunkFault),
            (Some(403), Some(21), Barred),
            (Some(408), None, TrunkFault),
            (Some(606), None, TrunkFault),
            (Some(608), None, Declined),
            (Some(503), Some(34), TrunkFault),
            (Some(502), Some(27), Unreachable),
            (Some(100), None, TrunkFault),
            (Some(200), None, SystemFault),
            (None, None, TrunkFault),
        ] {
            let facts = DialFacts { sip_status, q850, ..SILENCE };
            assert_eq!(facts.outcome(None), expected, "{facts:?}");
        }
    }

    #[test]
    fn a_phone_that_rang_exists_whatever_the_code_says() {
        let facts = DialFacts { sip_status: Some(404), q850: Some(1), rang: true, ..SILENCE };
        assert_eq!(facts.outcome(None), NoAnswer);
    }

    #[test]
    fn an_announcement_is_nearer_to_the_truth_than_the_code_after_it() {
        let said = Some(Announcement::VacantNumber);
        let facts = DialFacts { sip_status: Some(480), early_media: said, ..SILENCE };
        assert_eq!(facts.outcome(None), NotInService);
    }

    #[test]
    fn a_hand_at_the_phone_is_nearer_than_what_is_played_beside_it() {
        let said = Some(Announcement::PoweredOff);
        for (sip_status, q850, expected) in
            [(603, None, Declined), (480, Some(21), Declined), (486, Some(17), Busy)]
        {
            let facts =
                DialFacts { sip_status: Some(sip_status), q850, early_media: said, ..SILENCE };
            assert_eq!(facts.outcome(None), expected, "{sip_status}");
        }
    }

    #[test]
    fn a_tone_counts_where_the_code_says_nothing() {
        for (sip_status, q850, tone, expected) in [
            (None, None, NetworkTone::Vacant, NotInService),
            (Some(183), None, NetworkTone::Busy, Busy),
            (Some(480), Some(16), NetworkTone::Vacant, NotInService),
            (Some(503), None, NetworkTone::Congestion, TrunkFault),
            (Some(480), Some(20), NetworkTone::Busy, Unreachable),
            (Some(404), Some(1), NetworkTone::Busy, NotInService),
            (Some(486), None, NetworkTone::Vacant, Busy),
        ] {
            let facts = DialFacts { sip_status, q850, tone: Some(tone), ..SILENCE };
            assert_eq!(facts.outcome(None), expected, "{sip_status:?} {q850:?} {tone:?}");
        }
    }

    #[test]
    fn our_own_time_out_is_no_answer_only_when_it_rang() {
        let facts = DialFacts { sip_status: Some(487), we_cancelled: true, ..SILENCE };
        assert_eq!(facts.outcome(None), TrunkFault);
        assert_eq!(DialFacts { rang: true, ..facts }.outcome(None), NoAnswer);
    }

    #[test]
    fn no_code_on_the_wire_is_a_refusal_and_every_combination_has_an_outcome() {
        let causes = (0..=127).map(Some).chain([None, Some(255)]);
        let said = Announcement::ALL.iter().copied().map(Some).chain([None]).collect::<Vec<_>>();
        for q850 in causes {
            for status in (100..=699).map(Some).chain([None]) {
                for (bits, early_media) in (0..8).flat_map(|b| said.iter().map(move |s| (b, *s))) {
                    let [rang, answered, we_cancelled] = [1, 2, 4].map(|bit| bits & bit != 0);
                    let sip_status = status;
                    for tone in [None, Some(NetworkTone::Vacant), Some(NetworkTone::Busy)] {
                        let facts = DialFacts {
                            sip_status,
                            q850,
                            rang,
                            answered,
                            we_cancelled,
                            early_media,
                            tone,
                        };
                        let outcome = facts.outcome(None);
                        assert_ne!(outcome, Refused, "{facts:?}");
                        assert_ne!(outcome, WrongNumber, "{facts:?}");
                        assert_eq!(outcome == AnsweredNoKeys, answered, "{facts:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn words_and_outcomes_go_both_ways() {
        for outcome in Outcome::ALL {
            assert_eq!(outcome.as_str().parse(), Ok(*outcome));
        }
        assert!("answerd".parse::<Outcome>().is_err());
    }
}
