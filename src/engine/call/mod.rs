//! One call, one task. It owns the leg, its sound, its conversation and its journal;
//! others hold a [`CallHandle`] and send it [`Command`]s.

mod act;
mod beside;
mod booth;
mod conversation;
mod duty;
mod end;
mod handle;
mod hearing;
mod inbound;
mod leg_events;
mod next_trunk;
mod opening;
mod outbound;
mod party;
mod rating;
mod recording;
mod ring;
mod room;
mod sound;
mod waiting;
mod wrap_up;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use tokio::sync::{mpsc, watch};
use tracing::{Instrument, info_span, warn};

pub(crate) use self::ring::end_ring;
pub use act::{Act, ActError, Done};
pub(super) use duty::end_duty_call;
pub use handle::{CallHandle, Command, Ending};
pub(super) use inbound::{Ringing, answer};
pub(crate) use leg_events::BEFORE_FIRST_WORD;
pub use outbound::{Contact, Dial, DialError, DialPurpose, Line, dial};
pub use party::{Colleague, Party};
pub(crate) use party::{RingingPhone, Rung};
pub use wrap_up::Disposition;

use beside::Caller;
use booth::Booth;
use conversation::{Script, Talk};
use hearing::Hearing;
use next_trunk::Route;
use recording::Tape;
use room::Room;
use sound::Sound;

use super::{Core, Hold, Journal, Mailbox, MediaEvent, StudioScript, hold, sleep};
use crate::{
    app::{CallRef, CallerNumber, Claim, DutyClaim, RingClaim},
    base::{CallId, LegId, Machine as _, PersonId},
    ivr::{self, duty::DutyPhone},
    sip::{
        endpoint::{Event, Input},
        invite::{self, EndReport, Leg},
    },
};

struct Call {
    core: Arc<Core>,
    id: CallId,
    leg_id: LegId,
    kind: Kind,
    leg: Leg,
    /// By which trunks it may still go.
    route: Route,
    mailbox: Mailbox,
    sound: Sound,
    tape: Tape,
    talk: Option<Talk>,
    /// A nurse reads prompts: instead of `talk`.
    booth: Option<Booth>,
    /// A duty phone: instead of `talk`.
    duty: Option<DutyPhone>,
    /// What the call will be, once somebody has answered.
    plan: Option<Plan>,
    commands: mpsc::Receiver<Command>,
    ending: watch::Sender<Option<Ending>>,
    timers: Timers,
    times: Times,
    rang: bool,
    early: bool,
    hearing: Hearing,
    sip_call_id: String,
    end: Option<EndReport>,
    /// Our own fault ended it.
    fault: Option<&'static str>,
    /// Others of this number, asked earlier in this call.
    asked: Vec<PersonId>,
    why: Option<&'static str>,
    /// Everybody beside the patient.
    room: Room,
    /// What the call had come to when its rating began.
    before_rating: Option<ivr::Verdict>,
    /// A red flag was raised in it.
    alerted: bool,
    /// Its end stands in the record.
    is_stored: bool,
}

/// Loaded before the call, so that a broken file costs nobody a call.
enum Plan {
    Talk(Box<Script>),
    Studio(Box<StudioScript>),
    Duty,
}

enum Kind {
    FollowUp(Box<Claim>),
    Test,
    Studio,
    /// Staff are rung for an alert.
    Duty(Box<DutyClaim>),
    /// A number is tried while its owner is here.
    Ring(Box<RingClaim>),
    Inbound(Option<Box<Caller>>),
}

#[derive(Default)]
struct Timers {
    /// Nobody has picked up by then.
    ring_until: Option<Instant>,
    /// Nothing at all has come by then: the trunk is dead.
    response_until: Option<Instant>,
    /// The first word.
    speak_at: Option<Instant>,
    /// The longest a call may take.
    end_at: Option<Instant>,
    /// After our BYE: the leg need not be waited for longer.
    give_up_at: Option<Instant>,
}

struct Times {
    started: DateTime<Utc>,
    answered: Option<DateTime<Utc>>,
}

enum Wake {
    Sip(Event),
    Sound(MediaEvent),
    Party(usize, party::Wake),
    Command(Command),
    Timer,
}

/// Starts the task. The span carries the id, so no log line has to.
fn spawn(
    call: Call,
    mailbox: mpsc::Sender<Command>,
    ended: watch::Receiver<Option<Ending>>,
) -> CallHandle {
    let is_outbound = !matches!(call.kind, Kind::Inbound(_));
    let person = call.call_ref().person;
    let alert = match &call.kind {
        Kind::Duty(claim) => Some(claim.alert),
        _ => None,
    };
    let handle = CallHandle { id: call.id, is_outbound, person, alert, mailbox, ended };
    call.core.add_call(handle.clone());
    let span = info_span!("call", call.id = %call.id);
    // From now on, not only when the task is given a thread.
    let working = hold(&*call.core.clock);
    tokio::spawn(call.run(working).instrument(span));
    handle
}

