//! 质检: templates, draws, and the reviews of recordings.

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::Value;
use uuid::Uuid;

use super::{Result, Scope};

pub struct Template {
    pub code: String,
    pub version: i32,
    pub name: String,
    pub items: Value,
    pub created_at: DateTime<Utc>,
    pub created_by: String,
}

/// The newest version of each.
pub async fn templates(scope: &mut Scope) -> Result<Vec<Template>> {
    Ok(sqlx::query_as!(
        Template,
        "select distinct on (code) code, version, name, items, created_at, created_by
         from quality_template order by code, version desc limit 500"
    )
    .fetch_all(scope.connection())
    .await?)
}

/// The newest version, or this one.
pub async fn template(
    scope: &mut Scope,
    code: &str,
    version: Option<i32>,
) -> Result<Option<Template>> {
    Ok(sqlx::query_as!(
        Template,
        "select code, version, name, items, created_at, created_by from quality_template
         where code = $1 and ($2::int is null or version = $2) order by version desc limit 1",
        code,
        version
    )
    .fetch_optional(scope.connection())
    .await?)
}

/// Answers its version.
pub async fn put_template(
    scope: &mut Scope,
    (code, name): (&str, &str),
    items: &Value,
    by: &str,
    at: DateTime<Utc>,
) -> Result<i32> {
    Ok(sqlx::query_scalar!(
        "insert into quality_template (code, version, name, items, created_at, created_by)
         select $1, 1 + coalesce((select max(version) from quality_template where code = $1), 0),
             $2, $3, $5, $4
         returning version",
        code,
        name,
        items,
        by,
        at
    )
    .fetch_one(scope.connection())
    .await?)
}

/// Whole recordings of conversations that began in this time, in an order of their own.
pub async fn population(
    scope: &mut Scope,
    department: Option<Uuid>,
    (from, to): (DateTime<Utc>, DateTime<Utc>),
) -> Result<Vec<Uuid>> {
    Ok(sqlx::query_scalar!(
        "select recording_id from recording
         where kind = 'call' and state in ('finished', 'repaired')
           and started_at >= $2 and started_at < $3
           and ($1::uuid is null or department_id = $1)
         order by recording_id limit 200000",
        department,
        from,
        to
    )
    .fetch_all(scope.connection())
    .await?)
}

pub struct NewDraw<'a> {
    pub id: Uuid,
    pub template: &'a str,
    pub version: i32,
    pub department: Option<Uuid>,
    pub from_on: NaiveDate,
    pub to_on: NaiveDate,
    pub seed: i64,
    pub wanted: i32,
    pub population: i32,
    pub by: &'a str,
}

pub async fn insert_draw(scope: &mut Scope, new: &NewDraw<'_>, at: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "insert into quality_draw (draw_id, template, template_version, department_id, from_on,
             to_on, seed, wanted, population, drawn_by, drawn_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        new.id,
        new.template,
        new.version,
        new.department,
        new.from_on,
        new.to_on,
        new.seed,
        new.wanted,
        new.population,
        new.by,
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(())
}

pub struct NewReview<'a> {
    pub id: Uuid,
    pub recording: Uuid,
    pub draw: Option<Uuid>,
    pub position: i32,
    pub template: &'a str,
    pub version: i32,
    pub by: &'a str,
}

/// Answers whether the recording is there; whose call it was is kept with it.
pub async fn open_review(
    scope: &mut Scope,
    new: &NewReview<'_>,
    at: DateTime<Utc>,
) -> Result<bool> {
    let done = sqlx::query!(
        "insert into quality_review (review_id, recording_id, department_id, draw_id, position,
             template, template_version, agent, opened_by, opened_at)
         select $1, r.recording_id, r.department_id, $3, $4, $5, $6, h.agent, $7, $8
         from recording r join call_history h using (call_id)
         where r.recording_id = $2 and r.state in ('finished', 'repaired')",
        new.id,
        new.recording,
        new.draw,
        new.position,
        new.template,
        new.version,
        new.by,
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(done.rows_affected() == 1)
}

pub struct Draw {
    pub draw_id: Uuid,
    pub template: String,
    pub template_version: i32,
    pub department: Option<String>,
    pub from_on: NaiveDate,
    pub to_on: NaiveDate,
    pub seed: i64,
    pub wanted: i32,
    pub population: i32,
    pub drawn_by: String,
    pub drawn_at: DateTime<Utc>,
    pub drawn: i64,
    pub scored: i64,
    pub mean: Option<f64>,
}

