//! A call as it would be answered: the real questionnaire machine, a respondent of keys.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use crate::{
    base::{Key, Machine as _, Pii},
    domain::{Conversation, DayPart},
    ivr::{CallContext, Casting, Input, ItemType, Library, Machine, Output, Program, Verdict},
};

use super::Person;

/// How the one who picked up behaves.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::sim) enum Manner {
    Answers,
    RelativeAnswers {
        informed: bool,
    },
    Stranger,
    Refuses,
    Postpones,
    /// Hangs up after so many questions.
    BreaksOff(u32),
    /// Speaks, or is silent.
    NoKeys,
    /// Does not know the birthday on the identity card.
    WrongBirthday,
}

pub(in crate::sim) struct Spoken {
    pub(in crate::sim) verdict: Verdict,
    pub(in crate::sim) lasted: Duration,
    /// `(linkId)` of every answer, in order: none may be there twice.
    pub(in crate::sim) answers: Vec<String>,
    /// What was pressed, one entry for each time that something was asked.
    pub(in crate::sim) keys: Vec<String>,
}

/// Programs are built once for each dialplan and kind of respondent.
pub(in crate::sim) struct Stage {
    library: Arc<Library>,
    programs: HashMap<(String, bool), Arc<Program>>,
    began: Instant,
}

impl Stage {
    pub(in crate::sim) fn new(library: Arc<Library>, began: Instant) -> Self {
        Self { library, programs: HashMap::new(), began }
    }

    /// # Errors
    /// When there is no such dialplan.
    pub(in crate::sim) fn play(
        &mut self,
        dialplan: &str,
        person: &Person,
        age: i32,
        manner: Manner,
        answered: &[(String, String, String)],
    ) -> Result<Spoken, String> {
        let program = self.program(dialplan, age < GUARDIAN_BELOW_YEARS)?;
        let context = CallContext {
            language: "zh-CN".to_owned(),
            caller_name: "随访中心".to_owned(),
            callback_number: "05925027064".to_owned(),
            call_name: Pii::new("王女士".to_owned()),
            birth_date: Some(Pii::new(person.birth)),
            age: Some(age),
            answered: answered
                .iter()
                .map(|(form, item, code)| ((form.clone(), item.clone()), Pii::new(code.clone())))
                .collect(),
            ..CallContext::default()
        };
        let machine = Machine::new(Arc::clone(&program), context);
        let mut call = Call {
            machine,
            program,
            manner,
            birthday: person.birthday_keys(),
            now: self.began,
            asked: 0,
            asking: None,
            answers: Vec::new(),
            keys: Vec::new(),
        };
        call.machine.handle_input(Input::Start, call.now);
        call.run();
        let lasted = call.now - self.began;
        let verdict = call.machine.verdict();
        Ok(Spoken { verdict, lasted, answers: call.answers, keys: call.keys })
    }

    fn program(&mut self, dialplan: &str, guardian: bool) -> Result<Arc<Program>, String> {
        let key = (dialplan.to_owned(), guardian);
        if let Some(known) = self.programs.get(&key) {
            return Ok(Arc::clone(known));
        }
        let casting = Casting { guardian, ..Casting::default() };
        let built = Arc::new(self.library.program_for(dialplan, &casting)?);
        self.programs.insert(key, Arc::clone(&built));
        Ok(built)
    }
}

struct Call {
    machine: Machine,
    program: Arc<Program>,
    manner: Manner,
    birthday: String,
    now: Instant,
    asked: u32,
    asking: Option<String>,
    answers: Vec<String>,
    keys: Vec<String>,
}

impl Call {
    fn run(&mut self) {
        for _ in 0..INPUTS_MAX {
            let speaking = self.drain();
            if self.machine.has_ended() {
                return;
            }
            if speaking {
                self.now += A_SENTENCE;
                self.machine.handle_input(Input::Said, self.now);
                continue;
            }
            self.respond();
        }
    }

    /// Answers whether it spoke.
    fn drain(&mut self) -> bool {
        let mut speaking = false;
        while let Some(output) = self.machine.poll_output() {
            match output {
                Output::Say(_) => speaking = true,
                Output::StopSaying => speaking = false,
                Output::Asking { link_id, .. } => {
                    self.asked += 1;
                    self.asking = Some(link_id);
                }
                Output::Answer(given) => {
                    self.answers.push(format!("{} {}", given.form.id, given.link_id));
                }
                Output::Transfer { .. } => self.machine.handle_input(Input::NobodyThere, self.now),
                _ => {}
            }
        }
        speaking
    }

    fn respond(&mut self) {
        match self.manner {
            Manner::BreaksOff(after) if self.asked > after => {
                return self.machine.handle_input(Input::HungUp, self.now);
            }
            Manner::NoKeys => {
                self.now = self.machine.poll_timeout().unwrap_or(self.now + A_SENTENCE);
                return self.machine.handle_timeout(self.now);
            }
            _ => {}
        }
        // A read-back asks nothing new: yes, that is right.
        let keys = self.asking.take().map_or_else(|| "1".to_owned(), |item| self.keys(&item));
        for key in keys.chars().filter_map(|c| Key::try_from(c).ok()) {
            self.now += A_KEY;
            self.machine.handle_input(Input::Key(key), self.now);
        }
        self.keys.push(keys);
    }

    fn keys(&self, link_id: &str) -> String {
        let relative = matches!(self.manner, Manner::RelativeAnswers { .. });
        match (link_id, self.manner) {
            ("open.who", Manner::Stranger) => return "3".to_owned(),
            ("open.who", Manner::Postpones) => return "4".to_owned(),
            ("open.who", _) if relative => return "2".to_owned(),
            ("open.relative", Manner::RelativeAnswers { informed: false }) => {
                return "2".to_owned();
            }
            ("open.consent", Manner::Refuses) => return "9".to_owned(),
            ("open.identity" | "open.identity.year", Manner::WrongBirthday) => {
                return "1231".to_owned();
            }
            ("open.identity", _) => return self.birthday.clone(),
            _ => {}
        }
        let forms = self.program.forms();
        let Some(item) = forms.iter().find_map(|form| form.item(link_id)) else {
            return "1".to_owned();
        };
        match item.kind {
            ItemType::Integer | ItemType::Decimal => number(item.range, item.digits),
            _ => item.answer_option.iter().find_map(|option| option.key).unwrap_or('1').to_string(),
        }
    }
}

/// A plain value a little above the lowest that is possible.
fn number(range: Option<(f64, f64)>, digits: Option<usize>) -> String {
    let (low, high) = range.unwrap_or((0.0, 9.0));
    let value = format!("{:.0}", low + (high - low) * 0.3);
    match digits {
        Some(digits) => format!("{value:0>digits$}"),
        None => format!("{value}#"),
    }
}

impl Manner {
    /// What a person who asks would learn from the same respondent.
    pub(in crate::sim) const fn told_to_a_person(self) -> (Conversation, Option<DayPart>) {
        match self {
            Self::RelativeAnswers { informed: false } => (Conversation::WrongPerson, None),
            Self::Stranger => (Conversation::WrongNumber, None),
            Self::Refuses => (Conversation::Refused, None),
            Self::Postpones => (Conversation::Postponed, Some(DayPart::Afternoon)),
            _ => (Conversation::Completed, None),
        }
    }
}

const A_SENTENCE: Duration = Duration::from_secs(6);
const A_KEY: Duration = Duration::from_secs(2);
const GUARDIAN_BELOW_YEARS: i32 = 14;
/// The longest form has sixty items.
const INPUTS_MAX: usize = 600;