impl Call {
    async fn run(mut self, mut working: Option<Hold>) {
        if !self.sip_call_id.is_empty() {
            self.tell_trace();
        }
        self.open_room().await;
        self.drain().await;
        while !self.is_done() {
            drop(working);
            let woken = self.wait().await;
            working = hold(&*self.core.clock);
            match woken {
                Wake::Sip(event) => {
                    let now = self.core.clock.instant();
                    self.leg.handle_input(invite::Input::Event(event), now);
                }
                Wake::Sound(event) => self.on_sound(event).await,
                Wake::Party(at, wake) => self.on_party(at, wake).await,
                Wake::Command(command) => self.take(command).await,
                Wake::Timer => self.on_timer().await,
            }
            self.drain().await;
        }
        let (core, id) = (Arc::clone(&self.core), self.id);
        self.finish().await;
        core.signalling.trace().ended(id);
        drop(working);
    }

    /// What the machines want, until they want nothing more.
    async fn drain(&mut self) {
        loop {
            let mut idle = true;
            let mut outputs = Vec::new();
            while let Some(output) = self.leg.poll_output() {
                outputs.push(output);
            }
            // What must be durable before it takes effect is written before the ACK leaves.
            for output in &outputs {
                idle = false;
                if let invite::Output::Notify(event) = output {
                    self.on_leg(event.clone()).await;
                }
            }
            for output in outputs {
                self.note_call_id(&output);
                if let invite::Output::ToEndpoint(input) = output
                    && self.core.signalling.send(input).await.is_err()
                {
                    self.fault.get_or_insert("the signalling task has ended");
                }
            }
            while let Some(output) = self.talk.as_mut().and_then(Talk::poll_output) {
                idle = false;
                self.on_talk(output).await;
            }
            self.begin_callback().await;
            self.note_so_far().await;
            while let Some(output) = self.booth.as_mut().and_then(Booth::poll_output) {
                idle = false;
                self.on_studio(output).await;
            }
            while let Some(output) = self.duty.as_mut().and_then(DutyPhone::poll_output) {
                idle = false;
                self.on_duty(output).await;
            }
            idle &= !self.drain_parties().await;
            if idle {
                return;
            }
        }
    }

    /// Ours is made by the leg; the record names it, so that a carrier can be asked.
    fn note_call_id(&mut self, output: &invite::Output) {
        if let invite::Output::ToEndpoint(Input::Request { request, .. }) = output
            && self.sip_call_id.is_empty()
        {
            self.sip_call_id = request.headers.call_id().unwrap_or_default();
            self.tell_trace();
        }
    }

    /// Which messages are this call's.
    fn tell_trace(&self) {
        let role = self.leg_role();
        self.core.signalling.trace().belongs(&self.sip_call_id, self.id, role);
    }

    fn is_done(&self) -> bool {
        let gave_up = self.timers.give_up_at.is_some_and(|at| at <= self.core.clock.instant());
        self.end.is_some() && (self.leg.is_over() || gave_up)
    }

    async fn wait(&mut self) -> Wake {
        let now = self.core.clock.instant();
        let deadline = self.deadline().map(|at| at.saturating_duration_since(now));
        tokio::select! {
            biased;
            Some(command) = self.commands.recv() => Wake::Command(command),
            Some(event) = self.mailbox.recv() => Wake::Sip(event),
            Some(event) = self.sound.events.recv() => Wake::Sound(event),
            (at, wake) = party::next(&mut self.room.parties) => Wake::Party(at, wake),
            () = sleep(&*self.core.clock, deadline.unwrap_or(IDLE_LOOK)) => Wake::Timer,
        }
    }

    fn deadline(&self) -> Option<Instant> {
        let Timers { ring_until, response_until, speak_at, end_at, give_up_at } = &self.timers;
        let own = [ring_until, response_until, speak_at, end_at, give_up_at];
        let machines = [
            self.leg.poll_timeout(),
            self.talk.as_ref().and_then(Talk::poll_timeout),
            self.booth.as_ref().and_then(Booth::poll_timeout),
            self.duty.as_ref().and_then(DutyPhone::poll_timeout),
            self.room.poll_timeout(),
            self.route.poll_timeout(),
        ];
        own.into_iter().copied().chain(machines).flatten().min()
    }

