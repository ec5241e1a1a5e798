//! Somebody in a call beside the patient: an agent's phone, a colleague, a supervisor. A
//! value: dialog, mailbox and sound move with it from a ringing phone into a call.

use std::{
    future::poll_fn,
    task::Poll,
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};

use super::{end::wall_of, outbound::LegTo, sound::Sound};
use crate::{
    app::LegEnd,
    base::{CallId, Key, LegId, Machine as _, UserId},
    domain::room::{Member, Part},
    engine::{Core, FinalStats, LegEvent as SoundEvent, Mailbox, MediaEvent, MediaHandle, Target},
    media,
    sip::{
        endpoint::{Event, Input},
        invite::{self, EndReport, Leg, LegEvent},
        message::Response,
    },
};

/// Who is to be rung, and as what.
#[derive(Clone)]
pub struct Colleague {
    pub(crate) user: Option<UserId>,
    /// As the page shows them.
    pub(crate) name: String,
    pub(crate) part: Part,
    pub(crate) to: Target,
    pub(crate) ring: Duration,
    /// A number through a trunk is told who is to be called, and connects on key 1.
    pub(crate) needs_key: bool,
    /// Its owner has just clicked: the phone need not ring.
    pub(crate) answers_itself: bool,
}

pub struct Party {
    pub(super) id: LegId,
    pub(super) user: Option<UserId>,
    pub(super) name: String,
    pub(super) part: Part,
    pub(super) stage: Stage,
    pub(super) on_hold: bool,
    pub(super) muted: bool,
    pub(super) needs_key: bool,
    pub(super) sound: Sound,
    pub(super) trunk: Option<String>,
    leg: Leg,
    mailbox: Mailbox,
    sip_call_id: String,
    /// The trace knows whose its messages are.
    is_traced: bool,
    started: DateTime<Utc>,
    answered: Option<DateTime<Utc>>,
    end: Option<EndReport>,
    give_up_at: Option<Instant>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Stage {
    Ringing {
        until: Instant,
    },
    /// Has picked up; key 1 is waited for.
    Confirming {
        until: Instant,
    },
    In,
    Over,
}

pub(super) enum Wake {
    Sip(Event),
    Sound(MediaEvent),
}

/// What a party has done.
#[derive(Debug)]
pub(super) enum News {
    Rings,
    Answered,
    Key(Key),
    /// By the phone's own button.
    Held(bool),
    /// What was to be said to it has been said.
    Said,
    /// No sound comes from it any more.
    Silent,
    Ended {
        answered: bool,
    },
}

impl Party {
    /// Its INVITE leaves with the next [`Self::drain`].
    pub(crate) async fn ring(
        core: &Core,
        colleague: Colleague,
        beside: Option<&MediaHandle>,
    ) -> Result<Self, super::DialError> {
        let Colleague { user, name, part, to, ring, needs_key, answers_itself } = colleague;
        let (at, now) = (core.clock.wall(), core.clock.instant());
        let config = core.config();
        let interface = to.trunk.interface.clone().unwrap_or_default();
        let missing = || super::DialError::Interface(interface.clone());
        let known = config.interface(&interface).ok_or_else(missing)?;
        let sound = Sound::open(core, known, (&to.trunk.profile, to.trunk.srtp), beside)?;
        let mailbox = core.signalling.open().await.map_err(|_| super::DialError::NotOurs)?;
        let leg_to = LegTo {
            trunk: &to.trunk,
            digits: to.digits.reveal(),
            contact: to.contact.as_ref(),
            answers_itself,
        };
        let leg = leg_to.leg(core, mailbox.owner, sound.local.clone())?;
        Ok(Self {
            id: LegId::new(at),
            user,
            name,
            part,
            stage: Stage::Ringing { until: now + ring },
            on_hold: false,
            muted: false,
            needs_key,
            sound,
            trunk: to.contact.is_none().then_some(to.trunk.name),
            leg: Leg::outbound(leg, rand::random()),
            mailbox,
            sip_call_id: String::new(),
            is_traced: false,
            started: at,
            answered: None,
            end: None,
            give_up_at: None,
        })
    }

    /// Whoever picks up a ward's phone is asked whether they are there for it.
    pub(super) async fn ask_to_confirm(&mut self, core: &Core) {
        let clips = core.library().clips_of("agent.confirm", LANGUAGE, &[]);
        let items = core.voice.play_items(&clips).await;
        if self.sound.play(items).is_err() {
            self.hang_up(core.clock.instant());
        }
    }

    pub(super) fn is_in(&self) -> bool {
        self.stage == Stage::In
    }

