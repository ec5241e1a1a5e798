//! All dialplans, questionnaires and texts of a folder, parsed and checked as one.

use std::{collections::BTreeMap, sync::Arc};

use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::{
    Casting, Dialplan, Program, Questionnaire,
    check::{self, Finding},
    dialplan::Action,
    questionnaire::Words,
};

/// One file of the folder.
#[derive(Clone, Debug)]
pub struct Source {
    /// As shown in findings, e.g. `dialplans/inbound.toml`.
    pub name: String,
    pub text: String,
}

#[derive(Debug, thiserror::Error)]
#[error("{file}:{line}: {what}")]
pub struct LibraryError {
    pub file: String,
    pub line: usize,
    pub what: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Texts {
    #[serde(rename = "text")]
    texts: Vec<CatalogueText>,
}

/// Words that no text holds unless its form discloses.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct NeverSpoken {
    words: Vec<String>,
}

/// A sentence that many forms share. Any other key is a language (`flatten` and
/// `deny_unknown_fields` exclude each other); a misspelt `neutral` is no text and refused.
#[derive(Clone, Debug, Deserialize)]
pub struct CatalogueText {
    pub id: String,
    /// May be heard by anybody, before anybody is known.
    #[serde(default)]
    pub neutral: bool,
    #[serde(flatten)]
    pub words: Words,
}

#[derive(Clone, Debug)]
pub struct Kept<T> {
    pub value: Arc<T>,
    pub file: String,
    pub body: String,
    pub sha256: String,
}

impl<T> Kept<T> {
    /// The file's own words, for who writes them in another form.
    pub fn json(&self) -> serde_json::Value {
        form_json(&self.body).unwrap_or_default()
    }
}

#[derive(Clone, Debug, Default)]
pub struct Library {
    pub(super) texts: BTreeMap<String, CatalogueText>,
    pub(super) texts_file: String,
    pub(super) texts_body: String,
    pub(super) never_spoken: Vec<String>,
    pub(super) dialplans: BTreeMap<String, Kept<Dialplan>>,
    pub(super) questionnaires: BTreeMap<String, Kept<Questionnaire>>,
}

impl Library {
    /// # Errors
    /// The first file that cannot be read as what its place says.
    pub fn read(sources: &[Source]) -> Result<Self, LibraryError> {
        let mut library = Self::default();
        for source in sources {
            library.add(source)?;
        }
        Ok(library)
    }

    fn add(&mut self, source: &Source) -> Result<(), LibraryError> {
        if source.name.ends_with("texts.toml") {
            self.texts_file = source.name.clone();
            self.texts_body = source.text.clone();
            let texts = parse::<Texts>(source)?.texts;
            self.texts.extend(texts.into_iter().map(|text| (text.id.clone(), text)));
        } else if source.name.ends_with("never_spoken.toml") {
            self.never_spoken.extend(parse::<NeverSpoken>(source)?.words);
        } else if source.name.contains("questionnaires/") {
            let value: Questionnaire = parse(source)?;
            let id = value.id.clone();
            let before = self.questionnaires.insert(id.clone(), keep(source, value));
            refuse_twice(source, &id, before.map(|kept| kept.file))?;
        } else {
            let value: Dialplan = parse(source)?;
            let id = value.id.clone();
            let before = self.dialplans.insert(id.clone(), keep(source, value));
            refuse_twice(source, &id, before.map(|kept| kept.file))?;
        }
        Ok(())
    }

    pub fn dialplan(&self, id: &str) -> Option<&Kept<Dialplan>> {
        self.dialplans.get(id)
    }

    /// The questionnaire that a dialplan asks first.
    pub fn form_of(&self, dialplan: &str) -> Option<String> {
        self.dialplan(dialplan)?.value.steps.iter().find_map(|step| match &step.action {
            Action::Ask { questionnaire, .. } => Some(questionnaire.clone()),
            _ => None,
        })
    }

    pub fn questionnaire(&self, id: &str) -> Option<&Kept<Questionnaire>> {
        self.questionnaires.get(id)
    }

    pub fn dialplans(&self) -> impl Iterator<Item = &Kept<Dialplan>> {
        self.dialplans.values()
    }

    pub fn questionnaires(&self) -> impl Iterator<Item = &Kept<Questionnaire>> {
        self.questionnaires.values()
    }

