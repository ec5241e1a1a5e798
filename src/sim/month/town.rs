//! Who lives there: the year's people with names and places in the record, and how each takes
//! a call to one of their numbers.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
};

use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;
use tracing::error;

use crate::{
    base::{PersonId, RunId, TaskId},
    domain::Calendar,
    engine::{Core, LiveCall},
    sim::{
        Answers, Behaviour, Dial,
        year::{Line, Manner, Model, Person, Silence, Stage, manner, silence},
    },
    store::{Principal, StoreError, answer, task},
};

pub(super) struct Resident {
    pub(super) person: Person,
    /// No two have the same: the board of live calls shows whom the machine asks for.
    pub(super) name: String,
    pub(super) id: PersonId,
    pub(super) ward_was_asked: bool,
    /// Calls by machine and by nurses: each has dice of its own.
    pub(super) calls: u32,
}

#[derive(Default)]
pub(super) struct Residents {
    pub(super) all: Vec<Resident>,
    by_name: HashMap<String, usize>,
}

impl Residents {
    pub(super) fn add(&mut self, resident: Resident) {
        self.by_name.insert(resident.name.clone(), self.all.len());
        self.all.push(resident);
    }

    pub(super) fn find(&self, id: uuid::Uuid) -> Option<usize> {
        self.all.iter().position(|resident| *resident.id.as_uuid() == id)
    }
}

/// Shared by the world, which fills it, and by the carrier, whose patients live here.
pub(super) struct Town {
    pub(super) model: Model,
    pub(super) calendar: Calendar,
    /// Set when the server runs; the carrier is there before it.
    pub(super) core: OnceLock<Arc<Core>>,
    /// What each run asks.
    pub(super) dialplans: OnceLock<HashMap<RunId, String>>,
    residents: Mutex<Residents>,
    stage: Mutex<Stage>,
}

impl Town {
    pub(super) fn new(model: Model, calendar: Calendar, stage: Stage) -> Self {
        Self {
            model,
            calendar,
            core: OnceLock::new(),
            dialplans: OnceLock::new(),
            residents: Mutex::default(),
            stage: Mutex::new(stage),
        }
    }

    pub(super) fn residents(&self) -> MutexGuard<'_, Residents> {
        self.residents.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// For the carrier.
    pub(super) fn answers(self: &Arc<Self>) -> Answers {
        let town = Arc::clone(self);
        Arc::new(move |dialled: String| -> BoxFuture<'static, Option<Dial>> {
            let town = Arc::clone(&town);
            Box::pin(async move {
                let taken = town.takes(&dialled).await;
                taken.unwrap_or_else(|error| {
                    error!(%error, "a simulated patient does not know how to answer");
                    None
                })
            })
        })
    }

    async fn takes(&self, dialled: &str) -> Result<Option<Dial>, String> {
        let core = self.core.get().ok_or("no server")?;
        let called = core.live.list().into_iter().filter(|call| *call.remote.reveal() == dialled);
        let Some(call) = called.max_by_key(|call| call.since) else { return Ok(None) };
        let (run, name) = call.run.zip(call.name.as_ref()).ok_or("a call of no run")?;
        let dialplan = self.dialplans.get().and_then(|all| all.get(&run)).ok_or("no such run")?;
        let answered = self.answered(core, run, name.reveal()).await.map_err(|e| e.to_string())?;
        let (person, line, calls) = self.whose(&call, dialled).ok_or("nobody has this number")?;
        self.how(&person, line, calls, dialplan, &answered, core.clock.wall()).map(Some)
    }

    /// Whom the machine asks for, who picks up at this number, and the how manieth call it is.
    fn whose(&self, call: &LiveCall, dialled: &str) -> Option<(Person, Line, u32)> {
        let number: u64 = dialled.trim_start_matches("+86").parse().ok()?;
        let mut residents = self.residents();
        let at = *residents.by_name.get(call.name.as_ref()?.reveal())?;
        let resident = &mut residents.all[at];
        resident.calls += 1;
        let of = |(known, _): &&(u64, Line)| *known == number;
        let (_, line) = *resident.person.numbers.iter().find(of)?;
        Some((resident.person.clone(), line, resident.calls))
    }

    /// What the follow-up has been told in earlier calls: it is not asked again.
    async fn answered(
        &self,
        core: &Core,
        run: RunId,
        name: &str,
    ) -> Result<Vec<(String, String, String)>, StoreError> {
        let mut scope = core.app.database().scope(&Principal::System("simulator")).await?;
        let rows = task::list(&mut scope, Some(run), "in_progress", name, 1, 0).await?;
        let Some(row) = rows.first() else { return Ok(Vec::new()) };
        let answers = answer::of_task(&mut scope, TaskId::from_uuid(row.task_id)).await?;
        let given = |a: answer::Answer| {
            let code = a.option_code.or(a.value_number).unwrap_or_default();
            (a.questionnaire, a.link_id, code)
        };
        Ok(answers.into_iter().map(given).collect())
    }

    /// The dice fall as in the simulated year; what is pressed was tried on the machine itself.
    fn how(
        &self,
        person: &Person,
        line: Line,
        calls: u32,
        dialplan: &str,
        answered: &[(String, String, String)],
        at: DateTime<Utc>,
    ) -> Result<Dial, String> {
        let part = self.calendar.part_of(at);
        if person.chance(calls, 1) >= person.answers(&self.model, line, part) {
            let does = match silence(&self.model, person, line, calls) {
                Silence::Dead => Behaviour::Vacant,
                Silence::Busy => Behaviour::Busy,
                Silence::Declined => Behaviour::Decline,
                Silence::PoweredOff => Behaviour::PoweredOff,
                Silence::NoAnswer => Behaviour::NoAnswer,
            };
            return Ok(Dial { ring_s: RINGS_S, ..Dial::of(does) });
        }
        let manner = manner(&self.model, person, line, false, calls);
        let picks_up = Dial {
            ring_s: RINGS_S * (0.5 + person.chance(calls, 21)),
            ..Dial::of(Behaviour::Answer)
        };
        if manner == Manner::NoKeys {
            return Ok(Dial { speaks_s: SPEAKS_S, ..picks_up });
        }
        let age = self.calendar.local_date(at).years_since(person.birth).unwrap_or(0) as i32;
        let mut stage = self.stage.lock().unwrap_or_else(PoisonError::into_inner);
        let spoken = stage.play(dialplan, person, age, manner, answered)?;
        // Each question is heard to its end.
        let keys: Vec<_> = spoken.keys.iter().map(|keys| format!("~{keys}")).collect();
        let hangs_up = matches!(manner, Manner::BreaksOff(_)).then_some(keys.len());
        Ok(Dial { keys, hangs_up_after: hangs_up, ..picks_up })
    }
}

/// Two or three rings, more or less.
const RINGS_S: f64 = 6.0;
const SPEAKS_S: f64 = 2.0;
