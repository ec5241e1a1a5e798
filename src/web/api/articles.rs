//! 知识库: written in versions, found by any of their characters (F118).

use axum::{Json, extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{
    app::ArticleText,
    domain::ArticleQuery,
    store::article,
    web::{
        Shared,
        ask::{Body, Key, Terms, Window, page},
        auth::Signed,
        error::{Problem, Result},
    },
};

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(search, create))
        .routes(routes!(find, write))
        .routes(routes!(versions))
        .routes(routes!(text))
        .routes(routes!(retire))
}

#[derive(Default, Deserialize, utoipa::IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
struct ArticleTerms {
    /// Every word of it stands in the article; one character is enough.
    search: String,
    category: String,
}

#[derive(Serialize, ToSchema)]
struct FoundArticleView {
    article_id: Uuid,
    version: i32,
    category: String,
    department: Option<String>,
    title: String,
    updated_at: DateTime<Utc>,
    excerpt: String,
}

#[derive(Serialize, ToSchema)]
struct ArticleListView {
    items: Vec<FoundArticleView>,
    has_more: bool,
}

#[utoipa::path(get, path = "/api/articles", tag = "articles", params(ArticleTerms, Window),
    responses((status = 200, body = ArticleListView)))]
async fn search(
    State(site): State<Shared>,
    signed: Signed,
    Terms(ask): Terms<ArticleTerms>,
    Terms(window): Terms<Window>,
) -> Result<Json<ArticleListView>> {
    let query = ArticleQuery::read(&ask.search);
    if query.words.is_empty() && !ask.search.trim().is_empty() {
        return Ok(Json(ArticleListView { items: Vec::new(), has_more: false }));
    }
    let limit = window.limit();
    let mut scope = signed.scope(&site).await?;
    let rows = article::search(&mut scope, &query, &ask.category, limit + 1, window.offset());
    let (rows, has_more) = page(rows.await?, limit);
    let view = |row: article::Found| FoundArticleView {
        article_id: row.article_id,
        version: row.version,
        category: row.category,
        department: row.department,
        title: row.title,
        updated_at: row.updated_at,
        excerpt: row.excerpt,
    };
    Ok(Json(ArticleListView { items: rows.into_iter().map(view).collect(), has_more }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ArticleAsk {
    category: String,
    department_id: Option<Uuid>,
    title: String,
    body: String,
    /// What has changed.
    note: Option<String>,
    /// The version that was read; needed to write the next one.
    base: Option<i32>,
}

impl ArticleAsk {
    fn text(self) -> ArticleText {
        let Self { category, department_id: department, title, body, note, .. } = self;
        ArticleText { category, department, title, body, note }
    }
}

#[derive(Serialize, ToSchema)]
struct WrittenArticleView {
    article_id: Uuid,
    version: i32,
}

#[utoipa::path(post, path = "/api/articles", tag = "articles", request_body = ArticleAsk,
    responses((status = 201, body = WrittenArticleView)))]
async fn create(
    State(site): State<Shared>,
    signed: Signed,
    Body(ask): Body<ArticleAsk>,
) -> Result<(StatusCode, Json<WrittenArticleView>)> {
    let (core, by) = (&site.core, &signed.0.principal);
    let article_id = core.app.create_article(by, &ask.text(), core.clock.wall()).await?;
    Ok((StatusCode::CREATED, Json(WrittenArticleView { article_id, version: 1 })))
}

#[utoipa::path(put, path = "/api/articles/{id}", tag = "articles", params(("id" = Uuid, Path)),
    request_body = ArticleAsk, responses((status = 200, body = WrittenArticleView)))]
async fn write(
    State(site): State<Shared>,
    signed: Signed,
    Key(id): Key,
    Body(ask): Body<ArticleAsk>,
) -> Result<Json<WrittenArticleView>> {
    let base = ask.base.ok_or_else(|| Problem::invalid("请带上 base 版本号 / base is required"))?;
    let (core, by) = (&site.core, &signed.0.principal);
    let version = core.app.write_article(by, id, base, &ask.text(), core.clock.wall()).await?;
    Ok(Json(WrittenArticleView { article_id: id, version }))
}

