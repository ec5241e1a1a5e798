//! The rows of the feature list, each through the door that a user has. A test names the
//! ids of its rows; `make features` prints who proves what.

mod alerts;
mod callback;
mod clinical;
mod cohort;
mod dialling;
mod hl7;
mod imports;
mod indicators;
mod notices;
mod plans;
mod questionnaires;
mod records;
mod statistics;
mod templates;
mod work;
