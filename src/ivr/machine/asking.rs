//! One question: keys, silences, wrong keys, voices; until it is answered or a person
//! takes over.

use std::{sync::Arc, time::Instant};

use chrono::Datelike;

use super::{Ask, Given, KEYS_MAX, Machine, Output, State};
use crate::{
    base::Key,
    domain::Conversation,
    ivr::{
        AnswerOption, Item, Questionnaire,
        number_keys::{self, Keyed},
        questionnaire::Verify,
    },
};

/// What a key makes of a question.
enum Step {
    /// More keys are to come.
    Wait,
    Again,
    Person,
    Invalid,
    Option(Box<AnswerOption>),
    Number,
    ReadBack(bool),
}

impl Machine {
    pub(super) fn on_key(&mut self, key: Key, now: Instant) {
        let between = self.patient(super::BETWEEN_DIGITS);
        match &mut self.state {
            State::Asking(ask) => {
                if ask.deadline.is_none() {
                    self.outputs.push_back(Output::StopSaying);
                }
                let step = step(ask, key);
                if matches!(step, Step::Wait) {
                    ask.deadline = Some(now + between);
                    return;
                }
                self.take_step(step);
            }
            State::Saying { then, barge_in: true } => {
                let then = then.clone();
                self.outputs.push_back(Output::StopSaying);
                self.follow(then);
                // The key answers the question that follows, which is known to who pressed.
                if matches!(self.state, State::Asking(_)) {
                    self.on_key(key, now);
                }
            }
            State::Message { form, item, .. } => {
                let is_none = key.as_char() == '1';
                if key.as_char() == '#' || is_none {
                    let declined = form.clone().zip(Some(Arc::clone(item))).filter(|_| is_none);
                    self.end_message(declined);
                }
            }
            _ => {}
        }
    }

    fn end_message(&mut self, declined: Option<(Arc<Questionnaire>, Arc<Item>)>) {
        let Some((form, item)) = declined else { return self.on_recorded() };
        self.outputs.push_back(Output::StopMessage);
        let given = self.blank(&form, &item, "declined");
        self.given.insert(item.link_id.clone(), "declined".to_owned());
        self.outputs.push_back(Output::Answer(given));
        self.go(self.at + 1);
    }

    fn take_step(&mut self, step: Step) {
        match step {
            Step::Wait => {}
            Step::Again => self.again(None),
            Step::Person => self.to_person(None),
            Step::Invalid => self.on_invalid(),
            Step::Option(option) => self.on_option(&option),
            Step::Number => self.on_number(),
            Step::ReadBack(true) => self.on_confirmed(),
            Step::ReadBack(false) => self.on_rejected(),
        }
    }

    /// The question once more, slower, after a word about why.
    fn again(&mut self, why: Option<&str>) {
        let first = why.map(|id| self.text(id)).unwrap_or_default();
        let State::Asking(ask) = &mut self.state else { return };
        ask.keys.clear();
        ask.deadline = None;
        ask.repeats += 1;
        let too_often = ask.repeats > REPEATS_MAX;
        let (item, reading_back) = (Arc::clone(&ask.item), ask.reading_back.clone());
        if too_often {
            return self.to_person(None);
        }
        let clips = match &reading_back {
            Some(values) => self.read_back(&item, values),
            None => self.item_clips(&item, true),
        };
        self.say([first, clips].concat(), true, false);
    }

    pub(super) fn on_silence(&mut self) {
        let State::Asking(ask) = &mut self.state else { return };
        // Digits that stop without a `#`: they were meant.
        if !ask.keys.is_empty() && ask.item.kind.is_number() && ask.item.digits.is_none() {
            return self.on_number();
        }
        ask.silences += 1;
        let (silences, item) = (ask.silences, Arc::clone(&ask.item));
        if silences >= 2 {
            return self.hand_over("silent.2", &item);
        }
        let hint = self.text("hint.keypad");
        self.say_first(hint);
        self.again(Some("silent.1"));
    }

    /// Nobody presses: before anybody is known that is the outcome of its own.
    fn hand_over(&mut self, text: &str, item: &Item) {
        if item.verify.is_some() {
            self.outputs.push_back(Output::ResumeRecording);
        }
        if !self.verdict.keys_given {
            self.verdict.conversation = Some(Conversation::AnsweredNoKeys);
        }
        self.to_person(Some(text));
    }

