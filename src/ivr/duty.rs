//! 值班电话: neutral words, a staff number, then the alert; `1` takes it (row F109). Until
//! the number is right the machine holds nothing of a patient: it cannot say what it lacks.

mod words;

use std::{
    collections::VecDeque,
    sync::Arc,
    time::{Duration, Instant},
};

use super::{Clip, Library};
use crate::{
    base::{Key, Machine, Pii},
    domain::DutyOutcome,
};

/// What an alert says, in values that are ready to be spoken.
#[derive(Clone, Default)]
pub struct DutyAlert {
    pub ward: String,
    /// Surname with 先生 or 女士.
    pub call_name: Pii<String>,
    pub item_text: String,
    pub said: Pii<String>,
    pub advice: Option<String>,
}

impl std::fmt::Debug for DutyAlert {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DutyAlert(<redacted>)")
    }
}

#[derive(Clone, Debug)]
pub enum Input {
    Start,
    Key(Key),
    /// What was to be said has been said.
    Said,
    /// The number that `Output::Check` named is of somebody who may hear it; or of nobody.
    Checked(Option<Box<DutyAlert>>),
    Taken(Taken),
    /// The time of this phone is up, or the server ends.
    Stop,
    HungUp,
}

/// What became of `Output::Take`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Taken {
    Now,
    Before,
    NotStored,
}

#[derive(Debug)]
pub enum Output {
    Say(Vec<Clip>),
    StopSaying,
    /// Whose staff number is this?
    Check(String),
    /// The person with this staff number takes the alert.
    Take(String),
    HangUp,
}

pub struct DutyPhone {
    library: Arc<Library>,
    language: String,
    state: State,
    outputs: VecDeque<Output>,
    wrong: u32,
    outcome: DutyOutcome,
}

#[derive(Debug)]
enum State {
    Idle,
    /// A staff number is keyed, digit by digit, until `#`.
    Identifying {
        keys: String,
        deadline: Option<Instant>,
        silences: u32,
    },
    Checking {
        staff_no: String,
    },
    Telling {
        staff_no: String,
        alert: Box<DutyAlert>,
        deadline: Option<Instant>,
        silences: u32,
    },
    Taking,
    Leaving,
    Ended,
}

impl DutyPhone {
    pub fn new(library: Arc<Library>, language: &str) -> Self {
        Self {
            library,
            language: language.to_owned(),
            state: State::Idle,
            outputs: VecDeque::new(),
            wrong: 0,
            outcome: DutyOutcome::NotConfirmed,
        }
    }

    /// What came of it, so far.
    pub const fn outcome(&self) -> DutyOutcome {
        self.outcome
    }

    fn say(&mut self, clips: Vec<Clip>) {
        self.outputs.push_back(Output::Say(clips));
    }

    fn identify(&mut self, text: &str, silences: u32) {
        let clips = self.text(text);
        self.say(clips);
        self.state = State::Identifying { keys: String::new(), deadline: None, silences };
    }

    fn tell(&mut self, staff_no: String, alert: Box<DutyAlert>, silences: u32) {
        let clips = self.alert(&alert);
        self.say(clips);
        self.state = State::Telling { staff_no, alert, deadline: None, silences };
    }

    fn leave(&mut self, text: &str, outcome: DutyOutcome) {
        self.outcome = outcome;
        let clips = self.text(text);
        self.say(clips);
        self.state = State::Leaving;
    }

    fn on_key(&mut self, key: char, now: Instant) {
        match &mut self.state {
            State::Identifying { silences, .. } if key == '*' => {
                let silences = *silences;
                self.outputs.push_back(Output::StopSaying);
                self.identify("duty.hello", silences);
            }
            State::Identifying { keys, .. } if key == '#' => {
                let staff_no = std::mem::take(keys);
                self.check(staff_no);
            }
            State::Identifying { keys, deadline, .. } if key.is_ascii_digit() => {
                if keys.is_empty() {
                    self.outputs.push_back(Output::StopSaying);
                }
                // Longer ones are nobody's: the rest is not kept.
                if keys.len() < STAFF_NO_MAX {
                    keys.push(key);
                }
                *deadline = Some(now + NEXT_DIGIT);
            }
            State::Telling { .. } if matches!(key, '1' | '2' | '*') => self.on_choice(key),
            _ => {}
        }
    }

