//! The sentences of the duty phone, from the texts that a hospital may change.

use super::{DutyAlert, DutyPhone};
use crate::ivr::{
    Clip,
    library::words_in,
    spoken::{self, Filled},
};

impl DutyPhone {
    pub(super) fn text(&self, id: &str) -> Vec<Clip> {
        self.filled(id, &[])
    }

    pub(super) fn alert(&self, alert: &DutyAlert) -> Vec<Clip> {
        let mut values = vec![
            value("ward", &alert.ward),
            value("call_name", alert.call_name.reveal()),
            value("item_text", alert.item_text.trim_end_matches(['。', '?', '？'])),
            value("said", alert.said.reveal()),
        ];
        let mut clips = self.filled("duty.alert", &values);
        if let Some(advice) = &alert.advice {
            values.push(value("advice", advice));
            clips.extend(self.filled("duty.advice", &values));
        }
        clips.extend(self.text("duty.menu"));
        clips
    }

    fn filled(&self, id: &str, values: &[Filled<'_>]) -> Vec<Clip> {
        let words = self.library.text(id).map(|text| &text.words);
        let text = words.and_then(|words| words_in(words, &self.language));
        text.map(|text| spoken::clips(text, &self.language, values)).unwrap_or_default()
    }
}

/// Everything of an alert is a patient's. Latin letters go: a Chinese voice spells them out
/// or falls into another language in the middle of the sentence.
fn value(name: &'static str, text: &str) -> Filled<'static> {
    let is_said = |c: &char| !c.is_ascii_alphabetic() && !matches!(c, '(' | ')' | '（' | '）');
    let has_chinese = text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
    let spoken = if has_chinese { text.chars().filter(is_said).collect() } else { text.to_owned() };
    Filled { name, written: text.to_owned(), spoken, personal: true }
}
