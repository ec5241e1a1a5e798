//! When and how often patients are called.

use axum::{Json, extract::State, http::StatusCode};
use chrono::NaiveTime;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::{DIVISION_POLICY, SIGN_IN_POLICY, SignInPolicy},
    domain::{CallingPolicy, DayHours, Division, DivisionRule, RetryPolicy, ServiceHours, Window},
    web::{
        Shared,
        ask::Body,
        auth::Signed,
        error::{Problem, Result},
    },
};

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(find, put))
        .routes(routes!(division, put_division))
        .routes(routes!(service_hours, put_service_hours))
        .routes(routes!(sign_in, put_sign_in))
}

#[derive(Clone, Copy, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct WindowView {
    /// `09:00:00`
    #[schema(value_type = String)]
    from: NaiveTime,
    #[schema(value_type = String)]
    to: NaiveTime,
}

#[derive(Clone, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CallingPolicyView {
    windows: Vec<WindowView>,
    weekends: bool,
    dials_per_day_max: u32,
    completed_per_day_max: u32,
    retry: RetryPolicyView,
}

#[derive(Clone, Copy, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RetryPolicyView {
    attempts_max: u32,
    resumes_max: u32,
    after_busy_s: u64,
    gap_s: u64,
    after_fault_s: u64,
    after_fault_max_s: u64,
}

impl From<CallingPolicy> for CallingPolicyView {
    fn from(policy: CallingPolicy) -> Self {
        let retry = policy.retry;
        let windows = policy.windows.iter();
        Self {
            windows: windows.map(|w| WindowView { from: w.from, to: w.to }).collect(),
            weekends: policy.weekends,
            dials_per_day_max: policy.dials_per_day_max,
            completed_per_day_max: policy.completed_per_day_max,
            retry: RetryPolicyView {
                attempts_max: retry.attempts_max,
                resumes_max: retry.resumes_max,
                after_busy_s: retry.after_busy_s,
                gap_s: retry.gap_s,
                after_fault_s: retry.after_fault_s,
                after_fault_max_s: retry.after_fault_max_s,
            },
        }
    }
}

impl CallingPolicyView {
    fn checked(self, kept: CallingPolicy) -> Result<CallingPolicy> {
        let wrong = |what: &str| Err(Problem::invalid(what));
        let mut windows = self.windows.clone();
        windows.sort_by_key(|window| window.from);
        if windows.is_empty() || windows.iter().any(|window| window.from >= window.to) {
            return wrong(
                "外呼时段至少一段，开始早于结束 / at least one window that starts before it ends",
            );
        }
        if windows.windows(2).any(|pair| pair[0].to > pair[1].from) {
            return wrong("外呼时段不能重叠 / windows must not overlap");
        }
        if windows.iter().any(|window| window.from < EARLIEST || window.to > LATEST) {
            return wrong("外呼时段须在 07:00 到 21:00 之间 / windows lie between 07:00 and 21:00");
        }
        let (dials, retry) = (self.dials_per_day_max, self.retry);
        if !(1..=5).contains(&dials) || self.completed_per_day_max == 0 {
            return wrong(
                "每日拨打 1 到 5 次，每日完成至少 1 次 / 1 to 5 dials, 1 or more completed",
            );
        }
        if !(1..=20).contains(&retry.attempts_max) || retry.resumes_max > 10 {
            return wrong(
                "拨打尝试 1 到 20 次，续问不超过 10 次 / 1 to 20 attempts, to 10 resumes",
            );
        }
        let waits = [retry.after_busy_s, retry.gap_s, retry.after_fault_s, retry.after_fault_max_s];
        if waits.iter().any(|wait| !(10..=WAIT_MAX_S).contains(wait)) {
            return wrong("间隔须在 10 秒到 7 天之间 / waits lie between 10 seconds and 7 days");
        }
        Ok(CallingPolicy {
            windows: windows.iter().map(|w| Window { from: w.from, to: w.to }).collect(),
            weekends: self.weekends,
            dials_per_day_max: dials,
            completed_per_day_max: self.completed_per_day_max,
            retry: RetryPolicy {
                attempts_max: retry.attempts_max,
                resumes_max: retry.resumes_max,
                after_busy_s: retry.after_busy_s,
                gap_s: retry.gap_s,
                after_fault_s: retry.after_fault_s,
                after_fault_max_s: retry.after_fault_max_s,
            },
            ..kept
        })
    }
}

