//! Errors as the page gets them: RFC 9457. What went wrong in us is logged here, once,
//! and told without its details.

use axum::{
    Json,
    extract::{
        multipart::MultipartRejection,
        rejection::{JsonRejection, PathRejection, QueryRejection},
    },
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{app::AppError, store::StoreError};

pub(super) type Result<T, E = Problem> = std::result::Result<T, E>;

/// `application/problem+json`.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, ToSchema)]
pub(super) struct Problem {
    /// One word for programs, e.g. `conflict`.
    #[serde(rename = "type")]
    kind: &'static str,
    title: &'static str,
    status: u16,
    /// 中文 / English: what is wrong and what to do.
    detail: String,
}

impl Problem {
    fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        let (kind, title) = name(status);
        Self { kind, title, status: status.as_u16(), detail: detail.into() }
    }

    pub(super) fn not_signed_in() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "请先登录 / sign in first")
    }

    /// The password was good; the code, or setting one up, is still to come.
    pub(super) fn second_factor() -> Self {
        let what = "请先输入动态口令 / the one-time code is still to be given";
        Self { kind: "second_factor", ..Self::new(StatusCode::UNAUTHORIZED, what) }
    }

    pub(super) fn locked() -> Self {
        let what = "页面已锁定,请输入密码解锁 / the page is locked; unlock it with the password";
        Self::new(StatusCode::LOCKED, what)
    }

    pub(super) fn wrong_code() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "动态口令或恢复码不对,请重新输入 / the code is wrong; try again",
        )
    }

    pub(super) fn wrong_password() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "工号或密码不对，请重新输入 / login or password is wrong; try again",
        )
    }

    pub(super) fn forbidden(what: &str) -> Self {
        Self::new(StatusCode::FORBIDDEN, what)
    }

    pub(super) fn not_found(what: &str) -> Self {
        let detail =
            format!("没有这条记录，或不在本人科室范围内 / no such {what}, or outside the scope");
        Self::new(StatusCode::NOT_FOUND, detail)
    }

    pub(super) fn no_page() -> Self {
        Self::new(StatusCode::NOT_FOUND, "没有这个地址 / there is nothing at this address")
    }

    pub(super) fn invalid(what: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, what)
    }

    pub(super) fn conflict(what: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, what)
    }

    pub(super) fn too_many() -> Self {
        Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "登录次数过多，请一分钟后再试 / too many tries; wait a minute",
        )
    }

    /// Whatever is wrong with it.
    pub(super) fn no_token() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "令牌无效 / the token is not good here")
    }

    pub(super) fn too_often() -> Self {
        Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "请求太频繁，请一分钟后再试 / too many requests; wait a minute",
        )
    }

    pub(super) fn too_large(bytes_max: usize) -> Self {
        let mib = bytes_max / 1024 / 1024;
        let what = format!("内容没有传完，或超过 {mib} MiB / cut off, or over {mib} MiB");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, what)
    }

    pub(super) fn range() -> Self {
        Self::new(
            StatusCode::RANGE_NOT_SATISFIABLE,
            "请求的片段不在录音之内 / the range is outside the recording",
        )
    }

    /// Ours: logged here, told without details.
    pub(super) fn fault(error: &dyn std::fmt::Display) -> Self {
        tracing::error!(%error, "a request failed");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "系统故障，已记入日志，请稍后重试 / a fault of the system, logged; try again later",
        )
    }

    fn busy(error: &dyn std::fmt::Display) -> Self {
        tracing::error!(%error, "the database cannot be used");
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "数据库暂时不可用，请稍后重试 / the database is not there; try again later",
        )
    }
}

const fn name(status: StatusCode) -> (&'static str, &'static str) {
    match status {
        StatusCode::BAD_REQUEST => ("bad_request", "请求有误 / bad request"),
        StatusCode::UNAUTHORIZED => ("not_signed_in", "未登录 / not signed in"),
        StatusCode::FORBIDDEN => ("forbidden", "没有权限 / not allowed"),
        StatusCode::NOT_FOUND => ("not_found", "没有找到 / not found"),
        StatusCode::CONFLICT => ("conflict", "状态不允许 / not in this state"),
        StatusCode::PAYLOAD_TOO_LARGE => ("too_large", "内容太大 / too large"),
        StatusCode::RANGE_NOT_SATISFIABLE => ("range", "片段有误 / range not satisfiable"),
        StatusCode::UNPROCESSABLE_ENTITY => ("invalid", "内容有误 / invalid"),
        StatusCode::LOCKED => ("locked", "已锁定 / locked"),
        StatusCode::TOO_MANY_REQUESTS => ("too_many", "次数过多 / too many requests"),
        StatusCode::SERVICE_UNAVAILABLE => ("unavailable", "暂不可用 / unavailable"),
        _ => ("fault", "系统故障 / fault"),
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(self)).into_response();
        let kind = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        response
    }
}

