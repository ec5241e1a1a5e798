//! The machine against scripts, against chance, and against the ear.

use std::{sync::Arc, time::Instant};

use super::{Machine, Output, Respondent};
use crate::{
    base::{Key, Machine as _},
    ivr::{Casting, Input, Library, library::shipped, run_script, script::stage::seconds},
};

mod chance;
mod ear;
mod flow;
mod keys;

/// Up to the first question of the form.
const OPENED: &str = "key 1\nkey 1\nkeys 0815\n";

fn check(dialplan: &str, cases: &[(&str, &str)]) {
    let library = shipped::library();
    for (name, script) in cases {
        let run = run_script(&library, dialplan, script, begin());
        if let Err(error) = run {
            let until = script.lines().take(error.line.saturating_sub(1)).collect::<Vec<_>>();
            let path = run_script(&library, dialplan, &until.join("\n"), begin());
            panic!("{name}: {error}\n{script}\n{}", path.unwrap_or_default());
        }
    }
}

/// The same, after the opening.
fn check_opened(dialplan: &str, cases: &[(&str, &str)]) {
    let scripts: Vec<_> =
        cases.iter().map(|(name, script)| (*name, format!("{OPENED}{script}"))).collect();
    let scripts: Vec<_> = scripts.iter().map(|(name, script)| (*name, script.as_str())).collect();
    check(dialplan, &scripts);
}

/// Virtual time has to begin somewhere; nothing reads the clock after it.
#[expect(clippy::disallowed_methods, reason = "an Instant cannot be made of nothing")]
fn begin() -> Instant {
    Instant::now()
}