    fn on_invalid(&mut self) {
        let State::Asking(ask) = &mut self.state else { return };
        ask.invalids += 1;
        if ask.invalids >= 2 {
            if ask.item.verify.is_some() {
                self.outputs.push_back(Output::ResumeRecording);
            }
            return self.to_person(Some("invalid.2"));
        }
        self.again(Some("invalid.1"));
    }

    /// A voice without keys: one hint, then a person.
    pub(super) fn on_speech(&mut self) {
        let State::Asking(ask) = &self.state else { return };
        if ask.deadline.is_none() || !ask.keys.is_empty() {
            return;
        }
        let item = Arc::clone(&ask.item);
        if self.hinted {
            return self.hand_over("silent.2", &item);
        }
        self.hinted = true;
        self.again(Some("speech.heard"));
    }

    fn on_option(&mut self, option: &AnswerOption) {
        let State::Asking(ask) = &self.state else { return };
        let (form, item) = (ask.form.clone(), Arc::clone(&ask.item));
        self.given.insert(item.link_id.clone(), option.code.clone());
        if let Some(score) = option.score {
            self.scores.insert(item.link_id.clone(), score);
        }
        if let Some(form) = &form {
            let given = Given {
                code: Some(option.code.clone()),
                label: Some(option.zh.clone()),
                score: option.score,
                ..self.blank(form, &item, status(option))
            };
            self.outputs.push_back(Output::Answer(given));
            for (other, value) in &option.sets {
                self.set_other(form, other, *value);
            }
        }
        self.enough |= item.enough;
        self.advise(form.as_deref(), option.advice.as_deref());
        if let Some(level) = option.red_flag
            && self.flag(&item, level)
        {
            return;
        }
        if !self.act(option) {
            self.go(self.at + 1);
        }
    }

    fn set_other(&mut self, form: &Arc<Questionnaire>, link_id: &str, value: f64) {
        let Some(item) = form.item(link_id) else { return };
        let number = format!("{value}");
        let given = Given { number: Some(number.clone()), ..self.blank(form, item, "answered") };
        self.given.insert(link_id.to_owned(), number);
        self.outputs.push_back(Output::Answer(given));
    }

    fn advise(&mut self, form: Option<&Questionnaire>, advice: Option<&str>) {
        let words = form.zip(advice).and_then(|(form, id)| form.advice.get(id));
        if let Some(words) = words {
            let clips = self.words(words, &[]);
            self.say_first(clips);
        }
    }

    fn on_number(&mut self) {
        let State::Asking(ask) = &mut self.state else { return };
        let (item, keys) = (Arc::clone(&ask.item), std::mem::take(&mut ask.keys));
        if let Some(verify) = item.verify {
            return self.on_verify(&item, verify, &keys);
        }
        match number_keys::read(&item, &keys) {
            Keyed::Value(_, text) => self.check_value(&item, vec![(Arc::clone(&item), text)]),
            Keyed::Pair(first, second) => self.on_pair(&item, &first, &second),
            Keyed::Empty => self.on_empty(&item),
            Keyed::TooLow => self.out_of_range("range.low"),
            Keyed::TooHigh => self.out_of_range("range.high"),
            Keyed::Nonsense => self.on_invalid(),
        }
    }

    fn out_of_range(&mut self, text: &str) {
        let State::Asking(ask) = &mut self.state else { return };
        ask.invalids += 1;
        if ask.invalids >= RANGE_TRIES {
            return self.to_person(Some("invalid.2"));
        }
        self.again(Some(text));
    }

    /// `138*88#` fills two items at once.
    fn on_pair(&mut self, item: &Arc<Item>, first: &str, second: &str) {
        let State::Asking(ask) = &self.state else { return };
        let other = ask.form.as_ref().zip(item.pair_with.as_ref());
        let Some(other) = other.and_then(|(form, id)| form.item(id)).cloned() else {
            return self.on_invalid();
        };
        match (number_keys::read(item, first), number_keys::read(&other, second)) {
            (Keyed::Value(_, first), Keyed::Value(_, second)) => {
                let other = Arc::new(other);
                self.check_value(
                    &Arc::clone(&other),
                    vec![(Arc::clone(item), first), (other, second)],
                );
            }
            (Keyed::TooLow, _) | (_, Keyed::TooLow) => self.out_of_range("range.low"),
            (Keyed::TooHigh, _) | (_, Keyed::TooHigh) => self.out_of_range("range.high"),
            _ => self.on_invalid(),
        }
    }

