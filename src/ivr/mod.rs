//! The questionnaire as a caller hears it. Knows nothing of RTP or Postgres.
#![deny(clippy::disallowed_methods)]

mod check;
mod dialplan;
pub mod duty;
mod first_question;
mod library;
mod machine;
mod number_keys;
mod program;
mod questionnaire;
pub mod reading;
mod repertoire;
mod script;
mod series;
mod spoken;
mod typed;
pub mod studio;

pub use check::{Finding, check};
pub use dialplan::{Dialplan, Step};
pub use library::{Kept, Library, LibraryError, Source, form_json, read_form};
pub use machine::{
    AFTER_PERSON, CallContext, GREETED, Given, Input, Machine, Output, Respondent, Saying, Verdict,
};
pub use program::{Casting, Program};
pub use questionnaire::{AnswerOption, Effect, Item, ItemType, Level, Questionnaire, Template};
pub use repertoire::{KeptLine, Line, LineState, Speaker, line_states, text_sha256};
pub use script::{ScriptError, run_script};
pub use series::{FormFault, SERIES, Series, read_series};
pub use spoken::{Clip, sentences};
pub use typed::{Typed, read_typed, read_typed_all, typed_in_order};