#[utoipa::path(get, path = "/api/policies/calling", tag = "policies",
    responses((status = 200, body = CallingPolicyView)))]
async fn find(State(site): State<Shared>, _: Signed) -> Result<Json<CallingPolicyView>> {
    let stored = site.core.app.policy(NAME).await?;
    let policy = stored.and_then(|body| serde_json::from_value::<CallingPolicy>(body).ok());
    Ok(Json(policy.unwrap_or_default().into()))
}

#[utoipa::path(put, path = "/api/policies/calling", tag = "policies",
    request_body = CallingPolicyView, responses((status = 200, body = CallingPolicyView)))]
async fn put(
    State(site): State<Shared>,
    signed: Signed,
    Body(ask): Body<CallingPolicyView>,
) -> Result<Json<CallingPolicyView>> {
    signed.may_set_policy()?;
    let stored = site.core.app.policy(NAME).await?;
    let kept = stored.and_then(|body| serde_json::from_value(body).ok()).unwrap_or_default();
    let policy = ask.checked(kept)?;
    let body = serde_json::to_value(&policy).map_err(|error| Problem::fault(&error))?;
    let (core, by) = (&site.core, &signed.0.principal);
    core.app.put_policy(by, NAME, &body, core.clock.wall()).await?;
    Ok(Json(policy.into()))
}

/// 分工: the first rule that fits says whose a follow-up is.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct DivisionRuleView {
    /// 常规 `routine`, 专科 `specialty`, 专病 `disease`; absent: any.
    r#type: Option<String>,
    department: Option<String>,
    ward: Option<String>,
    /// `centre_nurse`, `ward_nurse` or `ward_doctor`.
    group: String,
}

#[utoipa::path(get, path = "/api/policies/division", tag = "policies",
    responses((status = 200, body = [DivisionRuleView])))]
async fn division(State(site): State<Shared>, _: Signed) -> Result<Json<Vec<DivisionRuleView>>> {
    let stored = site.core.app.policy(DIVISION_POLICY).await?;
    let kept: Division =
        stored.and_then(|body| serde_json::from_value(body).ok()).unwrap_or_default();
    let view = |rule: DivisionRule| DivisionRuleView {
        r#type: rule.r#type,
        department: rule.department,
        ward: rule.ward,
        group: rule.group,
    };
    Ok(Json(kept.rules.into_iter().map(view).collect()))
}

#[utoipa::path(put, path = "/api/policies/division", tag = "policies",
    request_body = [DivisionRuleView], responses((status = 204)))]
async fn put_division(
    State(site): State<Shared>,
    signed: Signed,
    Body(ask): Body<Vec<DivisionRuleView>>,
) -> Result<StatusCode> {
    signed.may_set_policy()?;
    let rule = |view: DivisionRuleView| DivisionRule {
        r#type: view.r#type,
        department: view.department,
        ward: view.ward,
        group: view.group,
    };
    let division = Division { rules: ask.into_iter().map(rule).collect() };
    division.check().map_err(|at| {
        Problem::invalid(format!("第 {at} 条规则的类型或分组有误 / rule {at} is wrong"))
    })?;
    let (core, by) = (&site.core, &signed.0.principal);
    core.app.put_division(by, &division, core.clock.wall()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// 白班 and 晚班 of a kind of day; absent: nobody is there.
#[derive(Clone, Copy, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct DayHoursView {
    day: Option<WindowView>,
    evening: Option<WindowView>,
}

/// 服务时段: when callers find somebody. Everything else is night; 调休 days are workdays.
#[derive(Clone, Copy, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ServiceHoursView {
    workday: DayHoursView,
    weekend: DayHoursView,
    holiday: DayHoursView,
}

impl From<DayHours> for DayHoursView {
    fn from(hours: DayHours) -> Self {
        let view = |it: Window| WindowView { from: it.from, to: it.to };
        Self { day: hours.day.map(view), evening: hours.evening.map(view) }
    }
}

impl From<DayHoursView> for DayHours {
    fn from(view: DayHoursView) -> Self {
        let window = |it: WindowView| Window { from: it.from, to: it.to };
        Self { day: view.day.map(window), evening: view.evening.map(window) }
    }
}

