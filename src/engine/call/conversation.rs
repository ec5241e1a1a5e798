//! The questionnaire on the line: what the machine says is rendered and played, what it
//! learns goes to the journal before the next question is asked.

use std::{collections::BTreeSet, sync::Arc, time::Instant};

use chrono::Datelike;

use super::{Call, DialPurpose};
use crate::{
    app::{Beside, Claim, Effect, Entry, FoundAlert, GivenAnswer, LeftMessage, SoFar},
    base::{Machine as _, Pii},
    domain::Shift,
    engine::{Core, Journal},
    ivr::{
        self, CallContext, Casting, Given, Input, Library, Machine, Output, Program, Saying,
        reading,
    },
    media::PlayItem,
};

/// What a conversation will be.
pub(super) struct Script {
    pub(super) program: Arc<Program>,
    pub(super) sha256: String,
    pub(super) context: CallContext,
}

impl Script {
    pub(super) async fn load(
        core: &Core,
        dialplan: &str,
        purpose: &DialPurpose,
    ) -> Result<Self, String> {
        let DialPurpose::FollowUp { claim, run } = purpose else {
            return Self::cast(core, &core.library(), dialplan, &Casting::default());
        };
        let library = match run {
            Some(run) => core.library_of(*run).await?,
            None => core.library(),
        };
        Self::about(core, &library, dialplan, claim, None)
    }

    /// Another person of the number that was called: they have been greeted.
    pub(super) async fn beside(core: &Core, beside: &Beside) -> Result<Self, String> {
        let library = Self::library_of(core, beside).await?;
        let mut script = Self::about(core, &library, &beside.dialplan, &beside.claim, None)?;
        script.context.facts.insert(ivr::GREETED.to_owned());
        Ok(script)
    }

    /// The menu, and the caller's own open follow-up where there is one.
    pub(super) async fn inbound(
        core: &Core,
        dialplan: &str,
        open: Option<&Beside>,
    ) -> Result<Self, String> {
        let Some(open) = open else {
            return Self::cast(core, &core.library(), dialplan, &Casting::default());
        };
        let library = Self::library_of(core, open).await?;
        let form = library.form_of(&open.dialplan);
        let form = form.ok_or_else(|| format!("{:?} asks no questionnaire", open.dialplan))?;
        let mut script = Self::about(core, &library, dialplan, &open.claim, Some(form))?;
        script.context.facts.insert("open_task".to_owned());
        Ok(script)
    }

    async fn library_of(core: &Core, beside: &Beside) -> Result<Arc<Library>, String> {
        match beside.run {
            Some(run) => core.library_of(run).await,
            None => Ok(core.library()),
        }
    }

    fn about(
        core: &Core,
        library: &Arc<Library>,
        dialplan: &str,
        claim: &Claim,
        open_task: Option<String>,
    ) -> Result<Self, String> {
        let today = core.clock.wall().date_naive();
        let birth = claim.birth_date.as_ref().map(|date| *date.reveal());
        let age = birth.map(|birth| age(birth, today));
        let guardian = age.is_some_and(|age| age < GUARDIAN_BELOW_YEARS);
        let mut script = Self::cast(core, library, dialplan, &Casting { open_task, guardian })?;
        let context = &mut script.context;
        let reading = claim.name_reading.as_ref().map(|reading| reading.reveal().as_str());
        let name = reading::call_name(claim.name.reveal(), reading, &claim.sex);
        context.call_name = Pii::new(name);
        context.language.clone_from(&claim.language);
        context.birth_date.clone_from(&claim.birth_date);
        context.visit_date = claim.visit_date;
        context.age = age;
        if claim.had_operation {
            context.facts.insert("had_operation".to_owned());
        }
        let answered = claim.answered.iter();
        context.answered = answered
            .map(|(form, item, code)| ((form.clone(), item.clone()), code.clone()))
            .collect();
        Ok(script)
    }

    pub(super) fn cast(
        core: &Core,
        library: &Arc<Library>,
        dialplan: &str,
        casting: &Casting,
    ) -> Result<Self, String> {
        let program = Arc::new(library.program_for(dialplan, casting)?);
        let sha256 = library.dialplan(dialplan).map(|kept| kept.sha256.clone()).unwrap_or_default();
        let config = core.config();
        let mut facts = BTreeSet::new();
        facts.extend(part_of_day(core.shift_now()).map(str::to_owned));
        let context = CallContext {
            language: "zh-CN".to_owned(),
            caller_name: config.hospital.spoken_name.clone(),
            callback_number: config.hospital.callback_number.clone(),
            facts,
            ..CallContext::default()
        };
        Ok(Self { program, sha256, context })
    }
}

