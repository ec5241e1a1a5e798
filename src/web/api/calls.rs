//! Calls, and one call with all that came of it.

use axum::{Json, extract::State};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{alerts::AlertView, tasks::age};
use crate::{
    base::CallId,
    store::{alert, answer, call, recording},
    web::{
        Shared,
        ask::{Key, Terms, Window, page},
        auth::Signed,
        error::{Problem, Result},
        mask,
    },
};

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(find))
}

#[derive(Serialize, ToSchema)]
struct CallView {
    call_id: Uuid,
    run_id: Option<Uuid>,
    direction: String,
    /// A word of `call_state`.
    state: String,
    name: Option<String>,
    age: Option<u32>,
    department: Option<String>,
    /// Masked.
    number: String,
    trunk: Option<String>,
    started_at: DateTime<Utc>,
    answered_at: Option<DateTime<Utc>>,
    ended_at: Option<DateTime<Utc>>,
    /// Who ended it: `we`, `they`, `timeout`, `fault` or `crash`.
    end_why: Option<String>,
    /// A word of `outcome`.
    outcome: Option<String>,
    /// The reason beside the outcome.
    why: Option<String>,
    sip_status: Option<i16>,
    q850: Option<i16>,
    answers: i64,
    recording_id: Option<Uuid>,
}

impl CallView {
    fn of(row: call::Listed, today: NaiveDate) -> Self {
        Self {
            number: mask::number(&row.remote),
            age: row.birth_date.and_then(|born| age(born, today)),
            call_id: row.call_id,
            run_id: row.run_id,
            direction: row.direction,
            state: row.state,
            name: row.name,
            department: row.department,
            trunk: row.trunk,
            started_at: row.started_at,
            answered_at: row.answered_at,
            ended_at: row.ended_at,
            end_why: row.end_why,
            outcome: row.outcome,
            why: row.why,
            sip_status: row.sip_status,
            q850: row.q850,
            answers: row.answers,
            recording_id: row.recording_id,
        }
    }
}

#[derive(Serialize, ToSchema)]
struct CallListView {
    items: Vec<CallView>,
    has_more: bool,
}

#[derive(Serialize, ToSchema)]
struct AnswerView {
    questionnaire: String,
    link_id: String,
    text: String,
    /// `answered`, or one of the six blanks.
    status: String,
    option_code: Option<String>,
    option: Option<String>,
    /// Decimal digits, as keyed.
    number: Option<String>,
    value: Option<String>,
    unit: Option<String>,
    score: Option<String>,
    at: DateTime<Utc>,
    /// `ivr`, or who wrote it.
    recorded_by: String,
}

#[derive(Serialize, ToSchema)]
struct RecordingView {
    recording_id: Uuid,
    /// `call`, `early` or `message`.
    kind: String,
    state: String,
    started_at: DateTime<Utc>,
    duration_ms: Option<i64>,
    bytes: Option<i64>,
    /// Of the file, in hexadecimal; absent until it is whole.
    sha256: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct LegView {
    role: String,
    started_at: DateTime<Utc>,
    answered_at: Option<DateTime<Utc>>,
    ended_at: Option<DateTime<Utc>>,
    sip_status: Option<i16>,
    q850: Option<i16>,
    codec: Option<String>,
    packets_sent: Option<i64>,
    packets_received: Option<i64>,
    packets_lost: Option<i64>,
    jitter_ms: Option<f32>,
}

#[derive(Serialize, ToSchema)]
struct CallDetailView {
    call: CallView,
    answers: Vec<AnswerView>,
    recordings: Vec<RecordingView>,
    alerts: Vec<AlertView>,
    legs: Vec<LegView>,
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
#[derive(Default)]
struct CallTerms {
    run: Option<Uuid>,
    /// Calls with this patient, or about.
    person: Option<Uuid>,
    /// A word of `call_state`, or `live`.
    state: String,
    /// A word of `outcome`.
    outcome: String,
    /// Part of a name or number.
    search: String,
}

#[utoipa::path(get, path = "/api/calls", tag = "calls", params(CallTerms, Window),
    responses((status = 200, body = CallListView)))]
