//! The agent's desk: come and go, pause, dial by a click, and everything that is done in a
//! call. What the desk shows comes by `/api/events` (`desk`) as it changes.

mod view;

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

pub(super) use view::{DeskView, PartyView, desk_view};

use super::typed::{self, TypedAnswer};
use crate::{
    base::{CallId, Key as PhoneKey, NumberId, Pii, TaskId, UserId},
    domain::{
        DayPart,
        acd::{AgentState, Input, Pause},
        read_cell,
    },
    engine::{self, Act, ActError, DeskAct, DeskDial, Disposition, Done, Whom},
    store::{person, queue},
    web::{
        Shared, Site,
        ask::{Body, Key},
        auth::Signed,
        error::{Problem, Result},
        mask,
    },
};

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(desk))
        .routes(routes!(enter))
        .routes(routes!(leave))
        .routes(routes!(pause))
        .routes(routes!(done))
        .routes(routes!(dial))
        .routes(routes!(act))
        .routes(routes!(answer))
        .routes(routes!(dispose))
        .routes(routes!(candidates))
        .routes(routes!(colleagues))
}

#[utoipa::path(get, path = "/api/desk", tag = "desk", responses((status = 200, body = DeskView)))]
async fn desk(State(site): State<Shared>, signed: Signed) -> Result<Json<DeskView>> {
    Ok(Json(desk_view(&site, &signed)))
}

/// 上线. The browser renews it by listening to `/api/events`; who has no browser, by asking
/// again within 30 s.
#[utoipa::path(post, path = "/api/desk/enter", tag = "desk",
    responses((status = 200, body = DeskView)))]
async fn enter(State(site): State<Shared>, signed: Signed) -> Result<Json<DeskView>> {
    let core = &site.core;
    if core.acd.agent(signed.0.user).is_none() {
        core.load_agents().await?;
    }
    if core.acd.agent(signed.0.user).is_none() {
        return Err(Problem::conflict(
            "这个账号还不是座席，请班长登记话机 / this account is no agent; a supervisor adds it",
        ));
    }
    core.acd_tell(Input::Lease(signed.0.user));
    Ok(Json(desk_view(&site, &signed)))
}

/// 下线.
#[utoipa::path(post, path = "/api/desk/leave", tag = "desk",
    responses((status = 200, body = DeskView)))]
async fn leave(State(site): State<Shared>, signed: Signed) -> Result<Json<DeskView>> {
    site.core.acd_tell(Input::Leave(signed.0.user));
    Ok(Json(desk_view(&site, &signed)))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PauseAsk {
    /// `rest`, `meal`, `training`, `meeting` or `ward`; absent: ready again.
    reason: Option<String>,
}

/// 示忙, 示闲. In a call it holds from the call's end on.
#[utoipa::path(post, path = "/api/desk/pause", tag = "desk", request_body = PauseAsk,
    responses((status = 200, body = DeskView)))]
async fn pause(
    State(site): State<Shared>,
    signed: Signed,
    Body(ask): Body<PauseAsk>,
) -> Result<Json<DeskView>> {
    let why = ask.reason.as_deref().map(str::parse::<Pause>).transpose();
    let why = why.map_err(|_| {
        Problem::invalid("示忙原因:rest meal training meeting ward / one of these five")
    })?;
    site.core.acd_tell(Input::Pause { agent: signed.0.user, why });
    Ok(Json(desk_view(&site, &signed)))
}

/// 话后处理 is over.
#[utoipa::path(post, path = "/api/desk/done", tag = "desk",
    responses((status = 200, body = DeskView)))]
async fn done(State(site): State<Shared>, signed: Signed) -> Result<Json<DeskView>> {
    site.core.acd_tell(Input::Done(signed.0.user));
    Ok(Json(desk_view(&site, &signed)))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct DialAsk {
    task_id: Uuid,
    /// One of the patient's numbers; absent: the best of the ladder. No number is typed.
    number_id: Option<Uuid>,
}

#[derive(Serialize, ToSchema)]
struct DialledView {
    call_id: Uuid,
}

/// 点击拨号: the own phone rings first, then the patient's.
#[utoipa::path(post, path = "/api/desk/dial", tag = "desk", request_body = DialAsk,
    responses((status = 202, body = DialledView)))]
