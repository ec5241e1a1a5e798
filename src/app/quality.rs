//! 质检: templates in versions, samples by a seed, each recording scored once and never by whose
//! call it was.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use rand::{SeedableRng as _, rngs::StdRng, seq::SliceRandom as _};
use serde_json::json;
use uuid::Uuid;

use super::{App, AppError, Change, Result, note};
use crate::{
    base::TaskId,
    domain::{QualityItem, QualityScore, check_quality_items, quality_score},
    store::{Principal, Scope, quality},
};

/// What is drawn, and out of what.
pub struct QualityDraw<'a> {
    pub template: &'a str,
    pub department: Option<Uuid>,
    pub from_on: NaiveDate,
    pub to_on: NaiveDate,
    /// The same days as moments.
    pub span: (DateTime<Utc>, DateTime<Utc>),
    pub seed: i64,
    pub wanted: i32,
}

impl App {
    /// The next version of a template; reviews that are open keep theirs.
    ///
    /// # Errors
    /// When its items do not weigh 100, or one is there twice.
    pub async fn put_quality_template(
        &self,
        by: &Principal,
        (code, name): (&str, &str),
        items: &[QualityItem],
        at: DateTime<Utc>,
    ) -> Result<i32> {
        check_quality_items(items).map_err(|fault| AppError::Invalid(fault.to_string()))?;
        if name.trim().is_empty() || code.trim().is_empty() {
            return Err(AppError::Invalid("请填写名称 / a name is required".to_owned()));
        }
        let mut scope = self.scope(by).await?;
        let named = (code, name.trim());
        let version =
            quality::put_template(&mut scope, named, &json!(items), by.name(), at).await?;
        let of = ("quality_template", format!("{code} {version}"), None);
        told(&mut scope, by, "written", of, at).await?;
        self.commit(scope).await?;
        Ok(version)
    }

    /// Recordings to listen to: the same seed over the same days draws the same ones.
    ///
    /// # Errors
    /// When there is nothing to draw from, or no such template.
    pub async fn draw_quality(
        &self,
        by: &Principal,
        ask: &QualityDraw<'_>,
        at: DateTime<Utc>,
    ) -> Result<(Uuid, usize)> {
        if !(1..=WANTED_MAX).contains(&ask.wanted) || ask.to_on < ask.from_on {
            let what = format!("份数应为 1 到 {WANTED_MAX},起止日期先后有序 / 1 to {WANTED_MAX}");
            return Err(AppError::Invalid(what));
        }
        let mut scope = self.scope(by).await?;
        let template = quality::template(&mut scope, ask.template, None).await?;
        let template = template.ok_or(AppError::NotFound("template"))?;
        let mut found = quality::population(&mut scope, ask.department, ask.span).await?;
        if found.is_empty() {
            let what = "这段时间没有录音可抽 / there is nothing to draw from";
            return Err(AppError::Conflict(what.to_owned()));
        }
        let population = i32::try_from(found.len()).unwrap_or(i32::MAX);
        found.shuffle(&mut StdRng::seed_from_u64(ask.seed.unsigned_abs()));
        found.truncate(usize::try_from(ask.wanted).unwrap_or_default());
        let id = *TaskId::new(at).as_uuid();
        let new = quality::NewDraw {
            id,
            template: &template.code,
            version: template.version,
            department: ask.department,
            from_on: ask.from_on,
            to_on: ask.to_on,
            seed: ask.seed,
            wanted: ask.wanted,
            population,
            by: by.name(),
        };
        quality::insert_draw(&mut scope, &new, at).await?;
        for (position, recording) in (0..).zip(&found) {
            let of = (*recording, Some(id), position);
            open(&mut scope, by, of, &template, at).await?;
        }
        let of = ("quality_draw", id.to_string(), ask.department);
        told(&mut scope, by, "drawn", of, at).await?;
        self.commit(scope).await?;
        Ok((id, found.len()))
    }

    /// One recording, out of no sample.
    ///
    /// # Errors
    /// When there is no such recording or template, or it is under review already.
    pub async fn open_quality_review(
        &self,
        by: &Principal,
        recording: Uuid,
        template: &str,
        at: DateTime<Utc>,
    ) -> Result<Uuid> {
        let mut scope = self.scope(by).await?;
        let template = quality::template(&mut scope, template, None).await?;
        let template = template.ok_or(AppError::NotFound("template"))?;
        let id = open(&mut scope, by, (recording, None, 0), &template, at).await?;
        told(&mut scope, by, "opened", ("quality_review", id.to_string(), None), at).await?;
        self.commit(scope).await?;
        Ok(id)
    }

    /// # Errors
    /// When it is scored already, it was one's own call, or the marks do not fit the template.
    pub async fn score_quality_review(
        &self,
        by: &Principal,
        review: Uuid,
        marks: &BTreeMap<String, u32>,
        remark: Option<&str>,
        at: DateTime<Utc>,
    ) -> Result<QualityScore> {
        let mut scope = self.scope(by).await?;
        let terms = quality::Terms { id: Some(review), limit: 1, ..quality::Terms::default() };
        let found = quality::reviews(&mut scope, &terms).await?.pop();
        let found = found.ok_or(AppError::NotFound("review"))?;
        if found.agent == by.name() {
            let what = "不能给自己的通话打分 / nobody scores an own call";
            return Err(AppError::Forbidden(what.to_owned()));
        }
        let version = Some(found.template_version);
        let template = quality::template(&mut scope, &found.template, version).await?;
        let template = template.ok_or(AppError::NotFound("template"))?;
        let items: Vec<QualityItem> = serde_json::from_value(template.items)
            .map_err(|fault| AppError::Invalid(format!("a stored template: {fault}")))?;
        let score = quality_score(&items, marks);
        let score = score.map_err(|fault| AppError::Invalid(fault.to_string()))?;
        let scored = quality::Scored {
            scores: &json!(marks),
            total: score.total,
            failed_by: score.failed_by.as_deref(),
            remark,
            by: by.name(),
        };
        if !quality::score(&mut scope, review, &scored, at).await? {
            let what = "这份录音已有评分 / it is scored already";
            return Err(AppError::Conflict(what.to_owned()));
        }
        told(&mut scope, by, "scored", ("quality_review", review.to_string(), None), at).await?;
        self.commit(scope).await?;
        Ok(score)
    }
}

async fn open(
    scope: &mut Scope,
    by: &Principal,
    (recording, draw, position): (Uuid, Option<Uuid>, i32),
    template: &quality::Template,
    at: DateTime<Utc>,
) -> Result<Uuid> {
    let id = *TaskId::new(at).as_uuid();
    let new = quality::NewReview {
        id,
        recording,
        draw,
        position,
        template: &template.code,
        version: template.version,
        by: by.name(),
    };
    let is_there = quality::open_review(scope, &new, at).await?;
    is_there.then_some(id).ok_or(AppError::NotFound("recording"))
}

async fn told(
    scope: &mut Scope,
    by: &Principal,
    did: &str,
    (subject, subject_id, department): (&str, String, Option<Uuid>),
    at: DateTime<Utc>,
) -> Result<()> {
    let body = json!({ "id": subject_id });
    note(scope, by, &Change { did, subject, subject_id, reason: None, department, body }, at).await
}

/// More than a month's listening.
const WANTED_MAX: i32 = 500;