#[derive(Serialize, ToSchema)]
struct ArticleView {
    article_id: Uuid,
    version: i32,
    is_current: bool,
    category: String,
    department_id: Option<Uuid>,
    title: String,
    body: String,
    note: Option<String>,
    written_by: String,
    at: DateTime<Utc>,
    retired_at: Option<DateTime<Utc>>,
    retired_why: Option<String>,
    /// Enquiries that were answered out of it.
    used: i64,
}

fn view(row: article::Version) -> ArticleView {
    ArticleView {
        article_id: row.article_id,
        version: row.version,
        is_current: row.is_current,
        category: row.category,
        department_id: row.department_id,
        title: row.title,
        body: row.body,
        note: row.note,
        written_by: row.written_by,
        at: row.at,
        retired_at: row.retired_at,
        retired_why: row.retired_why,
        used: row.used,
    }
}

#[derive(Default, Deserialize, utoipa::IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
struct VersionTerms {
    /// Absent: the current one.
    version: Option<i32>,
}

async fn version(
    site: &Shared,
    signed: &Signed,
    id: Uuid,
    wanted: Option<i32>,
) -> Result<article::Version> {
    let mut scope = signed.scope(site).await?;
    let mut rows = article::versions(&mut scope, id, wanted, 1).await?;
    rows.pop().ok_or_else(|| Problem::not_found("article"))
}

#[utoipa::path(get, path = "/api/articles/{id}", tag = "articles",
    params(("id" = Uuid, Path), VersionTerms), responses((status = 200, body = ArticleView)))]
async fn find(
    State(site): State<Shared>,
    signed: Signed,
    Key(id): Key,
    Terms(ask): Terms<VersionTerms>,
) -> Result<Json<ArticleView>> {
    Ok(Json(view(version(&site, &signed, id, ask.version).await?)))
}

/// Title and text alone, to be put into a call's notes; the last line says which version.
#[utoipa::path(get, path = "/api/articles/{id}/text", tag = "articles",
    params(("id" = Uuid, Path), VersionTerms),
    responses((status = 200, body = String, content_type = "text/plain")))]
async fn text(
    State(site): State<Shared>,
    signed: Signed,
    Key(id): Key,
    Terms(ask): Terms<VersionTerms>,
) -> Result<String> {
    let article::Version { title, body, version, .. } =
        version(&site, &signed, id, ask.version).await?;
    Ok(format!("{title}\n{body}\n(知识库第 {version} 版)\n"))
}

#[utoipa::path(get, path = "/api/articles/{id}/versions", tag = "articles",
    params(("id" = Uuid, Path)), responses((status = 200, body = [ArticleView])))]
async fn versions(
    State(site): State<Shared>,
    signed: Signed,
    Key(id): Key,
) -> Result<Json<Vec<ArticleView>>> {
    let mut scope = signed.scope(&site).await?;
    let rows = article::versions(&mut scope, id, None, VERSIONS_SHOWN).await?;
    Ok(Json(rows.into_iter().map(view).collect()))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RetireArticle {
    reason: String,
}

#[utoipa::path(post, path = "/api/articles/{id}/retire", tag = "articles",
    params(("id" = Uuid, Path)), request_body = RetireArticle, responses((status = 204)))]
async fn retire(
    State(site): State<Shared>,
    signed: Signed,
    Key(id): Key,
    Body(ask): Body<RetireArticle>,
) -> Result<StatusCode> {
    let (core, by) = (&site.core, &signed.0.principal);
    core.app.retire_article(by, id, &ask.reason, core.clock.wall()).await?;
    Ok(StatusCode::NO_CONTENT)
}

const VERSIONS_SHOWN: i64 = 200;
