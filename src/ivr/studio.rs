//! The prompt studio: a nurse on the telephone reads the sentences one after another. Each
//! is read out as a model, recorded, judged, played back, and kept only on her key.

mod words;

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use super::{Clip, Line, reading};
use crate::{
    base::{Key, Machine},
    domain::{Take, TakeFault, expected_ms, judge_take},
};
use words::Phrase;

#[derive(Clone, Debug)]
pub enum Input {
    Start,
    Key(Key),
    /// What was to be said has been said.
    Said,
    SpeechStarted,
    SpeechEnded,
    /// The take that `Output::EndTake` ended.
    Taken(Take),
    /// Whether the take that `Output::Keep` named is stored.
    Stored(bool),
    Stop,
    HungUp,
}

/// A piece of what is played.
#[derive(Clone, Debug)]
pub enum Part {
    Clip(Clip),
    Beep,
    /// What was just recorded.
    Take,
}

#[derive(Clone, Debug)]
pub enum Output {
    Say(Vec<Part>),
    StopSaying,
    BeginTake,
    /// `by_key`: the tone of a key may be at the end.
    EndTake {
        by_key: bool,
    },
    /// Store the take as the clip of this line.
    Keep(usize),
    Progress(Progress),
    HangUp,
}

/// For who watches on the page.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Progress {
    /// Which line, from 0; as many as there are at the end.
    pub at: usize,
    pub kept: usize,
    pub skipped: usize,
    pub doing: Doing,
    /// Why the last take of this line was refused.
    pub fault: Option<TakeFault>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Doing {
    Announcing,
    Recording,
    Choosing,
    Ended,
}

impl Doing {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Announcing => "announcing",
            Self::Recording => "recording",
            Self::Choosing => "choosing",
            Self::Ended => "ended",
        }
    }
}

pub struct Studio {
    lines: Vec<Line>,
    /// Speaks to the nurse in it.
    language: String,
    at: usize,
    state: State,
    outputs: VecDeque<Output>,
    kept: usize,
    skipped: usize,
    /// Takes of this line that were refused.
    refused: u32,
    fault: Option<TakeFault>,
}

#[derive(Debug)]
enum State {
    Idle,
    /// The model is read; then the beep.
    Announcing,
    Recording {
        was_heard: bool,
        /// Nothing more is said by then, or nothing at all.
        quiet_at: Option<Instant>,
        end_at: Instant,
    },
    Judging,
    /// The take is played back with the choice; then a key is waited for.
    Choosing {
        deadline: Option<Instant>,
        silences: u32,
    },
    Storing,
    Leaving,
    Ended,
}

impl Studio {
    /// `lines` must not be empty: there would be nothing to call for.
    pub fn new(lines: Vec<Line>, language: &str) -> Self {
        Self {
            lines,
            language: language.to_owned(),
            at: 0,
            state: State::Idle,
            outputs: VecDeque::new(),
            kept: 0,
            skipped: 0,
            refused: 0,
            fault: None,
        }
    }

    pub fn line(&self, at: usize) -> Option<&Line> {
        self.lines.get(at)
    }

    fn guide(&self, phrase: Phrase) -> Part {
        Part::Clip(phrase.clip(&self.language))
    }

    fn model(&self) -> Option<Part> {
        let mut clip = self.lines.get(self.at)?.clip.clone();
        clip.pause = BEFORE_MODEL;
        Some(Part::Clip(clip))
    }

    /// `first`, the number of the line, the model, the beep.
    fn announce(&mut self, first: Vec<Phrase>) {
        let mut parts: Vec<_> = first.into_iter().map(|phrase| self.guide(phrase)).collect();
        parts.push(self.guide(Phrase::Number(self.at + 1)));
        self.announce_with(parts);
    }

    fn announce_with(&mut self, mut parts: Vec<Part>) {
        let Some(model) = self.model() else { return self.leave(Phrase::Done(self.kept)) };
        parts.extend([model, Part::Beep]);
        self.outputs.push_back(Output::Say(parts));
        self.enter(State::Announcing, Doing::Announcing);
    }

