//! A dialplan: the steps of a call, in a file that a nurse can read (`dialplans/*.toml`).

use serde::Deserialize;

use super::questionnaire::{AnswerOption, Say, Words};

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dialplan {
    pub id: String,
    pub version: u32,
    pub title: Words,
    #[serde(rename = "step", default)]
    pub steps: Vec<Step>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "RawStep")]
pub struct Step {
    pub id: String,
    /// What stands on the page while it plays.
    pub text: Option<String>,
    /// Facts that must hold (`night`, `!night`, `open_task`), else the step is passed over.
    pub when: Vec<String>,
    pub action: Action,
}

#[derive(Clone, Debug)]
pub enum Action {
    /// Speaks, and goes on.
    Say {
        say: Say,
        neutral: bool,
        barge_in: bool,
    },
    /// Asks a whole questionnaire, its opening first. `open_task` is the form of the
    /// task that the call belongs to; `from` is where who jumps to this step begins.
    Ask {
        questionnaire: String,
        from: Option<String>,
    },
    /// One choice; each option leads to another step.
    Menu {
        say: Say,
        neutral: bool,
        option: Vec<AnswerOption>,
    },
    /// A message by voice, up to `#`, and a task for a person in these words.
    Record {
        say: Say,
        neutral: bool,
        max_seconds: u32,
        task: String,
    },
    Transfer {
        to: String,
    },
    HangUp,
    GoTo {
        step: String,
    },
}

/// The keys as they stand in the file; which of them a step needs depends on `do`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawStep {
    id: String,
    text: Option<String>,
    #[serde(rename = "do")]
    verb: String,
    #[serde(default)]
    when: Vec<String>,
    say: Option<Say>,
    #[serde(default)]
    neutral: bool,
    barge_in: Option<bool>,
    questionnaire: Option<String>,
    from: Option<String>,
    option: Option<Vec<AnswerOption>>,
    max_seconds: Option<u32>,
    task: Option<String>,
    to: Option<String>,
    step: Option<String>,
}

impl TryFrom<RawStep> for Step {
    type Error = String;

    fn try_from(raw: RawStep) -> Result<Self, String> {
        let RawStep { id, text, when, neutral, .. } = raw;
        let lacks = |what: &str| format!("step {id:?} does {:?} and needs `{what}`", raw.verb);
        let say = || raw.say.clone().ok_or_else(|| lacks("say"));
        let action = match raw.verb.as_str() {
            "say" => Action::Say { say: say()?, neutral, barge_in: raw.barge_in.unwrap_or(true) },
            "ask" => {
                let questionnaire = raw.questionnaire.ok_or_else(|| lacks("questionnaire"))?;
                Action::Ask { questionnaire, from: raw.from }
            }
            "menu" => {
                let option = raw.option.clone().ok_or_else(|| lacks("option"))?;
                Action::Menu { say: say()?, neutral, option }
            }
            "record" => Action::Record {
                say: say()?,
                neutral,
                max_seconds: raw.max_seconds.unwrap_or(RECORD_SECONDS),
                task: raw.task.clone().ok_or_else(|| lacks("task"))?,
            },
            "transfer" => Action::Transfer { to: raw.to.ok_or_else(|| lacks("to"))? },
            "hang_up" => Action::HangUp,
            "go_to" => Action::GoTo { step: raw.step.ok_or_else(|| lacks("step"))? },
            other => {
                return Err(format!(
                    "step {id:?}: {other:?} is not say, ask, menu, record, transfer, hang_up or go_to"
                ));
            }
        };
        Ok(Self { id, text, when, action })
    }
}

/// A caller's message; two minutes are enough to say who and what.
const RECORD_SECONDS: u32 = 120;
