//! A call's sound: the media leg, and the translation between SIP's words and media's.

use tokio::sync::mpsc;

use super::Call;
use crate::{
    config::{CarrierProfile, Dtmf, Interface, Srtp},
    engine::{Core, LegEvent, MediaError, MediaEvent, MediaHandle, OpenLeg},
    ivr::{self, duty, studio},
    media::{self, PlayId, PlayItem},
    sip::sdp::{self, LocalMedia, LocalSrtp, MasterKey, Negotiated},
};

pub(super) struct Sound {
    /// `None` once closed.
    pub(super) media: Option<MediaHandle>,
    pub(super) events: mpsc::Receiver<MediaEvent>,
    pub(super) local: LocalMedia,
    pub(super) codec: Option<&'static str>,
    /// How the last key came: `RFC 4733`, `in-band` or `INFO`.
    pub(super) keys_by: Option<&'static str>,
    dtmf: Dtmf,
    plays: u64,
}

impl Sound {
    /// Opens the sockets on an interface; its address goes into the SDP.
    pub(super) fn open(
        core: &Core,
        interface: &Interface,
        (profile, srtp): (&CarrierProfile, Srtp),
        beside: Option<&MediaHandle>,
    ) -> Result<Self, MediaError> {
        let (sender, events) = mpsc::channel(EVENTS_MAX);
        let ports = core.pool(&interface.name).ok_or(MediaError::Gone)?;
        let open =
            OpenLeg { bind: interface.bind, ports, learns_any: false, events: sender, beside };
        let media = core.media.open(open)?;
        let advertised = interface.advertised();
        let wanted = profile.codecs.iter().map(|name| match name.as_str() {
            "PCMU" => sdp::Codec::Pcmu,
            _ => sdp::Codec::Pcma,
        });
        let local = LocalMedia {
            rtp: (advertised, media.rtp_port()).into(),
            rtcp: Some((advertised, media.rtp_port() + 1).into()),
            codecs: wanted.collect(),
            telephone_event: (profile.dtmf == Dtmf::Rfc4733).then_some(TELEPHONE_EVENT),
            ptime_ms: 20,
            srtp: (srtp != Srtp::No).then(|| LocalSrtp {
                is_required: srtp == Srtp::Required,
                // From the thread's generator, which the system seeds and which is made for keys.
                keys: [MasterKey(rand::random()), MasterKey(rand::random())],
            }),
        };
        let dtmf = profile.dtmf;
        Ok(Self { media: Some(media), events, local, codec: None, keys_by: None, dtmf, plays: 0 })
    }

    pub(super) fn configure(&mut self, negotiated: &Negotiated) -> Result<(), MediaError> {
        self.codec = Some(match negotiated.codec {
            sdp::Codec::Pcma => "PCMA",
            sdp::Codec::Pcmu => "PCMU",
        });
        let Some(media) = &self.media else { return Ok(()) };
        media.configure(remote(negotiated))?;
        // Without the event's payload type, keys come as sound.
        media.detect_keys_in_band(self.dtmf != Dtmf::Info)
    }

    pub(super) fn play(&mut self, items: Vec<PlayItem>) -> Result<PlayId, MediaError> {
        self.plays += 1;
        let id = PlayId(self.plays);
        if let Some(media) = &self.media {
            media.play(id, items, false)?;
        }
        Ok(id)
    }

    /// Again and again, until something else is played.
    pub(super) fn play_round(&mut self, items: Vec<PlayItem>) -> Result<(), MediaError> {
        self.plays += 1;
        match &self.media {
            Some(media) => media.play(PlayId(self.plays), items, true),
            None => Err(MediaError::Gone),
        }
    }

    pub(super) fn stop_play(&self) {
        if let Some(media) = &self.media {
            // Busy: the prompt ends by itself a moment later.
            let _ = media.stop_play();
        }
    }

    pub(super) const fn is_current(&self, id: PlayId) -> bool {
        id.0 == self.plays
    }
}

