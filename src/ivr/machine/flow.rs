//! From node to node: which item is asked next, and how a conversation ends.

use std::sync::Arc;

use super::{AFTER_PERSON, Ask, Level, Machine, Output, Respondent, State, Then};
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
        self.walk(from, None);
    }

    /// `chosen` is asked whatever its conditions say: somebody pressed a key for it.
    fn walk(&mut self, from: usize, chosen: Option<usize>) {
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
                    if self.is_asked(&item, form.as_deref(), chosen == Some(at)) {
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
        self.walk(at, Some(at));
    }

    /// An opening is asked in each call anew; answers of earlier calls are not asked again.
    fn is_asked(&mut self, item: &Item, form: Option<&Questionnaire>, chosen: bool) -> bool {
        if item.is_on_page() {
            return false;
        }
        let Some(form) = form else { return true };
        let is_fit = self.is_for_who_speaks(item, form) && (chosen || self.is_enabled(item));
        if !is_fit || (self.unrecorded && item.kind == ItemType::Attachment) {
            return false;
        }
        if item.identity.unwrap_or(form.identity) > self.identity && item.verify.is_none() {
            // Nothing about health is said before the person is known.
            return false;
        }
        let key = (form.id.clone(), item.link_id.clone());
        let is_opening = form.is_opening();
        let is_done = self.done.contains(&key) || (is_opening && self.ended.contains(&form.id));
        if is_done && !chosen {
            return false;
        }
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

    /// Whom it is for, and what the record says.
    fn is_for_who_speaks(&self, item: &Item, form: &Questionnaire) -> bool {
        let only = item.only.as_deref().or(form.only.as_deref());
        let by_person = match (only, self.respondent) {
            (None, _) => true,
            (Some("relative"), Some(who)) => who != Respondent::Patient,
            (Some(only), who) => who.is_some_and(|who| who.as_str() == only),
        };
        by_person && item.enable_when_fact.iter().all(|fact| self.fact(fact))
    }

    fn is_enabled(&self, item: &Item) -> bool {
        let mut conditions = item.enable_when.iter().map(|condition| self.holds(condition));
        match item.enable_behavior {
            _ if item.enable_when.is_empty() => true,
            Behavior::All => conditions.all(|holds| holds),
            Behavior::Any => conditions.any(|holds| holds),
        }
    }

    pub(super) fn fact(&self, fact: &str) -> bool {
        let holds = |fact: &str| match fact {
            "visit_date" => self.context.visit_date.is_some(),
            fact => self.context.facts.contains(fact),
        };
        fact.strip_prefix('!').map_or_else(|| holds(fact), |fact| !holds(fact))
    }

    /// After this node no question waits: only words of farewell.
    pub(super) fn nothing_is_left(&self) -> bool {
        if matches!(self.state, State::Asking(_) | State::Message { .. } | State::Idle) {
            return false;
        }
        for node in self.program.nodes.iter().skip(self.at) {
            match &node.kind {
                _ if !node.when.iter().all(|fact| self.fact(fact)) => {}
                NodeKind::HangUp | NodeKind::GoTo { .. } | NodeKind::Transfer { .. } => break,
                NodeKind::FormEnd { .. } => {}
                NodeKind::Item { item, form, .. } => {
                    let is_question = item.kind != ItemType::Display && !item.is_on_page();
                    let form = form.as_deref();
                    let fits = form.is_none_or(|form| self.is_for_who_speaks(item, form));
                    let done = form.is_some_and(|form| {
                        let key = (form.id.clone(), item.link_id.clone());
                        self.done.contains(&key)
                            || self.context.answered.contains_key(&key)
                            || self.ended.contains(&form.id)
                    });
                    if is_question && fits && !done && self.is_enabled(item) {
                        return false;
                    }
                }
            }
        }
        true
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
        let left = match condition.question.strip_prefix("fact:") {
            Some(fact) => Some(self.fact(fact).to_string()),
            None => left,
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
        self.begun |= form.is_some();
        // "A nurse will call you" comes before goodbye.
        if item.kind == ItemType::Display && self.promised_call && self.only_words_follow() {
            self.promise_call();
        }
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
                    doubting: None,
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
    pub(super) fn call_a_person(&mut self, text: Option<&str>) {
        self.verdict.wants_person = true;
        if matches!(&self.state, State::Asking(ask) if ask.item.verify.is_some()) {
            self.resume_recording();
        }
        if text.is_some() && self.context.facts.contains(AFTER_PERSON) {
            self.state = State::Ended;
            self.outputs.push_back(Output::HangUp);
            return;
        }
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
            None => return self.nobody_for_a_person(),
        };
        match level {
            // The line must be free for the nurse's call; an emergency asks no more.
            Some(Level::Urgent | Level::Prompt) | None => {
                let next = self.at + 1;
                self.say_then(said, Then::Go(next), false);
            }
            Some(_) => {
                self.verdict.wants_person = true;
                self.say_then(said, Then::End, false);
            }
        }
    }

    /// A dialplan may have its own way on, a message; else we promise to call back.
    fn nobody_for_a_person(&mut self) {
        self.outputs.push_back(Output::Task("人工回电".to_owned()));
        if self.program.labels.contains_key(NOBODY) {
            return self.go_to(NOBODY);
        }
        let said = self.text("person.none");
        self.say_then(said, Then::End, false);
    }

    pub(super) fn on_stop(&mut self) {
        if matches!(self.state, State::Ended) {
            return;
        }
        self.finish_message();
        self.outputs.push_back(Output::StopSaying);
        self.prefix.clear();
        let clips = self.text("stopped");
        self.say_then(clips, Then::End, false);
    }

    /// The last node is behind us.
    pub(super) fn end(&mut self) {
        if self.promised_call {
            self.promise_call();
        }
        if self.prefix.is_empty() {
            return self.follow(Then::End);
        }
        self.say_then(Vec::new(), Then::End, false);
    }

    fn promise_call(&mut self) {
        self.promised_call = false;
        let clips = self.text("redflag.later");
        self.say_first(clips);
    }

    fn only_words_follow(&self) -> bool {
        let rest = self.program.nodes.iter().skip(self.at);
        let mut rest = rest.take_while(|node| !matches!(node.kind, NodeKind::HangUp));
        rest.all(|node| match &node.kind {
            NodeKind::Item { item, .. } => item.kind == ItemType::Display || item.is_on_page(),
            _ => true,
        })
    }

    fn finish_form(&mut self, form: &Arc<Questionnaire>) {
        self.ended.insert(form.id.clone());
        let missing = form.items.iter().any(|item| {
            item.required
                && !item.is_on_page()
                && self.is_for_who_speaks(item, form)
                && self.is_enabled(item)
                && !self.given.contains_key(&item.link_id)
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
                self.unrecorded = true;
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
            let is_patient = self.respondent == Some(Respondent::Patient);
            if !is_patient
                && self.program.is_for_the_patient_alone()
                && self.program.labels.contains_key(LATER)
            {
                self.pending = Some(Conversation::WrongPerson);
                self.go_to(LATER);
                return true;
            }
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
        if self.finish_message() {
            self.go(self.at + 1);
        }
    }

    /// What was spoken is kept. Answers whether a message was being left.
    pub(super) fn finish_message(&mut self) -> bool {
        let State::Message { form, item, task } = &self.state else { return false };
        let (form, item, task) = (form.clone(), Arc::clone(item), task.clone());
        self.outputs.push_back(Output::StopMessage);
        if let Some(task) = task {
            self.outputs.push_back(Output::Task(task));
        }
        if let Some(form) = form {
            let given = self.blank(&form, &item, "answered");
            self.answer(given, "recorded".to_owned());
        }
        true
    }

    /// A flag in an answer. Answers whether the flow has left the question.
    pub(super) fn flag(
        &mut self,
        form: Option<&Questionnaire>,
        item: &Item,
        level: Level,
        advice: Option<&str>,
    ) -> bool {
        let words = form.zip(advice).and_then(|(form, id)| form.advice.get(id));
        self.outputs.push_back(Output::Alert {
            form: form.map(|form| form.id.clone()).unwrap_or_default(),
            link_id: item.link_id.clone(),
            text: item.text.clone(),
            level,
            advice: words.and_then(|words| words.get("zh")).cloned(),
        });
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

/// Where who cannot speak now is asked for a better time.
const LATER: &str = "open.later";

/// The step that follows when nobody takes a call.
const NOBODY: &str = "nobody";