    fn enter(&mut self, state: State, doing: Doing) {
        self.state = state;
        let (at, kept, skipped, fault) = (self.at, self.kept, self.skipped, self.fault);
        self.outputs.push_back(Output::Progress(Progress { at, kept, skipped, doing, fault }));
    }

    fn record(&mut self, now: Instant) {
        self.outputs.push_back(Output::BeginTake);
        let expected = self.lines.get(self.at).map_or(0, |line| expected_ms(&line.clip.spoken));
        let longest = Duration::from_millis((expected * 3).into()).max(TAKE_MIN).min(TAKE_MAX);
        let state = State::Recording {
            was_heard: false,
            quiet_at: Some(now + NOTHING_SAID),
            end_at: now + NOTHING_SAID + longest,
        };
        self.enter(state, Doing::Recording);
    }

    fn end_take(&mut self, by_key: bool) {
        self.outputs.push_back(Output::EndTake { by_key });
        self.state = State::Judging;
    }

    fn on_taken(&mut self, take: &Take) {
        if !matches!(self.state, State::Judging) {
            return;
        }
        let expected = self.lines.get(self.at).map_or(0, |line| expected_ms(&line.clip.spoken));
        match judge_take(take, expected) {
            Ok(()) => {
                self.fault = None;
                self.offer();
            }
            Err(fault) => self.refuse(fault),
        }
    }

    fn refuse(&mut self, fault: TakeFault) {
        self.fault = Some(fault);
        self.refused += 1;
        let said = self.guide(Phrase::Fault(fault));
        if self.refused >= REFUSED_MAX {
            self.outputs.push_back(Output::Say(vec![said]));
            return self.next(Phrase::GaveUp, false);
        }
        let again = self.guide(Phrase::Again);
        self.announce_with(vec![said, again]);
    }

    /// The take, and what may become of it.
    fn offer(&mut self) {
        let menu = self.guide(Phrase::Menu);
        self.outputs.push_back(Output::Say(vec![Part::Take, menu]));
        self.enter(State::Choosing { deadline: None, silences: 0 }, Doing::Choosing);
    }

    fn next(&mut self, said: Phrase, is_kept: bool) {
        if is_kept {
            self.kept += 1;
        } else {
            self.skipped += 1;
        }
        (self.at, self.refused, self.fault) = (self.at + 1, 0, None);
        if self.at >= self.lines.len() {
            return self.leave(Phrase::Done(self.kept));
        }
        self.announce(vec![said]);
    }

    fn leave(&mut self, last: Phrase) {
        let last = self.guide(last);
        self.outputs.push_back(Output::Say(vec![last]));
        self.enter(State::Leaving, Doing::Ended);
    }

    fn on_key(&mut self, key: char) {
        match (&self.state, key) {
            (State::Announcing, '*') => {
                self.outputs.push_back(Output::StopSaying);
                self.announce_with(Vec::new());
            }
            (State::Announcing | State::Choosing { .. }, '3') => {
                self.outputs.push_back(Output::StopSaying);
                self.next(Phrase::Skipped, false);
            }
            (State::Recording { .. }, '#') => self.end_take(true),
            (State::Choosing { .. }, '1') => {
                self.outputs.push_back(Output::StopSaying);
                self.outputs.push_back(Output::Keep(self.at));
                self.state = State::Storing;
            }
            (State::Choosing { .. }, '2') => {
                self.outputs.push_back(Output::StopSaying);
                let again = self.guide(Phrase::Again);
                self.announce_with(vec![again]);
            }
            (State::Choosing { .. }, '*') => {
                self.outputs.push_back(Output::StopSaying);
                let menu = self.guide(Phrase::Menu);
                let model = self.model();
                let parts = model.into_iter().chain([Part::Take, menu]).collect();
                self.outputs.push_back(Output::Say(parts));
                self.state = State::Choosing { deadline: None, silences: 0 };
            }
            _ => {}
        }
    }