    async fn on_timer(&mut self) {
        let now = self.core.clock.instant();
        if self.leg.poll_timeout().is_some_and(|at| at <= now) {
            self.leg.handle_timeout(now);
        }
        self.on_room_timer(now);
        if let Some(talk) = &mut self.talk {
            talk.handle_timeout(now);
        }
        if let Some(booth) = &mut self.booth {
            booth.handle_timeout(now);
        }
        if let Some(phone) = &mut self.duty {
            duty::handle_timeout(phone, now);
        }
        if take_due(&mut self.timers.response_until, now) {
            self.no_response().await;
        }
        self.on_next_trunk(now).await;
        if take_due(&mut self.timers.ring_until, now) {
            self.command_leg(invite::Command::Cancel);
        }
        if take_due(&mut self.timers.speak_at, now) {
            match self.plan.take() {
                Some(Plan::Talk(script)) => self.begin_talk(*script),
                Some(Plan::Studio(script)) => self.begin_studio(*script),
                Some(Plan::Duty) => self.begin_duty(),
                None => {}
            }
        }
        if take_due(&mut self.timers.end_at, now) {
            self.why = Some("the longest a call may take");
            self.on_command(Command::Stop { apologise: true });
        }
    }

    async fn take(&mut self, command: Command) {
        match command {
            Command::Offer { agent, ring } => self.on_offer(agent, ring).await,
            Command::Withdraw { agent } => self.on_withdraw(agent),
            Command::Nobody { why } => self.on_nobody(why).await,
            Command::Position(before) => self.on_position(before).await,
            Command::Act { by, act, reply } => {
                let done = self.act(by, act).await;
                // Who asked may have gone.
                let _ = reply.send(done);
            }
            command @ (Command::Stop { .. } | Command::CancelUnanswered) => {
                self.on_command(command);
            }
        }
    }

    fn on_command(&mut self, command: Command) {
        let now = self.core.clock.instant();
        let is_live = self.times.answered.is_some();
        match command {
            Command::CancelUnanswered if is_live => {}
            Command::Stop { apologise: true } if is_live && self.booth.is_some() => {
                self.why.get_or_insert("stopped");
                self.tell_booth(ivr::studio::Input::Stop);
            }
            Command::Stop { apologise: true } if is_live && self.duty.is_some() => {
                self.why.get_or_insert("stopped");
                self.tell_duty(ivr::duty::Input::Stop);
            }
            Command::Stop { apologise: true } if is_live && self.talk.is_some() => {
                self.why.get_or_insert("stopped");
                if let Some(talk) = &mut self.talk {
                    talk.stop(now);
                }
            }
            _ => {
                self.why.get_or_insert("stopped");
                self.hang_up();
            }
        }
    }

    fn command_leg(&mut self, command: invite::Command) {
        let now = self.core.clock.instant();
        self.leg.handle_input(invite::Input::Command(command), now);
    }

    /// Ends the leg, whatever it is doing.
    fn hang_up(&mut self) {
        self.command_leg(invite::Command::Bye { cause: None });
        let now = self.core.clock.instant();
        self.timers.give_up_at.get_or_insert(now + GIVE_UP);
        self.route.hurry(now);
    }

    /// Ours: an answer could not be stored, the sound could not be opened.
    fn fail(&mut self, why: &'static str) {
        warn!(why, "the call ends by a fault of ours");
        let is_first = self.fault.replace(why).is_none();
        let now = self.core.clock.instant();
        // Somebody listens: an apology, and only then the end.
        match &mut self.talk {
            Some(talk) if is_first && self.end.is_none() => talk.stop(now),
            _ => self.hang_up(),
        }
    }

    fn call_ref(&self) -> CallRef {
        if let Kind::Ring(claim) = &self.kind {
            return CallRef {
                call: self.id,
                attempt: None,
                task: None,
                person: Some(claim.person),
                department: claim.department,
                number: Some(claim.number),
                from: None,
            };
        }
        let claim = self.kind.claim();
        CallRef {
            call: self.id,
            attempt: claim.map(|claim| claim.attempt),
            task: claim.map(|claim| claim.task),
            person: claim.map(|claim| claim.person),
            department: claim.and_then(|claim| claim.department),
            number: claim.map(|claim| claim.number),
            from: matches!(self.kind, Kind::Inbound(_)).then(|| CallerNumber(self.caller_number())),
        }
    }

    fn journal(&self) -> Journal {
        Journal::open(self.core.app.clone(), self.call_ref())
    }
}

fn take_due(timer: &mut Option<Instant>, now: Instant) -> bool {
    timer.take_if(|at| *at <= now).is_some()
}

/// A person presses a few buttons a second at most, and the board offers ten agents at once;
/// a full mailbox is a bug upstream.
const MAILBOX: usize = 64;

/// The far side may lose our BYE for 32 s; nobody waits for it longer.
const GIVE_UP: Duration = Duration::from_secs(33);

/// With no timer of its own, a call still looks around.
const IDLE_LOOK: Duration = Duration::from_secs(60);
