//! A caller who wants a person: in a queue, until an agent answers, nobody comes, or they
//! ask to be called back.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{
    Call, Kind,
    party::{Colleague, Party},
};
use crate::{
    app::{Entry, QueueVisit},
    base::{Key, UserId},
    domain::{
        acd::{Input, NobodyWhy, Waiter},
        room::Part,
    },
    engine::{agent_phone, way_to},
    ivr,
};

pub(super) struct Waiting {
    pub(super) queue: String,
    visit: Uuid,
    entered_at: DateTime<Utc>,
    /// Heard instead of the music.
    says: bool,
}

impl Call {
    /// A queue that nobody has made is the centre's.
    pub(super) async fn enter_queue(&mut self, wanted: &str, priority: i16) {
        let known = self.core.acd.queue(wanted).or_else(|| self.core.acd.queue(CENTRE));
        let queue = known.as_ref().map_or(CENTRE, |queue| &queue.code);
        self.room.queue = Some(queue.to_owned());
        if known.as_ref().is_some_and(|known| known.rings == "duty_phone") && self.ring_ward().await
        {
            return;
        }
        let entered_at = self.core.clock.wall();
        let visit = *crate::base::CallId::new(entered_at).as_uuid();
        let queue = queue.to_owned();
        self.room.waiting = Some(Waiting { queue: queue.clone(), visit, entered_at, says: false });
        self.set_state("queued").await;
        self.core.live.update(self.id, |live| live.state = "queued");
        // Whoever told of a danger, or was with one of us, is not sent away by the clock.
        let shift = self.core.shift_now();
        let is_closed =
            known.is_some_and(|known| !known.open_in.iter().any(|it| *it == shift.as_str()));
        if is_closed && priority == 0 {
            return self.on_nobody(NobodyWhy::Closed).await;
        }
        let since = self.core.clock.instant();
        let own = self.room.owner;
        self.core.acd_tell(Input::Wait(Waiter { call: self.id, queue, since, priority, own }));
        self.join_up();
    }

    pub(super) fn is_saying(&self) -> bool {
        self.room.waiting.as_ref().is_some_and(|waiting| waiting.says)
    }

    /// The board wants this agent rung.
    pub(super) async fn on_offer(&mut self, agent: UserId, ring: std::time::Duration) {
        let is_wanted = self.room.waiting.is_some() && self.end.is_none();
        let rung = match is_wanted {
            true => self.ring_agent(agent, ring).await,
            false => Err("nobody waits any more".to_owned()),
        };
        match rung {
            Ok(party) => self.add_party(party).await,
            Err(why) => {
                tracing::warn!(why, "an agent could not be rung");
                self.core.acd_tell(Input::Failed { agent, call: self.id });
            }
        }
    }

    async fn ring_agent(&self, user: UserId, ring: std::time::Duration) -> Result<Party, String> {
        let colleague = agent_phone(&self.core, user, Part::Agent, ring).await?;
        let party = Party::ring(&self.core, colleague, self.sound.media.as_ref()).await;
        party.map_err(|error| error.to_string())
    }

    /// The duty phone of the caller's last ward, once; whoever picks up is told what it is and
    /// connects on key 1. Answers whether it rings.
    async fn ring_ward(&mut self) -> bool {
        if std::mem::replace(&mut self.room.ward_rung, true) {
            return false;
        }
        match self.ward_party().await {
            Ok(Some(party)) => {
                self.room.is_handed_on = true;
                self.room.next_queue.clone_from(&self.room.queue);
                self.let_in(party);
                self.join_up();
                true
            }
            Ok(None) => false,
            Err(why) => {
                tracing::warn!(why, "a ward's duty phone could not be rung");
                false
            }
        }
    }

    async fn ward_party(&self) -> Result<Option<Party>, String> {
        let Some(number) = self.caller_number() else { return Ok(None) };
        let found = self.core.app.duty_phone_of(&number, self.core.clock.wall()).await;
        let Some(ward) = found.map_err(|error| error.to_string())? else { return Ok(None) };
        let colleague = Colleague {
            user: None,
            name: ward.place,
            part: Part::Agent,
            to: way_to(&self.core, &ward.phone, None).await?,
            ring: WARD_RINGS,
            needs_key: true,
            answers_itself: false,
        };
        let party = Party::ring(&self.core, colleague, self.sound.media.as_ref()).await;
        party.map(Some).map_err(|error| error.to_string())
    }