    fn on_said(&mut self, now: Instant) {
        match &mut self.state {
            State::Announcing => self.record(now),
            State::Choosing { deadline, .. } => *deadline = Some(now + CHOICE_WAIT),
            State::Leaving => {
                self.state = State::Ended;
                self.outputs.push_back(Output::HangUp);
            }
            _ => {}
        }
    }

    fn on_stored(&mut self, is_stored: bool) {
        if !matches!(self.state, State::Storing) {
            return;
        }
        if is_stored {
            return self.next(Phrase::Kept, true);
        }
        let said = self.guide(Phrase::NotStored);
        self.outputs.push_back(Output::Say(vec![said]));
        self.enter(State::Choosing { deadline: None, silences: 0 }, Doing::Choosing);
    }

    /// Nobody chose: the telephone may lie on the table.
    fn on_no_choice(&mut self, silences: u32) {
        if silences >= SILENCES_MAX {
            return self.leave(Phrase::Stopped);
        }
        let menu = self.guide(Phrase::Menu);
        self.outputs.push_back(Output::Say(vec![Part::Take, menu]));
        self.state = State::Choosing { deadline: None, silences };
    }
}

impl Machine for Studio {
    type Input = Input;
    type Output = Output;

    fn handle_input(&mut self, input: Input, now: Instant) {
        match input {
            Input::Start if matches!(self.state, State::Idle) => {
                self.announce(vec![Phrase::Welcome(self.lines.len())]);
            }
            Input::Key(key) => self.on_key(key.as_char()),
            Input::Said => self.on_said(now),
            Input::SpeechStarted => {
                if let State::Recording { was_heard, quiet_at, .. } = &mut self.state {
                    (*was_heard, *quiet_at) = (true, None);
                }
            }
            Input::SpeechEnded => {
                if let State::Recording { was_heard: true, quiet_at, .. } = &mut self.state {
                    *quiet_at = Some(now + QUIET_MORE);
                }
            }
            Input::Taken(take) => self.on_taken(&take),
            Input::Stored(is_stored) => self.on_stored(is_stored),
            Input::Stop if !matches!(self.state, State::Leaving | State::Ended) => {
                self.outputs.push_back(Output::StopSaying);
                self.leave(Phrase::Stopped);
            }
            Input::HungUp => self.enter(State::Ended, Doing::Ended),
            Input::Start | Input::Stop => {}
        }
    }

    fn handle_timeout(&mut self, now: Instant) {
        let is_due = |at: &Option<Instant>| at.is_some_and(|at| at <= now);
        match &self.state {
            State::Recording { quiet_at, end_at, .. } if is_due(quiet_at) || *end_at <= now => {
                self.end_take(false);
            }
            State::Choosing { deadline, silences } if is_due(deadline) => {
                self.on_no_choice(silences + 1);
            }
            _ => {}
        }
    }

    fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    fn poll_timeout(&self) -> Option<Instant> {
        match &self.state {
            State::Recording { quiet_at, end_at, .. } => {
                Some(quiet_at.map_or(*end_at, |at| at.min(*end_at)))
            }
            State::Choosing { deadline, .. } => *deadline,
            _ => None,
        }
    }
}

const BEFORE_MODEL: Duration = Duration::from_millis(400);

/// After the beep; a nurse looks at the page first.
const NOTHING_SAID: Duration = Duration::from_secs(6);

/// On top of the 700 ms after which a voice counts as ended: a breath in the middle of a
/// sentence is shorter.
const QUIET_MORE: Duration = Duration::from_millis(800);

/// No sentence is longer than a quarter of a minute; a room full of voices never ends.
const TAKE_MIN: Duration = Duration::from_secs(6);
const TAKE_MAX: Duration = Duration::from_secs(40);

const CHOICE_WAIT: Duration = Duration::from_secs(10);
const SILENCES_MAX: u32 = 3;

/// A sentence that does not come out well is better read on another day.
const REFUSED_MAX: u32 = 5;

#[cfg(test)]
mod tests;
