//! Templates and rules of plans: each change is a new version, and plans keep theirs.

use chrono::{DateTime, Utc};
use serde_json::json;
use uuid::Uuid;

use super::{App, AppError, Change, Result, note, plans::to_json};
use crate::{
    domain::{PlanBody, PlanKind, PlanRule, ScheduleLimits},
    store::{
        self, Departments, Principal,
        plan::{Rules, Template},
    },
};

pub struct NewTemplate {
    pub code: String,
    pub name: String,
    pub kind: String,
    /// Absent: the whole hospital's.
    pub department: Option<Uuid>,
    pub body: PlanBody,
}

impl App {
    /// A new version of a template; plans that are running keep the one they were made by.
    ///
    /// # Errors
    /// Every fault of its schedule, within the hospital's limits; another department's
    /// template (F056).
    pub async fn put_template(
        &self,
        by: &Principal,
        new: &NewTemplate,
        at: DateTime<Utc>,
    ) -> Result<Template> {
        let _: PlanKind = new.kind.parse().map_err(AppError::Invalid)?;
        if new.name.trim().is_empty() {
            return Err(AppError::Invalid("请填写名称 / a name is required".to_owned()));
        }
        let mut scope = self.scope(by).await?;
        let limits = store::policy::find(&mut scope, LIMITS).await?;
        let limits: ScheduleLimits =
            limits.and_then(|body| serde_json::from_value(body).ok()).unwrap_or_default();
        new.body.check(&limits).map_err(|faults| {
            let told: Vec<_> = faults.iter().map(ToString::to_string).collect();
            AppError::Invalid(told.join("; "))
        })?;
        let before = store::plan::lock_template(&mut scope, &new.code).await?;
        let owner = before.as_ref().and_then(|before| before.department_id);
        may_edit(by, owner, before.is_some())?;
        may_edit(by, new.department, true)?;
        let made = Template {
            code: new.code.clone(),
            version: before.map_or(1, |before| before.version + 1),
            name: new.name.clone(),
            department_id: new.department,
            kind: new.kind.clone(),
            body: to_json(&new.body)?,
            created_at: at,
            created_by: by.name().to_owned(),
        };
        store::plan::put_template(&mut scope, &made).await?;
        let change = Change {
            did: "changed",
            subject: "plan_template",
            subject_id: made.code.clone(),
            reason: None,
            department: made.department_id,
            body: json!({ "code": made.code, "version": made.version }),
        };
        note(&mut scope, by, &change, at).await?;
        self.commit(scope).await?;
        Ok(made)
    }

    /// The pilot's switch, the target and who answers for a department.
    ///
    /// # Errors
    /// When there is no such department.
    pub async fn put_department(
        &self,
        by: &Principal,
        department: Uuid,
        edit: &store::admission::DepartmentEdit<'_>,
        at: DateTime<Utc>,
    ) -> Result<()> {
        let mut scope = self.scope(by).await?;
        if !store::admission::edit_department(&mut scope, department, edit).await? {
            return Err(AppError::NotFound("department"));
        }
        let change = Change {
            did: if edit.follows_up { "changed" } else { "switched_off" },
            subject: "department",
            subject_id: department.to_string(),
            reason: None,
            department: Some(department),
            body: json!({ "department_id": department, "follows_up": edit.follows_up }),
        };
        note(&mut scope, by, &change, at).await?;
        self.commit(scope).await
    }

    /// # Errors
    /// When a rule names a template that is not there.
    pub async fn put_plan_rules(
        &self,
        by: &Principal,
        rules: Vec<PlanRule>,
        at: DateTime<Utc>,
    ) -> Result<Rules> {
        let mut scope = self.scope(by).await?;
        if rules.len() > RULES_MAX {
            let what = format!("规则不能超过 {RULES_MAX} 条 / no more than {RULES_MAX} rules");
            return Err(AppError::Invalid(what));
        }
        let templates = store::plan::templates(&mut scope).await?;
        let known = |rule: &&PlanRule| templates.iter().any(|t| t.code == rule.template);
        if let Some(rule) = rules.iter().find(|rule| !known(rule)) {
            let what = format!("没有计划模板 {0} / there is no plan template {0}", rule.template);
            return Err(AppError::Invalid(what));
        }
        let version = store::assessment::rules_version(&mut scope).await? + 1;
        let created_by = by.name().to_owned();
        let made = Rules { version, body: to_json(&rules)?, created_at: at, created_by };
        store::plan::put_rules(&mut scope, &made).await?;
        let change = Change {
            did: "changed",
            subject: "plan_rules",
            subject_id: version.to_string(),
            reason: None,
            department: None,
            body: json!({ "version": version }),
        };
        note(&mut scope, by, &change, at).await?;
        self.commit(scope).await?;
        Ok(made)
    }
}

/// The hospital's templates are changed by those who see the whole hospital, a
/// department's by its own people.
fn may_edit(by: &Principal, department: Option<Uuid>, exists: bool) -> Result<()> {
    let Principal::Person { departments: Departments::Some(own), .. } = by else { return Ok(()) };
    let may = match department {
        Some(department) => own.contains(&department),
        None => !exists,
    };
    if may {
        return Ok(());
    }
    let what =
        "这是别的科室或全院的模板,请复制后再改 / another department's template: clone it first";
    Err(AppError::Conflict(what.to_owned()))
}

/// The row of `policy` that bounds what departments may set.
const LIMITS: &str = "schedule_limits";

/// Each discharge is held against all of them.
const RULES_MAX: usize = 200;