impl From<ServiceHours> for ServiceHoursView {
    fn from(hours: ServiceHours) -> Self {
        let ServiceHours { workday, weekend, holiday } = hours;
        Self { workday: workday.into(), weekend: weekend.into(), holiday: holiday.into() }
    }
}

#[utoipa::path(get, path = "/api/policies/service-hours", tag = "policies",
    responses((status = 200, body = ServiceHoursView)))]
async fn service_hours(State(site): State<Shared>, _: Signed) -> Result<Json<ServiceHoursView>> {
    Ok(Json(site.core.app.service_hours().await?.into()))
}

#[utoipa::path(put, path = "/api/policies/service-hours", tag = "policies",
    request_body = ServiceHoursView, responses((status = 200, body = ServiceHoursView)))]
async fn put_service_hours(
    State(site): State<Shared>,
    signed: Signed,
    Body(ask): Body<ServiceHoursView>,
) -> Result<Json<ServiceHoursView>> {
    signed.may_set_policy()?;
    let ServiceHoursView { workday, weekend, holiday } = ask;
    let hours =
        ServiceHours { workday: workday.into(), weekend: weekend.into(), holiday: holiday.into() };
    let core = &site.core;
    core.app.put_service_hours(&signed.0.principal, &hours, core.clock.wall()).await?;
    core.load_agents().await?;
    Ok(Json(hours.into()))
}

#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SignInPolicyView {
    /// A page that nobody touches locks after so many minutes; 0: never.
    idle_minutes: i32,
}

#[utoipa::path(get, path = "/api/policies/sign-in", tag = "policies",
    responses((status = 200, body = SignInPolicyView)))]
async fn sign_in(State(site): State<Shared>, _: Signed) -> Result<Json<SignInPolicyView>> {
    let stored = site.core.app.policy(SIGN_IN_POLICY).await?;
    let policy: SignInPolicy =
        stored.and_then(|body| serde_json::from_value(body).ok()).unwrap_or_default();
    Ok(Json(SignInPolicyView { idle_minutes: policy.idle_minutes }))
}

/// For the administrator of security.
#[utoipa::path(put, path = "/api/policies/sign-in", tag = "policies",
    request_body = SignInPolicyView, responses((status = 204)))]
async fn put_sign_in(
    State(site): State<Shared>,
    signed: Signed,
    Body(ask): Body<SignInPolicyView>,
) -> Result<StatusCode> {
    signed.is_admin()?;
    if !(0..=IDLE_MINUTES_MAX).contains(&ask.idle_minutes) {
        let what = format!("0 到 {IDLE_MINUTES_MAX} 分钟 / 0 to {IDLE_MINUTES_MAX} minutes");
        return Err(Problem::invalid(what));
    }
    let body = serde_json::to_value(SignInPolicy { idle_minutes: ask.idle_minutes });
    let body = body.map_err(|error| Problem::fault(&error))?;
    let (core, by) = (&site.core, &signed.0.principal);
    core.app.put_policy(by, SIGN_IN_POLICY, &body, core.clock.wall()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Half a shift.
const IDLE_MINUTES_MAX: i32 = 240;

const NAME: &str = "calling";

/// No hospital rings at night, whatever somebody types.
const EARLIEST: NaiveTime = match NaiveTime::from_hms_opt(7, 0, 0) {
    Some(time) => time,
    None => NaiveTime::MIN,
};
const LATEST: NaiveTime = match NaiveTime::from_hms_opt(21, 0, 0) {
    Some(time) => time,
    None => NaiveTime::MIN,
};
const WAIT_MAX_S: u64 = 7 * 24 * 3600;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_rung_at_night_by_a_typing_mistake() {
        let policy = |from: &str, to: &str| CallingPolicyView {
            windows: vec![WindowView { from: from.parse().unwrap(), to: to.parse().unwrap() }],
            ..CallingPolicy::default().into()
        };
        for (from, to, good) in [
            ("09:00:00", "20:00:00", true),
            ("06:00:00", "20:00:00", false),
            ("09:00:00", "23:00:00", false),
            ("20:00:00", "09:00:00", false),
        ] {
            assert_eq!(
                policy(from, to).checked(CallingPolicy::default()).is_ok(),
                good,
                "{from} {to}"
            );
        }
        assert!(
            CallingPolicyView::from(CallingPolicy::default())
                .checked(CallingPolicy::default())
                .is_ok()
        );
    }
}
