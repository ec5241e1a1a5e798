//! A dialplan run offline, in virtual time, against typed keys and silences: a nurse
//! reads the path, a test expects its end. The words: dialplans/README.md.

pub(super) mod command;
pub(super) mod stage;

use std::{sync::Arc, time::Instant};

use self::{
    command::{Command, Expected, somebody},
    stage::Stage,
};
use super::{Casting, Library, Machine, machine::CallContext};
use crate::base::Pii;

#[derive(Debug, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct ScriptError {
    pub line: usize,
    pub what: String,
}

/// The path of the call, line by line.
///
/// # Errors
/// The first line that cannot be read, cannot happen, or expects what did not come.
pub fn run_script(
    library: &Arc<Library>,
    dialplan: &str,
    script: &str,
    now: Instant,
) -> Result<String, ScriptError> {
    let mut casting = Casting::default();
    let mut context = somebody();
    let mut stage = None;
    let mut last = 0;
    for (at, line) in script.lines().enumerate() {
        let fail = |what| ScriptError { line: at + 1, what };
        last = at + 1;
        let Some(command) = command::read(line).map_err(fail)? else { continue };
        match command {
            Command::Patient(words) if stage.is_none() => {
                command::cast(&words, &mut context, &mut casting).map_err(fail)?;
            }
            Command::Answered { form, link_id, code } if stage.is_none() => {
                context.answered.insert((form, link_id), Pii::new(code));
            }
            Command::Patient(_) | Command::Answered { .. } => {
                return Err(fail("who is called must stand before the first key".to_owned()));
            }
            command => {
                let open = || open(library, dialplan, &context, &casting, now);
                let stage = match &mut stage {
                    Some(stage) => stage,
                    None => stage.insert(open().map_err(fail)?),
                };
                play(stage, command).map_err(fail)?;
            }
        }
    }
    let mut stage = match stage {
        Some(stage) => stage,
        None => open(library, dialplan, &context, &casting, now)
            .map_err(|what| ScriptError { line: last, what })?,
    };
    stage.settle();
    Ok(stage.path())
}

fn open(
    library: &Arc<Library>,
    dialplan: &str,
    context: &CallContext,
    casting: &Casting,
    now: Instant,
) -> Result<Stage, String> {
    let program = library.program_for(dialplan, casting)?;
    let mut stage = Stage::new(Machine::new(Arc::new(program), context.clone()), now);
    stage.start();
    Ok(stage)
}

fn play(stage: &mut Stage, command: Command) -> Result<(), String> {
    match command {
        Command::Keys { keys, while_speaking } => {
            for key in keys {
                stage.press(key, while_speaking)?;
            }
        }
        Command::Silence => stage.be_silent()?,
        Command::Speech => stage.speak()?,
        Command::Nobody => stage.nobody()?,
        Command::Recorded => stage.recorded()?,
        Command::Stop => stage.stop(),
        Command::HangUp => stage.hang_up(),
        Command::Expect(expected) => {
            stage.settle();
            expect(stage, &expected)?;
        }
        Command::Patient(_) | Command::Answered { .. } => {}
    }
    Ok(())
}

fn expect(stage: &Stage, expected: &Expected) -> Result<(), String> {
    let verdict = stage.machine.verdict();
    let compare = |what: &str, wanted: &str, found: Option<String>| {
        let found = found.unwrap_or_else(|| "nothing".to_owned());
        if found == wanted {
            Ok(())
        } else {
            Err(format!("{what} should be {wanted}, but is {found}"))
        }
    };
    let happened = |what: String| {
        if stage.happened(&what) { Ok(()) } else { Err(format!("there was no {what}")) }
    };
    match expected {
        Expected::Outcome(wanted) => {
            compare("the outcome", wanted, verdict.conversation.map(|found| found.to_string()))
        }
        Expected::Promise(wanted) => {
            compare("the promise", wanted, verdict.promised.map(|found| found.to_string()))
        }
        Expected::Answer { link_id, wanted } => {
            let found = stage.answer(link_id);
            compare(&format!("the answer to {link_id}"), wanted, found)
        }
        Expected::NoAnswer(link_id) => match stage.answer(link_id) {
            None => Ok(()),
            Some(found) => Err(format!("{link_id} should have no answer, but has {found}")),
        },
        Expected::Happened(what) => happened(what.clone()),
        Expected::NotHappened(what) if stage.happened(what) => {
            Err(format!("there should be no {what}"))
        }
        Expected::Said(text) if !stage.said(text) => Err(format!("{text} was not said")),
        Expected::NotSaid(text) if stage.said(text) => Err(format!("{text} was said")),
        Expected::Person if !verdict.wants_person => Err("no person is wanted".to_owned()),
        Expected::Ended if !stage.machine.has_ended() => Err("the call goes on".to_owned()),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
