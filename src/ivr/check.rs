//! What is wrong with a dialplan before a patient hears it.

mod forms;
mod options;
mod paths;
mod words;

use std::sync::Arc;

use super::{
    Dialplan, Item, Library, Questionnaire,
    dialplan::Action,
    questionnaire::{ReadBack, Say, Words},
};

/// One mistake, where it stands.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Finding {
    pub file: String,
    pub line: usize,
    /// The item, step, text or advice that it is about.
    pub at: String,
    pub what: String,
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.what)
    }
}

pub(super) use words::SAID_BY_THE_MACHINE;

pub fn check(library: &Arc<Library>) -> Vec<Finding> {
    let mut findings = Vec::new();
    words::check_catalogue(library, &mut findings);
    for kept in library.questionnaires.values() {
        let mut page = Page { file: &kept.file, body: &kept.body, findings: &mut findings };
        forms::check_form(library, &kept.value, &mut page);
    }
    for kept in library.dialplans.values() {
        let mut page = Page { file: &kept.file, body: &kept.body, findings: &mut findings };
        paths::check_dialplan(library, &kept.value, &mut page);
    }
    findings
}

/// What is wrong with one form, beside the texts and forms of this library.
pub(super) fn check_alone(library: &Library, form: &Questionnaire) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut page = Page { file: &form.id, body: "", findings: &mut findings };
    forms::check_form(library, form, &mut page);
    findings
}

/// A file under the checker's eye.
struct Page<'a> {
    file: &'a str,
    body: &'a str,
    findings: &'a mut Vec<Finding>,
}

impl Page<'_> {
    /// At the item, step, text or advice of this name.
    fn find(&mut self, name: &str, what: impl Into<String>) {
        self.find_in(name, "", what);
    }

    /// At the last of several of this name.
    fn find_last(&mut self, name: &str, what: impl Into<String>) {
        let last = self.body.lines().enumerate().filter(|(_, line)| is_head(line, name)).last();
        let line = last.map_or(1, |(at, _)| at + 1);
        self.push(name, line, what.into());
    }

    /// At the first line of it that holds `fragment`, if one does.
    fn find_in(&mut self, name: &str, fragment: &str, what: impl Into<String>) {
        let line = line_of(self.body, name, fragment);
        self.push(name, line, what.into());
    }

    fn push(&mut self, name: &str, line: usize, what: String) {
        let (file, at) = (self.file.to_owned(), name.to_owned());
        self.findings.push(Finding { file, line, at, what });
    }
}

/// Parsed values know no lines; the file is short enough to be searched.
fn line_of(body: &str, name: &str, fragment: &str) -> usize {
    let Some(at) = body.lines().position(|line| is_head(line, name)) else { return 1 };
    let after = body.lines().skip(at).take_while(|line| !line.starts_with("[["));
    let found = after.enumerate().find(|(_, line)| line.contains(fragment));
    at + found.map_or(0, |(offset, _)| offset) + 1
}

fn is_head(line: &str, name: &str) -> bool {
    let quoted = format!("\"{name}\"");
    let heads = [format!("linkId = {quoted}"), format!("id = {quoted}"), format!("{quoted} =")];
    heads.iter().any(|head| line.trim_start().starts_with(head))
}

/// A form that a voice asks; one without any key stands on the page only.
fn is_spoken(form: &Questionnaire) -> bool {
    form.items.iter().filter(|item| !item.is_on_page()).any(|item| {
        item.kind.is_number() || item.answer_option.iter().any(|option| option.key.is_some())
    })
}

/// What is said for an item, part by part: ids of the catalogue, or words.
fn item_says(item: &Item) -> Vec<Say> {
    let own = item.say.clone().unwrap_or_else(|| {
        let text = ("zh".to_owned(), item.text.clone());
        Say::Words([text].into())
    });
    let read_back = match &item.read_back {
        Some(ReadBack::Words(words)) => Some(Say::Words(words.clone())),
        _ => None,
    };
    let doubt = item.doubt.as_ref().map(|doubt| Say::Words(doubt.say.clone()));
    let more = [item.say_again.clone(), item.on_wrong.clone(), read_back, doubt];
    std::iter::once(own).chain(more.into_iter().flatten()).collect()
}

/// Every text of a questionnaire with its place.
pub(super) fn each_words(form: &Questionnaire, add: &mut dyn FnMut(String, &Words)) {
    if !is_spoken(form) {
        return;
    }
    for item in form.items.iter().filter(|item| !item.is_on_page()) {
        for say in item_says(item) {
            if let Say::Words(words) = say {
                add(format!("{}/{}", form.id, item.link_id), &words);
            }
        }
    }
    for (name, words) in &form.advice {
        add(format!("{}/{name}", form.id), words);
    }
}

pub(super) fn each_step_words(dialplan: &Dialplan, add: &mut dyn FnMut(String, &Words)) {
    for step in &dialplan.steps {
        if let Some(Say::Words(words)) = step_say(&step.action) {
            add(format!("{}/{}", dialplan.id, step.id), words);
        }
    }
}

const fn step_say(action: &Action) -> Option<&Say> {
    match action {
        Action::Say { say, .. } | Action::Menu { say, .. } | Action::Record { say, .. } => {
            Some(say)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