async fn dial(
    State(site): State<Shared>,
    signed: Signed,
    Body(ask): Body<DialAsk>,
) -> Result<Response> {
    let wish = DeskDial {
        agent: signed.0.user,
        task: TaskId::from_uuid(ask.task_id),
        number: ask.number_id.map(NumberId::from_uuid),
        toll: signed.0.toll,
    };
    let call = engine::click_to_dial(&site.core, &signed.0.principal, wish).await?;
    let view = DialledView { call_id: *call.as_uuid() };
    Ok((StatusCode::ACCEPTED, Json(view)).into_response())
}

#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum ActWord {
    HangUp,
    Hold,
    Resume,
    Mute,
    Unmute,
    Keys,
    /// 直接转接.
    Transfer,
    /// 转到技能组.
    ToQueue,
    /// 咨询.
    Consult,
    /// 咨询转接.
    Complete,
    /// 会议.
    Confer,
    Cancel,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ActAsk {
    act: ActWord,
    /// Of `keys`: digits, `*` and `#`.
    keys: Option<String>,
    /// Of `transfer` and `consult`: an agent …
    agent: Option<Uuid>,
    /// … or a number of the hospital or outside.
    #[schema(value_type = Option<String>)]
    number: Option<Pii<String>>,
    /// Of `to_queue`.
    queue: Option<String>,
}

#[utoipa::path(post, path = "/api/desk/calls/{id}/act", tag = "desk", params(("id" = Uuid, Path)),
    request_body = ActAsk, responses((status = 200, body = DeskView)))]
async fn act(
    State(site): State<Shared>,
    signed: Signed,
    Key(id): Key,
    Body(ask): Body<ActAsk>,
) -> Result<Json<DeskView>> {
    let wish = wish(&site, &signed, ask)?;
    let (by, call) = (signed.0.user, CallId::from_uuid(id));
    engine::act_in(&site.core, by, call, wish).await.map_err(refused)?;
    Ok(Json(desk_view(&site, &signed)))
}

fn wish(site: &Site, signed: &Signed, ask: ActAsk) -> Result<DeskAct> {
    Ok(DeskAct::Plain(match ask.act {
        ActWord::HangUp => Act::HangUp,
        ActWord::Hold => Act::Hold(true),
        ActWord::Resume => Act::Hold(false),
        ActWord::Mute => Act::Mute(true),
        ActWord::Unmute => Act::Mute(false),
        ActWord::Complete => Act::Complete,
        ActWord::Confer => Act::Confer,
        ActWord::Cancel => Act::Cancel,
        ActWord::Keys => Act::Keys(keys(ask.keys.as_deref().unwrap_or_default())?),
        ActWord::ToQueue => match ask.queue {
            Some(queue) => Act::ToQueue(queue),
            None => return Err(Problem::invalid("请选择技能组 / choose a queue")),
        },
        ActWord::Transfer => return Ok(DeskAct::Transfer(whom(site, signed, &ask)?)),
        ActWord::Consult => return Ok(DeskAct::Consult(whom(site, signed, &ask)?)),
    }))
}

fn keys(text: &str) -> Result<Vec<PhoneKey>> {
    let keys: Result<Vec<PhoneKey>, _> = text.chars().map(PhoneKey::try_from).collect();
    let keys = keys.ok().filter(|keys| !keys.is_empty() && keys.len() <= KEYS_MAX);
    keys.ok_or_else(|| Problem::invalid("按键是 1 到 32 个 0–9 * # / 1 to 32 of 0–9 * #"))
}

/// A number outside needs the role's right to a call of its class (F027).
fn whom(site: &Site, signed: &Signed, ask: &ActAsk) -> Result<Whom> {
    if let Some(agent) = ask.agent {
        return Ok(Whom::Agent(UserId::from_uuid(agent)));
    }
    let nobody = || Problem::invalid("请选择座席或填写号码 / choose an agent or give a number");
    let number = ask.number.as_ref().ok_or_else(nobody)?;
    let config = site.core.config();
    if let Ok(numbers) = read_cell(number.reveal(), &config.hospital.area_code)
        && let Some(found) = numbers.first()
    {
        let needs = engine::toll_class(&config, &found.e164);
        if needs > signed.0.toll {
            let what = format!("当前角色没有{}权限 / not allowed: {needs}", needs.zh());
            return Err(Problem::forbidden(&what));
        }
    }
    Ok(Whom::Number(number.clone()))
}

