//! A machine on a stage of its own: what it says takes time, but nobody waits for it.

use std::{
    fmt::Write,
    time::{Duration, Instant},
};

use crate::{
    base::{Key, Machine as _},
    ivr::{Given, Input, Machine, Output, Saying, questionnaire::Level},
};

pub(in crate::ivr) struct Stage {
    pub(in crate::ivr) machine: Machine,
    began: Instant,
    now: Instant,
    /// Until then it speaks; then it is told that all was said.
    speaks_until: Option<Instant>,
    transferring: bool,
    /// What has been said, as written.
    pub(in crate::ivr) said: Vec<String>,
    pub(in crate::ivr) answers: Vec<Given>,
    /// `alert pain.nrs urgent` and the like.
    happened: Vec<String>,
    path: String,
}

impl Stage {
    pub(in crate::ivr) fn new(machine: Machine, now: Instant) -> Self {
        Self {
            machine,
            began: now,
            now,
            speaks_until: None,
            transferring: false,
            said: Vec::new(),
            answers: Vec::new(),
            happened: Vec::new(),
            path: String::new(),
        }
    }

    pub(in crate::ivr) fn start(&mut self) {
        self.now += BEFORE_THE_FIRST_WORD;
        self.input(Input::Start);
    }

    pub(super) fn press(&mut self, key: Key, while_speaking: bool) -> Result<(), String> {
        if !while_speaking {
            self.settle();
            self.now += if self.machine.is_keying() { NEXT_DIGIT } else { TO_PRESS };
        }
        self.is_on()?;
        self.note(&format!("按键 {}", key.as_char()));
        self.input(Input::Key(key));
        Ok(())
    }

    pub(super) fn be_silent(&mut self) -> Result<(), String> {
        self.settle();
        let until = self.machine.poll_timeout().ok_or("it does not wait for a key")?;
        let waited = until - self.now;
        self.now = until;
        self.note(&format!("{} 秒没有按键", waited.as_secs()));
        self.machine.handle_timeout(self.now);
        self.drain();
        Ok(())
    }

    pub(super) fn speak(&mut self) -> Result<(), String> {
        self.settle();
        self.is_on()?;
        self.now += Duration::from_secs(1);
        self.note("听到说话声");
        self.input(Input::Speech);
        Ok(())
    }

    pub(super) fn nobody(&mut self) -> Result<(), String> {
        self.settle();
        if !std::mem::take(&mut self.transferring) {
            return Err("no call is being transferred".to_owned());
        }
        self.note("没有人接");
        self.input(Input::NobodyThere);
        Ok(())
    }

    pub(super) fn recorded(&mut self) -> Result<(), String> {
        self.settle();
        self.is_on()?;
        self.note("录音时间到");
        self.input(Input::Recorded);
        Ok(())
    }

    pub(super) fn stop(&mut self) {
        self.note("全部停止");
        self.input(Input::Stop);
    }

    pub(super) fn hang_up(&mut self) {
        self.note("对方挂机");
        self.input(Input::HungUp);
    }

    fn is_on(&self) -> Result<(), String> {
        if self.machine.has_ended() { Err("the call has ended".to_owned()) } else { Ok(()) }
    }

    /// Lets it finish speaking, until it waits for somebody.
    pub(in crate::ivr) fn settle(&mut self) {
        while let Some(until) = self.speaks_until.take() {
            self.now = self.now.max(until);
            self.input(Input::Said);
        }
    }

    pub(in crate::ivr) fn input(&mut self, input: Input) {
        self.machine.handle_input(input, self.now);
        self.drain();
    }

    pub(super) fn answer(&self, link_id: &str) -> Option<String> {
        let given = self.answers.iter().rev().find(|given| given.link_id == link_id)?;
        let value = given.code.clone().or_else(|| given.number.clone());
        Some(value.unwrap_or_else(|| given.status.to_owned()))
    }

    pub(super) fn happened(&self, what: &str) -> bool {
        self.happened.iter().any(|happened| happened == what)
    }

