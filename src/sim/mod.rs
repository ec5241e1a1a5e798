//! A simulated carrier, its patients and a hospital: for the demo, for tests, and for
//! trying a dialplan before a patient hears it. What is true stands in a file, so that
//! what the record says can be compared with it.

mod carrier;
mod compare;
mod hospital;
pub mod month;
mod patient;
mod phone;
mod tone;
mod truth;
pub mod year;

pub use carrier::{Answers, Carrier, CarrierError, Heard};
pub use compare::{Comparison, compare};
pub use hospital::{Hospital, Kind, Mix};
pub use phone::{Phone, PhoneConfig, PhoneSound, PicksUp};

pub use truth::{Behaviour, Dial, Expected, Patient, Truth, TruthError};
