//! Whole calls: the real server, real sockets, a real database, simulated patients.

mod commands;
mod run;
mod stopping;
mod studio;
