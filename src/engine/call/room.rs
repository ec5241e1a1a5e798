//! Everybody in a call beside the patient: who hears whom, who came, who left, and what then
//! becomes of the call. Who hears whom is `domain::room`'s.

use std::time::{Duration, Instant};

use super::{
    Call,
    party::{CONFIRMS, News, Party, Stage, Wake},
    waiting::{CENTRE, Waiting},
    wrap_up::Disposition,
};
use crate::{
    base::{Key, UserId},
    domain::{
        acd,
        room::{self, Member, Part},
    },
    engine::{LegKey, LiveParty},
    ivr,
    media::Tone,
    store::{Departments, Principal},
};

/// The others.
#[derive(Default)]
pub(super) struct Room {
    pub(super) parties: Vec<Party>,
    /// The patient hears music, and is not heard.
    pub(super) patient_held: bool,
    pub(super) waiting: Option<Waiting>,
    /// Whose call it is, or was last.
    pub(super) owner: Option<UserId>,
    pub(super) disposition: Option<Disposition>,
    /// Somebody is being rung in the agent's stead, who has left.
    pub(super) is_handed_on: bool,
    /// Where the patient goes when the agent has left; absent: to the centre.
    pub(super) next_queue: Option<String>,
    /// Where the caller waited last.
    pub(super) queue: Option<String>,
    /// The duty phone of their ward has been tried.
    pub(super) ward_rung: bool,
    /// The agent has left; the caller is asked how it was.
    pub(super) is_rating: bool,
    /// The agent has stored an answer.
    pub(super) was_asked: bool,
    /// The last sentence is being said; then the line is put down.
    pub(super) is_taking_leave: bool,
    pub(super) tells_at: Option<Instant>,
    music: bool,
    ringback: bool,
    /// Somebody's telephone rings, or a carrier says that something goes on (any 18x).
    pub(super) is_alerted: bool,
    /// RTP of the patient's side has come, whatever was said of it.
    pub(super) has_early_sound: bool,
}

impl Room {
    pub(super) fn of(party: Party) -> Self {
        Self { parties: vec![party], ..Self::default() }
    }

    pub(super) fn position_of(&self, user: UserId) -> Option<usize> {
        self.parties.iter().position(|party| party.user == Some(user) && !party.is_over())
    }

    /// Somebody of ours talks, or waits for one who does: the machine is silent.
    pub(super) fn has_talker(&self) -> bool {
        self.parties.iter().any(|party| party.is_in() && party.part.talks())
    }

    fn rings_talker(&self) -> bool {
        let rings = |party: &&Party| !party.is_in() && !party.is_over() && party.part.talks();
        self.parties.iter().any(|party| rings(&party))
    }

    pub(super) fn is_quiet_for_machine(&self) -> bool {
        self.waiting.is_some() || self.is_handed_on || self.has_talker() || self.is_taking_leave
    }

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        let parties = self.parties.iter().filter_map(Party::poll_timeout);
        parties.chain(self.tells_at).min()
    }
}

impl Call {
    /// The agent was there before the patient is dialled.
    pub(super) async fn open_room(&mut self) {
        let Some(party) = self.room.parties.first() else { return };
        let user = party.user;
        self.room.tells_at = Some(self.core.clock.instant() + TELL);
        self.becomes_owner(user).await;
        self.join_up();
    }

    pub(super) async fn add_party(&mut self, party: Party) {
        self.let_in(party);
        self.drain_parties().await;
        self.join_up();
    }

    /// Its INVITE leaves with the next drain.
    pub(super) fn let_in(&mut self, party: Party) {
        let until = self.core.clock.instant() + TELL;
        self.room.tells_at.get_or_insert(until);
        self.room.parties.push(party);
    }

    pub(super) async fn on_party(&mut self, at: usize, wake: Wake) {
        let now = self.core.clock.instant();
        let Some(party) = self.room.parties.get_mut(at) else { return };
        if let Some(news) = party.wake(wake, now) {
            self.on_news(at, news).await;
        }
    }

