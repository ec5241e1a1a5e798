//! What is wrong with a dialplan before a patient hears it.

use super::{Dialplan, Library, Questionnaire, questionnaire::Words};

/// One mistake, where it stands.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Finding {
    pub file: String,
    pub line: usize,
    pub what: String,
}

pub fn check(_library: &std::sync::Arc<Library>) -> Vec<Finding> {
    Vec::new()
}

/// Every text of a questionnaire with its place.
pub(super) fn each_words(_form: &Questionnaire, _add: &mut dyn FnMut(String, &Words)) {}

pub(super) fn each_step_words(_dialplan: &Dialplan, _add: &mut dyn FnMut(String, &Words)) {}
