//! The words of a script.

use chrono::NaiveDate;

use crate::{
    base::{Key, Pii},
    ivr::{Casting, machine::CallContext, reading},
};

pub(super) enum Command {
    Patient(Vec<String>),
    /// An answer of an earlier call.
    Answered {
        form: String,
        link_id: String,
        code: String,
    },
    Keys {
        keys: Vec<Key>,
        while_speaking: bool,
    },
    Silence,
    Speech,
    Nobody,
    Recorded,
    Stop,
    HangUp,
    Expect(Expected),
}

pub(super) enum Expected {
    Outcome(String),
    Promise(String),
    Answer {
        link_id: String,
        wanted: String,
    },
    NoAnswer(String),
    /// `alert pain.nrs urgent`, `effect opt_out`, `task 来电留言`, `transfer duty`.
    Happened(String),
    NotHappened(String),
    Said(String),
    NotSaid(String),
    Person,
    Ended,
}

/// `None` for an empty line or a comment, which after a command has two spaces before its
/// `#`: `key #` is a key.
pub(super) fn read(line: &str) -> Result<Option<Command>, String> {
    let line = line.split("  #").next().unwrap_or_default().trim();
    let (verb, rest) = line.split_once(' ').map_or((line, ""), |(verb, rest)| (verb, rest.trim()));
    let command = match verb {
        "" => return Ok(None),
        comment if comment.starts_with('#') => return Ok(None),
        "patient" => Command::Patient(rest.split_whitespace().map(str::to_owned).collect()),
        "answered" => match rest.split_whitespace().collect::<Vec<_>>().as_slice() {
            [form, link_id, code] => Command::Answered {
                form: (*form).to_owned(),
                link_id: (*link_id).to_owned(),
                code: (*code).to_owned(),
            },
            _ => return Err("answered needs a form, a linkId and a code".to_owned()),
        },
        "key" | "keys" => Command::Keys { keys: keys(rest)?, while_speaking: false },
        "key!" => Command::Keys { keys: keys(rest)?, while_speaking: true },
        "silence" => Command::Silence,
        "speech" => Command::Speech,
        "nobody" => Command::Nobody,
        "recorded" => Command::Recorded,
        "stop" => Command::Stop,
        "hang" => Command::HangUp,
        "expect" => Command::Expect(expected(rest)?),
        other => return Err(format!("{other:?} is no word of a script")),
    };
    Ok(Some(command))
}

fn keys(text: &str) -> Result<Vec<Key>, String> {
    let keys = text.chars().filter(|c| !c.is_whitespace());
    let keys: Vec<_> = keys
        .map(|c| Key::try_from(c).map_err(|error| error.to_string()))
        .collect::<Result<_, _>>()?;
    if keys.is_empty() { Err("which key?".to_owned()) } else { Ok(keys) }
}

fn expected(text: &str) -> Result<Expected, String> {
    let (what, rest) = text.split_once(' ').unwrap_or((text, ""));
    let rest = rest.trim().to_owned();
    Ok(match what {
        "outcome" => Expected::Outcome(rest),
        "promise" => Expected::Promise(rest),
        "answer" => {
            let (link_id, wanted) =
                rest.split_once('=').ok_or_else(|| "expect answer ID = CODE".to_owned())?;
            Expected::Answer {
                link_id: link_id.trim().to_owned(),
                wanted: wanted.trim().to_owned(),
            }
        }
        "said" => Expected::Said(rest),
        "person" => Expected::Person,
        "end" => Expected::Ended,
        "alert" | "effect" | "task" | "transfer" | "destroyed" | "paused" | "resumed" => {
            Expected::Happened(text.trim().to_owned())
        }
        "no" | "not" => match rest.split_once(' ') {
            Some(("answer", link_id)) => Expected::NoAnswer(link_id.trim().to_owned()),
            Some(("said", text)) => Expected::NotSaid(text.trim().to_owned()),
            _ => Expected::NotHappened(rest),
        },
        other => return Err(format!("{other:?} cannot be expected")),
    })
}

/// Whom a script calls when it does not say.
pub(in crate::ivr) fn somebody() -> CallContext {
    CallContext {
        language: "zh-CN".to_owned(),
        caller_name: "市第三医院".to_owned(),
        callback_number: "0592-5027064".to_owned(),
        call_name: Pii::new("王女士".to_owned()),
        birth_date: NaiveDate::from_ymd_opt(1972, 8, 15).map(Pii::new),
        age: Some(54),
        ..CallContext::default()
    }
}

pub(super) fn cast(
    words: &[String],
    context: &mut CallContext,
    casting: &mut Casting,
) -> Result<(), String> {
    let (mut name, mut sex) = ("王秀英", "female");
    for word in words {
        let Some((what, value)) = word.split_once('=') else {
            casting.guardian |= word == "guardian";
            context.facts.insert(word.clone());
            continue;
        };
        let date = || value.parse::<NaiveDate>().map_err(|_| format!("{value:?} is no date"));
        match what {
            "name" => name = value,
            "sex" => sex = value,
            "birth" => context.birth_date = Some(Pii::new(date()?)),
            "visit" => context.visit_date = Some(date()?),
            "age" => {
                let age = value.parse().map_err(|_| format!("{value:?} is no age"))?;
                context.age = Some(age);
            }
            "language" => context.language = value.to_owned(),
            "task" => casting.open_task = Some(value.to_owned()),
            last if last.starts_with("last.") => {
                let value = value.parse().map_err(|_| format!("{value:?} is no value"))?;
                context.last_values.insert(last["last.".len()..].to_owned(), value);
            }
            other => return Err(format!("nothing is known of {other:?}")),
        }
    }
    context.call_name = Pii::new(reading::call_name(name, None, sex));
    Ok(())
}
