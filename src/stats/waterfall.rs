//! 漏斗: where patients are lost between the ward's door and a follow-up in time.

use super::Proportion;

#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Stage {
    Discharged,
    Eligible,
    HasNumber,
    ValidNumber,
    Answered,
    RightPerson,
    Completed,
    InTime,
}

impl Stage {
    pub const ALL: [Self; 8] = [
        Self::Discharged,
        Self::Eligible,
        Self::HasNumber,
        Self::ValidNumber,
        Self::Answered,
        Self::RightPerson,
        Self::Completed,
        Self::InTime,
    ];

    pub const fn zh(self) -> &'static str {
        match self {
            Self::Discharged => "出院",
            Self::Eligible => "应随访",
            Self::HasNumber => "有号码",
            Self::ValidNumber => "号码有效",
            Self::Answered => "接通",
            Self::RightPerson => "找对人",
            Self::Completed => "完成",
            Self::InTime => "及时",
        }
    }

    /// How far one case came. A later fact without the earlier ones does not count: who
    /// was seen on the ward without a number was not followed up by telephone.
    pub fn reached_by(facts: &CaseFacts) -> Self {
        let passed = [
            facts.eligible,
            facts.has_number,
            facts.valid_number,
            facts.answered,
            facts.right_person,
            facts.completed,
            facts.in_time,
        ];
        let steps = passed.into_iter().take_while(|passed| *passed).count();
        Self::ALL[steps]
    }
}

#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct CaseFacts {
    pub eligible: bool,
    pub has_number: bool,
    pub valid_number: bool,
    pub answered: bool,
    pub right_person: bool,
    pub completed: bool,
    pub in_time: bool,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct WaterfallStep {
    pub stage: Stage,
    pub count: u64,
    /// Since the stage before.
    pub lost: u64,
    pub of_previous: Proportion,
    pub of_discharged: Proportion,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Waterfall {
    pub steps: Vec<WaterfallStep>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{stage:?} has {count} cases, more than the {before} of the stage before")]
pub struct WaterfallFault {
    pub stage: Stage,
    pub count: u64,
    pub before: u64,
}

impl Waterfall {
    /// # Errors
    /// When a stage holds more than the one before: then a query is wrong.
    pub fn new(counts: [u64; 8]) -> Result<Self, WaterfallFault> {
        let mut before = counts[0];
        let mut steps = Vec::with_capacity(counts.len());
        for (stage, count) in Stage::ALL.into_iter().zip(counts) {
            if count > before {
                return Err(WaterfallFault { stage, count, before });
            }
            steps.push(WaterfallStep {
                stage,
                count,
                lost: before - count,
                of_previous: Proportion { part: count, whole: before },
                of_discharged: Proportion { part: count, whole: counts[0] },
            });
            before = count;
        }
        Ok(Self { steps })
    }

    /// From single cases, where they are in memory (the simulator).
    pub fn of_cases<'a>(cases: impl Iterator<Item = &'a CaseFacts>) -> Self {
        let mut counts = [0; 8];
        for facts in cases {
            let reached = Stage::reached_by(facts);
            for (stage, count) in Stage::ALL.into_iter().zip(&mut counts) {
                *count += u64::from(stage <= reached);
            }
        }
        Self::new(counts).unwrap_or(Self { steps: Vec::new() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_stage_tells_what_was_lost_before_it() {
        let waterfall = Waterfall::new([1000, 950, 930, 850, 800, 780, 760, 745]).unwrap();
        let lost: Vec<_> = waterfall.steps.iter().map(|step| step.lost).collect();
        assert_eq!(lost, [0, 50, 20, 80, 50, 20, 20, 15]);
        let last = waterfall.steps[7];
        assert_eq!(last.of_previous, Proportion { part: 745, whole: 760 });
        assert_eq!(last.of_discharged.percent().as_deref(), Some("74.50 %"));
        let fault = Waterfall::new([10, 9, 9, 9, 9, 9, 9, 10]).unwrap_err();
        assert_eq!(fault.to_string(), "InTime has 10 cases, more than the 9 of the stage before");
    }

    #[test]
    fn a_case_counts_as_far_as_it_came_without_a_gap() {
        let none = CaseFacts::default();
        let eligible = CaseFacts { eligible: true, ..none };
        let answered =
            CaseFacts { has_number: true, valid_number: true, answered: true, ..eligible };
        let all = CaseFacts { right_person: true, completed: true, in_time: true, ..answered };
        let cases = [
            (none, Stage::Discharged),
            (eligible, Stage::Eligible),
            (CaseFacts { completed: true, ..eligible }, Stage::Eligible),
            (answered, Stage::Answered),
            (all, Stage::InTime),
        ];
        for (facts, expected) in &cases {
            assert_eq!(Stage::reached_by(facts), *expected, "{facts:?}");
        }
        let found = Waterfall::of_cases(cases.iter().map(|(facts, _)| facts));
        let counts: Vec<_> = found.steps.iter().map(|step| step.count).collect();
        assert_eq!(counts, [5, 4, 2, 2, 2, 1, 1, 1]);
    }
}
