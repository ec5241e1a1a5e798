//! Every write: one transaction with its audit row and its event. Reads go from the web
//! to the store directly.
#![deny(clippy::disallowed_methods)]

mod accounts;
mod agents;
mod alerts;
mod allocation;
mod api_tokens;
mod administrators;
mod admission;
mod announcements;
mod answers;
mod articles;
mod appointments;
mod attempt;
mod audit;
mod backups;
mod blocklist;
mod calls;
mod complaints;
mod enquiries;
mod exports;
mod fhir;
mod doors;
mod duty;
mod follow_up;
mod do_not_call;
mod hub;
mod imports;
mod opinions;
mod past_follow_ups;
mod patients;
mod pdca;
mod person_rights;
mod plan_templates;
mod plans;
mod preview;
mod prompts;
mod quality;
mod recall;
mod recording_holds;
mod recordings;
mod ring_test;
mod rollups;
mod roster;
mod run;
mod screen_lock;
mod second_factor;
mod seed;
mod series;
mod sip_lab;
mod sources;
mod stop;
mod topics;
mod voicemail;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde_json::Value;
use uuid::Uuid;

pub use accounts::{NewUser, RoleChange, SignedIn, digest_ha1};
pub use admission::{Taken, message_text};
pub use agents::QueueVisit;
pub use alerts::{ALERT_POLICY, Taker};
pub use allocation::{Dealt, SampleAsk};
pub use announcements::LearntFrom;
pub use answers::{CallRef, CallerNumber, Effect, Entry, FoundAlert, GivenAnswer, SoFar};
pub use api_tokens::{TokenHolder, TokenUse};
pub use appointments::{AdjustmentAsk, AppointmentAsk, AppointmentEnd, NOTICE_POLICY};
pub use articles::ArticleText;
pub use attempt::{
    AgentDial, Beside, Claim, Dialler, Ended, NextTrunk, Recovered, Resolution, Way,
};
pub use audit::{SEAL_PAGE, Sealing, link};
pub use blocklist::BlocklistImport;
pub use calls::{LegEnd, NewCall};
pub use complaints::{COMPLAINT_POLICY, ComplaintStep, NewComplaint};
pub use doors::Knock;
pub use duty::{DutyClaim, Essentials, TakenByPhone};
pub use enquiries::{EnquiryAnswer, NewEnquiry};
pub use exports::{StayParts, TableFile, csv_table, stay_header, stay_rows};
pub use fhir::{
    AnswerKind, Editions, FhirFault, FormFromFhir, fhir_bundle, fhir_capability, fhir_id,
    fhir_patients, fhir_responses, operation_outcome, questionnaire_in, questionnaire_out,
};
pub use follow_up::{FollowUpDone, StaffAnswer};
pub use hub::{Hub, HubEvent};
pub use imports::{BegunImport, ImportSummary, RowReport};
pub use past_follow_ups::PastSummary;
pub use patients::ToldNumber;
pub use pdca::CAUSES_MAX;
pub use person_rights::{Consenting, Erasing};
pub use plan_templates::NewTemplate;
pub use plans::{DIVISION_POLICY, EndReason, PlanEdit, Planned, Turned};
pub use preview::{Preview, PreviewRow, Upload};
pub use quality::QualityDraw;
pub use recording_holds::RETENTION_POLICY;
pub use ring_test::{RingAsk, RingClaim};
pub use roster::{RosterLine, roster_file};
pub use run::{NewRun, RunAction};
pub use screen_lock::{SIGN_IN_POLICY, SignInPolicy};
pub use second_factor::{Enrolment, KEY_BYTES, Vault};
pub use series::{SeriesAsk, SeriesContent};
pub use sip_lab::Signalling;
pub use sources::{Brought, InterfaceRun, Reading};
pub use stop::LiveCalls;
pub use voicemail::LeftMessage;

pub use crate::store::source::Lease;
use crate::store::{self, Database, Principal, Scope, StoreError};

/// All that may be written, and by what rules.
#[derive(Clone, Debug)]
pub struct App {
    database: Database,
    hub: Hub,
    /// Where the hospital stands: a shift begins by its clock.
    zone: Tz,
    /// Two turns of the plans at once leave to each other what the other has locked.
    turning: Arc<futures_util::lock::Mutex<()>>,
}

#[derive(Debug, thiserror::Error)]
pub enum AppError {
    #[error("{0} is not there")]
    NotFound(&'static str),
    /// The request is understood, but the record's state forbids it.
    #[error("{0}")]
    Conflict(String),
    /// Who asks has no right to it.
    #[error("{0}")]
    Forbidden(String),
    #[error("{0}")]
    Invalid(String),
    #[error("the database: {0}")]
    Store(StoreError),
}

impl From<StoreError> for AppError {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::Rule(rule) => match RULES.iter().find(|(name, _)| name == rule) {
                Some((_, what)) => Self::Conflict((*what).to_owned()),
                None => Self::Store(error),
            },
            _ => Self::Store(error),
        }
    }
}

pub type Result<T, E = AppError> = std::result::Result<T, E>;

