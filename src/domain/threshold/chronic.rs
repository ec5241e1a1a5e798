//! 随访分类 and the next date of a hypertension or diabetes follow-up, as the flow charts of
//! 国家基本公共卫生服务规范 (third edition) have them.

use serde::{Deserialize, Serialize};

use crate::domain::word::words;

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct HypertensionLimits {
    pub systolic_urgent: f64,
    pub diastolic_urgent: f64,
    /// Controlled means below both.
    pub systolic: f64,
    pub diastolic: f64,
    pub old_from_years: u16,
    pub systolic_old: f64,
    pub diastolic_old: f64,
    /// Until the next contact after anything but "controlled".
    pub soon_days: u16,
}

impl Default for HypertensionLimits {
    fn default() -> Self {
        Self {
            systolic_urgent: 180.0,
            diastolic_urgent: 110.0,
            systolic: 140.0,
            diastolic: 90.0,
            old_from_years: 65,
            systolic_old: 150.0,
            diastolic_old: 90.0,
            soon_days: 14,
        }
    }
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct DiabetesLimits {
    pub glucose_high: f64,
    pub glucose_low: f64,
    pub glucose: f64,
    pub systolic_urgent: f64,
    pub diastolic_urgent: f64,
    pub heart_rate_above: f64,
    pub temperature_above: f64,
    pub soon_days: u16,
}

impl Default for DiabetesLimits {
    fn default() -> Self {
        Self {
            glucose_high: 16.7,
            glucose_low: 3.9,
            glucose: 7.0,
            systolic_urgent: 180.0,
            diastolic_urgent: 110.0,
            heart_rate_above: 100.0,
            temperature_above: 39.0,
            soon_days: 14,
        }
    }
}

/// What is asked of the patient himself; one is enough.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum DangerSign {
    AlteredConsciousness,
    AlteredBehaviour,
    SevereHeadache,
    SevereDizziness,
    NauseaAndVomiting,
    BlurredVision,
    SuddenLossOfVision,
    EyePain,
    Palpitation,
    PalpitationWithSweating,
    ChestTightness,
    CannotLieFlat,
    KetoticBreath,
    MarkedThirstAndUrination,
    AbdominalPain,
    DeepRapidBreathing,
    FlushedSkin,
}

words! { DangerSign, "a danger sign",
    AlteredConsciousness = "altered_consciousness",
    AlteredBehaviour = "altered_behaviour",
    SevereHeadache = "severe_headache",
    SevereDizziness = "severe_dizziness",
    NauseaAndVomiting = "nausea_and_vomiting",
    BlurredVision = "blurred_vision",
    SuddenLossOfVision = "sudden_loss_of_vision",
    EyePain = "eye_pain",
    Palpitation = "palpitation",
    PalpitationWithSweating = "palpitation_with_sweating",
    ChestTightness = "chest_tightness",
    CannotLieFlat = "cannot_lie_flat",
    KetoticBreath = "ketotic_breath",
    MarkedThirstAndUrination = "marked_thirst_and_urination",
    AbdominalPain = "abdominal_pain",
    DeepRapidBreathing = "deep_rapid_breathing",
    FlushedSkin = "flushed_skin",
}

impl DangerSign {
    pub const HYPERTENSION: &[Self] = &[
        Self::AlteredConsciousness,
        Self::SevereHeadache,
        Self::SevereDizziness,
        Self::NauseaAndVomiting,
        Self::BlurredVision,
        Self::EyePain,
        Self::Palpitation,
        Self::ChestTightness,
        Self::CannotLieFlat,
    ];

    pub const DIABETES: &[Self] = &[
        Self::AlteredConsciousness,
        Self::AlteredBehaviour,
        Self::KetoticBreath,
        Self::PalpitationWithSweating,
        Self::NauseaAndVomiting,
        Self::MarkedThirstAndUrination,
        Self::AbdominalPain,
        Self::DeepRapidBreathing,
        Self::FlushedSkin,
        Self::SuddenLossOfVision,
    ];
}

/// What the follow-up before this one found.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Control {
    #[default]
    NoneBefore,
    Controlled,
    NotControlled,
    /// It ended in a drug reaction: one that goes on is not under control either.
    DrugReaction,
}

#[derive(Clone, Copy, Debug, Default)]
pub struct HypertensionVisit<'a> {
    pub systolic: Option<f64>,
    pub diastolic: Option<f64>,
    pub age_years: u16,
    pub signs: &'a [DangerSign],
    pub pregnant_or_lactating: bool,
    pub drug_reaction: bool,
    pub complication_new_or_worse: bool,
    pub before: Control,
}

#[derive(Clone, Copy, Debug, Default)]
pub struct DiabetesVisit<'a> {
    pub fasting_glucose: Option<f64>,
    pub systolic: Option<f64>,
    pub diastolic: Option<f64>,
    pub heart_rate: Option<f64>,
    pub temperature: Option<f64>,
    pub signs: &'a [DangerSign],
    pub pregnant_or_lactating: bool,
    pub drug_reaction: bool,
    pub complication_new_or_worse: bool,
    pub before: Control,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum VisitClass {
    Urgent,
    Complication,
    NotControlledTwice,
    DrugReaction,
    NotControlled,
    Controlled,
    /// Nothing was measured, so nothing can be said; a person or the next call asks again.
    NotMeasured,
}

