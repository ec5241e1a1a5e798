//! 知识库: each change is a version; what was told out of an older one can still be read.

use chrono::{DateTime, Utc};
use serde_json::json;
use uuid::Uuid;

use super::{App, AppError, Change, Result, note, plans::needs_reason};
use crate::{
    base::TaskId,
    domain::{grams, searched},
    store::{Departments, Principal, Scope, article},
};

/// An article as somebody writes it.
#[derive(Clone, Debug)]
pub struct ArticleText {
    pub category: String,
    /// Whose people may change it; absent: those of the whole hospital.
    pub department: Option<Uuid>,
    pub title: String,
    pub body: String,
    pub note: Option<String>,
}

impl App {
    /// # Errors
    /// When it says nothing, is too long, or the department is not one's own.
    pub async fn create_article(
        &self,
        by: &Principal,
        text: &ArticleText,
        at: DateTime<Utc>,
    ) -> Result<Uuid> {
        check(text)?;
        must_own(by, text.department)?;
        let mut scope = self.scope(by).await?;
        let id = *TaskId::new(at).as_uuid();
        put(&mut scope, by, (id, 1), text, at).await?;
        told(&mut scope, by, "created", (id, 1), None, at).await?;
        self.commit(scope).await?;
        Ok(id)
    }

    /// The next version. `base`: the one that was read; if another came between, nothing is
    /// written.
    ///
    /// # Errors
    /// When it is not there, retired, not one's own, or has changed since.
    pub async fn write_article(
        &self,
        by: &Principal,
        id: Uuid,
        base: i32,
        text: &ArticleText,
        at: DateTime<Utc>,
    ) -> Result<i32> {
        check(text)?;
        let mut scope = self.scope(by).await?;
        let found = own(&mut scope, by, id).await?;
        if found.version != base {
            let what = format!(
                "已有第 {} 版,请重新打开再改 / there is version {} by now: open it again",
                found.version, found.version
            );
            return Err(AppError::Conflict(what));
        }
        let version = base + 1;
        put(&mut scope, by, (id, version), text, at).await?;
        told(&mut scope, by, "written", (id, version), text.note.as_deref(), at).await?;
        self.commit(scope).await?;
        Ok(version)
    }

    /// It is found no more; what was told out of it stays.
    ///
    /// # Errors
    /// Without a reason, or when it is not there.
    pub async fn retire_article(
        &self,
        by: &Principal,
        id: Uuid,
        why: &str,
        at: DateTime<Utc>,
    ) -> Result<()> {
        needs_reason(why)?;
        let mut scope = self.scope(by).await?;
        let found = own(&mut scope, by, id).await?;
        article::retire(&mut scope, id, why.trim(), at).await?;
        told(&mut scope, by, "retired", (id, found.version), Some(why), at).await?;
        self.commit(scope).await
    }
}

fn check(text: &ArticleText) -> Result<()> {
    let is_empty = |text: &str| text.trim().is_empty();
    if is_empty(&text.title) || is_empty(&text.body) || is_empty(&text.category) {
        let what = "请填写类别、标题和正文 / category, title and text are required";
        return Err(AppError::Invalid(what.to_owned()));
    }
    if text.body.chars().count() > BODY_MAX || text.title.chars().count() > TITLE_MAX {
        let what = format!("正文最长 {BODY_MAX} 字,标题 {TITLE_MAX} 字 / the text is too long");
        return Err(AppError::Invalid(what));
    }
    Ok(())
}

fn must_own(by: &Principal, department: Option<Uuid>) -> Result<()> {
    match by {
        Principal::Person { departments: Departments::Some(own), .. }
            if !department.is_some_and(|id| own.contains(&id)) =>
        {
            let what = "只能维护本科室的条目 / only articles of one's own department";
            Err(AppError::Forbidden(what.to_owned()))
        }
        _ => Ok(()),
    }
}

async fn own(scope: &mut Scope, by: &Principal, id: Uuid) -> Result<article::Standing> {
    let found = article::lock(scope, id).await?.ok_or(AppError::NotFound("article"))?;
    must_own(by, found.department_id)?;
    if found.retired {
        let what = "这个条目已停用 / this article is retired";
        return Err(AppError::Conflict(what.to_owned()));
    }
    Ok(found)
}

async fn put(
    scope: &mut Scope,
    by: &Principal,
    (id, version): (Uuid, i32),
    text: &ArticleText,
    at: DateTime<Utc>,
) -> Result<()> {
    let plain = searched(&format!("{}\n{}", text.title, text.body));
    let keys: Vec<String> = grams(&plain).into_iter().collect();
    let written = article::Written {
        id,
        version,
        category: text.category.trim(),
        department: text.department,
        title: text.title.trim(),
        body: text.body.trim(),
        searched: &plain,
        grams: &keys,
        note: text.note.as_deref(),
        by: by.name(),
    };
    match version {
        1 => article::insert(scope, &written, at).await?,
        _ => article::write(scope, &written, at).await?,
    }
    Ok(())
}

async fn told(
    scope: &mut Scope,
    by: &Principal,
    did: &str,
    (id, version): (Uuid, i32),
    reason: Option<&str>,
    at: DateTime<Utc>,
) -> Result<()> {
    let change = Change {
        did,
        subject: "article",
        subject_id: id.to_string(),
        reason,
        department: None,
        body: json!({ "article_id": id, "version": version }),
    };
    note(scope, by, &change, at).await
}

/// Ten pages: longer ones are two articles.
const BODY_MAX: usize = 20_000;
const TITLE_MAX: usize = 200;