    pub(super) fn is_over(&self) -> bool {
        self.stage == Stage::Over
    }

    pub(super) fn member(&self) -> Member {
        let Self { part, on_hold, muted, .. } = *self;
        Member { part, is_in: self.is_in(), on_hold, muted }
    }

    /// Nothing is left to be sent or waited for.
    pub(super) fn is_gone(&self, now: Instant) -> bool {
        self.is_over() && (self.leg.is_over() || self.give_up_at.is_some_and(|at| at <= now))
    }

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        let own = match self.stage {
            Stage::Ringing { until } | Stage::Confirming { until } => Some(until),
            Stage::In | Stage::Over => None,
        };
        [own, self.leg.poll_timeout(), self.give_up_at].into_iter().flatten().min()
    }

    pub(super) fn handle_timeout(&mut self, now: Instant) {
        if self.leg.poll_timeout().is_some_and(|at| at <= now) {
            self.leg.handle_timeout(now);
        }
        if let Stage::Ringing { until } | Stage::Confirming { until } = self.stage
            && until <= now
        {
            self.hang_up(now);
        }
    }

    pub(super) fn hang_up(&mut self, now: Instant) {
        if !self.is_over() {
            let bye = invite::Command::Bye { cause: None };
            self.leg.handle_input(invite::Input::Command(bye), now);
            self.give_up_at.get_or_insert(now + super::GIVE_UP);
        }
    }

    pub(super) fn wake(&mut self, wake: Wake, now: Instant) -> Option<News> {
        match wake {
            Wake::Sip(event) => {
                self.leg.handle_input(invite::Input::Event(event), now);
                None
            }
            Wake::Sound(event) => self.on_sound(&event),
        }
    }

    fn on_sound(&self, event: &MediaEvent) -> Option<News> {
        match event.event {
            SoundEvent::Sound(media::Event::Key(key, _)) => Some(News::Key(key)),
            SoundEvent::Sound(media::Event::PlayFinished { id, is_complete: true, .. })
                if self.sound.is_current(id) =>
            {
                Some(News::Said)
            }
            SoundEvent::Sound(media::Event::RtpTimeout) => Some(News::Silent),
            _ => None,
        }
    }

    /// What its dialog wants sent, and what it tells.
    pub(super) async fn drain(&mut self, core: &Core) -> Vec<News> {
        let mut news = Vec::new();
        while let Some(output) = self.leg.poll_output() {
            match output {
                invite::Output::ToEndpoint(input) => {
                    self.note_call_id(&input);
                    // The signalling task ends only with the server.
                    let _ = core.signalling.send(input).await;
                }
                invite::Output::Notify(event) => news.extend(self.on_leg(event, core)),
            }
        }
        news
    }

    /// For the trace: which messages are this call's. What has passed before this is told waits
    /// for it there.
    pub(super) fn tell_trace(&mut self, core: &Core, call: CallId) {
        if !self.is_traced && !self.sip_call_id.is_empty() {
            self.is_traced = true;
            core.signalling.trace().belongs(&self.sip_call_id, call, self.part.as_str());
        }
    }

    fn note_call_id(&mut self, input: &Input) {
        if let Input::Request { request, .. } = input
            && self.sip_call_id.is_empty()
        {
            self.sip_call_id = request.headers.call_id().unwrap_or_default();
        }
    }

    fn on_leg(&mut self, event: LegEvent, core: &Core) -> Option<News> {
        let now = core.clock.instant();
        match event {
            LegEvent::Ringing { status: 180 } => Some(News::Rings),
            LegEvent::Answered(media) => {
                self.answered = Some(core.clock.wall());
                self.stage = match self.needs_key {
                    true => Stage::Confirming { until: now + CONFIRM },
                    false => Stage::In,
                };
                let configured = self.sound.configure(&media);
                if configured.is_err() {
                    self.hang_up(now);
                }
                if let Some(handle) = &self.sound.media {
                    // Busy: only the time-out for a silent line is armed later.
                    let _ = handle.expect_rtp();
                }
                Some(News::Answered)
            }
            LegEvent::MediaChanged(media) => {
                let is_held = !media.direction.sends;
                if self.sound.configure(&media).is_err() {
                    self.hang_up(now);
                }
                Some(News::Held(is_held))
            }
            LegEvent::Key(key) => Some(News::Key(key)),
            LegEvent::Request { transaction, request } => {
                let response = Box::new(Response::to_request(&request.headers, 501, ""));
                let respond = invite::Command::Respond { transaction, response };
                self.leg.handle_input(invite::Input::Command(respond), now);
                None
            }
            LegEvent::Ended(report) => {
                self.stage = Stage::Over;
                self.give_up_at.get_or_insert(now + super::GIVE_UP);
                let answered = self.answered.is_some();
                self.end = Some(report);
                Some(News::Ended { answered })
            }
            _ => None,
        }
    }