async fn list(
    State(site): State<Shared>,
    signed: Signed,
    Terms(terms): Terms<CallTerms>,
    Terms(window): Terms<Window>,
) -> Result<Json<CallListView>> {
    let limit = window.limit();
    let search = searched(&terms.search);
    let filter = call::Filter {
        call: None,
        run: terms.run,
        person: terms.person,
        state: &terms.state,
        outcome: &terms.outcome,
        search: &search,
        limit: limit + 1,
        offset: window.offset(),
    };
    let mut scope = signed.scope(&site).await?;
    let (rows, has_more) = page(call::list(&mut scope, &filter).await?, limit);
    let today = super::patients::today(&site);
    let items = rows.into_iter().map(|row| CallView::of(row, today)).collect();
    Ok(Json(CallListView { items, has_more }))
}

/// A number is found however it is spaced; names keep theirs.
fn searched(text: &str) -> String {
    let is_number = text.chars().all(|c| c.is_ascii_digit() || " -+*".contains(c));
    match is_number {
        true => text.chars().filter(char::is_ascii_digit).collect(),
        false => text.trim().to_owned(),
    }
}

#[utoipa::path(get, path = "/api/calls/{id}", tag = "calls", params(("id" = Uuid, Path)),
    responses((status = 200, body = CallDetailView)))]
async fn find(
    State(site): State<Shared>,
    signed: Signed,
    Key(id): Key,
) -> Result<Json<CallDetailView>> {
    let call_id = CallId::from_uuid(id);
    let filter = call::Filter {
        call: Some(call_id),
        run: None,
        person: None,
        state: "",
        outcome: "",
        search: "",
        limit: 1,
        offset: 0,
    };
    let mut scope = signed.scope(&site).await?;
    let row = call::list(&mut scope, &filter).await?.pop();
    let row = row.ok_or_else(|| Problem::not_found("call"))?;
    // Who reads a patient's answers is written down before they are shown.
    let (app, at) = (&site.core.app, site.core.clock.wall());
    app.audit_access(&signed.0.principal, "read", "call", &call_id.to_string(), at).await?;
    let answers = answer::of_call(&mut scope, call_id).await?;
    let recordings = recording::of_call(&mut scope, call_id).await?;
    let alerts = alert::of_call(&mut scope, call_id, site.core.clock.wall()).await?;
    let legs = call::legs(&mut scope, call_id).await?;
    Ok(Json(CallDetailView {
        call: CallView::of(row, super::patients::today(&site)),
        answers: answers.into_iter().map(answer_view).collect(),
        recordings: recordings.into_iter().map(recording_view).collect(),
        alerts: alerts.into_iter().map(AlertView::from).collect(),
        legs: legs.into_iter().map(leg_view).collect(),
    }))
}

fn answer_view(row: answer::Answer) -> AnswerView {
    AnswerView {
        questionnaire: row.questionnaire,
        link_id: row.link_id,
        text: row.item_text,
        status: row.status,
        option_code: row.option_code,
        option: row.option_text,
        number: row.value_number,
        value: row.value_text,
        unit: row.unit,
        score: row.score,
        at: row.at,
        recorded_by: row.recorded_by,
    }
}

fn recording_view(row: recording::Recording) -> RecordingView {
    RecordingView {
        recording_id: row.recording_id,
        kind: row.kind,
        state: row.state,
        started_at: row.started_at,
        duration_ms: row.duration_ms,
        bytes: row.bytes,
        sha256: row.sha256,
    }
}

fn leg_view(row: call::Leg) -> LegView {
    LegView {
        role: row.role,
        started_at: row.started_at,
        answered_at: row.answered_at,
        ended_at: row.ended_at,
        sip_status: row.sip_status,
        q850: row.q850,
        codec: row.codec,
        packets_sent: row.packets_sent,
        packets_received: row.packets_received,
        packets_lost: row.packets_lost,
        jitter_ms: row.jitter_ms,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_found_however_it_is_spaced() {
        for (text, expected) in [
            ("138 0013 8000", "13800138000"),
            ("0592-502", "0592502"),
            (" 张 伟 ", "张 伟"),
            ("", ""),
        ] {
            assert_eq!(searched(text), expected);
        }
    }
}
