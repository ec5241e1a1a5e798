//! From node to node: which item is asked next, and how a conversation ends.

use std::sync::Arc;

use super::{Ask, Level, Machine, Output, Respondent, State, Then};
use crate::{
    domain::Conversation,
    ivr::{
        Item, ItemType, Questionnaire,
        program::NodeKind,
        questionnaire::{AnswerOption, Behavior, EnableWhen, Operator},
    },
};

impl Machine {
    /// Goes to a node, or past it to the first that is to be asked.
    pub(super) fn go(&mut self, from: usize) {
        let mut at = from;
        // Each pass moves forward or follows one `go_to`; a loop without an exit is found by
        // the checker, and here by its length.
        for _ in 0..STEPS_MAX {
            self.at = at;
            let Some(node) = self.program.nodes.get(at).cloned() else { return self.end() };
            if !node.when.iter().all(|fact| self.fact(fact)) {
                at += 1;
                continue;
            }
            match node.kind {
                NodeKind::HangUp => return self.end(),
                NodeKind::Transfer { to } => return self.transfer(to, None),
                NodeKind::GoTo { step } => {
                    at = self.program.labels.get(&step).copied().unwrap_or(usize::MAX);
                }
                NodeKind::FormEnd { form } => {
                    self.finish_form(&form);
                    at += 1;
                }
                NodeKind::Item { item, form, task } => {
                    if self.is_asked(&item, form.as_deref()) {
                        return self.ask(form, item, task);
                    }
                    at += 1;
                }
            }
        }
        self.verdict.conversation = Some(Conversation::SystemFault);
        self.end();
    }

    pub(super) fn go_to(&mut self, label: &str) {
        let at = self.program.labels.get(label).copied().unwrap_or(usize::MAX);
        self.go(at);
    }

    /// An opening is asked in each call anew; answers of earlier calls are not asked again.
    fn is_asked(&mut self, item: &Item, form: Option<&Questionnaire>) -> bool {
        if !self.is_enabled(item) {
            return false;
        }
        let Some(form) = form else { return true };
        if item.identity.unwrap_or(form.identity) > self.identity && item.verify.is_none() {
            // Nothing about health is said before the person is known.
            return false;
        }
        let key = (form.id.clone(), item.link_id.clone());
        let is_opening = form.opening.is_none() && form.items.iter().any(|i| i.verify.is_some());
        if !is_opening && self.context.answered.contains_key(&key) {
            self.enough |= item.enough;
            return false;
        }
        if self.resumed && !is_opening && item.kind != ItemType::Display {
            self.resumed = false;
            let clips = self.text("resume");
            self.say_first(clips);
        }
        true
    }

    fn is_enabled(&self, item: &Item) -> bool {
        let respondent = self.respondent.map(Respondent::as_str);
        let by_person = item.only.as_deref().is_none_or(|only| Some(only) == respondent);
        let facts = item.enable_when_fact.iter().all(|fact| self.fact(fact));
        let mut conditions = item.enable_when.iter().map(|condition| self.holds(condition));
        let enabled = match item.enable_behavior {
            _ if item.enable_when.is_empty() => true,
            Behavior::All => conditions.all(|holds| holds),
            Behavior::Any => conditions.any(|holds| holds),
        };
        by_person && facts && enabled
    }

    fn fact(&self, fact: &str) -> bool {
        match fact.strip_prefix('!') {
            Some(fact) => !self.context.facts.contains(fact),
            None => self.context.facts.contains(fact),
        }
    }

    fn holds(&self, condition: &EnableWhen) -> bool {
        if let Some(name) = condition.question.strip_prefix("failed:") {
            let failed = self.failed.get(name).copied().unwrap_or_default();
            let wanted = condition.answer.parse().unwrap_or(f64::MAX);
            return condition.operator.holds(f64::from(failed), wanted);
        }
        let left = match condition.question.strip_prefix("score:") {
            Some(name) => self.score(name).map(|score| score.to_string()),
            None => self.given.get(&condition.question).cloned(),
        };
        let Some(left) = left else {
            return condition.operator == Operator::Exists && condition.answer == "false";
        };
        match (condition.operator, left.parse::<f64>(), condition.answer.parse::<f64>()) {
            (Operator::Exists, ..) => condition.answer == "true",
            (Operator::Equal, ..) if left == condition.answer => true,
            (operator, Ok(left), Ok(right)) => operator.holds(left, right),
            (Operator::NotEqual, ..) => left != condition.answer,
            _ => false,
        }
    }

