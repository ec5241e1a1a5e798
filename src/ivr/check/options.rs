//! The keys of a question: none stands twice, each leads somewhere, and each is spoken.

use std::collections::BTreeSet;

use super::{
    Page, forms,
    words::{Heard, check_text_id},
};
use crate::ivr::{
    AnswerOption, Item, Library, Questionnaire,
    questionnaire::{Say, Words},
};

/// What an option may name.
pub(super) struct Scope<'a> {
    pub(super) library: &'a Library,
    pub(super) form: Option<&'a Questionnaire>,
    pub(super) heard: Heard,
    /// Steps, and items of the forms that a dialplan asks.
    pub(super) targets: &'a [String],
}

pub(super) fn check_options(scope: &Scope<'_>, name: &str, item: &Item, page: &mut Page<'_>) {
    if !item.kind.is_choice() {
        return;
    }
    check_breath(name, &item.answer_option, page);
    let keyed: Vec<_> = item.answer_option.iter().filter(|o| o.key.is_some()).collect();
    if keyed.is_empty() {
        page.find(name, format!("{name}: no key leads on"));
    }
    let mut seen = BTreeSet::new();
    for option in keyed {
        check_key(scope, name, item, option, page);
        if !seen.insert(option.key) {
            let key = option.key.unwrap_or_default();
            page.find_in(name, &fragment(option), format!("{name}: the key {key} stands twice"));
        }
    }
    for option in &item.answer_option {
        check_words_of(name, option, page);
        check_names_of(scope, name, option, page);
    }
}

fn check_key(
    scope: &Scope<'_>,
    name: &str,
    item: &Item,
    option: &AnswerOption,
    page: &mut Page<'_>,
) {
    let key = option.key.unwrap_or_default();
    match key {
        '0' => page.find_in(name, &fragment(option), format!("{name}: 0 is always a person")),
        '*' => page.find_in(name, &fragment(option), format!("{name}: * always means again")),
        '1'..='9' => {}
        other => {
            page.find_in(
                name,
                &fragment(option),
                format!("{name}: {other:?} is no key of a choice"),
            );
        }
    }
    // Of scores a range is spoken, from 1 to 5.
    let is_told = option.silent || option.score.is_some() || option.status.is_some();
    let says = [&item.say, &item.say_again];
    let spoken = says.into_iter().flatten().filter_map(|say| zh(scope.library, say));
    if !is_told && !spoken.collect::<String>().contains(key) {
        page.find_in(name, &fragment(option), format!("{name}: the key {key} is not spoken"));
    }
}

fn zh(library: &Library, say: &Say) -> Option<String> {
    let own = |words: &Words| words.get("zh").cloned();
    match say {
        Say::Words(words) => own(words),
        Say::Texts(ids) => ids.iter().map(|id| own(&library.text(id)?.words)).collect(),
    }
}

/// At most four choices are kept in mind; five, and one for "did not apply", of a scale.
fn check_breath(name: &str, options: &[AnswerOption], page: &mut Page<'_>) {
    let spoken: Vec<_> = options.iter().filter(|o| o.key.is_some() && !o.silent).collect();
    let scored = spoken.iter().filter(|option| option.score.is_some()).count();
    let blanks = spoken.iter().filter(|option| option.status.is_some()).count();
    let is_scale = scored + blanks == spoken.len() && blanks <= 1;
    let most = if is_scale { SCALE_MAX + blanks } else { CHOICES_MAX };
    if spoken.len() > most {
        page.find(name, format!("{name}: {} choices in one breath, over {most}", spoken.len()));
    }
}

fn check_words_of(name: &str, option: &AnswerOption, page: &mut Page<'_>) {
    let code = &option.code;
    let mut unknown = |kind: &str, word: &str| {
        page.find_in(name, &fragment(option), format!("{name}: {word:?} of {code:?} is no {kind}"));
    };
    if let (Some(word), None) = (&option.outcome, option.conversation()) {
        unknown("outcome", word);
    }
    if let (Some(word), None) = (&option.promise, option.promised()) {
        unknown("part of the day", word);
    }
    for (kind, word, known) in [
        ("blank", &option.status, STATUSES),
        ("place to transfer to", &option.transfer, PLACES),
        ("respondent", &option.respondent, forms::RESPONDENTS),
    ] {
        if let Some(word) = word.as_deref().filter(|word| !known.contains(word)) {
            unknown(kind, word);
        }
    }
}

fn check_names_of(scope: &Scope<'_>, name: &str, option: &AnswerOption, page: &mut Page<'_>) {
    if let Some(id) = &option.say {
        check_text_id(scope.library, name, id, scope.heard, page);
    }
    let advice = option.advice.as_deref();
    if let Some(id) = advice.filter(|id| scope.form.is_none_or(|f| !f.advice.contains_key(*id))) {
        page.find_in(name, &fragment(option), format!("{name}: there is no advice {id:?}"));
    }
    for id in option.sets.keys().filter(|id| scope.form.is_none_or(|f| f.item(id).is_none())) {
        page.find_in(name, &fragment(option), format!("{name}: sets {id:?}, which is no item"));
    }
    if let Some(next) = option.next.as_deref().filter(|next| !is_target(scope, next)) {
        page.find_in(name, &fragment(option), format!("{name}: there is no {next:?} to go to"));
    }
}

fn is_target(scope: &Scope<'_>, next: &str) -> bool {
    let in_form = |form: &Questionnaire| form.item(next).is_some();
    let opening = scope.form.and_then(|form| form.opening.as_deref());
    let opening = opening.and_then(|id| scope.library.questionnaire(id));
    scope.targets.iter().any(|target| target == next)
        || scope.form.is_some_and(in_form)
        || opening.is_some_and(|kept| in_form(&kept.value))
}

fn fragment(option: &AnswerOption) -> String {
    format!("code = \"{}\"", option.code)
}

const CHOICES_MAX: usize = 4;
const SCALE_MAX: usize = 5;
const STATUSES: &[&str] =
    &["answered", "not_applicable", "unknown", "declined", "no_answer", "not_measured"];
pub(super) const PLACES: &[&str] = &["centre", "duty", "enquiry", "complaint"];
