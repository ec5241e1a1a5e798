//! Every sentence that is spoken without a person's data, where it stands, and who speaks
//! it: a nurse, or a machine because nobody has read it yet, or not as it stands now.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use sha2::{Digest, Sha256};

use super::{
    Clip, Library, check,
    questionnaire::Words,
    reading,
    spoken::{self, Filled},
};

/// One sentence, however many texts it stands in.
#[derive(Clone, Debug)]
pub struct Line {
    pub clip: Clip,
    pub text_sha256: String,
    /// `greet#1`: the first sentence of the text `greet`.
    pub places: Vec<String>,
}

/// A clip that a nurse has kept: which sentence it was, and where that stood.
#[derive(Clone, Debug)]
pub struct KeptLine {
    pub text_sha256: String,
    pub places: Vec<String>,
}

#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum LineState {
    Recorded,
    /// A nurse has read what stood here before; the machine reads what stands here now.
    Outdated,
    Synthetic,
    /// No clip, and no voice for this language.
    Missing,
}

impl LineState {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Recorded => "recorded",
            Self::Outdated => "outdated",
            Self::Synthetic => "synthetic",
            Self::Missing => "missing",
        }
    }
}

/// The hospital's own words in the texts.
#[derive(Clone, Copy, Debug)]
pub struct Speaker<'a> {
    pub caller: &'a str,
    pub callback: &'a str,
}

pub fn text_sha256(text: &str) -> String {
    format!("{:x}", Sha256::digest(text))
}

/// The state of each line, in order. `kept` are the clips of this language.
pub fn line_states(all: &[Line], kept: &[KeptLine], has_voice: bool) -> Vec<LineState> {
    let spoken: BTreeSet<&str> = all.iter().map(|line| line.text_sha256.as_str()).collect();
    let recorded: BTreeSet<&str> = kept.iter().map(|clip| clip.text_sha256.as_str()).collect();
    let changed = kept.iter().filter(|clip| !spoken.contains(clip.text_sha256.as_str()));
    let stale: BTreeSet<&str> = changed.flat_map(|clip| &clip.places).map(String::as_str).collect();
    let state = |line: &Line| {
        if recorded.contains(line.text_sha256.as_str()) {
            LineState::Recorded
        } else if line.places.iter().any(|place| stale.contains(place.as_str())) {
            LineState::Outdated
        } else if has_voice {
            LineState::Synthetic
        } else {
            LineState::Missing
        }
    };
    all.iter().map(state).collect()
}

impl Library {
    /// Everything that may be spoken in a language, sorted by the words.
    pub fn repertoire(&self, language: &str, speaker: Speaker<'_>) -> Vec<Line> {
        self.lines(language, speaker, |_| true)
    }

    /// What a call with this dialplan may have to say.
    pub fn repertoire_of(
        self: &Arc<Self>,
        dialplan: &str,
        language: &str,
        speaker: Speaker<'_>,
    ) -> Vec<Line> {
        let Some(kept) = self.dialplan(dialplan) else { return Vec::new() };
        let forms = self.program(dialplan).map(|program| program.forms()).unwrap_or_default();
        let guardians = forms.iter().map(|form| format!("{}_guardian", form.id));
        let ids: BTreeSet<String> =
            forms.iter().map(|form| form.id.clone()).chain(guardians).collect();
        let mut bodies = vec![kept.body.as_str()];
        bodies.extend(ids.iter().filter_map(|id| Some(self.questionnaire(id)?.body.as_str())));
        let is_named = |id: &str| bodies.iter().any(|body| body.contains(&format!("\"{id}\"")));
        self.lines(language, speaker, |place| match place.split_once('/') {
            Some((owner, _)) => owner == dialplan || ids.contains(owner),
            None => check::SAID_BY_THE_MACHINE.contains(&place) || is_named(place),
        })
    }

    /// Every sentence without a person's data, as a voice is given it.
    pub fn neutral_clips(&self, language: &str, speaker: Speaker<'_>) -> Vec<Clip> {
        self.repertoire(language, speaker).into_iter().map(|line| line.clip).collect()
    }

    fn lines(
        &self,
        language: &str,
        speaker: Speaker<'_>,
        is_wanted: impl Fn(&str) -> bool,
    ) -> Vec<Line> {
        let values = values(language, speaker);
        let is_filled = |name: &&str| values.iter().any(|value| value.name == *name);
        let mut found: BTreeMap<String, Line> = BTreeMap::new();
        for (place, text) in self.all_texts(language) {
            let owner = place.strip_suffix(GUARDIAN).unwrap_or(&place);
            if !is_wanted(owner) {
                continue;
            }
            for (n, sentence) in spoken::sentences(&text).into_iter().enumerate() {
                if !spoken::variables(sentence).iter().all(is_filled) {
                    continue;
                }
                let place = format!("{place}#{}", n + 1);
                for clip in spoken::clips(sentence, language, &values) {
                    let line = found.entry(clip.spoken.clone()).or_insert_with(|| Line {
                        text_sha256: text_sha256(&clip.written),
                        clip,
                        places: Vec::new(),
                    });
                    line.places.push(place.clone());
                }
            }
        }
        found.into_values().collect()
    }