    /// The last value of a pair is judged with the first; then all is read back.
    fn check_value(&mut self, last: &Arc<Item>, mut values: Vec<(Arc<Item>, String)>) {
        if values.len() == 1
            && let Some(upper) = &last.less_than
        {
            let State::Asking(ask) = &self.state else { return };
            let before = ask.form.as_ref().and_then(|form| form.item(upper)).cloned();
            if let Some(value) = self.given.get(upper).cloned()
                && let Some(before) = before
            {
                values.insert(0, (Arc::new(before), value));
            }
        }
        if last.less_than.is_some()
            && let [(upper, high), (_, low)] = values.as_slice()
        {
            let is_less = low.parse::<f64>().ok() < high.parse::<f64>().ok();
            if !is_less {
                let upper = upper.link_id.clone();
                let clips = self.text("invalid.1");
                self.say_first(clips);
                self.given.remove(&upper);
                return self.go_to(&upper);
            }
        }
        let State::Asking(ask) = &mut self.state else { return };
        if last.read_back.is_none() {
            ask.reading_back = Some(values);
            return self.on_confirmed();
        }
        ask.reading_back = Some(values.clone());
        ask.deadline = None;
        let clips = self.read_back(last, &values);
        self.say(clips, false, false);
    }

    fn on_confirmed(&mut self) {
        let State::Asking(ask) = &mut self.state else { return };
        let (form, values) = (ask.form.clone(), ask.reading_back.take().unwrap_or_default());
        let asked = ask.item.link_id.clone();
        let mut left = false;
        for (item, text) in values {
            // Half of a pair that is only confirmed together waits for the other half.
            let waits =
                item.read_back.is_none() && item.pair_with.is_some() && item.link_id == asked;
            self.given.insert(item.link_id.clone(), text.clone());
            let Some(form) = form.as_ref().filter(|_| !waits) else { continue };
            let given = Given {
                number: Some(text.clone()),
                score: None,
                ..self.blank(form, &item, "answered")
            };
            self.outputs.push_back(Output::Answer(given));
            self.enough |= item.enough;
            left |= self.judge(form, &item, &text);
        }
        if !left {
            self.go(self.at + 1);
        }
    }

    fn judge(&mut self, form: &Arc<Questionnaire>, item: &Item, text: &str) -> bool {
        let value: f64 = text.parse().unwrap_or_default();
        let found = item.red_flag.iter().find(|flag| flag.operator.holds(value, flag.value));
        let Some((level, advice)) = found.map(|flag| (flag.level, flag.advice.clone())) else {
            return false;
        };
        self.advise(Some(form), advice.as_deref());
        self.flag(item, level)
    }

    fn on_rejected(&mut self) {
        let State::Asking(ask) = &mut self.state else { return };
        let values = ask.reading_back.take().unwrap_or_default();
        ask.invalids += 1;
        if ask.invalids >= RANGE_TRIES {
            return self.to_person(Some("invalid.2"));
        }
        match values.as_slice() {
            [(first, _), (..)] if first.link_id != ask.item.link_id => {
                let first = first.link_id.clone();
                self.given.remove(&first);
                self.go_to(&first);
            }
            _ => self.again(None),
        }
    }

    fn on_empty(&mut self, item: &Arc<Item>) {
        let State::Asking(ask) = &self.state else { return };
        let form = ask.form.clone();
        let empty = item.empty.clone().unwrap_or_default();
        self.given.insert(item.link_id.clone(), empty.clone());
        if let Some(form) = form {
            let given = if empty.parse::<f64>().is_ok() {
                Given { number: Some(empty), ..self.blank(&form, item, "answered") }
            } else {
                self.blank(&form, item, "unknown")
            };
            self.outputs.push_back(Output::Answer(given));
        }
        self.enough |= item.enough;
        self.go(self.at + 1);
    }

