//! A year of a hospital in virtual time: the server's own decisions over rows in memory,
//! people from a seed. The same seed gives the same year, to the last dial.

mod baseline;
mod call;
mod check;
mod desk;
mod ledger;
mod model;
mod people;
mod report;
mod talk;
mod world;

pub(super) use call::{Silence, manner, silence};
pub use desk::{Desk, DialEnd, Standing, Whose};
pub(super) use ledger::local;
pub use model::{Model, ModelError, Parameter};
pub(super) use people::{Line, Person};
pub use report::{Year, simulate};
pub(super) use talk::{Manner, Stage};