    pub(super) fn said(&self, text: &str) -> bool {
        self.said.iter().any(|said| said.contains(text))
    }

    pub(super) fn path(mut self) -> String {
        let verdict = self.machine.verdict();
        let outcome = verdict.conversation.map_or_else(|| "-".to_owned(), |c| c.to_string());
        self.note(&format!("结果 {outcome}"));
        self.path
    }

    fn drain(&mut self) {
        while let Some(output) = self.machine.poll_output() {
            match output {
                Output::Say(saying) => self.on_say(&saying),
                Output::StopSaying => self.speaks_until = None,
                Output::Answer(given) => self.on_answer(given),
                Output::Alert { link_id, level, .. } => {
                    let level = if level == Level::Suicide { "suicide" } else { level.as_str() };
                    self.happens(format!("alert {link_id} {level}"));
                }
                Output::Effect(effect) => {
                    let name = snake_case(&format!("{effect:?}"));
                    self.happens(format!("effect {name}"));
                }
                Output::Task(task) => self.happens(format!("task {task}")),
                Output::Transfer { to } => {
                    self.transferring = true;
                    self.happens(format!("transfer {to}"));
                }
                Output::DestroyRecording => self.happens("destroyed".to_owned()),
                Output::PauseRecording => self.happens("paused".to_owned()),
                Output::ResumeRecording => self.happens("resumed".to_owned()),
                Output::RecordMessage { max } => {
                    self.note(&format!("嘀 — 录音,最长 {} 秒", max.as_secs()));
                }
                Output::StopMessage => self.note("录音结束"),
                Output::HangUp => self.note("挂机"),
                Output::Asking { link_id, text } => self.note(&format!("· {link_id} {text}")),
            }
        }
    }

    fn on_answer(&mut self, given: Given) {
        let label = given.label.clone().unwrap_or_default();
        let (id, text) = (given.link_id.clone(), given.text.clone());
        self.answers.push(given);
        let value = self.answer(&id).unwrap_or_default();
        self.note(format!("回答 {id}({text})= {value} {label}").trim_end());
    }

    fn on_say(&mut self, saying: &Saying) {
        let text: String = saying.clips.iter().map(|clip| clip.written.as_str()).collect();
        self.note(&format!("说 {text}"));
        self.said.push(text);
        self.speaks_until = Some(self.now + seconds(saying));
    }

    fn happens(&mut self, what: String) {
        self.note(&what);
        self.happened.push(what);
    }

    fn note(&mut self, what: &str) {
        let elapsed = (self.now - self.began).as_secs_f64();
        writeln!(self.path, "{elapsed:6.1}  {what}").expect("a String takes every line");
    }
}

/// How long it takes: 3.8 characters a second and the pauses, by the count.
pub(in crate::ivr) fn seconds(saying: &Saying) -> Duration {
    let pace = if saying.slower { PACE * SLOWER } else { PACE };
    let clips = saying.clips.iter().map(|clip| {
        let spoken = clip.spoken.chars().filter(|c| c.is_alphanumeric()).count();
        let spoken = u32::try_from(spoken).unwrap_or(u32::MAX);
        let pace = if clip.language.starts_with("en") { LETTERS } else { pace };
        clip.pause + Duration::from_secs_f64(f64::from(spoken) / pace)
    });
    clips.sum()
}

/// `OptOut` → `opt_out`.
fn snake_case(name: &str) -> String {
    let mut snake = String::new();
    for c in name.chars() {
        if c.is_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.extend(c.to_lowercase());
    }
    snake
}

const BEFORE_THE_FIRST_WORD: Duration = Duration::from_secs(1);
const PACE: f64 = 3.8;
const SLOWER: f64 = 0.85;
/// English letters a second at the same pace of speech.
const LETTERS: f64 = 12.0;
const TO_PRESS: Duration = Duration::from_secs(4);
const NEXT_DIGIT: Duration = Duration::from_secs(1);