impl From<AppError> for Problem {
    fn from(error: AppError) -> Self {
        match error {
            AppError::NotFound(what) => Self::not_found(what),
            AppError::Conflict(what) => Self::conflict(what),
            AppError::Forbidden(what) => Self::forbidden(&what),
            AppError::Invalid(what) => Self::invalid(what),
            AppError::Store(error) => error.into(),
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::Database(_) => Self::busy(&error),
            StoreError::TooSlow => Self::invalid(
                "条件太宽,查询超时;请加上出院日期或科室 / the query takes too long: narrow it by the \
                 day of discharge or the department",
            ),
            StoreError::Value => Self::invalid(
                "含有无法保存的字符，或数值超出范围 / a character that cannot be kept, or a value out of \
                 range",
            ),
            StoreError::Rule(_) => {
                tracing::warn!(%error, "a request was refused by the record");
                Self::conflict(
                    "引用的记录不存在，或与已有记录冲突 / it refers to what is not there, or stands \
                     against what is",
                )
            }
            StoreError::Migration(_) => Self::fault(&error),
        }
    }
}

impl From<JsonRejection> for Problem {
    fn from(rejection: JsonRejection) -> Self {
        Self::invalid(format!("请求内容有误 / {}", without_values(&rejection.body_text())))
    }
}

impl From<QueryRejection> for Problem {
    fn from(rejection: QueryRejection) -> Self {
        Self::invalid(format!("查询条件有误 / {}", without_values(&rejection.body_text())))
    }
}

impl From<MultipartRejection> for Problem {
    fn from(rejection: MultipartRejection) -> Self {
        Self::invalid(format!("请选择文件上传 / {}", without_values(&rejection.body_text())))
    }
}

impl From<PathRejection> for Problem {
    fn from(_: PathRejection) -> Self {
        Self::no_page()
    }
}

/// What is wrong with a request, without what it said: a value in the wrong place may be a
/// name or a number of somebody. serde quotes values by `"` and, after these words, by `` ` ``.
fn without_values(text: &str) -> String {
    let mut told = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['"', '`']) {
        let (before, quoted) = rest.split_at(at);
        told.push_str(before);
        let mark = if quoted.starts_with('"') { '"' } else { '`' };
        let end = end_of(&quoted[1..], mark);
        let is_value = mark == '"' || QUOTING.iter().any(|word| before.ends_with(word));
        let shown = quoted.get(..=end).filter(|_| !is_value);
        told.push_str(shown.unwrap_or("\"…\""));
        rest = quoted.get(end + 1..).unwrap_or_default();
    }
    told.push_str(rest);
    // A path leads through the request's own keys, and those may be anything as well.
    let is_plain = |text: &str| {
        text.is_ascii() && !text.split(|c: char| !c.is_ascii_digit()).any(|run| run.len() > 6)
    };
    match told.split_once(": ") {
        Some((start, path)) => match path.split_once(": ") {
            Some((path, what)) if !is_plain(path) => format!("{start}: …: {what}"),
            _ => told,
        },
        None => told,
    }
}

/// Where the closing mark is, counted from the opening one; in the end when it is missing.
fn end_of(text: &str, mark: char) -> usize {
    let mut is_escaped = false;
    for (at, letter) in text.char_indices() {
        if letter == mark && !is_escaped {
            return at + 1;
        }
        is_escaped = letter == '\\' && !is_escaped;
    }
    text.len()
}

const QUOTING: &[&str] = &[
    "unknown field ",
    "unknown variant ",
    "integer ",
    "floating point ",
    "boolean ",
    "character ",
    "number ",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_request_said_is_not_said_again() {
        for (text, expected) in [
            (
                "Failed: name: invalid type: string \"甄\\\"x\", expected u32 at line 1 column 9",
                "Failed: name: invalid type: string \"…\", expected u32 at line 1 column 9",
            ),
            (
                "Failed: unknown field `13977700042`, expected one of `name`, `sex`",
                "Failed: unknown field \"…\", expected one of `name`, `sex`",
            ),
            ("Failed: of.13977700042: invalid type: null", "Failed: …: invalid type: null"),
            (
                "invalid type: integer `7`, expected a string",
                "invalid type: integer \"…\", expected a string",
            ),
            ("missing field `reason` at line 1", "missing field `reason` at line 1"),
            ("a string \"that does not end", "a string \"…\""),
        ] {
            assert_eq!(without_values(text), expected);
        }
    }

    #[test]
    fn a_problem_has_type_title_status_and_detail_in_both_languages() {
        let problem = Problem::from(AppError::Conflict("没有停呼 / calls are not stopped".into()));
        let json = serde_json::to_value(&problem).unwrap();
        assert_eq!(json["type"], "conflict");
        assert_eq!(json["status"], 409);
        assert_eq!(json["title"], "状态不允许 / not in this state");
        assert_eq!(json["detail"], "没有停呼 / calls are not stopped");
        let response = problem.into_response();
        assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json");
    }

    #[test]
    fn a_fault_of_ours_tells_no_details() {
        let problem = Problem::fault(&"relation person, key (id_card)=(350203…)");
        assert_eq!(problem.status, 500);
        assert!(!problem.detail.contains("350203"));
    }
}
