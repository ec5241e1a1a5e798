//! What is said: texts of the catalogue, items, read-backs; their variables.

use std::sync::Arc;

use super::{CallContext, Machine, Output, Respondent, Saying, State, Then};
use crate::ivr::{
    Clip, Item, Library,
    library::words_in,
    questionnaire::{Say, Words},
    reading,
    spoken::{self, Filled},
};

impl Machine {
    pub(super) fn text(&self, id: &str) -> Vec<Clip> {
        let words = self.program.library.text(id).map(|text| &text.words);
        words.map(|words| self.words(words, &[])).unwrap_or_default()
    }

    pub(super) fn words(&self, words: &Words, extra: &[(&'static str, &str)]) -> Vec<Clip> {
        // A parent is asked about the child.
        let primary = self.context.language.split('-').next().unwrap_or("zh");
        let guardian = (self.respondent == Some(Respondent::Guardian))
            .then(|| words.get(&format!("{primary}-guardian")).map(String::as_str));
        let text = guardian.flatten().or_else(|| words_in(words, &self.context.language));
        let Some(text) = text else { return Vec::new() };
        let duty = self.worst.map_or(30, super::Level::due_minutes).to_string();
        let extra = [&[("duty_minutes", duty.as_str())], extra].concat();
        spoken::clips(text, &self.context.language, &values(&self.context, &extra))
    }

    pub(super) fn say_clips(&self, say: &Say) -> Vec<Clip> {
        match say {
            Say::Texts(ids) => {
                let mut clips: Vec<_> = ids.iter().flat_map(|id| self.text(id)).collect();
                for clip in clips.iter_mut().skip(1) {
                    clip.pause = clip.pause.max(BETWEEN_TEXTS);
                }
                clips
            }
            Say::Words(words) => self.words(words, &[]),
        }
    }

    /// An item's words; the second time its fuller ones, if it has them.
    pub(super) fn item_clips(&self, item: &Item, again: bool) -> Vec<Clip> {
        let say = item.say_again.as_ref().filter(|_| again).or(item.say.as_ref());
        match say {
            Some(say) => self.say_clips(say),
            None => {
                let words = [("zh".to_owned(), item.text.clone())].into();
                self.words(&words, &[])
            }
        }
    }

    /// Speaks and then goes where `then` says.
    pub(super) fn say_then(&mut self, clips: Vec<Clip>, then: Then, barge_in: bool) {
        self.say(clips, false, false);
        self.state = State::Saying { then, barge_in };
    }

    pub(super) fn say(&mut self, clips: Vec<Clip>, slower: bool, beep: bool) {
        let mut all = std::mem::take(&mut self.prefix);
        all.extend(clips);
        self.outputs.push_back(Output::Say(Saying { clips: all, slower, beep }));
    }

    /// Said before the next question.
    pub(super) fn say_first(&mut self, clips: Vec<Clip>) {
        self.prefix.extend(clips);
    }

    pub(super) fn read_back(&self, item: &Item, values: &[(Arc<Item>, String)]) -> Vec<Clip> {
        let last = values.last().map(|(_, value)| value.as_str()).unwrap_or_default();
        let mut extra = vec![("value", last)];
        if let [(_, sys), (_, dia)] = values {
            extra.push(("sys", sys));
            extra.push(("dia", dia));
        }
        match &item.read_back {
            Some(super::super::questionnaire::ReadBack::Words(words)) => self.words(words, &extra),
            _ => match self.program.library.text("readback") {
                Some(text) => self.words(&text.words, &extra),
                None => Vec::new(),
            },
        }
    }
}

impl Library {
    /// A text of the catalogue for this call, outside a conversation: a voicemail, a duty
    /// call, "Agent 1023 is with you". `extra` are `agent_no`, `position`, `duty_minutes`.
    pub fn clips(
        &self,
        id: &str,
        context: &CallContext,
        extra: &[(&'static str, &str)],
    ) -> Vec<Clip> {
        let words = self.text(id).and_then(|text| words_in(&text.words, &context.language));
        let values = values(context, extra);
        words.map(|text| spoken::clips(text, &context.language, &values)).unwrap_or_default()
    }
}

fn values<'a>(context: &CallContext, extra: &[(&'static str, &str)]) -> Vec<Filled<'a>> {
    let english = context.language.starts_with("en");
    let plain = |name, text: &str, personal| Filled {
        name,
        written: text.to_owned(),
        spoken: text.to_owned(),
        personal,
    };
    let callback = if english {
        context.callback_number.chars().map(|c| format!("{c} ")).collect()
    } else {
        reading::phone(&context.callback_number)
    };
    let mut values = vec![
        plain("caller_name", &context.caller_name, false),
        Filled {
            name: "callback_number",
            written: context.callback_number.clone(),
            spoken: callback,
            personal: false,
        },
        plain("call_name", context.call_name.reveal(), true),
    ];
    if let Some(date) = context.visit_date {
        values.push(plain("visit_date", &reading::date(date), true));
    }
    values.extend(extra.iter().map(|(name, value)| {
        let spoken = match *name {
            _ if english => (*value).to_owned(),
            "agent_no" => reading::digits(value),
            _ => reading::number(value),
        };
        let personal = matches!(*name, "value" | "sys" | "dia");
        Filled { name, written: (*value).to_owned(), spoken, personal }
    }));
    values
}

const BETWEEN_TEXTS: std::time::Duration = std::time::Duration::from_millis(700);
