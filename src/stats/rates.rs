//! The rates of every report (rules.md §1), each with its definition in words. AAPOR: Standard
//! Definitions of the American Association for Public Opinion Research, 10th edition.

use crate::domain::Outcome;

use super::Proportion;

#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum RateKind {
    FollowUpStrict,
    FollowUpLenient,
    OnTime,
    Contact,
    Completion,
    ValidNumber,
    Rr1,
    Con1,
    Coop1,
}

/// Shown beside the figure.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Definition {
    pub kind: RateKind,
    pub zh: &'static str,
    pub part: &'static str,
    pub whole: &'static str,
}

impl RateKind {
    pub const ALL: [Self; 9] = [
        Self::FollowUpStrict,
        Self::FollowUpLenient,
        Self::OnTime,
        Self::Contact,
        Self::Completion,
        Self::ValidNumber,
        Self::Rr1,
        Self::Con1,
        Self::Coop1,
    ];

    pub fn definition(self) -> Definition {
        let (zh, part, whole) = match self {
            Self::FollowUpStrict => {
                ("随访率(严格)", "出院 14 天内,由本人、监护人或知情家属完成全部必答题", ELIGIBLE)
            }
            Self::FollowUpLenient => {
                ("随访率(宽松)", "不论早晚,由本人、监护人或知情家属完成或部分完成", ELIGIBLE)
            }
            Self::OnTime => ("及时率", "出院 14 天内完成", "已完成的随访"),
            Self::Contact => ("接通率", "至少一次有人接听的任务", "至少拨打过一次的任务"),
            Self::Completion => ("完成率", "完成的任务", "至少一次有人接听的任务"),
            Self::ValidNumber => ("有效号码率", "至少有一个可用号码的患者", "应随访的患者"),
            Self::Rr1 => ("应答率 AAPOR RR1", "I", "I+P+R+NC+O+UH+UO"),
            Self::Con1 => ("接触率 AAPOR CON1", "I+P+R+O", "I+P+R+O+NC+UH+UO"),
            Self::Coop1 => ("合作率 AAPOR COOP1", "I", "I+P+R+O"),
        };
        Definition { kind: self, zh, part, whole }
    }
}

/// features.md, section D, item 8.
const ELIGIBLE: &str = "出院存活、非转院、窗口期内未再入院、未拒绝随访的患者";

/// Persons or tasks of one cell of a report, as the store counts them.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct FollowUpCounts {
    pub eligible: u64,
    pub with_usable_number: u64,
    pub dialled: u64,
    pub reached: u64,
    pub completed: u64,
    pub partial: u64,
    pub completed_in_time: u64,
}

impl FollowUpCounts {
    pub const fn follow_up_strict(&self) -> Proportion {
        Proportion { part: self.completed_in_time, whole: self.eligible }
    }

    pub const fn follow_up_lenient(&self) -> Proportion {
        Proportion { part: self.completed + self.partial, whole: self.eligible }
    }

    pub const fn on_time(&self) -> Proportion {
        Proportion { part: self.completed_in_time, whole: self.completed }
    }

    pub const fn contact(&self) -> Proportion {
        Proportion { part: self.reached, whole: self.dialled }
    }

    pub const fn completion(&self) -> Proportion {
        Proportion { part: self.completed, whole: self.reached }
    }

    pub const fn valid_number(&self) -> Proportion {
        Proportion { part: self.with_usable_number, whole: self.eligible }
    }
}

/// What stands behind a follow-up: rates are split by it, and late entries are marked.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Evidence {
    Recording,
    CallRecord,
    InPerson,
    None,
}

impl Evidence {
    /// The strongest that there is.
    pub const fn of(has_recording: bool, has_call_record: bool, in_person: bool) -> Self {
        match (has_recording, has_call_record, in_person) {
            (true, ..) => Self::Recording,
            (_, true, _) => Self::CallRecord,
            (.., true) => Self::InPerson,
            _ => Self::None,
        }
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Recording => "recording",
            Self::CallRecord => "call_record",
            Self::InPerson => "in_person",
            Self::None => "none",
        }
    }
}

/// The final disposition of a case, in AAPOR's letters.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum AaporClass {
    /// I: complete.
    Interview,
    /// P
    Partial,
    /// R: refusal and break-off.
    Refusal,
    /// NC: known to be there, not reached.
    NonContact,
    /// O: cannot take part.
    Other,
    /// UH: nothing shows that anybody lives at the number.
    UnknownHousehold,
    /// UO: the number is not the person's; where the person is reached is not known.
    UnknownOther,
    /// 4.x: in none of the rates.
    NotEligible,
}