/// As the inbound menu asks for it (questionnaires.md §7).
const fn part_of_day(shift: Shift) -> Option<&'static str> {
    match shift {
        Shift::Day => None,
        Shift::Evening => Some("evening"),
        Shift::Night => Some("night"),
    }
}

fn age(birth: chrono::NaiveDate, today: chrono::NaiveDate) -> i32 {
    let had_birthday = (today.month(), today.day()) >= (birth.month(), birth.day());
    today.year() - birth.year() - i32::from(!had_birthday)
}

pub(super) struct Talk {
    machine: Machine,
    /// What is asked, as it stood when the call began.
    library: Arc<Library>,
    pub(super) journal: Journal,
    asked: usize,
    so_far: Option<SoFar>,
    /// Where in the recording a message began.
    message_from_ms: Option<u128>,
    message: Option<String>,
    message_span: Option<(u128, u128)>,
    message_until: Option<Instant>,
}

impl Talk {
    pub(super) fn poll_output(&mut self) -> Option<Output> {
        self.machine.poll_output()
    }

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        [self.machine.poll_timeout(), self.message_until].into_iter().flatten().min()
    }

    pub(super) fn handle_input(&mut self, input: Input, now: Instant) {
        self.machine.handle_input(input, now);
    }

    pub(super) fn handle_timeout(&mut self, now: Instant) {
        if self.message_until.take_if(|at| *at <= now).is_some() {
            self.machine.handle_input(Input::Recorded, now);
        }
        if self.machine.poll_timeout().is_some_and(|at| at <= now) {
            self.machine.handle_timeout(now);
        }
    }

    pub(super) fn stop(&mut self, now: Instant) {
        self.machine.handle_input(Input::Stop, now);
    }

    pub(super) fn verdict(&self) -> ivr::Verdict {
        self.machine.verdict()
    }
}

impl Call {
    pub(super) fn begin_talk(&mut self, script: Script) {
        let journal = self.journal();
        self.begin_talk_of(script, journal);
    }

    pub(super) fn begin_talk_of(&mut self, script: Script, journal: Journal) {
        let library = Arc::clone(&script.program.library);
        let mut machine = Machine::new(script.program, script.context);
        machine.handle_input(Input::Start, self.core.clock.instant());
        self.talk = Some(Talk {
            machine,
            library,
            journal,
            asked: 0,
            so_far: None,
            message_from_ms: None,
            message: None,
            message_span: None,
            message_until: None,
        });
    }

    pub(super) async fn on_talk(&mut self, output: Output) {
        match output {
            Output::Say(saying) => self.say(&saying).await,
            Output::StopSaying => self.sound.stop_play(),
            Output::Answer(given) => {
                let entry = self.answer_entry(&given);
                self.write(entry).await;
            }
            Output::Alert { form: questionnaire, link_id, text: item_text, level, advice } => {
                let (due_minutes, level) = (level.due_minutes(), level.as_str());
                let found =
                    FoundAlert { questionnaire, link_id, item_text, level, due_minutes, advice };
                self.alerted = true;
                self.write(Entry::Alert(found)).await;
            }
            Output::Effect(effect) => self.write(Entry::Effect(app_effect(effect))).await,
            Output::Task(why) => self.leave_task(why).await,
            Output::PauseRecording => self.pause_recording(true),
            Output::ResumeRecording => self.pause_recording(false),
            Output::DestroyRecording => self.destroy_recording(),
            Output::RecordMessage { max } => self.begin_message(max),
            Output::StopMessage => self.end_message(),
            Output::Transfer { to } => {
                let priority = if self.alerted { ALERTED } else { 0 };
                self.enter_queue(&to, priority).await;
            }
            Output::HangUp => {
                if !self.go_on_with_another().await {
                    self.hang_up();
                }
            }
            Output::Asking { text, .. } => {
                let number = self.talk.as_mut().map_or(0, |talk| {
                    talk.asked += 1;
                    talk.asked
                });
                self.core.live.update(self.id, |live| live.question = Some((number, text)));
            }
        }
    }

    pub(super) async fn leave_task(&mut self, why: String) {
        let is_kept = self.keep_message().await;
        if is_kept && self.call_ref().task.is_none() {
            return;
        }
        if !self.is_rated() {
            return self.write(Entry::Task(why)).await;
        }
        // A mark is the call's alone, but who is to be called back for it is a patient.
        self.want_call_back(&why).await;
    }

    /// What the call would come to now is a stored fact, should we not live to its end.
    pub(super) async fn note_so_far(&mut self) {
        if self.kind.asked().is_none() || self.is_rated() {
            return;
        }
        let Some(talk) = self.talk.as_mut().filter(|_| self.fault.is_none()) else { return };
        let verdict = talk.machine.verdict();
        let Some(conversation) = verdict.conversation.filter(|_| verdict.keys_given) else {
            return;
        };
        let ivr::Verdict { promised, wants_person, .. } = verdict;
        let so_far = SoFar { conversation, promised, wants_person };
        if talk.so_far.replace(so_far) != Some(so_far) {
            self.write(Entry::SoFar(so_far)).await;
        }
    }

