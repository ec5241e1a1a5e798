//! Arguments → configuration → tracing → start → signal → drain.

#[path = "main/account.rs"]
mod account;
#[path = "main/announcements.rs"]
mod announcements;
#[path = "main/args.rs"]
mod args;
#[path = "main/content.rs"]
mod content;
#[path = "main/doctor.rs"]
mod doctor;
#[path = "main/keeping.rs"]
mod keeping;
#[path = "main/person.rs"]
mod person;
#[path = "main/practice.rs"]
mod practice;
#[path = "main/seats.rs"]
mod seats;
#[path = "main/serve.rs"]
mod serve;
#[path = "main/simulate.rs"]
mod simulate;
#[path = "main/setting.rs"]
mod setting;
#[path = "main/trace.rs"]
mod trace;

use std::process::ExitCode;

use clap::Parser;

use args::{Args, Command, Prompts};

fn main() -> ExitCode {
    let args = Args::parse();
    match run(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure { code, what }) => {
            eprintln!("suifang: {what}");
            ExitCode::from(code)
        }
    }
}

/// One line (or one line a mistake), and the exit code: 2 for what the user can mend.
struct Failure {
    code: u8,
    what: String,
}

impl Failure {
    fn usage(what: impl ToString) -> Self {
        Self { code: 2, what: what.to_string() }
    }

    fn other(what: impl ToString) -> Self {
        Self { code: 1, what: what.to_string() }
    }
}

fn run(args: Args) -> Result<(), Failure> {
    let path = args.config;
    match args.command {
        Command::Serve => serve::serve(path.as_deref()),
        Command::Check { dialplans } => content::check(path.as_deref(), dialplans.as_deref()),
        Command::Script { dialplan, script } => content::script(&dialplan, &script),
        Command::Import { file, run, by } => {
            content::import(path.as_deref(), &file, run.as_deref(), &by)
        }
        Command::Call { to, trunk, dialplan } => serve::call(path.as_deref(), to, trunk, dialplan),
        Command::Trunk(args::Trunk::Test { name, number, english }) => {
            serve::test_trunk(path.as_deref(), &name, number, english)
        }
        Command::User(user) => account::user(path.as_deref(), user),
        Command::Person(person) => person::person(path.as_deref(), &person),
        Command::StopAll { reason, apologise, by } => {
            serve::stop_all(path.as_deref(), reason, apologise, by)
        }
        Command::ResumeAll { by } => serve::resume_all(path.as_deref(), by),
        Command::Simulate(args::Simulate::Year(ask)) => simulate::year(&ask),
        Command::Simulate(args::Simulate::Month(ask)) => simulate::month(&ask),
        Command::Carrier(carrier) => practice::carrier(path.as_deref(), carrier),
        Command::Demo { dir, patients } => practice::demo(&dir, patients),
        Command::Doctor { english } => doctor::doctor(path.as_deref(), english),
        Command::Prompts(Prompts::Record { phone, language, by }) => {
            serve::record_prompts(path.as_deref(), phone, language, by)
        }
        Command::Announcements(what) => announcements::run(path.as_deref(), what),
        Command::Verify => keeping::verify(path.as_deref()),
        Command::Backup { folder } => keeping::backup(path.as_deref(), &folder),
        Command::Restore { folder, without_secrets } => {
            keeping::restore(path.as_deref(), &folder, without_secrets)
        }
        Command::Trace(ask) => trace::trace(path.as_deref(), &ask),
        Command::Reload => serve::reload(path.as_deref()),
        Command::Status => serve::status(path.as_deref()),
    }
}