    pub(super) fn on_room_timer(&mut self, now: Instant) {
        for party in &mut self.room.parties {
            if party.poll_timeout().is_some_and(|at| at <= now) {
                party.handle_timeout(now);
            }
        }
        if self.room.tells_at.is_some_and(|at| at <= now) {
            self.room.tells_at = Some(now + TELL);
            self.tell_alive();
        }
    }

    /// Until none of them has anything to tell; answers whether any had.
    pub(super) async fn drain_parties(&mut self) -> bool {
        let mut any = false;
        let mut at = 0;
        while at < self.room.parties.len() {
            let news = self.room.parties[at].drain(&self.core).await;
            self.room.parties[at].tell_trace(&self.core, self.id);
            if news.is_empty() {
                at += 1;
                continue;
            }
            any = true;
            for news in news {
                self.on_news(at, news).await;
            }
            // What one has told may have made another one act.
            at = 0;
        }
        self.let_go().await;
        any
    }

    /// Legs with nothing left to send are closed, and stand in the record.
    async fn let_go(&mut self) {
        let now = self.core.clock.instant();
        while let Some(at) = self.room.parties.iter().position(|party| party.is_gone(now)) {
            let party = self.room.parties.remove(at);
            self.keep_leg(party).await;
        }
    }

    pub(super) async fn keep_leg(&self, party: Party) {
        let end = party.close(&self.core).await;
        let at = self.core.clock.wall();
        if let Err(error) = self.core.app.end_leg(self.id, &end, at).await {
            tracing::error!(%error, "a leg is missing in the record");
        }
    }

    async fn on_news(&mut self, at: usize, news: News) {
        let Some(party) = self.room.parties.get(at) else { return };
        let (user, stage, part) = (party.user, party.stage, party.part);
        match news {
            News::Rings => {
                self.tell_acd(user, |agent, call| acd::Input::Ringing { agent, call });
            }
            News::Answered if stage == Stage::In => self.joined(at).await,
            News::Answered => self.room.parties[at].ask_to_confirm(&self.core).await,
            News::Key(key) if matches!(stage, Stage::Confirming { .. }) => {
                if key.as_char() == CONFIRMS {
                    self.room.parties[at].stage = Stage::In;
                    self.room.parties[at].sound.stop_play();
                    self.joined(at).await;
                }
            }
            // Keys of the agent's own keypad go where the agent talks to.
            News::Key(key) if part.talks() && stage == Stage::In => self.press(vec![key]),
            News::Held(is_held) => {
                let others = self.room.parties.iter().filter(|p| p.is_in() && p.part.talks());
                if part == Part::Agent && others.count() == 1 {
                    self.room.patient_held = is_held;
                } else {
                    self.room.parties[at].on_hold = is_held;
                }
                self.tell_alive();
            }
            News::Silent => {
                self.room.parties[at].hang_up(self.core.clock.instant());
                self.room.is_handed_on |= part == Part::Agent;
            }
            News::Ended { answered } => self.party_left(at, answered).await,
            News::Key(_) | News::Said => {}
        }
        self.join_up();
    }

    pub(super) fn press(&self, keys: Vec<Key>) {
        if let Some(media) = &self.sound.media {
            // Busy: the agent hears no tone and presses again.
            let _ = media.press(keys);
        }
    }

    fn tell_acd(
        &self,
        user: Option<UserId>,
        fact: impl FnOnce(UserId, crate::base::CallId) -> acd::Input,
    ) {
        if let Some(user) = user {
            self.core.acd_tell(fact(user, self.id));
        }
    }

    pub(super) fn tell_alive(&self) {
        for party in self.room.parties.iter().filter(|party| party.is_in()) {
            let holding = party.part == Part::Agent && self.room.patient_held;
            self.tell_acd(party.user, |agent, call| acd::Input::Alive { agent, call, holding });
        }
    }