impl App {
    pub fn new(database: Database, hub: Hub) -> Self {
        Self { database, hub, zone: Tz::Asia__Shanghai, turning: Arc::default() }
    }

    #[must_use]
    pub fn in_zone(self, zone: Tz) -> Self {
        Self { zone, ..self }
    }

    pub const fn database(&self) -> &Database {
        &self.database
    }

    pub const fn hub(&self) -> &Hub {
        &self.hub
    }

    async fn scope(&self, principal: &Principal) -> Result<Scope> {
        Ok(self.database.scope(principal).await?)
    }

    /// Ends a write; those who wait for events are woken.
    async fn commit(&self, scope: Scope) -> Result<()> {
        scope.commit().await?;
        self.hub.wake();
        Ok(())
    }
}

/// The audit row and the event of one change.
struct Change<'a> {
    did: &'a str,
    subject: &'a str,
    subject_id: String,
    reason: Option<&'a str>,
    department: Option<Uuid>,
    body: Value,
}

async fn note(
    scope: &mut Scope,
    principal: &Principal,
    change: &Change<'_>,
    at: DateTime<Utc>,
) -> Result<()> {
    let entry = store::audit::Entry {
        who: principal.name(),
        did: change.did,
        subject: change.subject,
        subject_id: &change.subject_id,
        reason: change.reason,
    };
    store::audit::insert(scope, &entry, at).await?;
    let kind = format!("{}.{}", change.subject, change.did);
    store::event::insert(scope, &kind, change.department, &change.body, at).await?;
    Ok(())
}

/// What the database's own rules mean to a person.
const RULES: &[(&str, &str)] = &[
    ("account_login_unique", "这个工号已经存在 / this login exists already"),
    (
        "stop_all_resumed_by_another",
        "停呼的人不能自己恢复,请另一人操作 / whoever stopped the calls cannot resume them; ask another person",
    ),
    (
        "account_staff_no_is_digits",
        "工号在电话上按键输入,只能是数字 / a staff number is keyed: digits only",
    ),
    ("account_staff_no_unique", "这个工号已是别人的 / this staff number is another's"),
    ("account_role_known", "没有这个角色 / there is no such role"),
    (
        "role_duties_apart",
        "系统、安全、审计三员的模块不能合在一个角色里 / a role holds the modules of one administrator only",
    ),
    (
        "role_auditor_reads_only",
        "审计管理员只看审计,不能有其他模块 / whoever reads the audit has no other module",
    ),
    ("complaint_assigned_to_fkey", "没有这个账号 / there is no such account"),
    ("complaint_department_id_fkey", "没有这个科室 / there is no such department"),
    ("enquiry_department_id_fkey", "没有这个科室 / there is no such department"),
    ("article_department_id_fkey", "没有这个科室 / there is no such department"),
    ("pdca_periods_in_order", "时间段顺序有误 / the periods are not in order"),
    ("series_pkey", "这个系列号已经存在 / this series exists already"),
    (
        "series_code_form",
        "系列号用小写字母、数字和下划线 / a code is lower-case letters, digits and _",
    ),
    ("series_department_id_fkey", "没有这个科室 / there is no such department"),
    ("series_ward_id_fkey", "没有这个病区 / there is no such ward"),
    ("series_version_stays", "发布的版本不能再改 / a published version stays as it is"),
    ("agent_endpoint_once", "这部话机已是别人的 / this phone is another agent's"),
    ("agent_user_id_fkey", "没有这个账号 / there is no such account"),
    ("queue_agent_queue_fkey", "没有这个技能组 / there is no such queue"),
    ("queue_agent_user_id_fkey", "没有这个座席 / there is no such agent"),
    ("queue_agent_skill_known", "技能等级是 1 到 5 / a skill is 1 to 5"),
    (
        "queue_code_form",
        "技能组代码用小写字母、数字和下划线 / a code is lower-case letters, digits and _",
    ),
    ("queue_name_present", "请填写技能组名称 / a queue needs a name"),
    ("queue_ring_plausible", "振铃时长 5 到 60 秒 / ringing takes 5 to 60 s"),
    ("queue_wait_plausible", "最长等待 10 到 3600 秒 / the longest wait is 10 to 3600 s"),
    ("queue_announce_plausible", "播报间隔 10 到 600 秒 / the position is told each 10 to 600 s"),
    ("queue_waiting_plausible", "最多等待 1 到 500 人 / 1 to 500 may wait"),
    ("queue_priority_plausible", "优先级 -100 到 100 / a priority is -100 to 100"),
    ("agent_wrap_up_plausible", "话后处理 0 到 1800 秒 / wrap-up takes 0 to 1800 s"),
    ("stop_all_has_reason", "请写明停呼原因 / a reason is required"),
    (
        "run_one_standing",
        "这个语音流程已有长期批次 / there is a standing run of this dialplan already",
    ),
    ("quality_review_once", "这份录音已在质检中 / it is under review already"),
    ("recording_hold_one_open", "这份录音已经封存 / the recording is held already"),
    ("recording_is_held", "录音已封存,不能销毁 / the recording is held"),
    ("run_lines_positive", "线路数必须大于 0 / lines must be above 0"),
];
