//! Where a measured value becomes a reason to act: 国家基本公共卫生服务规范 (third edition) for
//! hypertension and diabetes, and the limits of rules.md §4. The limits are data; a
//! hospital's own replace the shipped ones.

mod chronic;
mod quantity;

pub use chronic::{
    Control, DangerSign, DiabetesLimits, DiabetesVisit, HypertensionLimits, HypertensionVisit,
    NextStep, VisitClass, VisitJudgement,
};
pub use quantity::{
    AlertLevel, Implausible, PlausibleRange, Quantity, Threshold, check_pressure, check_value,
    is_jin_likely, judge_value, plausible_ranges, shipped_thresholds, weight_gain,
};

#[cfg(test)]
mod tests;