    async fn joined(&mut self, at: usize) {
        let Party { user, part, .. } = self.room.parties[at];
        self.tell_acd(user, |agent, call| acd::Input::Answered { agent, call });
        if user.is_some_and(|user| !self.is_theirs(user)) {
            // Somebody else was quicker, in the same moment (case 25).
            return self.room.parties[at].hang_up(self.core.clock.instant());
        }
        // Whoever supervises does not make the call theirs.
        if part.talks() {
            self.leave_queue("answered", None, user).await;
            self.sound.stop_play();
            self.room.music = false;
            self.room.is_rating = false;
        }
        if part == Part::Agent {
            self.room.patient_held = false;
            self.room.is_handed_on = false;
            self.becomes_owner(user).await;
        } else if part.talks() && self.room.is_handed_on {
            self.promote().await;
        }
        if self.times.answered.is_some() {
            self.set_state("answered").await;
            self.core.live.update(self.id, |live| live.state = "answered");
        }
    }

    /// As the board has it; who is no agent is not on it.
    fn is_theirs(&self, user: UserId) -> bool {
        let seat = self.core.acd.seat(user, self.core.clock.instant());
        seat.is_none_or(|seat| seat.call == Some(self.id))
    }

    pub(super) async fn becomes_owner(&mut self, user: Option<UserId>) {
        let Some(user) = user else { return };
        self.room.owner = Some(user);
        self.core.live.update(self.id, |live| live.owner = Some(user));
        let by = self.principal(user);
        let at = self.core.clock.wall();
        let joined = self.core.app.joined_call(&by, self.id, "answered", Some(user), at).await;
        if let Err(error) = joined {
            tracing::error!(%error, "who took a call is missing in the record");
        }
    }

    pub(super) fn principal(&self, user: UserId) -> Principal {
        let login = self.core.acd.agent(user).map(|agent| agent.login).unwrap_or_default();
        Principal::Person { user, login, departments: Departments::All }
    }

    async fn party_left(&mut self, at: usize, answered: bool) {
        let Party { user, part, .. } = self.room.parties[at];
        match answered {
            true => self.tell_acd(user, |agent, call| acd::Input::Over { agent, call }),
            false => self.tell_acd(user, |agent, call| acd::Input::Failed { agent, call }),
        }
        if let Some(user) = user.filter(|_| !part.talks()) {
            // Who has listened has nothing to write up.
            self.core.acd_tell(acd::Input::Done(user));
        }
        // Who is being rated has left by an own act.
        let is_settled = self.end.is_some() || self.room.waiting.is_some() || self.room.is_rating;
        if is_settled || !part.talks() {
            return;
        }
        if self.room.has_talker() {
            // Who was asked has not come, or has gone: the others go on as they were.
            if part == Part::Agent {
                self.promote().await;
            }
        } else if !self.room.rings_talker() {
            self.alone().await;
        }
    }

    /// The first of those who stay has the call now.
    pub(super) async fn promote(&mut self) {
        if self.room.parties.iter().any(|p| p.is_in() && p.part == Part::Agent) {
            return;
        }
        let stays = self.room.parties.iter().position(|p| p.is_in() && p.part.talks());
        let Some(at) = stays else { return };
        let party = &mut self.room.parties[at];
        party.part = Part::Agent;
        let user = party.user;
        self.room.patient_held = false;
        self.room.is_handed_on = false;
        self.room.next_queue = None;
        self.becomes_owner(user).await;
    }

    /// Nobody of ours is left with the patient.
    async fn alone(&mut self) {
        let is_handed_on = std::mem::take(&mut self.room.is_handed_on);
        if is_handed_on && self.times.answered.is_some() {
            // They were to be with somebody: they are not left standing there.
            self.room.patient_held = false;
            let queue = self.room.next_queue.take();
            return self.enter_queue(queue.as_deref().unwrap_or(CENTRE), TRANSFERRED).await;
        }
        self.agent_hung_up().await;
    }

    /// Nobody else is there: the caller says how it was, or the call ends.
    pub(super) async fn agent_hung_up(&mut self) {
        self.why.get_or_insert("the agent hung up");
        if self.begin_rating().await {
            return;
        }
        self.tell_talk(ivr::Input::HungUp, self.core.clock.instant());
        self.hang_up();
    }

