//! What a follow-up is. Pure values and decisions; no I/O, no async, no clock.
#![deny(clippy::disallowed_methods)]

pub mod acd;
mod alert;
mod allocation;
mod article;
mod bedside;
mod calling;
mod charlson;
mod chronic_cycle;
pub mod cohort;
mod complaint;
mod day_part;
mod dialling;
mod discharge;
mod explanation;
mod division;
mod governor;
mod holiday;
mod icd;
mod ladder;
mod notice;
mod number_cell;
mod opinion;
mod outcome;
mod pacing;
mod plan;
mod pinyin;
mod plan_rule;
mod plan_set;
mod quality;
mod retention;
mod retry;
pub mod room;
mod roster;
mod schedule;
mod score;
mod service_hours;
mod silence;
mod state;
mod threshold;
mod uncertain;
mod take;
mod toll;
mod trunk_test;
mod window;
mod word;

pub use alert::{AlertPolicy, AlertState, AlertStep, DutyOutcome};
pub use allocation::{
    Allocation, FollowUpType, Given, OpenTask, Operator, Presence, Unallocated, allocate,
    largest_remainder,
};
pub use article::{ArticleQuery, grams, searched};
pub use bedside::{Bedside, BedsidePolicy, NotRung, may_ring};
pub use calling::{CallingPolicy, Forbidden, History, may_dial};
pub use charlson::{Comorbidities, comorbidities};
pub use chronic_cycle::{ChronicCycle, cycle_for, shipped_cycles};
pub use complaint::{ComplaintAct, ComplaintFault, ComplaintKind, ComplaintPolicy, ComplaintState};
pub use day_part::{NextAttempt, PastAttempt, SpreadPolicy};
pub use dialling::{
    After, Callee, TaskDial, Verdict, after, better_hour, fault_while_they_listened, heed, judge,
    needs_person, unless_gone,
};
pub use discharge::{
    DiagnosisCell, Discharge, Disclosure, Disposition, NextOfKin, Operation, RawDischarge,
    RawOperation, Relation, RowFault, Sex, read_date, read_id_card,
};
pub use division::{Division, DivisionRule, GROUPS};
pub use explanation::{CallFacts, DialRecord, Explanation, Said, TaskRecord, explain};
pub use governor::{GovernorLimits, Held, LastHour, SHORT};
pub use holiday::{
    BroughtForward, Holiday, TaskDays, bring_forward, missing_year, read_holidays, shipped_holidays,
};
pub use icd::{Disease, DiseaseDictionary};
pub use ladder::{Ladder, LadderContact, LadderNumber, LadderPolicy, Rung, Skip, Skipped};
pub use notice::NoticePolicy;
pub use number_cell::{CellFault, DialForm, DialledNumber, NumberKind, dial_digits, read_cell};
pub use opinion::{OpinionCondition, OpinionRule, OpinionRules, Proposed};
pub use outcome::{Announcement, Conversation, DialFacts, NetworkTone, OUTCOME_VERSION, Outcome};
pub use pacing::Pace;
pub use plan::{Channel, PlanBody, PlanKind, Step};
// By `self`: the crate has the same name.
pub use self::pinyin::{name_sounds_like, pinyin_keys, plain_query, text_sounds_like};
pub use plan_rule::{
    Case, CodedDiagnosis, Conditions, Exclusion, PlanChoice, PlanRule, Range, RuleFault, Standing,
    check_rules, choose_plan,
};
pub use plan_set::{ChosenPlan, PlanSet, PlanTemplate, choose_plans};
pub use quality::{QualityFault, QualityItem, QualityScore, check_quality_items, quality_score};
pub use retention::{KeptSince, LEAST_DAYS, RetentionPolicy};
pub use retry::{Counts, Next, RetryPolicy};
pub use roster::{DutyEntry, Shift, duty_ladder, next_on_duty};
pub use schedule::{
    Anchor, CycleChange, Done, Due, FOLLOW_UPS_MAX, FirstContact, Horizon, Interval, IntervalRow,
    Lasts, OnTime, Phase, Schedule, ScheduleFault, ScheduleLimits,
};
pub use score::{
    Gad7, Karnofsky, Lace, LaceScore, PainAction, Phq2, Phq9, ScoreFault, Severity, gad7, pain,
    phq2, phq9,
};
pub use service_hours::{DayHours, ServiceHours};
pub use silence::silent_since;
pub use state::{NumberState, RunState, TaskKind, TaskState};
pub use take::{Take, TakeFault, expected_ms, judge_take};
pub use threshold::{
    AlertLevel, Control, DangerSign, DiabetesLimits, DiabetesVisit, HypertensionLimits,
    HypertensionVisit, Implausible, NextStep, PlausibleRange, Quantity, Threshold, VisitClass,
    VisitJudgement, check_pressure, check_value, is_jin_likely, judge_value, plausible_ranges,
    shipped_thresholds, weight_gain,
};
pub use toll::{HomeArea, TollClass};
pub use trunk_test::{
    Grade, LineCall, OptionsAnswer, Registered, TrunkFacts, TrunkFinding, judge_trunk,
};
pub use uncertain::CutOff;
pub use window::{Calendar, DayKind, DayPart, Window};
