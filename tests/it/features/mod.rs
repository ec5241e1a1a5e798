//! The rows of the feature list, each through the door that a user has. A test names the
//! ids of its rows; `make features` prints who proves what.

mod alerts;
mod clinical;
mod dialling;
mod doors;
mod exports;
mod fhir;
mod hl7;
mod imports;
mod past;
mod plans;
mod records;
mod sources;
mod statistics;
mod work;