    /// Its sound is closed; what the record keeps of the leg.
    pub(super) async fn close(mut self, core: &Core) -> LegEnd {
        let stats: Option<FinalStats> = match self.sound.media.take() {
            Some(media) => media.close().await.ok(),
            None => None,
        };
        let session = stats.unwrap_or_default();
        let report = self.end.unwrap_or_default();
        LegEnd {
            id: self.id,
            role: self.part.as_str(),
            user: self.user,
            sip_call_id: self.sip_call_id,
            started_at: self.started,
            answered_at: self.answered,
            sip_status: report.last_status,
            q850: report.q850,
            codec: self.sound.codec,
            packets_sent: u64::from(session.sent),
            packets_received: u64::from(session.received),
            packets_lost: u64::from(session.lost),
            jitter_ms: session.jitter_ms as f32,
            first_rtp_at: session.first_at.map(|at| wall_of(core, at)),
            gap_max_ms: session.gap_max_ms,
            round_trip_ms: session.round_trip_ms,
        }
    }
}

/// A phone that rings for a call which is not there yet.
pub(crate) struct RingingPhone {
    /// Absent once it has been given away.
    party: Option<Box<Party>>,
}

pub(crate) enum Rung {
    /// In, by whatever was needed.
    Yes(Box<Party>),
    No(Option<Box<Party>>),
}

impl RingingPhone {
    pub(crate) fn new(party: Party) -> Self {
        Self { party: Some(Box::new(party)) }
    }

    /// Until it is answered, or will not be. To be awaited again after it was cut short: what
    /// it had is kept.
    pub(crate) async fn next(&mut self, core: &Core, rings: impl Fn()) -> Rung {
        loop {
            let Some(party) = &mut self.party else { return Rung::No(None) };
            for news in party.drain(core).await {
                match news {
                    News::Rings => rings(),
                    News::Answered if party.needs_key => party.ask_to_confirm(core).await,
                    News::Key(key) if key.as_char() == CONFIRMS => party.stage = Stage::In,
                    _ => {}
                }
            }
            if party.is_over() {
                return Rung::No(self.party.take());
            }
            if party.is_in()
                && let Some(party) = self.party.take()
            {
                return Rung::Yes(party);
            }
            let Some(party) = &mut self.party else { continue };
            let now = core.clock.instant();
            let due = party.poll_timeout().map_or(IDLE, |at| at.saturating_duration_since(now));
            let woken = tokio::select! {
                (_, wake) = next(std::slice::from_mut(&mut **party)) => Some(wake),
                () = crate::engine::sleep(&*core.clock, due) => None,
            };
            let now = core.clock.instant();
            match woken {
                Some(wake) => {
                    if let Some(News::Key(key)) = party.wake(wake, now)
                        && matches!(party.stage, Stage::Confirming { .. })
                        && key.as_char() == CONFIRMS
                    {
                        party.stage = Stage::In;
                    }
                }
                None => party.handle_timeout(now),
            }
        }
    }

    /// CANCEL or BYE, and nothing more is waited for.
    pub(crate) async fn give_up(&mut self, core: &Core) -> Option<Box<Party>> {
        let mut party = self.party.take()?;
        party.hang_up(core.clock.instant());
        party.drain(core).await;
        Some(party)
    }
}

/// The next thing that any of them brings; never, where there is nobody.
pub(super) async fn next(parties: &mut [Party]) -> (usize, Wake) {
    poll_fn(|context| {
        for (at, party) in parties.iter_mut().enumerate() {
            if let Poll::Ready(Some(event)) = party.mailbox.poll_recv(context) {
                return Poll::Ready((at, Wake::Sip(event)));
            }
            if let Poll::Ready(Some(event)) = party.sound.events.poll_recv(context) {
                return Poll::Ready((at, Wake::Sound(event)));
            }
        }
        Poll::Pending
    })
    .await
}

const IDLE: Duration = Duration::from_secs(60);

pub(super) const CONFIRMS: char = '1';

/// Staff are spoken to in Mandarin.
const LANGUAGE: &str = "zh-CN";

/// Long enough to hear the sentence twice and to find the key.
const CONFIRM: Duration = Duration::from_secs(25);
