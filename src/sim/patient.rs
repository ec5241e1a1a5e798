//! One patient on one call: rings, picks up, listens, presses.

use std::{collections::VecDeque, net::SocketAddr, sync::Arc, time::Duration};

use tokio::sync::mpsc;

use super::{Behaviour, Dial, carrier::Shared, tone::tone_of};
use crate::{
    base::{Key, Machine as _},
    engine::{LegEvent as SoundEvent, MediaEvent, MediaHandle, OpenLeg, hold, sleep},
    media::{self, PlayId, Tone},
    sip::{
        endpoint::{Flow, TransactionId},
        invite::{Command, InboundLeg, Input, Leg, LegEvent, OutboundLeg, Output, Reliable},
        message::{Headers, NameAddr, Request, Uri},
        sdp::{self, LocalMedia, Negotiated},
    },
};

pub(super) async fn take(
    shared: Arc<Shared>,
    transaction: TransactionId,
    request: Request,
    flow: Flow,
) {
    // Who picks up works, as far as a simulated clock goes.
    let working = hold(&*shared.clock);
    let dialled = request.uri.user().unwrap_or_default();
    let found = shared.truth.find(&dialled);
    let lives = match &shared.answers {
        Some(answers) => answers(dialled.clone()).await,
        None => None,
    };
    let number = found.map_or(dialled, |at| shared.truth.patients[at].number.clone());
    let count = shared.count(&number);
    shared.write("invite", &number, count, "");
    let cut = shared.take_up(&number).await;
    let dial = found.map(|at| {
        let dials = &shared.truth.patients[at].dials;
        dials[(count - 1 - cut.again).min(dials.len() - 1)].clone()
    });
    let dial = lives.or(dial).unwrap_or_else(|| Dial::of(Behaviour::Vacant));
    let refused = match dial.does {
        Behaviour::Silent => return,
        Behaviour::TrunkFault => Some((503, Some(34))),
        _ => None,
    };
    if let Some((status, cause)) = refused {
        return shared.refuse(transaction, &request, status, cause).await;
    }
    let (dial, skipped) = dial.taken_up(cut.taken);
    let Some(mut call) = open(&shared, transaction, request, flow, dial, skipped).await else {
        return;
    };
    call.number.clone_from(&number);
    drop(working);
    let how = call.run().await;
    if !call.was_cut() {
        shared.forget(&number);
    }
    shared.write("ended", &number, count, how);
}

struct Call {
    shared: Arc<Shared>,
    leg: Leg,
    mailbox: crate::engine::Mailbox,
    media: MediaHandle,
    sounds: mpsc::Receiver<MediaEvent>,
    number: String,
    dial: Dial,
    /// Entries left out, because an earlier call that was cut had them.
    skipped: usize,
    entries: VecDeque<String>,
    pressed: usize,
    calls_in: bool,
    /// The other side has acknowledged our answer, or has answered us.
    confirmed: bool,
    /// No sound came any more: nobody is there.
    silent: bool,
    stage: Stage,
    at: Option<std::time::Instant>,
    /// The other side is speaking.
    voice: bool,
    ended: Option<&'static str>,
    plays: u64,
}

/// What the next timer means.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Stage {
    Ringing,
    /// Has picked up; the other side has not acknowledged it.
    Answered,
    Announcement,
    /// A gateway has answered; the phone behind it rings.
    RingingAsSound,
    /// Waits for a voice, or for it to end.
    Listening,
    /// Thinks, then presses.
    Pressing,
    HangingUp,
}

/// The patient calls the hospital. Answers how it ended: `ended`, `refused`.
pub(super) async fn call_in(
    shared: Arc<Shared>,
    number: String,
    hospital: SocketAddr,
    called: String,
    dial: Dial,
) -> Option<&'static str> {
    let (leg_media, mailbox, media, sounds) = sound(&shared).await?;
    let address = |user: &str, host: SocketAddr| format!("sip:{user}@{host}").parse::<Uri>().ok();
    let target = address(&called, hospital)?;
    let outbound = OutboundLeg {
        owner: mailbox.owner,
        flow: shared.flow_to(hospital),
        to: NameAddr::new(target.clone()),
        target,
        from: NameAddr::new(address(&number, shared.bind)?),
        routes: Vec::new(),
        headers: Headers::default(),
        media: leg_media,
        credentials: None,
        session_timer: None,
        reliable: Reliable::No,
        is_latched: true,
    };
    let leg = Leg::outbound(outbound, rand::random());
    let mut call = Call::new(&shared, leg, mailbox, (media, sounds), dial, 0);
    call.calls_in = true;
    call.stage = Stage::Answered;
    call.at = None;
    let how = call.run().await;
    Some(if call.confirmed { how } else { "refused" })
}