    fn on_verify(&mut self, item: &Arc<Item>, verify: Verify, keys: &str) {
        let birth = self.context.birth_date.as_ref().map(|date| *date.reveal());
        let expected = birth.map(|date| match verify {
            Verify::Birthday => format!("{:02}{:02}", date.month(), date.day()),
            Verify::BirthYear => format!("{:04}", date.year()),
        });
        let fits = expected.as_deref() == Some(keys);
        if fits {
            self.identity = 2;
            self.outputs.push_back(Output::ResumeRecording);
            self.given.insert(item.link_id.clone(), "confirmed".to_owned());
            self.verified(item, "confirmed");
            return self.go(self.at + 1);
        }
        let failed = self.failed.entry(item.link_id.clone()).or_default();
        *failed += 1;
        if *failed < item.tries {
            let clips = item.on_wrong.clone().map(|say| self.say_clips(&say));
            let State::Asking(ask) = &mut self.state else { return };
            ask.deadline = None;
            match clips {
                Some(clips) => self.say(clips, false, false),
                None => self.again(None),
            }
            return;
        }
        self.outputs.push_back(Output::ResumeRecording);
        self.verified(item, "failed");
        // The weaker proof, where the form allows it, is the next item.
        let weaker = self.program.forms().iter().any(|form| form.weak_identity);
        if verify == Verify::Birthday && weaker {
            return self.go(self.at + 1);
        }
        self.verdict.conversation = Some(Conversation::IdentityNotConfirmed);
        self.outputs.push_back(Output::Task("人工核对身份后随访".to_owned()));
        let clips = self.text("identity.failed");
        self.say_then(clips, super::Then::End, false);
    }

    /// That it fitted, or not; never the digits.
    fn verified(&mut self, item: &Item, code: &str) {
        let State::Asking(ask) = &self.state else { return };
        if let Some(form) = ask.form.clone() {
            let code = Some(code.to_owned());
            let given = Given { code, ..self.blank(&form, item, "answered") };
            self.outputs.push_back(Output::Answer(given));
        }
    }

    pub(super) fn blank(
        &self,
        form: &Arc<Questionnaire>,
        item: &Item,
        status: &'static str,
    ) -> Given {
        Given {
            form: Arc::clone(form),
            link_id: item.link_id.clone(),
            text: item.text.clone(),
            status,
            code: None,
            label: None,
            number: None,
            unit: item.unit.clone(),
            score: None,
        }
    }
}

fn status(option: &AnswerOption) -> &'static str {
    match option.status.as_deref() {
        Some("not_applicable") => "not_applicable",
        Some("unknown") => "unknown",
        _ => "answered",
    }
}

fn step(ask: &mut Ask, key: Key) -> Step {
    let key = key.as_char();
    if ask.reading_back.is_some() {
        return match key {
            '1' => Step::ReadBack(true),
            '2' => Step::ReadBack(false),
            '0' => Step::Person,
            '*' => Step::Again,
            _ => Step::Invalid,
        };
    }
    if ask.item.kind.is_choice() {
        let found = ask.item.answer_option.iter().find(|option| option.key == Some(key));
        return match (key, found) {
            ('0', _) => Step::Person,
            ('*', _) => Step::Again,
            (_, Some(option)) => Step::Option(Box::new(option.clone())),
            _ => Step::Invalid,
        };
    }
    match key {
        '#' if ask.item.digits.is_some() => {
            ask.keys.clear();
            Step::Invalid
        }
        '#' => Step::Number,
        '*' if ask.keys.is_empty() => Step::Again,
        '0'..='9' | '*' if ask.keys.len() < KEYS_MAX => {
            ask.keys.push(key);
            let is_full = ask.item.digits.is_some_and(|digits| ask.keys.len() >= digits);
            if is_full { Step::Number } else { Step::Wait }
        }
        _ => {
            ask.keys.clear();
            Step::Invalid
        }
    }
}

/// `*` again and again is a child at play, or a patient who needs a person.
const REPEATS_MAX: u32 = 5;

/// A value is keyed anew so often; then a person asks for it.
const RANGE_TRIES: u32 = 3;