fn refused(error: ActError) -> Problem {
    match error {
        ActError::NotYours => Problem::forbidden(&error.to_string()),
        _ => Problem::conflict(error.to_string()),
    }
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AnswerAsk {
    questionnaire: String,
    link_id: String,
    value: Option<String>,
    /// One of the six blanks.
    status: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct StoredView {
    at: chrono::DateTime<chrono::Utc>,
}

/// One answer, as the patient gives it.
#[utoipa::path(post, path = "/api/desk/calls/{id}/answers", tag = "desk",
    params(("id" = Uuid, Path)), request_body = AnswerAsk,
    responses((status = 200, body = StoredView)))]
async fn answer(
    State(site): State<Shared>,
    signed: Signed,
    Key(id): Key,
    Body(ask): Body<AnswerAsk>,
) -> Result<Json<StoredView>> {
    let core = &site.core;
    let mut scope = signed.scope(&site).await?;
    if !super::series::is_in_sight(&mut scope, &ask.questionnaire).await? {
        return Err(Problem::not_found("questionnaire"));
    }
    drop(scope);
    let library = core.library();
    let form = library.questionnaire(&ask.questionnaire);
    let form = form.ok_or_else(|| Problem::not_found("questionnaire"))?;
    let told = TypedAnswer { link_id: ask.link_id, value: ask.value, status: ask.status };
    let answer = typed::read(&form.value, &form.sha256, &told)?;
    let wish = DeskAct::Plain(Act::Ask);
    let done = engine::act_in(core, signed.0.user, CallId::from_uuid(id), wish).await;
    let Done::About(about) = done.map_err(refused)? else {
        return Err(Problem::conflict("这次通话没有随访任务 / no follow-up belongs to this call"));
    };
    let at = core.clock.wall();
    let asked = (ask.questionnaire.as_str(), form.sha256.as_str(), form.body.as_str());
    core.app.answer_in_call(&signed.0.principal, &about, asked, &answer, at).await?;
    Ok(Json(StoredView { at }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct DispositionAsk {
    /// A word of `outcome` that a conversation can come to; absent: only the note is kept.
    outcome: Option<String>,
    /// `self`, `informed_relative`, `guardian` or `uninformed_relative`.
    respondent: Option<String>,
    /// Of `postponed`: `morning`, `afternoon` or `evening`.
    promised: Option<String>,
    /// A person goes on with it.
    #[serde(default)]
    wants_person: bool,
    note: Option<String>,
}

/// 话后小结: what the call came to, and the agent's note.
#[utoipa::path(post, path = "/api/desk/calls/{id}/disposition", tag = "desk",
    params(("id" = Uuid, Path)), request_body = DispositionAsk, responses((status = 204)))]
async fn dispose(
    State(site): State<Shared>,
    signed: Signed,
    Key(id): Key,
    Body(ask): Body<DispositionAsk>,
) -> Result<StatusCode> {
    let (core, call) = (&site.core, CallId::from_uuid(id));
    let note = ask.note.as_deref().map(str::trim).filter(|note| !note.is_empty());
    if note.is_some_and(|note| note.chars().count() > NOTE_MAX) {
        return Err(Problem::invalid("小结不超过 2000 字 / a note has at most 2000 characters"));
    }
    if let Some(outcome) = &ask.outcome {
        let said = disposition(outcome, &ask, signed.0.principal.name())?;
        let wish = DeskAct::Plain(Act::Dispose(Box::new(said)));
        engine::act_in(core, signed.0.user, call, wish).await.map_err(refused)?;
    }
    if let Some(note) = note {
        core.app.note_call(&signed.0.principal, call, note, core.clock.wall()).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

fn disposition(outcome: &str, ask: &DispositionAsk, by: &str) -> Result<Disposition> {
    let conversation = outcome.parse().map_err(Problem::invalid)?;
    let respondent = match ask.respondent.as_deref() {
        None => None,
        Some(word) => Some(*RESPONDENTS.iter().find(|known| **known == word).ok_or_else(|| {
            Problem::invalid("接听人:self informed_relative guardian uninformed_relative / who?")
        })?),
    };
    let promised = ask.promised.as_deref().map(str::parse::<DayPart>).transpose();
    let promised = promised.map_err(Problem::invalid)?;
    let is_done = matches!(outcome, "completed" | "partial");
    if is_done && !matches!(respondent, Some("self" | "informed_relative" | "guardian")) {
        let what = "只有本人、知情家属或监护人回答才算随访 / only the patient, an informed relative \
                    or a guardian makes it a follow-up";
        return Err(Problem::conflict(what));
    }
    let (wants_person, by) = (ask.wants_person, by.to_owned());
    Ok(Disposition { conversation, respondent, promised, wants_person, by })
}

#[derive(Serialize, ToSchema)]
struct CandidateView {
    person_id: Uuid,
    name: String,
    sex: String,
    age: Option<u32>,
    /// Whose number it is: a word of `relation`.
    relation: String,
    department: Option<String>,
    discharged_on: Option<chrono::NaiveDate>,
    open_task: Option<Uuid>,
}

#[derive(Serialize, ToSchema)]
struct CandidatesView {
    /// Masked.
    number: String,
    /// Nobody is chosen silently: with several, the agent asks who is calling.
    items: Vec<CandidateView>,
}

/// 来电弹屏: all who have the number of this call.
#[utoipa::path(get, path = "/api/desk/calls/{id}/candidates", tag = "desk",
    params(("id" = Uuid, Path)), responses((status = 200, body = CandidatesView)))]
async fn candidates(
    State(site): State<Shared>,
    signed: Signed,
    Key(id): Key,
) -> Result<Json<CandidatesView>> {
    let core = &site.core;
    let call = CallId::from_uuid(id);
    let calls = core.live.list().into_iter().chain(core.live.list_aside());
    let mut calls = calls.filter(|live| live.call == call);
    let live = calls.next().ok_or_else(|| Problem::not_found("call"))?;
    let me = Some(signed.0.user);
    let is_mine = live.owner == me || live.room.iter().any(|party| party.user == me);
    if !is_mine {
        return Err(Problem::not_found("call"));
    }
    let config = core.config();
    let numbers = read_cell(live.remote.reveal(), &config.hospital.area_code);
    let number = numbers.ok().and_then(|numbers| numbers.into_iter().next());
    let mut items = Vec::new();
    if let Some(number) = number {
        let mut scope = signed.scope(&site).await?;
        items = person::with_number(&mut scope, number.e164.as_str(), CANDIDATES_MAX).await?;
    }
    let today = super::patients::today(&site);
    let view = |row: person::Candidate| CandidateView {
        age: row.birth_date.and_then(|born| super::tasks::age(born, today)),
        person_id: row.person_id,
        name: row.name,
        sex: row.sex,
        relation: row.relation,
        department: row.department,
        discharged_on: row.discharged_on,
        open_task: row.open_task,
    };
    let number = mask::number(live.remote.reveal());
    Ok(Json(CandidatesView { number, items: items.into_iter().map(view).collect() }))
}

#[derive(Serialize, ToSchema)]
struct ColleagueView {
    user_id: Uuid,
    name: String,
    /// A word of `agent_state`.
    state: &'static str,
}

#[derive(Serialize, ToSchema)]
struct DeskQueueView {
    code: String,
    name: String,
    idle: usize,
}

#[derive(Serialize, ToSchema)]
struct ColleaguesView {
    agents: Vec<ColleagueView>,
    queues: Vec<DeskQueueView>,
}

/// To whom a call can be given now.
#[utoipa::path(get, path = "/api/desk/colleagues", tag = "desk",
    responses((status = 200, body = ColleaguesView)))]
