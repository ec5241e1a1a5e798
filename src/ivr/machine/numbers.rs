//! Keyed values: ranges, pairs, read-back, and what a value gives rise to.

use std::sync::Arc;

use super::{Given, Machine, State};
use crate::ivr::{
    Item, Level, Questionnaire,
    number_keys::{self, Keyed},
};

impl Machine {
    pub(super) fn on_number(&mut self) {
        let State::Asking(ask) = &mut self.state else { return };
        let (item, keys) = (Arc::clone(&ask.item), std::mem::take(&mut ask.keys));
        if let Some(verify) = item.verify {
            return self.on_verify(&item, verify, &keys);
        }
        match number_keys::read(&item, &keys) {
            Keyed::Value(value, text) if self.is_doubtful(&item, value) => {
                self.doubt(&item, text);
            }
            Keyed::Value(_, text) => self.check_value(&item, vec![(Arc::clone(&item), text)]),
            Keyed::Pair(first, second) => self.on_pair(&item, &first, &second),
            Keyed::Empty => self.on_empty(&item),
            Keyed::TooLow => self.out_of_range("range.low"),
            Keyed::TooHigh => self.out_of_range("range.high"),
            Keyed::Nonsense => self.on_invalid(),
        }
    }

    fn is_doubtful(&self, item: &Item, value: f64) -> bool {
        let last = self.context.last_values.get(&item.link_id);
        last.zip(item.doubt.as_ref()).is_some_and(|(last, doubt)| value > doubt.times * last)
    }

    fn doubt(&mut self, item: &Item, keyed: String) {
        let State::Asking(ask) = &mut self.state else { return };
        ask.doubting = Some(keyed);
        ask.deadline = None;
        let clips = item.doubt.as_ref().map(|doubt| self.words(&doubt.say, &[]));
        self.say(clips.unwrap_or_default(), false, false);
    }

    pub(super) fn on_unit(&mut self, other: bool) {
        let State::Asking(ask) = &mut self.state else { return };
        let (item, keyed) = (Arc::clone(&ask.item), ask.doubting.take().unwrap_or_default());
        let divided = item.doubt.as_ref().filter(|_| other).zip(keyed.parse::<f64>().ok());
        let value = match divided {
            Some((doubt, value)) => format!("{:.1}", value / doubt.divide_by),
            None => keyed,
        };
        self.check_value(&item, vec![(Arc::clone(&item), value)]);
    }

    fn out_of_range(&mut self, text: &str) {
        let State::Asking(ask) = &mut self.state else { return };
        ask.invalids += 1;
        if ask.invalids >= RANGE_TRIES {
            return self.call_a_person(Some("invalid.2"));
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
                return self.both_again(&upper);
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

    pub(super) fn on_confirmed(&mut self) {
        let State::Asking(ask) = &mut self.state else { return };
        let (form, values) = (ask.form.clone(), ask.reading_back.take().unwrap_or_default());
        let mut left = false;
        // Half of a pair that is only confirmed together waits for the other half.
        let waits = match values.as_slice() {
            [(item, _)] => item.read_back.is_none() && item.pair_with.is_some(),
            _ => false,
        };
        for (item, text) in values {
            if waits {
                self.given.insert(item.link_id.clone(), text);
                continue;
            }
            let Some(form) = &form else { continue };
            let flag = self.flag_of(&item, &text);
            let advice = flag.and_then(|(_, advice)| advice);
            let given = Given {
                number: Some(text.clone()),
                advice: self.advice_said(form, advice.as_deref()),
                ..self.blank(form, &item, "answered")
            };
            self.answer(given, text.clone());
            self.enough |= item.enough;
            left |= self.judge(form, &item, &text);
        }
        if !left {
            self.go(self.at + 1);
        }
    }

    fn judge(&mut self, form: &Arc<Questionnaire>, item: &Item, text: &str) -> bool {
        let Some((level, advice)) = self.flag_of(item, text) else { return false };
        self.advise(Some(form), advice.as_deref());
        self.flag(Some(form), item, level, advice.as_deref())
    }

    fn flag_of(&self, item: &Item, text: &str) -> Option<(Level, Option<String>)> {
        let value: f64 = text.parse().unwrap_or_default();
        let found = item.red_flag.iter().find(|flag| {
            flag.operator.holds(value, flag.value) && flag.when_fact.iter().all(|f| self.fact(f))
        });
        found.map(|flag| (flag.level, flag.advice.clone()))
    }

    pub(super) fn on_rejected(&mut self) {
        let State::Asking(ask) = &mut self.state else { return };
        let values = ask.reading_back.take().unwrap_or_default();
        ask.invalids += 1;
        if ask.invalids >= RANGE_TRIES {
            return self.call_a_person(Some("invalid.2"));
        }
        match values.as_slice() {
            [(first, _), (..)] if first.link_id != ask.item.link_id => {
                let first = first.link_id.clone();
                self.both_again(&first);
            }
            _ => self.again(None),
        }
    }

    fn on_empty(&mut self, item: &Arc<Item>) {
        let State::Asking(ask) = &self.state else { return };
        let form = ask.form.clone();
        let empty = item.empty.clone().unwrap_or_default();
        if let Some(form) = form {
            let given = if empty.parse::<f64>().is_ok() {
                Given { number: Some(empty.clone()), ..self.blank(&form, item, "answered") }
            } else {
                self.blank(&form, item, "unknown")
            };
            self.answer(given, empty);
        }
        self.enough |= item.enough;
        self.go(self.at + 1);
    }

    /// The first of a pair is asked anew, then the second; not for ever.
    fn both_again(&mut self, first: &str) {
        let tries = self.failed.entry(first.to_owned()).or_default();
        *tries += 1;
        if *tries >= RANGE_TRIES {
            return self.call_a_person(Some("invalid.2"));
        }
        let clips = self.text("again.both");
        self.say_first(clips);
        self.given.remove(first);
        self.go_to(first);
    }
}

/// A value is keyed anew so often; then a person asks for it.
const RANGE_TRIES: u32 = 3;