impl AaporClass {
    /// `None`: the outcome says nothing about the case. A number out of service or a
    /// stranger's is 4.3 as a number; the patient on our list is still eligible, so the
    /// case is UO (AAPOR on samples of named persons).
    pub const fn of(outcome: Outcome) -> Option<Self> {
        use Outcome::*;
        Some(match outcome {
            Completed => Self::Interview,
            Partial => Self::Partial,
            BreakOff | Refused | Declined => Self::Refusal,
            WrongPerson | Postponed | AnsweredNoKeys | IdentityNotConfirmed | CarrierVoicemail
            | CallAssistant => Self::NonContact,
            Unable => Self::Other,
            NoAnswer | Busy | Unreachable | Barred => Self::UnknownHousehold,
            WrongNumber | NotInService => Self::UnknownOther,
            NotEligible => Self::NotEligible,
            TrunkFault | SystemFault | Uncertain => return None,
        })
    }
}

#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct AaporCounts {
    pub i: u64,
    pub p: u64,
    pub r: u64,
    pub nc: u64,
    pub o: u64,
    pub uh: u64,
    pub uo: u64,
}

impl AaporCounts {
    pub fn add(&mut self, outcome: Outcome, cases: u64) {
        let cell = match AaporClass::of(outcome) {
            Some(AaporClass::Interview) => &mut self.i,
            Some(AaporClass::Partial) => &mut self.p,
            Some(AaporClass::Refusal) => &mut self.r,
            Some(AaporClass::NonContact) => &mut self.nc,
            Some(AaporClass::Other) => &mut self.o,
            Some(AaporClass::UnknownHousehold) => &mut self.uh,
            Some(AaporClass::UnknownOther) => &mut self.uo,
            Some(AaporClass::NotEligible) | None => return,
        };
        *cell += cases;
    }

    const fn all(&self) -> u64 {
        self.contacted() + self.nc + self.uh + self.uo
    }

    const fn contacted(&self) -> u64 {
        self.i + self.p + self.r + self.o
    }

    pub const fn rr1(&self) -> Proportion {
        Proportion { part: self.i, whole: self.all() }
    }

    pub const fn con1(&self) -> Proportion {
        Proportion { part: self.contacted(), whole: self.all() }
    }

    pub const fn coop1(&self) -> Proportion {
        Proportion { part: self.i, whole: self.contacted() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rate_is_what_its_definition_says() {
        let counts = FollowUpCounts {
            eligible: 1000,
            with_usable_number: 900,
            dialled: 880,
            reached: 800,
            completed: 760,
            partial: 20,
            completed_in_time: 745,
        };
        for (rate, expected) in [
            (counts.follow_up_strict(), "74.50 %"),
            (counts.follow_up_lenient(), "78.00 %"),
            (counts.on_time(), "98.03 %"),
            (counts.contact(), "90.91 %"),
            (counts.completion(), "95.00 %"),
            (counts.valid_number(), "90.00 %"),
            (FollowUpCounts::default().contact(), "–"),
        ] {
            assert_eq!(rate.percent().unwrap_or_else(|| "–".to_owned()), expected);
        }
        for kind in RateKind::ALL {
            let definition = kind.definition();
            assert_eq!(definition.kind, kind);
            assert!(!definition.part.is_empty() && !definition.whole.is_empty());
        }
    }

    #[test]
    fn aapor_rates_follow_from_the_outcomes() {
        let mut counts = AaporCounts::default();
        for outcome in Outcome::ALL {
            counts.add(*outcome, 10);
        }
        let expected = AaporCounts { i: 10, p: 10, r: 30, nc: 60, o: 10, uh: 40, uo: 20 };
        assert_eq!(counts, expected);
        for (rate, part, whole) in
            [(counts.rr1(), 10, 180), (counts.con1(), 60, 180), (counts.coop1(), 10, 60)]
        {
            assert_eq!(rate, Proportion { part, whole });
        }
    }

    #[test]
    fn the_strongest_evidence_counts() {
        for (recording, record, in_person, expected) in [
            (true, true, true, "recording"),
            (false, true, true, "call_record"),
            (false, false, true, "in_person"),
            (false, false, false, "none"),
        ] {
            assert_eq!(Evidence::of(recording, record, in_person).as_str(), expected);
        }
    }
}
