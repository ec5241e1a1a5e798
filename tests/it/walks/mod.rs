//! Whole calls: the real server, real sockets, a real database, simulated patients.

mod commands;
mod do_not_call;
mod fault;
mod load;
mod phone;
mod run;
mod stopping;
mod studio;