    /// `None` while an item of the sum is missing: it is never counted as 0.
    fn score(&self, name: &str) -> Option<f64> {
        let forms = self.program.forms();
        let items = forms.iter().find_map(|form| form.scores.get(name))?;
        items.iter().map(|id| self.scores.get(id).copied()).sum()
    }

    pub(super) fn ask(
        &mut self,
        form: Option<Arc<Questionnaire>>,
        item: Arc<Item>,
        task: Option<String>,
    ) {
        let clips = self.item_clips(&item, false);
        self.outputs
            .push_back(Output::Asking { link_id: item.link_id.clone(), text: item.text.clone() });
        match item.kind {
            ItemType::Display => {
                let then = Then::Go(self.at + 1);
                self.say_then(clips, then, item.barge_in);
            }
            ItemType::Attachment => {
                let then = Then::Message { form, item, task };
                self.say(clips, false, true);
                self.state = State::Saying { then, barge_in: true };
            }
            _ => {
                if item.verify.is_some() {
                    self.outputs.push_back(Output::PauseRecording);
                }
                self.say(clips, false, false);
                self.state = State::Asking(Ask {
                    form,
                    item,
                    deadline: None,
                    keys: String::new(),
                    silences: 0,
                    invalids: 0,
                    repeats: 0,
                    reading_back: None,
                });
            }
        }
    }

    pub(super) fn on_said(&mut self, now: std::time::Instant) {
        let wait = self.first_key_wait();
        let between = self.patient(super::BETWEEN_DIGITS);
        match &mut self.state {
            State::Asking(ask) => {
                let wait = if ask.keys.is_empty() { wait } else { between };
                ask.deadline = Some(now + wait);
            }
            State::Saying { then, .. } => {
                let then = then.clone();
                self.follow(then);
            }
            _ => {}
        }
    }

    pub(super) fn follow(&mut self, then: Then) {
        match then {
            Then::Go(at) => self.go(at),
            Then::Message { form, item, task } => {
                let seconds = item.max_seconds.unwrap_or(MESSAGE_SECONDS);
                let max = std::time::Duration::from_secs(u64::from(seconds));
                self.outputs.push_back(Output::RecordMessage { max });
                self.state = State::Message { form, item, task };
            }
            Then::Transfer { to, level } => {
                self.outputs.push_back(Output::Transfer { to });
                self.state = State::Transferring { level };
            }
            Then::End => {
                self.state = State::Ended;
                self.outputs.push_back(Output::HangUp);
            }
        }
    }

    pub(super) fn transfer(&mut self, to: String, level: Option<Level>) {
        let clips = match level {
            Some(Level::Suicide) => self.text("suicide.say"),
            Some(_) => self.text("redflag.wait"),
            None => self.text("person.wait"),
        };
        self.say_then(clips, Then::Transfer { to, level }, false);
    }

    /// A person is wanted: the machine's part ends here, whoever comes.
    pub(super) fn to_person(&mut self, text: Option<&str>) {
        self.verdict.wants_person = true;
        if let Some(id) = text {
            let clips = self.text(id);
            self.say_first(clips);
        }
        self.transfer("centre".to_owned(), None);
    }

    pub(super) fn on_nobody(&mut self) {
        let State::Transferring { level } = &self.state else { return };
        let level = *level;
        let said = match level {
            Some(Level::Emergency) => {
                [self.text("safety.120"), self.text("redflag.nobody")].concat()
            }
            Some(Level::Suicide) => self.text("suicide.nobody"),
            Some(_) => self.text("redflag.nobody"),
            None => self.text("person.none"),
        };
        match level {
            // The line must be free for the nurse's call; an emergency asks no more.
            Some(Level::Urgent | Level::Prompt) => {
                let next = self.at + 1;
                self.say_then(said, Then::Go(next), false);
            }
            Some(_) => {
                self.verdict.wants_person = true;
                self.say_then(said, Then::End, false);
            }
            None => {
                self.outputs.push_back(Output::Task("人工回电".to_owned()));
                self.say_then(said, Then::End, false);
            }
        }
    }

