//! One conversation: a program played to one respondent. Keys, silences and voices in;
//! things to say, answers and acts out.

mod asking;
mod flow;
mod identity;
mod numbers;
mod voice;

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
    time::{Duration, Instant},
};

use chrono::NaiveDate;

use super::{
    Clip, Item, Program, Questionnaire,
    questionnaire::{Effect, Level},
};
use crate::{
    base::{Key, Machine as Verbs, Pii},
    domain::{Conversation, DayPart},
};

/// What is known of the call before the first word.
#[derive(Clone, Debug, Default)]
pub struct CallContext {
    pub language: String,
    pub caller_name: String,
    pub callback_number: String,
    /// As it is spoken: surname with the right reading, and 先生 or 女士.
    pub call_name: Pii<String>,
    pub birth_date: Option<Pii<NaiveDate>>,
    /// From 65 years on everything waits half as long again.
    pub age: Option<i32>,
    /// `had_operation`, `person_on_duty`, `night`, `open_task`, …
    pub facts: BTreeSet<String>,
    pub visit_date: Option<NaiveDate>,
    /// The last value of a measure, by linkId, from whichever call or visit.
    pub last_values: BTreeMap<String, f64>,
    /// Answers of earlier calls for the same task: `(questionnaire, linkId) → code`.
    pub answered: BTreeMap<(String, String), Pii<String>>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Respondent {
    Patient,
    InformedRelative,
    Guardian,
}

impl Respondent {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Patient => "patient",
            Self::InformedRelative => "informed_relative",
            Self::Guardian => "guardian",
        }
    }
}

#[derive(Clone, Debug)]
pub enum Input {
    /// The call is answered; the first word follows after a second.
    Start,
    Key(Key),
    /// What was to be said has been said.
    Said,
    /// A voice was heard for a while.
    Speech,
    /// A message has been recorded (its limit is reached).
    Recorded,
    /// Nobody took the transferred call.
    NobodyThere,
    /// All calls are stopped, or the server is: say so and end.
    Stop,
    /// The far side has hung up.
    HungUp,
}

#[derive(Clone, Debug)]
pub struct Saying {
    pub clips: Vec<Clip>,
    /// The second time: 0.85 of the pace.
    pub slower: bool,
    pub beep: bool,
}

/// An answer as it goes to the record.
#[derive(Clone)]
pub struct Given {
    pub form: Arc<Questionnaire>,
    pub link_id: String,
    pub text: String,
    pub status: &'static str,
    pub code: Option<String>,
    pub label: Option<String>,
    pub number: Option<String>,
    pub unit: Option<String>,
    pub score: Option<f64>,
    /// What a rule tells the respondent, in the words that are said.
    pub advice: Option<String>,
}

impl std::fmt::Debug for Given {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Given({})", self.link_id)
    }
}

#[derive(Debug)]
pub enum Output {
    Say(Saying),
    StopSaying,
    Answer(Given),
    Alert {
        /// Of the form that asks it.
        form: String,
        link_id: String,
        text: String,
        level: Level,
        /// What the rule says to do, in Chinese: for who acts on it.
        advice: Option<String>,
    },
    Effect(Effect),
    /// A task for a person.
    Task(String),
    /// Digits that say who somebody is are not recorded.
    PauseRecording,
    ResumeRecording,
    DestroyRecording,
    RecordMessage {
        max: Duration,
    },
    StopMessage,
    /// To a person; the engine answers `NobodyThere` when there is none.
    Transfer {
        to: String,
    },
    HangUp,
    /// Shown live: which question is being asked.
    Asking {
        link_id: String,
        text: String,
    },
}

/// What the conversation came to, for whoever ends the call.
#[derive(Clone, Debug, Default)]
pub struct Verdict {
    pub conversation: Option<Conversation>,
    pub promised: Option<DayPart>,
    pub keys_given: bool,
    pub voice_heard: bool,
    /// A person goes on where the machine stopped.
    pub wants_person: bool,
}

pub struct Machine {
    program: Arc<Program>,
    context: CallContext,
    /// The node that is being asked, or was last.
    at: usize,
    state: State,
    outputs: VecDeque<Output>,
    /// Answers of this call by linkId, for conditions: code or number.
    given: BTreeMap<String, String>,
    scores: BTreeMap<String, f64>,
    respondent: Option<Respondent>,
    identity: u8,
    pending: Option<Conversation>,
    verdict: Verdict,
    enough: bool,
    hinted: bool,
    resumed: bool,
    worst: Option<Level>,
    promised_call: bool,
    /// The item whose `verify` failed, and how often.
    failed: BTreeMap<String, u32>,
    /// What is said before the next thing that is said.
    prefix: Vec<Clip>,
    /// `(form, linkId)` of the answers of this call.
    done: BTreeSet<(String, String)>,
    /// Forms that have been asked to their end.
    ended: BTreeSet<String>,
    begun: bool,
    /// Recording was declined.
    unrecorded: bool,
}

#[derive(Debug)]
enum State {
    Idle,
    /// Speaking; then what comes next.
    Saying {
        then: Then,
        barge_in: bool,
    },
    Asking(Ask),
    Message {
        form: Option<Arc<Questionnaire>>,
        item: Arc<Item>,
        task: Option<String>,
    },
    Transferring {
        level: Option<Level>,
    },
    Ended,
}

#[derive(Clone, Debug)]
enum Then {
    /// On to this node.
    Go(usize),
    Message {
        form: Option<Arc<Questionnaire>>,
        item: Arc<Item>,
        task: Option<String>,
    },
    Transfer {
        to: String,
        level: Option<Level>,
    },
    End,
}

