//! The rows of the feature list, each through the door that a user has. A test names the
//! ids of its rows; `make features` prints who proves what.

mod administrators;
mod agents;
mod alerts;
mod bad_input;
mod callback;
mod clear;
mod clinical;
mod carrier_profiles;
mod cases;
mod cohort;
mod course;
mod dialling;
mod doors;
mod exports;
mod fhir;
mod hl7;
mod imports;
mod indicators;
mod next_trunk;
mod notices;
mod past;
mod plans;
mod quality;
mod questionnaires;
mod queues;
mod records;
mod ring_test;
mod roles;
mod services;
mod sign_in;
mod sources;
mod statistics;
mod templates;
mod work;
mod workload;