words! { VisitClass, "a class of follow-up",
    Urgent = "urgent",
    Complication = "complication",
    NotControlledTwice = "not_controlled_twice",
    DrugReaction = "drug_reaction",
    NotControlled = "not_controlled",
    Controlled = "controlled",
    NotMeasured = "not_measured",
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum NextStep {
    /// The next date of the plan.
    AsPlanned,
    Within {
        days: u16,
    },
    /// To a doctor now; then ask within so many days whether the patient went.
    Refer {
        then_within_days: u16,
    },
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub struct VisitJudgement {
    pub class: VisitClass,
    pub next: NextStep,
    /// `收缩压 182 ≥ 180`
    pub reasons: Vec<String>,
}

impl HypertensionLimits {
    pub fn judge(&self, visit: &HypertensionVisit<'_>) -> VisitJudgement {
        let (systolic, diastolic) = (visit.systolic, visit.diastolic);
        let old = visit.age_years >= self.old_from_years;
        let (high, low) = if old {
            (self.systolic_old, self.diastolic_old)
        } else {
            (self.systolic, self.diastolic)
        };
        let mut urgent = Vec::new();
        urgent.extend(at_least("收缩压", systolic, self.systolic_urgent));
        urgent.extend(at_least("舒张压", diastolic, self.diastolic_urgent));
        urgent.extend(told_signs(visit.signs, DangerSign::HYPERTENSION));
        let mut raised = Vec::new();
        raised.extend(at_least("收缩压", systolic, high));
        raised.extend(at_least("舒张压", diastolic, low));
        if visit.pregnant_or_lactating && !raised.is_empty() {
            urgent.push("妊娠或哺乳期血压高于正常".to_owned());
        }
        let measured = systolic.is_some() && diastolic.is_some();
        let course = Course {
            urgent,
            raised,
            measured,
            drug_reaction: visit.drug_reaction,
            complication: visit.complication_new_or_worse,
            before: visit.before,
        };
        course.judge(self.soon_days)
    }
}

impl DiabetesLimits {
    pub fn judge(&self, visit: &DiabetesVisit<'_>) -> VisitJudgement {
        let glucose = visit.fasting_glucose;
        let mut urgent = Vec::new();
        urgent.extend(at_least("空腹血糖", glucose, self.glucose_high));
        urgent.extend(
            glucose
                .filter(|value| *value <= self.glucose_low)
                .map(|value| format!("空腹血糖 {value} ≤ {}", self.glucose_low)),
        );
        urgent.extend(at_least("收缩压", visit.systolic, self.systolic_urgent));
        urgent.extend(at_least("舒张压", visit.diastolic, self.diastolic_urgent));
        urgent.extend(above("心率", visit.heart_rate, self.heart_rate_above));
        urgent.extend(above("体温", visit.temperature, self.temperature_above));
        urgent.extend(told_signs(visit.signs, DangerSign::DIABETES));
        let raised: Vec<_> = at_least("空腹血糖", glucose, self.glucose).into_iter().collect();
        if visit.pregnant_or_lactating && !raised.is_empty() {
            urgent.push("妊娠或哺乳期血糖高于正常".to_owned());
        }
        let course = Course {
            urgent,
            raised,
            measured: glucose.is_some(),
            drug_reaction: visit.drug_reaction,
            complication: visit.complication_new_or_worse,
            before: visit.before,
        };
        course.judge(self.soon_days)
    }
}

/// What both diseases have in common: the order in which findings decide.
struct Course {
    urgent: Vec<String>,
    raised: Vec<String>,
    measured: bool,
    drug_reaction: bool,
    complication: bool,
    before: Control,
}

impl Course {
    fn judge(self, soon_days: u16) -> VisitJudgement {
        let refer = NextStep::Refer { then_within_days: soon_days };
        let soon = NextStep::Within { days: soon_days };
        let said = |words: &str| vec![words.to_owned()];
        let raised = !self.raised.is_empty();
        let (class, next, reasons) = if !self.urgent.is_empty() {
            (VisitClass::Urgent, refer, self.urgent)
        } else if self.complication {
            (VisitClass::Complication, refer, said("新发或加重的并发症"))
        } else if raised && self.before == Control::NotControlled {
            (VisitClass::NotControlledTwice, refer, self.raised)
        } else if self.drug_reaction && self.before == Control::DrugReaction {
            (VisitClass::NotControlledTwice, refer, said("连续两次药物不良反应"))
        } else if self.drug_reaction {
            (VisitClass::DrugReaction, soon, said("药物不良反应"))
        } else if raised {
            (VisitClass::NotControlled, soon, self.raised)
        } else if self.measured {
            (VisitClass::Controlled, NextStep::AsPlanned, Vec::new())
        } else {
            (VisitClass::NotMeasured, soon, said("未测"))
        };
        VisitJudgement { class, next, reasons }
    }
}

fn at_least(what: &str, value: Option<f64>, limit: f64) -> Option<String> {
    value.filter(|value| *value >= limit).map(|value| format!("{what} {value} ≥ {limit}"))
}

fn above(what: &str, value: Option<f64>, limit: f64) -> Option<String> {
    value.filter(|value| *value > limit).map(|value| format!("{what} {value} > {limit}"))
}

fn told_signs<'a>(
    told: &'a [DangerSign],
    asked: &'a [DangerSign],
) -> impl Iterator<Item = String> + 'a {
    told.iter().filter(|sign| asked.contains(sign)).map(|sign| format!("危急症状 {sign}"))
}
