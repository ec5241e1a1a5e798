//! A questionnaire: names, conditions, ranges, and who is known when it asks.

use std::collections::BTreeSet;

use super::{
    Page, is_spoken, item_says, options,
    words::{Heard, check_say, check_words},
};
use crate::ivr::{
    Item, ItemType, Library, Questionnaire,
    questionnaire::{EnableWhen, Operator},
};

pub(super) fn check_form(library: &Library, form: &Questionnaire, page: &mut Page<'_>) {
    check_names(form, page);
    if !is_spoken(form) {
        return;
    }
    check_identity(library, form, page);
    for (at, item) in form.items.iter().enumerate().filter(|(_, item)| !item.is_on_page()) {
        let by_anybody = item.identity.unwrap_or(form.identity) == 0 || item.neutral;
        let heard = Heard { by_anybody, disclosed: form.disclose };
        for say in item_says(item) {
            check_say(library, &item.link_id, &say, heard, page);
        }
        check_item(form, item, page);
        for condition in &item.enable_when {
            check_condition(form, at, item, condition, page);
        }
        let scope = options::Scope { library, form: Some(form), heard, targets: &[] };
        options::check_options(&scope, &item.link_id, item, page);
    }
    let heard = Heard { by_anybody: false, disclosed: form.disclose };
    for (name, words) in &form.advice {
        check_words(library, name, words, heard, page);
    }
}

fn check_names(form: &Questionnaire, page: &mut Page<'_>) {
    let mut seen = BTreeSet::new();
    for item in &form.items {
        if !seen.insert(&item.link_id) {
            page.find_last(&item.link_id, format!("the linkId {:?} stands twice", item.link_id));
        }
    }
    for (name, parts) in &form.scores {
        for part in parts.iter().filter(|part| form.item(part).is_none()) {
            page.find(&form.id, format!("the score {name:?} adds {part:?}, which is no item"));
        }
    }
}

fn check_item(form: &Questionnaire, item: &Item, page: &mut Page<'_>) {
    let id = &item.link_id;
    if item.kind.is_number() && item.verify.is_none() {
        match item.range {
            None => page.find(id, format!("{id}: a number needs a range")),
            Some((low, high)) if low >= high => {
                page.find_in(id, "range", format!("{id}: the range {low} to {high} holds nothing"));
            }
            Some(_) => {}
        }
    }
    if item.kind == ItemType::Attachment && item.max_seconds.is_none() {
        page.find(id, format!("{id}: a message needs maxSeconds"));
    }
    for other in [&item.pair_with, &item.less_than].into_iter().flatten() {
        if form.item(other).is_none() {
            page.find_in(id, &format!("{other:?}"), format!("{id}: there is no item {other:?}"));
        }
    }
    if item.verify.is_some() && item.digits.is_none() {
        page.find(id, format!("{id}: a check of identity needs digits"));
    }
    let only = item.only.as_deref().into_iter().chain(form.only.as_deref());
    for who in only.filter(|who| !RESPONDENTS.contains(who)) {
        page.find_in(id, "only", format!("{id}: {who:?} is nobody who answers"));
    }
    let advice = item.red_flag.iter().filter_map(|flag| flag.advice.as_deref());
    for name in advice.filter(|name| !form.advice.contains_key(*name)) {
        page.find_in(id, &format!("{name:?}"), format!("{id}: there is no advice {name:?}"));
    }
}

/// Nothing about health is asked of somebody who is not known yet.
fn check_identity(library: &Library, form: &Questionnaire, page: &mut Page<'_>) {
    let opening = form.opening.as_deref();
    if let Some(id) = opening {
        match library.questionnaire(id) {
            None => page.find(&form.id, format!("there is no opening {id:?}")),
            Some(kept) if !kept.value.is_opening() => {
                page.find(&form.id, format!("the opening {id:?} checks nobody's identity"));
            }
            Some(_) => return,
        }
    }
    let mut known = 0;
    for item in form.items.iter().filter(|item| !item.is_on_page()) {
        let level = item.identity.unwrap_or(form.identity);
        if level > known && item.verify.is_none() {
            let id = &item.link_id;
            page.find(
                id,
                format!("{id} needs identity level {level}, but only {known} is reached"),
            );
        }
        if level == 0 && !item.neutral {
            let id = &item.link_id;
            page.find(id, format!("{id} is spoken before identity and is not marked neutral"));
        }
        if item.answer_option.iter().any(|option| option.respondent.is_some()) {
            known = known.max(1);
        }
        if item.verify.is_some() {
            known = 2;
        }
    }
}

fn check_condition(
    form: &Questionnaire,
    at: usize,
    item: &Item,
    condition: &EnableWhen,
    page: &mut Page<'_>,
) {
    let (id, question) = (&item.link_id, &condition.question);
    let mut say =
        |what: String| page.find_in(id, &format!("{question:?}"), format!("{id}: {what}"));
    if question.starts_with("fact:") {
        return;
    }
    if let Some(name) = question.strip_prefix("score:") {
        if !form.scores.contains_key(name) {
            say(format!("there is no score {name:?}"));
        }
        return;
    }
    let name = question.strip_prefix("failed:").unwrap_or(question);
    let Some(place) = form.items.iter().position(|other| other.link_id == name) else {
        return say(format!("enableWhen asks for {name:?}, which is no item"));
    };
    if place >= at {
        return say(format!("enableWhen asks for {name:?}, which comes later"));
    }
    let other = &form.items[place];
    let is_equal = matches!(condition.operator, Operator::Equal | Operator::NotEqual);
    let is_code = other.answer_option.iter().any(|option| option.code == condition.answer);
    if is_equal && other.kind.is_choice() && !is_code {
        say(format!("{:?} is no answer to {name:?}", condition.answer));
    }
}

pub(super) const RESPONDENTS: &[&str] = &["patient", "relative", "informed_relative", "guardian"];