    /// Everybody else leaves with the patient.
    pub(super) fn dismiss(&mut self) {
        let now = self.core.clock.instant();
        self.room.parties.iter_mut().for_each(|party| party.hang_up(now));
    }

    pub(super) fn member_of_patient(&self) -> Member {
        let is_in = self.times.answered.is_some() || self.early;
        Member { part: Part::Patient, is_in, on_hold: self.room.patient_held, muted: false }
    }

    /// Each leg is told whom it hears, as things stand now.
    pub(super) fn join_up(&mut self) {
        if !self.room.parties.is_empty() {
            let mut members = vec![self.member_of_patient()];
            members.extend(self.room.parties.iter().map(Party::member));
            let keys: Vec<Option<LegKey>> = std::iter::once(&self.sound)
                .chain(self.room.parties.iter().map(|party| &party.sound))
                .map(|sound| sound.media.as_ref().map(crate::engine::MediaHandle::key))
                .collect();
            let sounds = std::iter::once(&self.sound)
                .chain(self.room.parties.iter().map(|party| &party.sound));
            for (sound, heard) in sounds.zip(room::ears(&members)) {
                if let Some(media) = &sound.media {
                    let heard = heard.iter().filter_map(|at| keys[*at]).collect();
                    // Busy: the next change, at the latest the next word of life, does it.
                    let _ = media.hear(heard);
                }
            }
        }
        self.play_music();
        self.play_ringback();
        self.show_room();
    }

    fn play_music(&mut self) {
        let wanted = self.times.answered.is_some()
            && self.end.is_none()
            && !self.room.is_taking_leave
            && (self.room.patient_held
                || (self.room.waiting.is_some() && !self.is_saying())
                || (self.room.is_handed_on && !self.room.has_talker()));
        match (wanted, self.room.music) {
            (true, false) => self.room.music = self.sound.play_round(super::sound::music()).is_ok(),
            (false, true) => {
                self.sound.stop_play();
                self.room.music = false;
            }
            _ => {}
        }
    }

    /// A sentence replaces the music, which comes back after it.
    pub(super) fn music_is_over(&mut self) {
        self.room.music = false;
    }

    /// Until the patient's side has a sound of its own: a description promises one, and some
    /// carriers do not keep that (telephony.md, case 3).
    fn play_ringback(&mut self) {
        let is_answered = self.times.answered.is_some();
        let wanted = self.room.is_alerted && !self.room.has_early_sound && !is_answered;
        if wanted == self.room.ringback {
            return;
        }
        self.room.ringback = wanted;
        let tone = wanted.then_some(Tone::Ringback);
        for party in self.room.parties.iter().filter(|party| party.is_in()) {
            if let Some(media) = &party.sound.media {
                // Busy: a moment of silence.
                let _ = media.play_tone(tone);
            }
        }
    }

    fn show_room(&self) {
        let view = |party: &Party| LiveParty {
            user: party.user,
            name: party.name.clone(),
            part: party.part,
            state: match party.stage {
                Stage::Ringing { .. } => "ringing",
                Stage::Confirming { .. } => "confirming",
                Stage::In | Stage::Over => "talking",
            },
            on_hold: party.on_hold,
            muted: party.muted,
            trunk: party.trunk.clone(),
        };
        let shown: Vec<_> =
            self.room.parties.iter().filter(|party| !party.is_over()).map(view).collect();
        let queue = self.room.waiting.as_ref().map(|waiting| waiting.queue.clone());
        let held = self.room.patient_held;
        self.core.live.update(self.id, |live| {
            live.room = shown;
            live.queue = queue;
            live.patient_held = held;
        });
        self.core.acd.changed();
    }
}

/// Three of them fit into the time for which a call is believed to go on.
const TELL: Duration = Duration::from_secs(20);

/// Who was promised somebody comes before who has just called.
const TRANSFERRED: i16 = 20;