    /// Every text that may be spoken, in this language, with where it stands.
    fn all_texts(&self, language: &str) -> Vec<(String, String)> {
        let primary = language.split('-').next().unwrap_or(language);
        let for_guardians = format!("{primary}-guardian");
        let mut all: Vec<(String, String)> = Vec::new();
        let mut add = |place: String, words: &Words| {
            if let Some(text) = words.get(&for_guardians) {
                all.push((format!("{place}{GUARDIAN}"), text.clone()));
            }
            if let Some(text) = super::library::words_in(words, language) {
                all.push((place, text.to_owned()));
            }
        };
        for (id, text) in &self.texts {
            add(id.clone(), &text.words);
        }
        for kept in self.questionnaires.values() {
            check::each_words(&kept.value, &mut add);
        }
        for kept in self.dialplans.values() {
            check::each_step_words(&kept.value, &mut add);
        }
        all
    }
}

fn values<'a>(language: &str, speaker: Speaker<'_>) -> [Filled<'a>; 2] {
    let callback = if language.starts_with("en") {
        speaker.callback.chars().map(|c| format!("{c} ")).collect()
    } else {
        reading::phone(speaker.callback)
    };
    [
        ("caller_name", speaker.caller, speaker.caller.to_owned()),
        ("callback_number", speaker.callback, callback),
    ]
    .map(|(name, written, spoken)| Filled {
        name,
        written: written.to_owned(),
        spoken,
        personal: false,
    })
}

/// What a parent hears stands beside what the patient hears.
const GUARDIAN: &str = "@guardian";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ivr::library::shipped;

    const SPEAKER: Speaker<'_> = Speaker { caller: "市第三医院", callback: "0592-5027064" };

    #[test]
    fn a_dialplan_says_its_own_words_and_those_of_every_call() {
        let library = shipped::library();
        let said = library.repertoire_of("ring_test", "zh-CN", SPEAKER);
        let has = |place: &str| said.iter().any(|line| line.places.iter().any(|p| p == place));
        assert!(has("ring_test/ring#1") && has("ring.thanks#1") && has("fault#1"));
        assert!(!has("greet#1"), "the bedside call has no opening");
        let all = library.repertoire("zh-CN", SPEAKER);
        let followup = library.repertoire_of("followup", "zh-CN", SPEAKER);
        assert!(said.len() < followup.len() && followup.len() < all.len());
        let greeting = followup.iter().find(|line| line.places.contains(&"greet#1".to_owned()));
        assert!(greeting.is_some_and(|line| line.clip.written.contains("市第三医院")));
    }

    /// A nurse changes a text: what was read before is not played any more, and says so.
    #[test]
    fn a_changed_sentence_is_outdated_and_an_unread_one_synthetic() {
        let line = |text: &str, place: &str| Line {
            clip: Clip {
                written: text.to_owned(),
                spoken: text.to_owned(),
                language: "zh-CN".to_owned(),
                personal: false,
                pause: std::time::Duration::ZERO,
            },
            text_sha256: text_sha256(text),
            places: vec![place.to_owned()],
        };
        let kept = |text: &str, places: &[&str]| KeptLine {
            text_sha256: text_sha256(text),
            places: places.iter().map(|place| (*place).to_owned()).collect(),
        };
        let all = [line("甲", "a#1"), line("乙", "b#1"), line("丙", "c#1")];
        for (name, clips, has_voice, expected) in [
            ("nothing read", vec![], true, ["synthetic", "synthetic", "synthetic"]),
            ("no voice either", vec![], false, ["missing", "missing", "missing"]),
            ("one read", vec![kept("甲", &["a#1"])], true, ["recorded", "synthetic", "synthetic"]),
            ("changed", vec![kept("旧", &["a#1"])], true, ["outdated", "synthetic", "synthetic"]),
            (
                "changed and read anew",
                vec![kept("旧", &["a#1"]), kept("甲", &["a#1"])],
                true,
                ["recorded", "synthetic", "synthetic"],
            ),
            (
                "still said elsewhere",
                vec![kept("乙", &["a#1", "b#1"])],
                true,
                ["synthetic", "recorded", "synthetic"],
            ),
        ] {
            let states = line_states(&all, &clips, has_voice);
            let words: Vec<_> = states.into_iter().map(LineState::as_str).collect();
            assert_eq!(words, expected, "{name}");
        }
    }
}