    pub(super) fn on_withdraw(&mut self, agent: UserId) {
        let now = self.core.clock.instant();
        if let Some(at) = self.room.position_of(agent)
            && !self.room.parties[at].is_in()
        {
            self.room.parties[at].hang_up(now);
        }
    }

    pub(super) async fn on_nobody(&mut self, why: NobodyWhy) {
        if self.room.waiting.is_none() {
            return;
        }
        self.leave_queue("nobody", Some(why.as_str()), None).await;
        self.join_up();
        self.nobody_came().await;
    }

    /// The dialplan says what follows; after a transfer there is none, and they are told.
    async fn nobody_came(&mut self) {
        let now = self.core.clock.instant();
        if self.talk.is_some() && self.room.owner.is_none() {
            return self.tell_talk(ivr::Input::NobodyThere, now);
        }
        self.want_call_back("转接无人接听").await;
        self.say_and_leave("person.none").await;
    }

    pub(super) async fn want_call_back(&self, why: &str) {
        let at = self.core.clock.wall();
        let entries = [(at, Entry::Task(why.to_owned()))];
        if let Err(error) = self.core.app.record(&self.call_ref(), 0, &entries).await {
            tracing::error!(%error, "a wish to be called back could not be stored");
        }
    }

    pub(super) async fn say_and_leave(&mut self, text: &str) {
        let clips = self.core.library().clips_of(text, LANGUAGE, &[]);
        let items = self.core.voice.play_items(&clips).await;
        self.room.is_taking_leave = true;
        self.music_is_over();
        if items.is_empty() || self.sound.play(items).is_err() {
            self.hang_up();
        }
    }

    /// Which place the caller has; the next one in turn is not told again and again.
    pub(super) async fn on_position(&mut self, before: usize) {
        if before == 0 || self.room.waiting.is_none() {
            return;
        }
        let before = before.to_string();
        let clips = self.core.library().clips_of("in.queue", LANGUAGE, &[("position", &before)]);
        let items = self.core.voice.play_items(&clips).await;
        self.music_is_over();
        let is_played = !items.is_empty() && self.sound.play(items).is_ok();
        if let Some(waiting) = &mut self.room.waiting {
            waiting.says = is_played;
        }
        self.join_up();
    }

    /// What was said to who waits is said.
    pub(super) fn on_said_in_queue(&mut self) {
        if let Some(waiting) = &mut self.room.waiting {
            waiting.says = false;
        }
        if self.room.is_taking_leave {
            return self.hang_up();
        }
        self.join_up();
    }

    /// `1`: call me back, I do not want to wait.
    pub(super) async fn on_key_in_queue(&mut self, key: Key) {
        let is_known = match &self.kind {
            Kind::FollowUp(_) => true,
            Kind::Inbound(_) => self.caller_number().is_some(),
            _ => false,
        };
        if key.as_char() != '1' || !is_known {
            return;
        }
        self.leave_queue("callback", None, None).await;
        self.core.acd_tell(Input::Gone(self.id));
        self.want_call_back("来电要求回电").await;
        self.say_and_leave("person.none").await;
    }

    pub(super) async fn leave_queue(
        &mut self,
        result: &'static str,
        why: Option<&'static str>,
        agent: Option<UserId>,
    ) {
        let Some(Waiting { queue, visit, entered_at, .. }) = self.room.waiting.take() else {
            return;
        };
        let visit = QueueVisit { id: visit, call: self.id, queue, entered_at, result, why, agent };
        let at = self.core.clock.wall();
        if let Err(error) = self.core.app.left_queue(&visit, at).await {
            tracing::error!(%error, "a wait in a queue is missing in the record");
        }
    }

    /// The caller has hung up.
    pub(super) async fn gave_up(&mut self) {
        if self.room.waiting.is_some() {
            self.leave_queue("gave_up", None, None).await;
            self.core.acd_tell(Input::Gone(self.id));
        }
    }
}

/// A nurse at a bed needs a while to the desk.
const WARD_RINGS: std::time::Duration = std::time::Duration::from_secs(40);

pub(super) const CENTRE: &str = "centre";
const LANGUAGE: &str = "zh-CN";
