//! Whole calls: the real server, real sockets, a real database, simulated patients.

mod bad_line;
mod canaries;
mod commands;
mod do_not_call;
mod door;
mod fault;
mod keeping;
mod load;
mod person_rights;
mod phone;
mod run;
mod stopping;
mod syslog;
mod trunk_test;
mod studio;
