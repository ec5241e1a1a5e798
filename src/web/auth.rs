//! Who asks, and may they? The session's secret is in a cookie that no script can read;
//! a write must also come from our own page.

use std::net::IpAddr;

use axum::{
    extract::{ConnectInfo, FromRequestParts, Request, State},
    http::{HeaderMap, Method, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::{
    Shared, Site,
    door::Source,
    error::{Problem, Result},
};
use crate::{
    app::SignedIn,
    base::UserId,
    domain::acd::AgentState,
    store::{Departments, Principal, Scope},
};

/// Whoever has a session: perhaps without the code that is still to be given, perhaps locked.
pub(super) struct Held(pub(super) SignedIn);

impl FromRequestParts<Shared> for Held {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, site: &Shared) -> Result<Self> {
        let token = token(&parts.headers, site).ok_or_else(Problem::not_signed_in)?;
        let signed_in = site.core.app.signed_in(token, site.core.clock.wall()).await?;
        signed_in.map(Self).ok_or_else(Problem::not_signed_in)
    }
}

impl Held {
    /// With code and all; the page may be locked.
    pub(super) fn past_sign_in(&self) -> Result<&SignedIn> {
        match self.0.needs {
            None => Ok(&self.0),
            Some(_) => Err(Problem::second_factor()),
        }
    }

    /// Whoever may set up a second factor, some before anything else.
    pub(super) fn for_enrolment(&self) -> Result<&SignedIn> {
        match self.0.needs.as_deref() {
            Some("code") => Err(Problem::second_factor()),
            _ if self.0.locked_at.is_some() => Err(Problem::locked()),
            _ => Ok(&self.0),
        }
    }
}

/// Whoever is signed in, and there.
pub(super) struct Signed(pub(super) SignedIn);

impl FromRequestParts<Shared> for Signed {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, site: &Shared) -> Result<Self> {
        let held = Held::from_request_parts(parts, site).await?;
        held.past_sign_in()?;
        let token = token(&parts.headers, site).ok_or_else(Problem::not_signed_in)?;
        let signed = Self(held.0);
        if has_left(site, &signed.0, token).await? {
            return Err(Problem::locked());
        }
        if let Some(module) = module_of(parts.uri.path()) {
            signed.may(module)?;
        }
        if signed.only_reads() && !is_read(&parts.method) && !is_own(parts.uri.path()) {
            let what =
                "审计管理员只能查看,不能更改 / the administrator of the audit changes nothing";
            return Err(Problem::forbidden(what));
        }
        Ok(signed)
    }
}

/// Is the page locked, by hand or because nobody has touched it? Never in a call.
pub(super) async fn has_left(site: &Site, who: &SignedIn, token: &str) -> Result<bool> {
    let core = &site.core;
    let at = core.clock.wall();
    if who.locked_at.is_none() && is_in_call(site, who.user) {
        if who.seen_at.is_none_or(|seen| at - seen >= TOUCHED_EVERY) {
            core.app.touch_session(token, at).await?;
        }
        return Ok(false);
    }
    if !who.has_left(at) {
        return Ok(false);
    }
    if who.locked_at.is_none() {
        core.app.lock_screen(who, token, at).await?;
    }
    Ok(true)
}

fn is_in_call(site: &Site, user: UserId) -> bool {
    let seat = site.core.acd.seat(user, site.core.clock.instant());
    let busy = [AgentState::Ringing, AgentState::Talking, AgentState::Holding, AgentState::WrapUp];
    seat.is_some_and(|seat| busy.contains(&seat.state))
}

/// A row is not written with each request.
const TOUCHED_EVERY: chrono::Duration = chrono::Duration::seconds(30);

impl Signed {
    /// Has one of this person's roles the module? Asked anew with each request, so that a
    /// module taken away is gone at once.
    pub(super) fn may(&self, module: &str) -> Result<()> {
        let what =
            "当前角色没有这项权限，请联系系统管理员 / this role may not; ask the administrator";
        let allowed = self.0.modules.iter().any(|own| own == module);
        allowed.then_some(()).ok_or_else(|| Problem::forbidden(what))
    }

    /// Of the audit's administrator; the record lets no such role have other modules.
    fn only_reads(&self) -> bool {
        let modules = &self.0.modules;
        modules.iter().any(|own| own == "audit")
            && modules.iter().all(|own| ["audit", "home"].contains(&own.as_str()))
    }

    /// Makes, starts and stops runs, imports discharges.
    pub(super) fn may_run(&self) -> Result<()> {
        self.may("runs")
    }

