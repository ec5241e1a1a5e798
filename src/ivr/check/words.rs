//! What is said: that it is there in every language, may be said, and is short enough.

use std::collections::BTreeSet;

use super::{Finding, Page};
use crate::ivr::{
    Library,
    questionnaire::{Say, Words},
    sentences,
    spoken::variables,
};

/// Who may hear it.
#[derive(Clone, Copy)]
pub(super) struct Heard {
    /// Before anybody is known.
    pub(super) by_anybody: bool,
    /// The form may name diseases to a patient who knows.
    pub(super) disclosed: bool,
}

pub(super) fn check_catalogue(library: &Library, findings: &mut Vec<Finding>) {
    let (file, body) = (library.texts_file.clone(), library.texts_body.clone());
    let mut page = Page { file: &file, body: &body, findings };
    let mut seen = BTreeSet::new();
    for (at, line) in body.lines().enumerate() {
        if line.trim_start().starts_with("id = ") && !seen.insert(line.trim()) {
            let what = format!("{} stands twice", line.trim());
            let name = line.trim().trim_start_matches("id = ").trim_matches('"').to_owned();
            page.findings.push(Finding { file: file.clone(), line: at + 1, at: name, what });
        }
    }
    for text in library.texts.values() {
        let heard = Heard { by_anybody: text.neutral, disclosed: false };
        check_words(library, &text.id, &text.words, heard, &mut page);
    }
    for id in SAID_BY_THE_MACHINE {
        match library.text(id) {
            None => page.find("", format!("the text {id:?} is missing; every call may need it")),
            Some(text) if !text.neutral && SAID_TO_ANYBODY.contains(id) => {
                page.find(id, format!("{id:?} is said before identity and is not neutral"));
            }
            Some(_) => {}
        }
    }
}

pub(super) fn check_say(
    library: &Library,
    name: &str,
    say: &Say,
    heard: Heard,
    page: &mut Page<'_>,
) {
    match say {
        Say::Words(words) => check_words(library, name, words, heard, page),
        Say::Texts(ids) => {
            for id in ids {
                check_text_id(library, name, id, heard, page);
            }
        }
    }
}

pub(super) fn check_text_id(
    library: &Library,
    name: &str,
    id: &str,
    heard: Heard,
    page: &mut Page<'_>,
) {
    match library.text(id) {
        None => page.find_in(name, &format!("{id:?}"), format!("{name}: there is no text {id:?}")),
        Some(text) if heard.by_anybody && !text.neutral => {
            let what = format!("{name}: the text {id:?} is not neutral, and nobody is known yet");
            page.find_in(name, &format!("{id:?}"), what);
        }
        Some(_) => {}
    }
}

pub(super) fn check_words(
    library: &Library,
    name: &str,
    words: &Words,
    heard: Heard,
    page: &mut Page<'_>,
) {
    for language in languages(library) {
        if !words.contains_key(&language) {
            page.find(name, format!("{name}: nothing is said in {language:?}"));
        }
    }
    for (language, text) in words {
        for variable in variables(text) {
            if !VARIABLES.contains(&variable) {
                let what = format!("{name}: {{{variable}}} is no variable");
                page.find_in(name, &format!("{{{variable}}}"), what);
            }
        }
        if heard.by_anybody || !heard.disclosed {
            check_never_spoken(library, name, text, page);
        }
        check_length(name, language, text, page);
    }
}

fn check_never_spoken(library: &Library, name: &str, text: &str, page: &mut Page<'_>) {
    let lower = text.to_lowercase();
    for word in &library.never_spoken {
        if is_said(&lower, &word.to_lowercase()) {
            page.find_in(name, word, format!("{name}: {word:?} is never spoken"));
        }
    }
}

/// An English word begins where it begins: "shivering" says nothing of HIV.
fn is_said(text: &str, word: &str) -> bool {
    let mut places = text.match_indices(word);
    places.any(|(at, _)| {
        let before = text[..at].chars().next_back();
        !word.is_ascii() || before.is_none_or(|c| !c.is_ascii_alphabetic())
    })
}

fn check_length(name: &str, language: &str, text: &str, page: &mut Page<'_>) {
    let is_english = language.starts_with("en");
    let (sentence_max, text_max) =
        if is_english { (SENTENCE_MAX_EN, TEXT_MAX_EN) } else { (SENTENCE_MAX, TEXT_MAX) };
    let length = text.chars().count();
    if length > text_max {
        page.find(name, format!("{name}: {length} characters are too long, over {text_max}"));
    }
    for sentence in sentences(text) {
        let length = sentence.chars().count();
        if length > sentence_max {
            let what = format!(
                "{name}: a sentence of {length} characters is too long, over {sentence_max}"
            );
            page.find_in(name, sentence, what);
        }
    }
}

/// A language that some shared text has, all must have. `zh-guardian` is a wording, not a
/// language.
fn languages(library: &Library) -> BTreeSet<String> {
    let tags = library.texts.values().flat_map(|text| text.words.keys());
    let own = tags.filter(|tag| !tag.ends_with("-guardian")).cloned();
    own.chain(["zh".to_owned()]).collect()
}

const VARIABLES: &[&str] = &[
    "caller_name",
    "callback_number",
    "call_name",
    "duty_minutes",
    "visit_date",
    "agent_no",
    "position",
    "value",
    "sys",
    "dia",
    // Of the duty phone alone: everything of an alert.
    "ward",
    "item_text",
    "said",
    "advice",
];

pub(in crate::ivr) const SAID_BY_THE_MACHINE: &[&str] = &[
    "hint.keypad",
    "silent.1",
    "silent.2",
    "invalid.1",
    "invalid.2",
    "range.low",
    "range.high",
    "readback",
    "again.both",
    "speech.heard",
    "person.wait",
    "person.none",
    "identity.failed",
    "fault",
    "stopped",
    "resume",
    "redflag.wait",
    "redflag.nobody",
    "redflag.later",
    "safety.120",
    "suicide.say",
    "suicide.nobody",
    "voicemail",
    "duty.hello",
    "duty.wrong",
    "duty.refused",
    "duty.alert",
    "duty.advice",
    "duty.menu",
    "duty.taken",
    "duty.before",
    "duty.nobody",
    "duty.fault",
];

const SAID_TO_ANYBODY: &[&str] = &[
    "hint.keypad",
    "silent.1",
    "silent.2",
    "invalid.1",
    "invalid.2",
    "speech.heard",
    "person.wait",
    "person.none",
    "identity.failed",
    "fault",
    "stopped",
    "voicemail",
    "duty.hello",
    "duty.wrong",
    "duty.refused",
    "duty.menu",
    "duty.taken",
    "duty.before",
    "duty.nobody",
    "duty.fault",
];

/// About 13 s of slow speech; the advice is 22 characters, the frozen PHQ has 43.
const SENTENCE_MAX: usize = 50;
/// About 35 s: nobody keeps more than that in mind.
const TEXT_MAX: usize = 130;
const SENTENCE_MAX_EN: usize = 190;
const TEXT_MAX_EN: usize = 400;