    pub(super) fn on_stop(&mut self) {
        if matches!(self.state, State::Ended) {
            return;
        }
        self.outputs.push_back(Output::StopSaying);
        self.prefix.clear();
        let clips = self.text("stopped");
        self.say_then(clips, Then::End, false);
    }

    /// The last node is behind us.
    pub(super) fn end(&mut self) {
        let mut clips = Vec::new();
        if self.promised_call
            && let Some(text) = self.program.library.text("redflag.later")
        {
            clips = self.words(&text.words, &[]);
        }
        if clips.is_empty() && self.prefix.is_empty() {
            return self.follow(Then::End);
        }
        self.say_then(clips, Then::End, false);
    }

    fn finish_form(&mut self, form: &Arc<Questionnaire>) {
        self.forms_done += 1;
        let missing = form.items.iter().any(|item| {
            item.required && self.is_enabled(item) && !self.given.contains_key(&item.link_id)
        });
        if missing && self.verdict.conversation.is_none() {
            let conversation =
                if self.enough { Conversation::Partial } else { Conversation::BreakOff };
            self.verdict.conversation = Some(conversation);
        }
    }

    /// What else an option does, besides being the answer. Answers whether the flow has
    /// left the question.
    pub(super) fn act(&mut self, option: &AnswerOption) -> bool {
        if let Some(effect) = option.effect {
            self.outputs.push_back(Output::Effect(effect));
            if effect == crate::ivr::Effect::NoRecording {
                self.outputs.push_back(Output::DestroyRecording);
            }
        }
        if let Some(respondent) = option.respondent.as_deref() {
            self.respondent = match respondent {
                "patient" => Some(Respondent::Patient),
                "guardian" => Some(Respondent::Guardian),
                _ => Some(Respondent::InformedRelative),
            };
            self.identity = self.identity.max(1);
        }
        if let Some(task) = &option.task {
            self.outputs.push_back(Output::Task(task.clone()));
        }
        if let Some(promised) = option.promised() {
            self.verdict.promised = Some(promised);
        }
        let said = option.say.as_deref().map(|id| self.text(id)).unwrap_or_default();
        if let Some(conversation) = option.conversation() {
            if option.next.is_some() {
                self.pending = Some(conversation);
            } else {
                self.verdict.conversation = Some(self.pending.take().unwrap_or(conversation));
                self.say_then(said, Then::End, false);
                return true;
            }
        }
        self.say_first(said);
        if let Some(to) = &option.transfer {
            self.transfer(to.clone(), None);
            return true;
        }
        if let Some(next) = &option.next {
            self.go_to(&next.clone());
            return true;
        }
        false
    }

    pub(super) fn on_recorded(&mut self) {
        let State::Message { form, item, task } = &self.state else { return };
        let (form, item, task) = (form.clone(), Arc::clone(item), task.clone());
        self.outputs.push_back(Output::StopMessage);
        if let Some(task) = task {
            self.outputs.push_back(Output::Task(task));
        }
        if let Some(form) = form {
            self.given.insert(item.link_id.clone(), "recorded".to_owned());
            let given = self.blank(&form, &item, "answered");
            self.outputs.push_back(Output::Answer(given));
        }
        self.go(self.at + 1);
    }

    /// A flag in an answer. Answers whether the flow has left the question.
    pub(super) fn flag(&mut self, item: &Item, level: Level) -> bool {
        self.outputs.push_back(Output::Alert { link_id: item.link_id.clone(), level });
        let is_worse = self.worst.is_none_or(|worst| worst < level);
        self.worst = self.worst.max(Some(level));
        if level == Level::Prompt {
            self.promised_call = true;
            return false;
        }
        if is_worse {
            self.transfer("duty".to_owned(), Some(level));
        }
        is_worse
    }
}

/// More nodes than any dialplan has.
const STEPS_MAX: usize = 2000;

const MESSAGE_SECONDS: u32 = 60;