type Sounds = mpsc::Receiver<MediaEvent>;

async fn sound(
    shared: &Arc<Shared>,
) -> Option<(LocalMedia, crate::engine::Mailbox, MediaHandle, Sounds)> {
    let (events, sounds) = mpsc::channel(64);
    let leg = OpenLeg {
        bind: shared.bind.ip(),
        ports: &shared.ports,
        learns_any: false,
        events,
        beside: None,
    };
    let media = shared.media.open(leg).ok()?;
    let mailbox = shared.signalling.open().await.ok()?;
    let local = LocalMedia {
        rtp: (shared.bind.ip(), media.rtp_port()).into(),
        rtcp: None,
        codecs: vec![sdp::Codec::Pcma, sdp::Codec::Pcmu],
        telephone_event: Some(101),
        ptime_ms: 20,
        srtp: None,
    };
    Some((local, mailbox, media, sounds))
}

async fn open(
    shared: &Arc<Shared>,
    transaction: TransactionId,
    request: Request,
    flow: Flow,
    dial: Dial,
    skipped: usize,
) -> Option<Call> {
    let (local, mailbox, media, sounds) = sound(shared).await?;
    let inbound = InboundLeg {
        owner: mailbox.owner,
        transaction,
        request,
        flow,
        media: local,
        credentials: None,
        session_timer: None,
    };
    let leg = Leg::inbound(inbound, rand::random());
    let mut call = Call::new(shared, leg, mailbox, (media, sounds), dial, skipped);
    call.begin();
    Some(call)
}

impl Call {
    fn new(
        shared: &Arc<Shared>,
        leg: Leg,
        mailbox: crate::engine::Mailbox,
        (media, sounds): (MediaHandle, Sounds),
        dial: Dial,
        skipped: usize,
    ) -> Self {
        let now = shared.clock.instant();
        Self {
            shared: Arc::clone(shared),
            leg,
            mailbox,
            media,
            sounds,
            number: String::new(),
            skipped,
            entries: dial.keys.iter().cloned().collect(),
            pressed: 0,
            calls_in: false,
            confirmed: false,
            silent: false,
            stage: Stage::Ringing,
            at: Some(now + Duration::from_secs_f64(dial.ring_s)),
            voice: false,
            ended: None,
            plays: 0,
            dial,
        }
    }

    fn begin(&mut self) {
        let now = self.shared.clock.instant();
        match self.dial.does {
            Behaviour::GatewayAnswer => {
                self.command(Command::Answer);
                self.stage = Stage::RingingAsSound;
            }
            Behaviour::Vacant | Behaviour::PoweredOff => {
                self.command(Command::Progress);
                let voices = &self.shared.voices;
                self.play(match self.dial.does {
                    Behaviour::PoweredOff => voices.powered_off.clone(),
                    _ => voices.vacant.clone(),
                });
                self.stage = Stage::Announcement;
                self.at = Some(now + ANNOUNCEMENT);
            }
            Behaviour::Busy => {
                self.at = Some(now);
            }
            _ => self.command(Command::Ring),
        }
    }