    /// The dialplans that ask this form, by id.
    pub fn dialplans_asking(&self, form: &str) -> Vec<&str> {
        let asks = |kept: &Kept<Dialplan>| {
            kept.value.steps.iter().any(|step| {
                matches!(&step.action, Action::Ask { questionnaire, .. } if questionnaire == form)
            })
        };
        self.dialplans.iter().filter(|(_, kept)| asks(kept)).map(|(id, _)| id.as_str()).collect()
    }

    pub fn text(&self, id: &str) -> Option<&CatalogueText> {
        self.texts.get(id)
    }

    /// The steps of a dialplan with the items of its questionnaires in place.
    ///
    /// # Errors
    /// What is missing, by name.
    pub fn program(self: &Arc<Self>, dialplan: &str) -> Result<Program, String> {
        Program::build(self, dialplan, &Casting::default())
    }

    /// The same, for this call: whose task it is, and whether a parent speaks.
    ///
    /// # Errors
    /// What is missing, by name.
    pub fn program_for(
        self: &Arc<Self>,
        dialplan: &str,
        casting: &Casting,
    ) -> Result<Program, String> {
        Program::build(self, dialplan, casting)
    }

    /// Everything that is wrong, all files together.
    pub fn check(self: &Arc<Self>) -> Vec<Finding> {
        check::check(self)
    }
}

/// A form as it was kept with its answers: a file, or a series' JSON.
///
/// # Errors
/// What it cannot be read as.
pub fn read_form(body: &str) -> Result<Questionnaire, String> {
    if body.trim_start().starts_with('{') {
        return serde_json::from_str(body).map_err(|error| error.to_string());
    }
    toml::from_str(body).map_err(|error| error.message().to_owned())
}

/// The same content as JSON, whichever of the two it is.
///
/// # Errors
/// What it cannot be read as.
pub fn form_json(body: &str) -> Result<serde_json::Value, String> {
    if body.trim_start().starts_with('{') {
        return serde_json::from_str(body).map_err(|error| error.to_string());
    }
    toml::from_str(body).map_err(|error| error.message().to_owned())
}

/// The text in a language: the tag itself, its first part, then Chinese.
pub(super) fn words_in<'a>(words: &'a Words, language: &str) -> Option<&'a str> {
    let primary = language.split('-').next().unwrap_or(language);
    let found = words.get(language).or_else(|| words.get(primary)).or_else(|| words.get("zh"));
    found.map(String::as_str)
}

fn keep<T>(source: &Source, value: T) -> Kept<T> {
    Kept {
        value: Arc::new(value),
        file: source.name.clone(),
        body: source.text.clone(),
        sha256: format!("{:x}", Sha256::digest(&source.text)),
    }
}

fn refuse_twice(source: &Source, id: &str, before: Option<String>) -> Result<(), LibraryError> {
    let Some(other) = before else { return Ok(()) };
    let what = format!("{id:?} stands in {other} too");
    Err(LibraryError { file: source.name.clone(), line: 1, what })
}

fn parse<T: for<'de> Deserialize<'de>>(source: &Source) -> Result<T, LibraryError> {
    toml::from_str(&source.text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        let line = source.text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1;
        LibraryError { file: source.name.clone(), line, what: error.message().replace('\n', " ") }
    })
}

/// The files of this repository, as every test of the spoken content wants them.
#[cfg(test)]
pub(super) mod shipped {
    use std::{fs, path::Path, sync::Arc};

    use super::{Library, Source};

    pub(in crate::ivr) fn sources() -> Vec<Source> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut found = Vec::new();
        for folder in ["dialplans", "dialplans/questionnaires"] {
            for entry in fs::read_dir(root.join(folder)).expect("the folder is there") {
                let path = entry.expect("a readable folder").path();
                if path.extension().is_none_or(|extension| extension != "toml") {
                    continue;
                }
                let name = path.strip_prefix(root).expect("under the root");
                let text = fs::read_to_string(&path).expect("a readable file");
                found.push(Source { name: name.to_string_lossy().into_owned(), text });
            }
        }
        found
    }

    pub(in crate::ivr) fn library() -> Arc<Library> {
        Arc::new(Library::read(&sources()).expect("the shipped files parse"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shipped_dialplan_becomes_a_program() {
        let library = shipped::library();
        for kept in library.dialplans() {
            let casting =
                Casting { open_task: Some("discharge_general".to_owned()), guardian: false };
            let built = library.program_for(&kept.value.id, &casting);
            assert!(built.is_ok(), "{}: {:?}", kept.file, built.err());
        }
    }
}