    fn on_choice(&mut self, key: char) {
        let State::Telling { staff_no, alert, silences, .. } =
            std::mem::replace(&mut self.state, State::Taking)
        else {
            return;
        };
        self.outputs.push_back(Output::StopSaying);
        if key == '1' {
            self.outputs.push_back(Output::Take(staff_no));
        } else {
            self.tell(staff_no, alert, silences);
        }
    }

    fn check(&mut self, staff_no: String) {
        self.outputs.push_back(Output::StopSaying);
        if staff_no.is_empty() {
            return self.on_wrong();
        }
        self.outputs.push_back(Output::Check(staff_no.clone()));
        self.state = State::Checking { staff_no };
    }

    fn on_checked(&mut self, alert: Option<Box<DutyAlert>>) {
        let State::Checking { staff_no } = &mut self.state else { return };
        let staff_no = std::mem::take(staff_no);
        match alert {
            Some(alert) => self.tell(staff_no, alert, 0),
            None => self.on_wrong(),
        }
    }

    fn on_wrong(&mut self) {
        self.wrong += 1;
        if self.wrong >= WRONG_MAX {
            return self.leave("duty.refused", DutyOutcome::WrongStaffNo);
        }
        self.identify("duty.wrong", 0);
    }

    fn on_said(&mut self, now: Instant) {
        match &mut self.state {
            State::Identifying { keys, deadline, .. } if keys.is_empty() => {
                *deadline = Some(now + FIRST_DIGIT);
            }
            State::Telling { deadline, .. } => *deadline = Some(now + CHOICE_WAIT),
            State::Leaving => {
                self.state = State::Ended;
                self.outputs.push_back(Output::HangUp);
            }
            _ => {}
        }
    }

    fn on_taken(&mut self, taken: Taken) {
        if !matches!(self.state, State::Taking) {
            return;
        }
        match taken {
            Taken::Now => self.leave("duty.taken", DutyOutcome::Acknowledged),
            Taken::Before => self.leave("duty.before", DutyOutcome::Acknowledged),
            Taken::NotStored => self.leave("duty.fault", DutyOutcome::NotConfirmed),
        }
    }

    /// Nobody pressed anything: the phone may lie on the table.
    fn on_silence(&mut self) {
        match std::mem::replace(&mut self.state, State::Leaving) {
            // A number without its `#`.
            State::Identifying { keys, .. } if !keys.is_empty() => self.check(keys),
            State::Identifying { silences, .. } if silences + 1 < SILENCES_MAX => {
                self.identify("duty.hello", silences + 1);
            }
            State::Telling { staff_no, alert, silences, .. } if silences + 1 < SILENCES_MAX => {
                self.tell(staff_no, alert, silences + 1);
            }
            _ => self.leave("duty.nobody", DutyOutcome::NotConfirmed),
        }
    }
}

impl Machine for DutyPhone {
    type Input = Input;
    type Output = Output;

    fn handle_input(&mut self, input: Input, now: Instant) {
        match input {
            Input::Start if matches!(self.state, State::Idle) => self.identify("duty.hello", 0),
            Input::Key(key) => self.on_key(key.as_char(), now),
            Input::Said => self.on_said(now),
            Input::Checked(alert) => self.on_checked(alert),
            Input::Taken(taken) => self.on_taken(taken),
            Input::Stop if !matches!(self.state, State::Leaving | State::Ended) => {
                self.outputs.push_back(Output::StopSaying);
                self.leave("duty.nobody", DutyOutcome::NotConfirmed);
            }
            Input::HungUp => self.state = State::Ended,
            Input::Start | Input::Stop => {}
        }
    }

    fn handle_timeout(&mut self, now: Instant) {
        if self.poll_timeout().is_some_and(|at| at <= now) {
            self.on_silence();
        }
    }

    fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    fn poll_timeout(&self) -> Option<Instant> {
        match &self.state {
            State::Identifying { deadline, .. } | State::Telling { deadline, .. } => *deadline,
            _ => None,
        }
    }
}

/// As the database has it; a hospital's own numbers have four to eight digits.
const STAFF_NO_MAX: usize = 12;

/// Who is woken at night looks for the badge first.
const FIRST_DIGIT: Duration = Duration::from_secs(12);
const NEXT_DIGIT: Duration = Duration::from_secs(6);
const CHOICE_WAIT: Duration = Duration::from_secs(10);
const SILENCES_MAX: u32 = 3;

/// Issue 3: three wrong numbers, then the next phone.
const WRONG_MAX: u32 = 3;

#[cfg(test)]
mod tests;