    async fn run(&mut self) -> &'static str {
        let clock = Arc::clone(&self.shared.clock);
        loop {
            let working = hold(&*clock);
            self.drain().await;
            drop(working);
            if self.leg.is_over() {
                return self.ended.unwrap_or("over");
            }
            let now = self.shared.clock.instant();
            let due = [self.at, self.leg.poll_timeout()].into_iter().flatten().min();
            let wait = due.map_or(IDLE, |at| at.saturating_duration_since(now));
            tokio::select! {
                event = self.mailbox.recv() => match event {
                    Some(event) => {
                        let now = self.shared.clock.instant();
                        self.leg.handle_input(Input::Event(event), now);
                    }
                    None => return "lost",
                },
                Some(sound) = self.sounds.recv() => self.on_sound(&sound.event),
                () = sleep(&*clock, wait) => self.on_timer(),
            }
        }
    }

    async fn drain(&mut self) {
        while let Some(output) = self.leg.poll_output() {
            match output {
                Output::ToEndpoint(input) => {
                    let _ = self.shared.signalling.send(input).await;
                }
                Output::Notify(event) => self.on_leg(event),
            }
        }
    }

    fn on_leg(&mut self, event: LegEvent) {
        match event {
            LegEvent::Answered(media) if self.calls_in => {
                self.configure(&media);
                self.confirm();
                self.listen();
            }
            LegEvent::Answered(media) | LegEvent::EarlyMedia { media, .. } => {
                self.configure(&media);
            }
            LegEvent::MediaChanged(media) => self.configure(&media),
            LegEvent::Confirmed => {
                self.confirm();
                if let Some(media) = self.leg.media().cloned() {
                    self.configure(&media);
                }
                if self.stage == Stage::RingingAsSound {
                    let _ = self.media.play_tone(Some(Tone::Ringback));
                } else {
                    self.listen();
                }
            }
            LegEvent::Ended(report) => {
                self.at = None;
                let cancelled = report.we_cancelled || !report.answered;
                self.ended = Some(match cancelled {
                    _ if self.was_cut() => "cut",
                    true => "cancelled",
                    false => "ended",
                });
            }
            _ => {}
        }
    }

    /// From now on the other side is heard: who hears nothing at all hangs up.
    fn confirm(&mut self) {
        self.confirmed = self.media.expect_rtp().is_ok();
        if let Some(hertz) = self.dial.hums_hz {
            self.plays += 1;
            let hum = tone_of(&format!("{hertz} 10"));
            let _ = self.media.play(PlayId(self.plays), vec![hum.into()], true);
        }
    }

    fn configure(&self, negotiated: &Negotiated) {
        let remote = media::Remote {
            rtp: negotiated.remote_rtp,
            rtcp: Some(negotiated.remote_rtcp),
            codec: match negotiated.codec {
                sdp::Codec::Pcma => media::Codec::Pcma,
                sdp::Codec::Pcmu => media::Codec::Pcmu,
            },
            payload_type: negotiated.payload_type,
            event_payload_type: negotiated.telephone_event,
            direction: media::Direction::SendRecv,
            srtp: None,
        };
        let _ = self.media.configure(remote);
    }

    /// Until the voice begins, or has ended.
    fn listen(&mut self) {
        self.stage = Stage::Listening;
        self.at = None;
        if self.dial.hangs_up_after.is_some_and(|after| self.pressed >= after) {
            self.stage = Stage::HangingUp;
            self.at = Some(self.shared.clock.instant() + BEFORE_HANGING_UP);
        } else if self.voice && self.entries.front().is_some_and(|entry| !entry.starts_with('~')) {
            // The next question follows without a pause that could be heard.
            self.stage = Stage::Pressing;
            self.at = Some(self.shared.clock.instant() + NEXT_QUESTION + self.thinks());
        }
    }

    fn on_sound(&mut self, event: &SoundEvent) {
        let SoundEvent::Sound(event) = event else { return };
        let now = self.shared.clock.instant();
        match event {
            media::Event::SpeechStarted => {
                self.voice = true;
                self.note_taken(self.pressed);
            }
            media::Event::SpeechEnded => self.voice = false,
            media::Event::RtpTimeout if self.confirmed => {
                self.silent = true;
                self.command(Command::Bye { cause: Some(16) });
            }
            _ => {}
        }
        let waits_for_the_end = match self.entries.front() {
            Some(entry) => entry.starts_with('~'),
            None => self.dial.speaks_s > 0.0,
        };
        match (self.stage, event) {
            (Stage::Listening, media::Event::SpeechStarted)
                if !waits_for_the_end && !self.entries.is_empty() =>
            {
                self.stage = Stage::Pressing;
                self.at = Some(now + HEARD_ENOUGH + self.thinks());
            }
            (Stage::Listening, media::Event::SpeechEnded) if waits_for_the_end => {
                self.stage = Stage::Pressing;
                self.at = Some(now + QUIET_MORE + self.thinks());
            }
            // It was only a pause between two sentences.
            (Stage::Pressing, media::Event::SpeechStarted) if waits_for_the_end => {
                self.stage = Stage::Listening;
                self.at = None;
            }
            _ => {}
        }
    }

    /// The call ended because the other side was gone, not because it had ended it.
    const fn was_cut(&self) -> bool {
        self.silent || (matches!(self.stage, Stage::Answered) && !self.confirmed)
    }

    /// So many entries have been taken: what followed them was heard.
    fn note_taken(&self, pressed: usize) {
        self.shared.note_taken(&self.number, pressed, self.skipped, self.dial.opening());
    }

    fn thinks(&self) -> Duration {
        Duration::from_secs_f64(self.dial.thinks_s)
    }

    fn on_timer(&mut self) {
        let now = self.shared.clock.instant();
        if self.leg.poll_timeout().is_some_and(|at| at <= now) {
            self.leg.handle_timeout(now);
        }
        if self.at.take_if(|at| *at <= now).is_none() {
            return;
        }
        match self.stage {
            Stage::Ringing => self.after_ringing(),
            Stage::Announcement => {
                let (status, cause) = match self.dial.does {
                    Behaviour::PoweredOff => (480, 20),
                    _ => (404, 1),
                };
                self.command(Command::Reject { status, cause: Some(cause) });
            }
            Stage::RingingAsSound => {
                let _ = self.media.play_tone(None);
                self.listen();
            }
            Stage::Pressing => self.press(),
            Stage::HangingUp => self.command(Command::Bye { cause: Some(16) }),
            Stage::Listening | Stage::Answered => {}
        }
    }

    fn after_ringing(&mut self) {
        match self.dial.does {
            Behaviour::Busy => self.command(Command::Reject { status: 486, cause: Some(17) }),
            Behaviour::Decline => self.command(Command::Reject { status: 603, cause: Some(21) }),
            Behaviour::NoAnswer => {}
            _ => {
                self.stage = Stage::Answered;
                self.command(Command::Answer);
            }
        }
    }

    fn press(&mut self) {
        self.note_taken(self.pressed);
        let Some(entry) = self.entries.pop_front() else {
            let murmur = self.shared.voices.murmur.clone();
            self.speak(&murmur);
            return self.listen();
        };
        if let Some(tone) = entry.trim_start_matches('~').strip_prefix("tone ") {
            self.play(tone_of(tone));
            self.pressed += 1;
            return self.listen();
        }
        let keys = entry.trim_start_matches('~').chars();
        let keys: Vec<Key> = keys.filter_map(|c| Key::try_from(c).ok()).collect();
        let _ = self.media.press(keys);
        self.pressed += 1;
        self.listen();
    }

    /// A voice for as long as this patient speaks.
    fn speak(&mut self, murmur: &media::Prompt) {
        let samples = (self.dial.speaks_s * f64::from(media::RATE)) as usize;
        let all = murmur.samples();
        self.play(media::Prompt::new(all[..samples.min(all.len())].to_vec()));
    }

    fn play(&mut self, prompt: media::Prompt) {
        self.plays += 1;
        let _ = self.media.play(PlayId(self.plays), vec![prompt.into()], false);
    }

    fn command(&mut self, command: Command) {
        let now = self.shared.clock.instant();
        self.leg.handle_input(Input::Command(command), now);
    }
}

const ANNOUNCEMENT: Duration = Duration::from_secs(4);

/// Knows the question after its first second.
const HEARD_ENOUGH: Duration = Duration::from_millis(700);

/// A key stops one prompt; the next is heard by then.
const NEXT_QUESTION: Duration = Duration::from_millis(1800);

/// On top of the 700 ms after which a voice counts as ended: longer than any pause
/// between two sentences, also where a sentence with a name is rendered on a busy machine.
const QUIET_MORE: Duration = Duration::from_millis(1500);

const BEFORE_HANGING_UP: Duration = Duration::from_secs(2);
const IDLE: Duration = Duration::from_secs(60);
