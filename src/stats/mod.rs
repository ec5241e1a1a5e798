//! Counts in, figures out. What a figure means stands beside it as data, so that a report
//! never shows one without its definition. No I/O, no clock.
#![deny(clippy::disallowed_methods)]

mod agreement;
mod causes;
mod implausible;
mod proportion;
mod rates;
mod survival;
mod waterfall;
mod workload;

pub use agreement::{AnswerPair, ItemAgreement, Kappa, compare_items, kappa};
pub use causes::{CauseBar, pareto};
pub use implausible::{Entry, ImplausiblePolicy, Suspicion};
pub use proportion::{Difference, Proportion, Span};
pub use rates::{AaporClass, AaporCounts, Definition, Evidence, FollowUpCounts, RateKind};
pub use survival::{
    Band, LogRank, Observation, StepPoint, SurvivalCurve, SurvivalFault, kaplan_meier, log_rank,
};
pub use waterfall::{CaseFacts, Stage, Waterfall, WaterfallFault, WaterfallStep};
pub use workload::{Workload, WorkloadCell, WorkloadReport};