impl Call {
    pub(super) async fn on_sound(&mut self, event: MediaEvent) {
        let now = self.core.clock.instant();
        match event.event {
            LegEvent::Sound(media::Event::Key(key, way)) => {
                self.sound.keys_by = Some(match way {
                    media::KeySource::Rfc4733 => "RFC 4733",
                    media::KeySource::InBand => "in-band",
                });
                self.on_key(key).await;
            }
            LegEvent::Sound(media::Event::PlayFinished { id, is_complete, .. })
                if is_complete && self.sound.is_current(id) =>
            {
                if self.room.is_quiet_for_machine() {
                    return self.on_said_in_queue();
                }
                self.tell_talk(ivr::Input::Said, now);
                self.tell_booth(studio::Input::Said);
                self.tell_duty(duty::Input::Said);
            }
            LegEvent::Sound(media::Event::SpeechStarted) => {
                self.tell_talk(ivr::Input::Speech, now);
                self.tell_booth(studio::Input::SpeechStarted);
            }
            LegEvent::Sound(media::Event::FirstRtp) if self.times.answered.is_none() => {
                self.room.has_early_sound = true;
                self.join_up();
            }
            LegEvent::Sound(media::Event::SpeechEnded) => {
                self.tell_booth(studio::Input::SpeechEnded);
            }
            LegEvent::Sound(media::Event::RtpTimeout) => {
                self.why = Some("no sound from the far side");
                self.hang_up();
            }
            LegEvent::Sound(media::Event::Announcement(heard)) => self.on_announcement(heard),
            LegEvent::Sound(media::Event::ToneHeard(tone)) => self.on_tone(tone),
            LegEvent::Sound(media::Event::MachineHeard(_)) if self.times.answered.is_some() => {
                self.why.get_or_insert("a fax machine or a modem answered");
            }
            LegEvent::RecordingFailed => {
                tracing::error!("the recording cannot be written; the call goes on");
            }
            _ => {}
        }
    }

    /// From the patient's side, in the sound or by INFO.
    pub(super) async fn on_key(&mut self, key: crate::base::Key) {
        let now = self.core.clock.instant();
        self.core.live.update(self.id, |live| live.keys += 1);
        if self.room.waiting.is_some() {
            return self.on_key_in_queue(key).await;
        }
        self.tell_talk(ivr::Input::Key(key), now);
        self.tell_booth(studio::Input::Key(key));
        self.tell_duty(duty::Input::Key(key));
    }

    /// While a person talks, or is waited for, the machine hears only the end.
    pub(super) fn tell_talk(&mut self, input: ivr::Input, now: std::time::Instant) {
        let ends = matches!(input, ivr::Input::HungUp | ivr::Input::Stop | ivr::Input::NobodyThere);
        if self.room.is_quiet_for_machine() && !ends {
            return;
        }
        if let Some(talk) = &mut self.talk {
            talk.handle_input(input, now);
        }
    }
}

fn remote(negotiated: &Negotiated) -> media::Remote {
    media::Remote {
        rtp: negotiated.remote_rtp,
        rtcp: Some(negotiated.remote_rtcp),
        codec: match negotiated.codec {
            sdp::Codec::Pcma => media::Codec::Pcma,
            sdp::Codec::Pcmu => media::Codec::Pcmu,
        },
        payload_type: negotiated.payload_type,
        event_payload_type: negotiated.telephone_event,
        direction: direction(negotiated.direction),
        srtp: negotiated.srtp.map(|srtp| media::Srtp {
            suite: match srtp.suite {
                sdp::Suite::AesCm128HmacSha1_80 => media::SrtpSuite::AesCm128HmacSha1_80,
                sdp::Suite::AesCm128HmacSha1_32 => media::SrtpSuite::AesCm128HmacSha1_32,
            },
            local: media::MasterKey(srtp.local.0),
            remote: media::MasterKey(srtp.remote.0),
        }),
    }
}

const fn direction(direction: sdp::Direction) -> media::Direction {
    match (direction.sends, direction.receives) {
        (true, true) => media::Direction::SendRecv,
        (true, false) => media::Direction::SendOnly,
        (false, true) => media::Direction::RecvOnly,
        (false, false) => media::Direction::Inactive,
    }
}

/// What who waits hears: four soft notes and a pause, ours and nobody's music.
pub(super) fn music() -> Vec<PlayItem> {
    static MUSIC: std::sync::OnceLock<media::Prompt> = std::sync::OnceLock::new();
    let prompt = MUSIC.get_or_init(|| {
        let note = |hertz: f32| {
            let rate = media::RATE as f32;
            (0..media::RATE * 6 / 10).map(move |n| {
                let t = n as f32 / rate;
                let swell = (t * std::f32::consts::PI / 0.6).sin();
                ((t * hertz * std::f32::consts::TAU).sin() * swell * 2600.0) as i16
            })
        };
        let pause = (0..media::RATE).map(|_| 0);
        let tune = [523.25, 659.25, 783.99, 659.25].into_iter().flat_map(note);
        media::Prompt::new(tune.chain(pause).collect::<Vec<i16>>())
    });
    vec![prompt.clone().into()]
}

/// Fifty ticks a second bring a few events at most.
const EVENTS_MAX: usize = 64;

/// What carriers in China expect.
const TELEPHONE_EVENT: u8 = 101;

/// "After the tone": 1000 Hz for 300 ms, as every answering machine does.
pub(super) fn beep() -> media::Prompt {
    let sample = |n: u16| {
        let angle = f32::from(n) * 1000.0 * std::f32::consts::TAU / media::RATE as f32;
        (angle.sin() * 6000.0) as i16
    };
    media::Prompt::new((0..2400).map(sample).collect::<Vec<_>>())
}
