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

pub use desk::{Desk, DialEnd, Standing, Whose};
pub use model::{Model, ModelError, Parameter};
use people::Person;
pub use report::{Year, simulate};