    pub(super) fn may_resolve(&self) -> Result<()> {
        self.may("repairs")
    }

    /// Sees names, numbers and id cards in clear, when it is asked for.
    pub(super) fn may_see_clear(&self) -> Result<()> {
        self.may("clear")
    }

    pub(super) fn may_set_policy(&self) -> Result<()> {
        self.may("policies")
    }

    pub(super) fn is_admin(&self) -> Result<()> {
        self.may("users")
    }

    pub(super) fn may_stop_all(&self) -> Result<()> {
        let what = "没有全部停呼的权限，请找班长 / not allowed to stop all calls; ask a supervisor";
        self.0.may_stop_all.then_some(()).ok_or_else(|| Problem::forbidden(what))
    }

    /// New discharges may be of any department.
    pub(super) fn sees_all(&self) -> bool {
        matches!(&self.0.principal, Principal::Person { departments: Departments::All, .. })
    }

    pub(super) const fn user(&self) -> Option<UserId> {
        match &self.0.principal {
            Principal::Person { user, .. } => Some(*user),
            Principal::System(_) => None,
        }
    }

    pub(super) fn sees(&self, department: Option<uuid::Uuid>) -> bool {
        match (&self.0.principal, department) {
            (Principal::Person { departments: Departments::Some(own), .. }, Some(department)) => {
                own.contains(&department)
            }
            _ => true,
        }
    }

    pub(super) async fn scope(&self, site: &Site) -> Result<Scope> {
        Ok(site.core.app.database().scope(&self.0.principal).await?)
    }
}

impl Site {
    /// On plain http on loopback a cookie cannot be `Secure`, nor be named `__Host-`.
    pub(super) const fn cookie_name(&self) -> &'static str {
        if self.is_secure { "__Host-suifang" } else { "suifang_session" }
    }

    pub(super) fn cookie(&self, token: &str, max_age_s: u32) -> String {
        let secure = if self.is_secure { "; Secure" } else { "" };
        let name = self.cookie_name();
        format!("{name}={token}; Path=/; HttpOnly; SameSite=Strict; Max-Age={max_age_s}{secure}")
    }
}

pub(super) fn token<'a>(headers: &'a HeaderMap, site: &Site) -> Option<&'a str> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    cookie(cookies, site.cookie_name())
}

fn cookie<'a>(mut headers: impl Iterator<Item = &'a str>, name: &str) -> Option<&'a str> {
    headers.find_map(|header| {
        let mut pairs = header.split(';').filter_map(|pair| pair.trim().split_once('='));
        pairs.find(|(key, _)| *key == name).map(|(_, value)| value)
    })
}

fn is_read(method: &Method) -> bool {
    [Method::GET, Method::HEAD, Method::OPTIONS].contains(method)
}

/// One's own session, second factor and drafts are nobody else's record.
fn is_own(path: &str) -> bool {
    path == "/api/session" || path.starts_with("/api/session/") || path.starts_with("/api/me/")
}

/// The module that an address belongs to; the first prefix that fits. An address that is
/// not here is everybody's who is signed in.
fn module_of(path: &str) -> Option<&'static str> {
    let fits = |prefix: &str| {
        let rest = path.strip_prefix(prefix);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    if is_of_signalling(path) {
        return Some("signalling");
    }
    MODULES.iter().find(|(prefix, _)| fits(prefix)).map(|(_, module)| *module)
}

/// Whoever looks for faults of the line need not see answers and recordings, and the reverse.
fn is_of_signalling(path: &str) -> bool {
    let of_call = path.strip_prefix("/api/calls/").and_then(|rest| rest.split_once('/'));
    of_call.is_some_and(|(_, rest)| rest == "trace" || rest.starts_with("trace/"))
}