pub async fn draws(scope: &mut Scope, limit: i64, offset: i64) -> Result<Vec<Draw>> {
    Ok(sqlx::query_as!(
        Draw,
        r#"select w.draw_id, w.template, w.template_version, d.name as "department?", w.from_on,
             w.to_on, w.seed, w.wanted, w.population, w.drawn_by, w.drawn_at,
             count(v.review_id) as "drawn!", count(v.scored_at) as "scored!",
             avg(v.total)::float8 as mean
         from quality_draw w left join department d using (department_id)
             left join quality_review v using (draw_id)
         group by w.draw_id, d.name order by w.drawn_at desc, w.draw_id limit $1 offset $2"#,
        limit,
        offset
    )
    .fetch_all(scope.connection())
    .await?)
}

pub struct Review {
    pub review_id: Uuid,
    pub recording_id: Uuid,
    pub call_id: Uuid,
    pub department: Option<String>,
    pub draw_id: Option<Uuid>,
    pub position: i32,
    pub template: String,
    pub template_version: i32,
    pub agent: String,
    pub opened_by: String,
    pub opened_at: DateTime<Utc>,
    pub scores: Option<Value>,
    pub total: Option<f64>,
    pub failed_by: Option<String>,
    pub remark: Option<String>,
    pub reviewer: Option<String>,
    pub scored_at: Option<DateTime<Utc>>,
}

#[derive(Clone, Debug, Default)]
pub struct Terms {
    pub id: Option<Uuid>,
    pub draw: Option<Uuid>,
    /// Those that nobody has scored.
    pub open: bool,
    pub reviewer: String,
    pub agent: String,
    pub limit: i64,
    pub offset: i64,
}

pub async fn reviews(scope: &mut Scope, terms: &Terms) -> Result<Vec<Review>> {
    Ok(sqlx::query_as!(
        Review,
        r#"select v.review_id, v.recording_id, r.call_id, d.name as "department?", v.draw_id,
             v.position, v.template, v.template_version, v.agent, v.opened_by, v.opened_at,
             v.scores, v.total::float8 as total, v.failed_by, v.remark, v.reviewer, v.scored_at
         from quality_review v join recording r using (recording_id)
             left join department d on d.department_id = v.department_id
         where ($1::uuid is null or v.review_id = $1) and ($2::uuid is null or v.draw_id = $2)
           and (not $3 or v.scored_at is null) and ($4 = '' or v.reviewer = $4)
           and ($5 = '' or v.agent = $5)
         order by v.opened_at desc, v.position, v.review_id limit $6 offset $7"#,
        terms.id,
        terms.draw,
        terms.open,
        terms.reviewer,
        terms.agent,
        terms.limit,
        terms.offset
    )
    .fetch_all(scope.connection())
    .await?)
}

pub struct Scored<'a> {
    pub scores: &'a Value,
    pub total: f64,
    pub failed_by: Option<&'a str>,
    pub remark: Option<&'a str>,
    pub by: &'a str,
}

/// Answers whether it was open.
pub async fn score(
    scope: &mut Scope,
    review: Uuid,
    scored: &Scored<'_>,
    at: DateTime<Utc>,
) -> Result<bool> {
    let done = sqlx::query!(
        "update quality_review set scores = $2, total = $3::float8::numeric, failed_by = $4,
             remark = $5, reviewer = $6, scored_at = $7
         where review_id = $1 and scored_at is null",
        review,
        scored.scores,
        scored.total,
        scored.failed_by,
        scored.remark,
        scored.by,
        at
    )
    .execute(scope.connection())
    .await?;
    Ok(done.rows_affected() == 1)
}

pub struct Summed {
    pub agent: String,
    pub reviewer: String,
    pub reviews: i64,
    pub mean: f64,
    pub failed: i64,
}

/// Who scored whom in these days.
pub async fn summary(
    scope: &mut Scope,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> Result<Vec<Summed>> {
    Ok(sqlx::query_as!(
        Summed,
        r#"select agent, reviewer as "reviewer!", count(*) as "reviews!",
             avg(total)::float8 as "mean!", count(failed_by) as "failed!"
         from quality_review where scored_at >= $1 and scored_at < $2
         group by 1, 2 order by 1, 2 limit 1000"#,
        from,
        to
    )
    .fetch_all(scope.connection())
    .await?)
}