    async fn say(&mut self, saying: &Saying) {
        let mut items = Vec::with_capacity(saying.clips.len() + 1);
        for clip in &saying.clips {
            match self.core.voice.prompt(clip, saying.slower).await {
                Ok(prompt) => {
                    let gap_ms = u32::try_from(clip.pause.as_millis()).unwrap_or_default();
                    items.push(PlayItem { prompt, gap_ms });
                }
                Err(error) => {
                    tracing::error!(%error, "a sentence has no voice");
                    return self.fail("a sentence has no voice");
                }
            }
        }
        if saying.beep {
            items.push(PlayItem { prompt: super::sound::beep(), gap_ms: 200 });
        }
        if items.is_empty() {
            let now = self.core.clock.instant();
            return self.tell_talk(Input::Said, now);
        }
        if self.sound.play(items).is_err() {
            self.fail("the sound could not be played");
        }
    }

    /// Committed before anything else is said.
    async fn write(&mut self, entry: Entry) {
        let at = self.core.clock.wall();
        let Some(talk) = &self.talk else { return };
        // A call that ends by a fault does not wait again, but drops nothing: the respondent
        // may have said "never again".
        let stored = match self.fault {
            None => talk.journal.record(entry, at).await,
            Some(_) => talk.journal.leave(entry, at),
        };
        if stored.is_err() {
            let counter = &self.core.counters.journal_failures;
            counter.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            self.fail("an answer could not be stored in time");
        }
    }

    fn begin_message(&mut self, max: std::time::Duration) {
        let now = self.core.clock.instant();
        let from = self.tape.started.map(|start| (now - start).as_millis());
        if let Some(talk) = &mut self.talk {
            talk.message_from_ms = from;
            talk.message_until = Some(now + max);
        }
    }

    pub(super) fn end_message(&mut self) {
        let now = self.core.clock.instant();
        let to = self.tape.started.map(|start| (now - start).as_millis());
        let Some(talk) = &mut self.talk else { return };
        talk.message_until = None;
        let span = talk.message_from_ms.take().zip(to);
        talk.message_span = span;
        talk.message = span.map(|(from, to)| format!("recording {from}-{to} ms"));
    }

    /// A message that answers no question is somebody's to hear.
    /// Answers whether there was one.
    async fn keep_message(&mut self) -> bool {
        let span = self.talk.as_mut().and_then(|talk| talk.message_span.take());
        let Some((from, to)) = span.filter(|_| matches!(self.kind, super::Kind::Inbound(_))) else {
            return false;
        };
        let as_i64 = |ms: u128| i64::try_from(ms).unwrap_or(i64::MAX);
        let left = LeftMessage {
            call: self.id,
            number: self.caller_number(),
            from_ms: as_i64(from),
            to_ms: as_i64(to),
        };
        let (app, at) = (&self.core.app, self.core.clock.wall());
        super::end::until_stored("a message", || app.leave_message(&left, at)).await;
        true
    }

    fn answer_entry(&mut self, given: &Given) -> Entry {
        let kept = self.talk.as_ref().and_then(|talk| talk.library.questionnaire(&given.form.id));
        let sha256 = kept.map(|kept| kept.sha256.clone()).unwrap_or_default();
        let message = self.talk.as_mut().and_then(|talk| {
            talk.message_span = None;
            talk.message.take()
        });
        Entry::Answer(Box::new(GivenAnswer {
            questionnaire: given.form.id.clone(),
            questionnaire_sha256: sha256,
            link_id: given.link_id.clone(),
            item_text: given.text.clone(),
            status: given.status,
            option_code: given.code.clone(),
            option_text: given.label.clone(),
            value_number: given.number.clone(),
            value_text: message,
            unit: given.unit.clone(),
            score: given.score.map(|score| score.to_string()),
            advice: given.advice.clone(),
        }))
    }
}

const fn app_effect(effect: ivr::Effect) -> Effect {
    match effect {
        ivr::Effect::ConsentGiven => Effect::ConsentGiven,
        ivr::Effect::NoRecording => Effect::NoRecording,
        ivr::Effect::OptOut => Effect::OptOut,
        ivr::Effect::WrongNumber => Effect::WrongNumber,
        ivr::Effect::CannotTakePart => Effect::CannotTakePart,
    }
}

/// Who has told of a danger is answered before anybody else.
const ALERTED: i16 = 50;

/// Under this age the guardian is asked (rules.md §2).
const GUARDIAN_BELOW_YEARS: i32 = 14;