#[derive(Debug)]
struct Ask {
    form: Option<Arc<Questionnaire>>,
    item: Arc<Item>,
    /// While it speaks there is no deadline.
    deadline: Option<Instant>,
    keys: String,
    silences: u32,
    invalids: u32,
    repeats: u32,
    reading_back: Option<Vec<(Arc<Item>, String)>>,
    /// In which unit was it?
    doubting: Option<String>,
}

impl Machine {
    pub fn new(program: Arc<Program>, context: CallContext) -> Self {
        let forms = program.forms();
        // Only an interrupted questionnaire is resumed; its opening is asked anew.
        let resumed = context
            .answered
            .keys()
            .any(|(id, _)| forms.iter().any(|form| form.id == *id && !form.is_opening()));
        let mut scores = BTreeMap::new();
        for ((id, link_id), code) in &context.answered {
            let form = forms.iter().find(|form| form.id == *id);
            let item = form.and_then(|form| form.item(link_id));
            let option = item.and_then(|item| {
                item.answer_option.iter().find(|option| option.code == *code.reveal())
            });
            if let Some(score) = option.and_then(|option| option.score) {
                scores.insert(link_id.clone(), score);
            }
        }
        let given =
            context.answered.iter().map(|((_, id), code)| (id.clone(), code.reveal().clone()));
        Self {
            given: given.collect(),
            program,
            context,
            at: 0,
            state: State::Idle,
            outputs: VecDeque::new(),
            scores,
            respondent: None,
            identity: 0,
            pending: None,
            verdict: Verdict::default(),
            enough: false,
            hinted: false,
            resumed,
            worst: None,
            promised_call: false,
            failed: BTreeMap::new(),
            prefix: Vec::new(),
            done: BTreeSet::new(),
            ended: BTreeSet::new(),
            begun: false,
            unrecorded: false,
        }
    }

    pub const fn has_ended(&self) -> bool {
        matches!(self.state, State::Ended)
    }

    /// An answer is waited for, or will be when the question has been spoken.
    pub(in crate::ivr) const fn is_asking(&self) -> bool {
        matches!(self.state, State::Asking(_))
    }

    /// Some digits of a number have been keyed.
    pub(in crate::ivr) fn is_keying(&self) -> bool {
        matches!(&self.state, State::Asking(ask) if !ask.keys.is_empty())
    }

    /// What it comes to when the call ends now. `None` when no question of a form was
    /// reached though there is one: a caller who only used the menu.
    pub fn verdict(&self) -> Verdict {
        let mut verdict = self.verdict.clone();
        let has_forms = !self.program.forms().is_empty();
        let found = if !has_forms || self.begun {
            Some(if has_forms && self.begun && self.nothing_is_left() {
                Conversation::Completed
            } else if self.enough {
                Conversation::Partial
            } else if verdict.keys_given {
                Conversation::BreakOff
            } else {
                Conversation::AnsweredNoKeys
            })
        } else {
            None
        };
        verdict.conversation = verdict.conversation.or(self.pending).or(found);
        verdict
    }

    /// How long to wait for a key: the telephone must be taken from the ear first.
    fn first_key_wait(&self) -> Duration {
        let base = if self.verdict.keys_given { KEY_WAIT } else { FIRST_KEY_WAIT };
        self.patient(base)
    }

    fn patient(&self, wait: Duration) -> Duration {
        if self.context.age.is_some_and(|age| age >= PATIENT_FROM_YEARS) {
            wait * 3 / 2
        } else {
            wait
        }
    }
}

impl Verbs for Machine {
    type Input = Input;
    type Output = Output;

    fn handle_input(&mut self, input: Input, now: Instant) {
        match input {
            Input::Start if self.context.facts.contains(GREETED) => {
                self.go(self.program.labels.get(WHO).copied().unwrap_or(0));
            }
            Input::Start => self.go(0),
            Input::Key(_) | Input::Speech if self.has_ended() => {}
            Input::Key(key) => {
                self.verdict.keys_given = true;
                self.on_key(key, now);
            }
            Input::Said => self.on_said(now),
            Input::Speech => {
                self.verdict.voice_heard = true;
                self.on_speech();
            }
            Input::Recorded => self.on_recorded(),
            Input::NobodyThere => self.on_nobody(),
            Input::Stop => self.on_stop(),
            Input::HungUp => {
                // Who speaks and hangs up has left a message all the same.
                self.finish_message();
                self.state = State::Ended;
            }
        }
    }

    fn handle_timeout(&mut self, now: Instant) {
        let State::Asking(ask) = &self.state else { return };
        if ask.deadline.is_some_and(|at| at <= now) {
            self.on_silence();
        }
    }

    fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    fn poll_timeout(&self) -> Option<Instant> {
        match &self.state {
            State::Asking(ask) => ask.deadline,
            _ => None,
        }
    }
}

/// Set where whoever is on the line has heard who calls: the conversation begins with the
/// question who is speaking.
pub const GREETED: &str = "greeted";

/// The fact that a person has just put down: silence and wrong keys lead to no other one.
pub const AFTER_PERSON: &str = "after_person";
const WHO: &str = "open.who";

/// The first key of a call: the screen is dark, the keypad hidden.
const FIRST_KEY_WAIT: Duration = Duration::from_secs(15);
const KEY_WAIT: Duration = Duration::from_secs(10);
const BETWEEN_DIGITS: Duration = Duration::from_secs(6);
const PATIENT_FROM_YEARS: i32 = 65;

/// Longer than any value; a pocket that presses keys is not a patient.
const KEYS_MAX: usize = 12;

#[cfg(test)]
mod tests;
