//! Runs: made, filled, started, paused, stopped, finished.

use chrono::{DateTime, Utc};
use serde_json::json;
use uuid::Uuid;

use super::{App, AppError, Change, Result, note};
use crate::{
    base::{ImportId, RunId},
    domain::RunState,
    store::{self, Principal, Scope},
};

pub struct NewRun {
    pub name: String,
    pub dialplan: String,
    /// The dialplan and every questionnaire it asks, as they are now: what was asked stays
    /// readable for ever.
    pub dialplan_sha256: String,
    pub contents: Vec<(&'static str, String, String, String)>,
    pub trunk: Option<String>,
    pub lines: Option<i32>,
    pub import: Option<ImportId>,
    /// Those of a cohort, instead of an import's.
    pub admissions: Option<Vec<Uuid>>,
    pub is_standing: bool,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RunAction {
    Start,
    Pause,
    Stop,
    Finish,
    WaitForWindow,
}

impl RunAction {
    const fn goal(self) -> (RunState, &'static str) {
        match self {
            Self::Start => (RunState::Running, "started"),
            Self::Pause => (RunState::Paused, "paused"),
            Self::Stop => (RunState::Stopped, "stopped"),
            Self::Finish => (RunState::Finished, "finished"),
            Self::WaitForWindow => (RunState::WaitingWindow, "waits"),
        }
    }
}

impl App {
    /// Makes a run with one task for each discharge; answers it and the number of tasks.
    ///
    /// # Errors
    /// When nobody is left to be called.
    pub async fn create_run(
        &self,
        by: &Principal,
        new: &NewRun,
        at: DateTime<Utc>,
    ) -> Result<(RunId, u64)> {
        let id = RunId::new(at);
        let mut scope = self.scope(by).await?;
        for (kind, name, sha256, body) in &new.contents {
            store::run::keep_content(&mut scope, kind, name, sha256, body, at).await?;
        }
        let row = store::run::NewRun {
            id,
            name: &new.name,
            dialplan: &new.dialplan,
            dialplan_sha256: &new.dialplan_sha256,
            trunk: new.trunk.as_deref(),
            lines: new.lines,
            is_standing: new.is_standing,
            created_by: by.name(),
        };
        store::run::insert(&mut scope, &row, at).await?;
        // One that goes on for ever asks what is published on the day.
        if !new.is_standing {
            for (kind, name, sha256, _) in &new.contents {
                store::series::pin(&mut scope, id, kind, name, sha256).await?;
            }
        }
        // A step of a plan that asks the same is the follow-up; others get a task of the run.
        let import = new.import.map(|import| *import.as_uuid());
        let tasks = match (&new.admissions, new.is_standing) {
            (_, true) => store::due::join(&mut scope, id, at).await?,
            (Some(ids), false) => store::run::fill_with(&mut scope, id, ids, at).await?,
            (None, false) => {
                store::due::take_steps(&mut scope, id, import, at).await?
                    + store::run::fill(&mut scope, id, new.import, at).await?
            }
        };
        if tasks == 0 && !new.is_standing {
            let what = "没有可随访的出院患者 / there is nobody to be followed up";
            return Err(AppError::Conflict(what.to_owned()));
        }
        note_run(&mut scope, by, id, "created", None, at).await?;
        self.commit(scope).await?;
        Ok((id, tasks))
    }

    /// # Errors
    /// When the run is not there, or is in a state from which this cannot be done.
    pub async fn change_run(
        &self,
        by: &Principal,
        run: RunId,
        action: RunAction,
        why: Option<&str>,
        at: DateTime<Utc>,
    ) -> Result<RunState> {
        let mut scope = self.scope(by).await?;
        let state = store::run::lock(&mut scope, run).await?.ok_or(AppError::NotFound("run"))?;
        let state: RunState = state.parse().map_err(AppError::Invalid)?;
        let (goal, did) = action.goal();
        if state == goal {
            return Ok(goal);
        }
        if !state.may_become(goal) {
            let what = format!(
                "批次现在是 {state},不能变为 {goal} / the run is {state}, it cannot become {goal}"
            );
            return Err(AppError::Conflict(what));
        }
        store::run::set_state(&mut scope, run, goal.as_str(), why, at).await?;
        note_run(&mut scope, by, run, did, why, at).await?;
        self.commit(scope).await?;
        Ok(goal)
    }
}

impl App {
    /// # Errors
    /// When the database cannot be read.
    pub async fn active_runs(&self) -> Result<Vec<store::run::Run>> {
        let mut scope = self.scope(&Principal::System("dialler")).await?;
        Ok(store::run::active(&mut scope).await?)
    }

    /// How many follow-ups of a run are still to be dialled or are being, and when the
    /// next may be.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn run_outlook(&self, run: RunId) -> Result<(i64, Option<DateTime<Utc>>)> {
        let mut scope = self.scope(&Principal::System("dialler")).await?;
        let open = store::task::open_count(&mut scope, run).await?;
        let next = store::task::next_time(&mut scope, run).await?;
        Ok((open, next))
    }
}

async fn note_run(
    scope: &mut Scope,
    by: &Principal,
    run: RunId,
    did: &str,
    reason: Option<&str>,
    at: DateTime<Utc>,
) -> Result<()> {
    let change = Change {
        did,
        subject: "run",
        subject_id: run.to_string(),
        reason,
        department: None,
        body: json!({ "run_id": run }),
    };
    note(scope, by, &change, at).await
}
