//! From a text to what a voice is given: sentences without digits, with pauses between.

use std::time::Duration;

use super::{Library, library::words_in, reading};

/// One sentence for a voice.
#[derive(Clone, Eq, Hash, PartialEq)]
pub struct Clip {
    /// As it is written, before the reading layer: what a nurse reads from the page.
    pub written: String,
    /// As it is spoken: no digit is left in it.
    pub spoken: String,
    pub language: String,
    /// Holds a person's name or answer: only for a voice that is marked internal, and
    /// never kept in a cache that others may list.
    pub personal: bool,
    /// Silence before it.
    pub pause: Duration,
}

impl std::fmt::Debug for Clip {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let said = if self.personal { "<redacted>" } else { &self.spoken };
        write!(f, "Clip({said})")
    }
}

/// A value put into a text.
pub(super) struct Filled<'a> {
    pub(super) name: &'a str,
    /// As it is shown.
    pub(super) written: String,
    /// As it is spoken.
    pub(super) spoken: String,
    pub(super) personal: bool,
}

impl Library {
    /// A text by its name, for who speaks outside of a dialplan. The values are neutral.
    pub fn clips_of(&self, id: &str, language: &str, values: &[(&str, &str)]) -> Vec<Clip> {
        let filled: Vec<_> = values
            .iter()
            .map(|(name, value)| Filled {
                name,
                written: (*value).to_owned(),
                spoken: (*value).to_owned(),
                personal: false,
            })
            .collect();
        let words = self.text(id).map(|text| &text.words);
        let text = words.and_then(|words| words_in(words, language));
        text.map(|text| clips(text, language, &filled)).unwrap_or_default()
    }
}

/// Splits a text into sentences and fills in its variables. An unknown variable is left
/// out, braces and all: the checker has found it long before.
pub(super) fn clips(text: &str, language: &str, values: &[Filled<'_>]) -> Vec<Clip> {
    let sentences = sentences(text);
    let made = sentences.into_iter().enumerate().map(|(at, sentence)| {
        let (written, _) = fill(sentence, values, |value| &value.written);
        let (spoken, personal) = fill(sentence, values, |value| &value.spoken);
        let chinese = !language.starts_with("en");
        let spoken = if chinese { reading::speak_digits(&spoken) } else { spoken };
        let pause = if at == 0 { FIRST } else { BETWEEN };
        Clip { written, spoken, language: language.to_owned(), personal, pause }
    });
    made.collect()
}

/// Sentences of a text, each with its mark.
pub fn sentences(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut from = 0;
    for (at, c) in text.char_indices() {
        let end = at + c.len_utf8();
        let is_point = c == '.' && text[end..].starts_with(' ');
        let is_mark = matches!(c, '。' | '!' | '?' | '！' | '？' | ';' | '；');
        if (is_mark && !is_greeting(&text[from..at])) || is_point {
            found.push(text[from..end].trim());
            from = end;
        }
    }
    found.push(text[from..].trim());
    found.retain(|sentence| !sentence.is_empty());
    found
}

/// "您好!" is said in one breath with what follows: a pause there costs a second of the
/// eight in which the first question must come.
fn is_greeting(text: &str) -> bool {
    text.trim() == "您好"
}

/// The names in braces.
pub(super) fn variables(text: &str) -> Vec<&str> {
    let parts = text.split('{').skip(1);
    parts.filter_map(|part| part.split_once('}').map(|(name, _)| name)).collect()
}

fn fill<'a>(
    sentence: &str,
    values: &'a [Filled<'_>],
    pick: impl Fn(&'a Filled<'_>) -> &'a String,
) -> (String, bool) {
    let (mut out, mut personal) = (String::new(), false);
    let mut rest = sentence;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let (name, tail) = after.split_once('}').unwrap_or((after, ""));
        if let Some(value) = values.iter().find(|value| value.name == name) {
            out.push_str(pick(value));
            personal |= value.personal;
        }
        rest = tail;
    }
    out.push_str(rest);
    (out, personal)
}

/// Questions follow one another without a gap of ours; the answer made one.
const FIRST: Duration = Duration::from_millis(200);
const BETWEEN: Duration = Duration::from_millis(700);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_spoken_sentence_by_sentence_with_its_values() {
        let name = || "王女士".to_owned();
        let values =
            [Filled { name: "call_name", written: name(), spoken: name(), personal: true }];
        let made = clips("我们找{call_name}。您就是,请按1。", "zh-CN", &values);
        let said: Vec<_> = made.iter().map(|clip| (clip.spoken.as_str(), clip.personal)).collect();
        assert_eq!(said, [("我们找王女士。", true), ("您就是,请按一。", false)]);
        assert_eq!(sentences("您好!这里是医院。"), ["您好!这里是医院。"]);
        assert_eq!(
            sentences("Yes press 1. For 36.5 key 3 6 5."),
            ["Yes press 1.", "For 36.5 key 3 6 5."]
        );
    }
}
