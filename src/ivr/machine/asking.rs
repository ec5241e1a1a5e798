//! One question: keys, silences, wrong keys, voices; until it is answered or a person
//! takes over.

use std::{sync::Arc, time::Instant};

use super::{Ask, Given, KEYS_MAX, Machine, Output, State, Then};
use crate::{
    base::Key,
    domain::Conversation,
    ivr::{AnswerOption, Item, Questionnaire},
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
    /// It was meant in the other unit.
    OtherUnit(bool),
}

impl Machine {
    pub(super) fn on_key(&mut self, key: Key, now: Instant) {
        let between = self.patient(super::BETWEEN_DIGITS);
        match &mut self.state {
            State::Asking(ask) => {
                let speaks = ask.deadline.is_none();
                if speaks && !ask.item.barge_in {
                    return;
                }
                let step = step(ask, key);
                // A number keyed where a choice is asked is one mistake, not one a digit: its
                // correction is heard before the next one counts.
                if speaks && ask.invalids > 0 && matches!(step, Step::Invalid) {
                    return;
                }
                if speaks {
                    self.outputs.push_back(Output::StopSaying);
                }
                if matches!(step, Step::Wait) {
                    ask.deadline = Some(now + between);
                    return;
                }
                self.take_step(step);
            }
            State::Saying { then, barge_in: true } => {
                let then = then.clone();
                self.outputs.push_back(Output::StopSaying);
                // It is no answer to a question of which no word was heard; but "nothing to
                // say, press 1" has been.
                let message = matches!(then, Then::Message { .. });
                self.follow(then);
                if message {
                    self.on_key(key, now);
                }
            }
            State::Message { form, item, .. } => match key.as_char() {
                '#' => self.on_recorded(),
                '1' => {
                    let declined = form.clone().zip(Some(Arc::clone(item)));
                    self.end_message(declined);
                }
                '0' => {
                    self.finish_message();
                    self.call_a_person(None);
                }
                _ => {}
            },
            _ => {}
        }
    }

    fn end_message(&mut self, declined: Option<(Arc<Questionnaire>, Arc<Item>)>) {
        let Some((form, item)) = declined else { return self.on_recorded() };
        self.outputs.push_back(Output::StopMessage);
        let given = self.blank(&form, &item, "declined");
        self.answer(given, "declined".to_owned());
        self.go(self.at + 1);
    }

    fn take_step(&mut self, step: Step) {
        match step {
            Step::Wait => {}
            Step::Again => self.again(None),
            Step::Person => self.call_a_person(None),
            Step::Invalid => self.on_invalid(),
            Step::Option(option) => self.on_option(&option),
            Step::Number => self.on_number(),
            Step::ReadBack(true) => self.on_confirmed(),
            Step::ReadBack(false) => self.on_rejected(),
            Step::OtherUnit(other) => self.on_unit(other),
        }
    }

    /// The question once more, slower, after a word about why.
    pub(super) fn again(&mut self, why: Option<&str>) {
        let first = why.map(|id| self.text(id)).unwrap_or_default();
        let State::Asking(ask) = &mut self.state else { return };
        ask.keys.clear();
        ask.deadline = None;
        ask.repeats += 1;
        let too_often = ask.repeats > REPEATS_MAX;
        let (item, reading_back) = (Arc::clone(&ask.item), ask.reading_back.clone());
        if too_often {
            return self.call_a_person(None);
        }
        let doubting = ask.doubting.is_some();
        let clips = match (&reading_back, &item.doubt) {
            (Some(values), _) => self.read_back(&item, values),
            (None, Some(doubt)) if doubting => self.words(&doubt.say, &[]),
            (None, _) => self.item_clips(&item, true),
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
        if ask.silences >= 2 {
            return self.hand_over("silent.2");
        }
        let hint = self.text("hint.keypad");
        self.say_first(hint);
        self.again(Some("silent.1"));
    }

    /// Nobody presses: before anybody is known that is the outcome of its own.
    fn hand_over(&mut self, text: &str) {
        if !self.verdict.keys_given {
            self.verdict.conversation = Some(Conversation::AnsweredNoKeys);
        }
        self.call_a_person(Some(text));
    }

    pub(super) fn on_invalid(&mut self) {
        let State::Asking(ask) = &mut self.state else { return };
        ask.invalids += 1;
        if ask.invalids >= 2 {
            return self.call_a_person(Some("invalid.2"));
        }
        self.again(Some("invalid.1"));
    }

    /// A voice without keys: one hint, then a person.
    pub(super) fn on_speech(&mut self) {
        let State::Asking(ask) = &self.state else { return };
        if ask.deadline.is_none() || !ask.keys.is_empty() {
            return;
        }
        if self.hinted {
            return self.hand_over("silent.2");
        }
        self.hinted = true;
        self.again(Some("speech.heard"));
    }

    fn on_option(&mut self, option: &AnswerOption) {
        let State::Asking(ask) = &self.state else { return };
        let (form, item) = (ask.form.clone(), Arc::clone(&ask.item));
        if let Some(score) = option.score {
            self.scores.insert(item.link_id.clone(), score);
        }
        if form.is_none() {
            self.given.insert(item.link_id.clone(), option.code.clone());
        }
        if let Some(form) = &form {
            let given = Given {
                code: Some(option.code.clone()),
                label: Some(option.zh.clone()),
                score: option.score,
                advice: self.advice_said(form, option.advice.as_deref()),
                ..self.blank(form, &item, status(option))
            };
            self.answer(given, option.code.clone());
            for (other, value) in &option.sets {
                self.set_other(form, other, *value);
            }
        }
        self.enough |= item.enough;
        self.advise(form.as_deref(), option.advice.as_deref());
        if let Some(level) = option.red_flag
            && self.flag(form.as_deref(), &item, level, option.advice.as_deref())
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
        self.answer(given, number);
    }

    /// To the record, and for the conditions of later items.
    pub(super) fn answer(&mut self, given: Given, value: String) {
        self.done.insert((given.form.id.clone(), given.link_id.clone()));
        self.given.insert(given.link_id.clone(), value);
        self.outputs.push_back(Output::Answer(given));
    }

    pub(super) fn advice_said(&self, form: &Questionnaire, advice: Option<&str>) -> Option<String> {
        let words = advice.and_then(|id| form.advice.get(id))?;
        Some(self.words(words, &[]).into_iter().map(|clip| clip.written).collect())
    }

    pub(super) fn advise(&mut self, form: Option<&Questionnaire>, advice: Option<&str>) {
        let words = form.zip(advice).and_then(|(form, id)| form.advice.get(id));
        if let Some(words) = words {
            let clips = self.words(words, &[]);
            self.say_first(clips);
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
            advice: None,
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
    if ask.doubting.is_some() {
        return match key {
            '1' => Step::OtherUnit(false),
            '2' => Step::OtherUnit(true),
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