async fn colleagues(State(site): State<Shared>, signed: Signed) -> Result<Json<ColleaguesView>> {
    let core = &site.core;
    let now = core.clock.instant();
    let mut scope = signed.scope(&site).await?;
    let names = queue::list(&mut scope).await?;
    drop(scope);
    let mut agents: Vec<_> = core
        .acd
        .seats(now)
        .into_iter()
        .filter(|seat| seat.user != signed.0.user && seat.state != AgentState::Offline)
        .filter_map(|seat| {
            let name = core.acd.agent(seat.user)?.display_name;
            let (user_id, state) = (*seat.user.as_uuid(), seat.state.as_str());
            Some(ColleagueView { user_id, name, state })
        })
        .collect();
    agents.sort_by(|a, b| (a.state != "idle", &a.name).cmp(&(b.state != "idle", &b.name)));
    let queues = core.acd.queue_views(now).into_iter().map(|view| {
        let name = names.iter().find(|queue| queue.code == view.code);
        let name = name.map(|queue| queue.name.clone()).unwrap_or_default();
        DeskQueueView { code: view.code, name, idle: view.idle }
    });
    Ok(Json(ColleaguesView { agents, queues: queues.collect() }))
}

const RESPONDENTS: &[&str] = &["self", "informed_relative", "guardian", "uninformed_relative"];

/// A bank's menu asks for no more.
const KEYS_MAX: usize = 32;
const NOTE_MAX: usize = 2000;

/// A family has a few; a ward's telephone is nobody's.
const CANDIDATES_MAX: i64 = 20;