const MODULES: &[(&str, &str)] = &[
    ("/api/desk", "desk"),
    ("/api/board", "board"),
    ("/api/queues", "queues"),
    ("/api/agents", "queues"),
    ("/api/patients/export", "exports"),
    ("/api/due/export", "exports"),
    ("/api/announcements", "trunks"),
    ("/api/runs", "runs"),
    ("/api/imports", "imports"),
    ("/api/past-follow-ups", "imports"),
    ("/api/column-mappings", "imports"),
    ("/api/hospital-messages", "interfaces"),
    ("/api/sources", "interfaces"),
    ("/api/doors", "interfaces"),
    ("/api/tokens", "interfaces"),
    ("/api/calls", "calls"),
    ("/api/recordings", "recordings"),
    ("/api/alerts", "alerts"),
    ("/api/attempts", "repairs"),
    ("/api/patients", "patients"),
    ("/api/numbers", "patients"),
    ("/api/person-rights", "person_rights"),
    ("/api/appointments", "due"),
    ("/api/cohort", "patients"),
    ("/api/topics", "patients"),
    ("/api/due", "due"),
    ("/api/tasks", "due"),
    ("/api/reminders", "due"),
    ("/api/plan-templates", "plans"),
    ("/api/plan-rules", "plans"),
    ("/api/plan-board", "plans"),
    ("/api/plans", "plans"),
    ("/api/questionnaires", "questionnaires"),
    ("/api/series", "questionnaires"),
    ("/api/prompts", "prompts"),
    ("/api/opinions", "opinions"),
    ("/api/answers", "due"),
    ("/api/allocation", "allocation"),
    ("/api/samples", "samples"),
    ("/api/pdca", "statistics"),
    ("/api/statistics", "statistics"),
    ("/api/roster", "roster"),
    ("/api/complaints", "complaints"),
    ("/api/enquiries", "enquiries"),
    ("/api/articles", "articles"),
    ("/api/blocklist", "blocklist"),
    ("/api/voicemail", "voicemail"),
    ("/api/quality", "quality"),
    ("/api/audit", "audit"),
    ("/api/users", "users"),
    ("/api/roles", "roles"),
];

/// The browser's address; a proxy that we trust says it for us.
pub(super) struct From(pub(super) IpAddr);

impl FromRequestParts<Shared> for From {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, site: &Shared) -> Result<Self> {
        let info = ConnectInfo::<Source>::from_request_parts(parts, site).await;
        let peer = info.map_or(IpAddr::from([0, 0, 0, 0]), |ConnectInfo(source)| source.0.ip());
        let is_proxy = site.core.config().web.trusted_proxy == Some(peer);
        let said = parts.headers.get("x-forwarded-for").and_then(|value| value.to_str().ok());
        // The last one is what the proxy itself saw.
        let last = said.and_then(|said| said.rsplit(',').next()?.trim().parse().ok());
        Ok(Self(last.filter(|_| is_proxy).unwrap_or(peer)))
    }
}

/// A write that another site's page makes a browser send is refused.
pub(super) async fn own_page_only(
    State(site): State<Shared>,
    request: Request,
    next: Next,
) -> Response {
    let reads = is_read(request.method());
    // A token is no cookie: another page's browser does not send it by itself.
    let of_systems = super::bearer::is_for_systems(request.uri().path());
    if reads || of_systems || is_own_page(request.headers(), site.is_secure) {
        return next.run(request).await;
    }
    let what =
        "请求不是从本页面发出的，请刷新后重试 / not sent from this page; reload and try again";
    Problem::forbidden(what).into_response()
}

fn is_own_page(headers: &HeaderMap, is_secure: bool) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let scheme = if is_secure { "https" } else { "http" };
    let host = text("host").unwrap_or_default();
    let site = text("sec-fetch-site").is_none_or(|site| site == "same-origin");
    let origin = text("origin").is_none_or(|origin| origin == format!("{scheme}://{host}"));
    text("x-suifang") == Some("1") && site && origin
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_comes_from_our_own_page() {
        let own = [("host", "sf:8080"), ("x-suifang", "1"), ("origin", "http://sf:8080")];
        let cases = [
            (own, true),
            ([own[0], own[1], ("sec-fetch-site", "same-origin")], true),
            ([own[0], own[1], ("accept", "*/*")], true),
            ([own[0], own[1], ("origin", "https://evil.example")], false),
            ([own[0], own[1], ("sec-fetch-site", "cross-site")], false),
            ([own[0], own[1], ("origin", "null")], false),
            ([own[0], ("x-suifang", "0"), own[2]], false),
            ([own[0], ("accept", "*/*"), own[2]], false),
        ];
        for (headers, expected) in cases {
            let map = headers.iter().map(|(name, value)| {
                let name: header::HeaderName = name.parse().unwrap();
                (name, value.parse().unwrap())
            });
            let map: HeaderMap = map.collect();
            assert_eq!(is_own_page(&map, false), expected, "{headers:?}");
        }
    }

    #[test]
    fn the_session_is_found_among_other_cookies() {
        for (header, expected) in [
            ("suifang_session=abc", Some("abc")),
            ("a=b; suifang_session=abc; c=d", Some("abc")),
            ("xsuifang_session=abc", None),
            ("", None),
        ] {
            assert_eq!(cookie([header].into_iter(), "suifang_session"), expected, "{header}");
        }
    }
}
