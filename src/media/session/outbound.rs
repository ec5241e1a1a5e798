//! What goes out: the second half of a tick, and the goodbye.

use std::time::Instant;

use super::{Datagram, ECHO_TICKS, Event, Remote, Session, TickOutput};
use crate::media::{
    FRAME, Frame, SILENCE, key_press::EventPacket, level_dbm0, rtcp, rtp::Reception,
};

enum Sound {
    Frame([u8; FRAME]),
    Event(EventPacket),
    Nothing,
}

impl Session {
    /// The second half of a tick: one packet, and a report when one is due. `heard` is
    /// what others in the call say.
    pub fn send(&mut self, now: Instant, heard: Option<&Frame>, out: &mut TickOutput) {
        (out.rtp.to, out.rtcp.to) = (None, None);
        let timestamp = self.numbering.timestamp;
        self.numbering.timestamp = timestamp.wrapping_add(FRAME as u32);
        let mut ours = SILENCE;
        let target = self.rtp_source.as_ref().and_then(super::source::Source::target);
        if let (Some(remote), Some(target)) = (self.remote, target)
            && remote.direction.sends()
        {
            let sound = self.choose(remote, timestamp, heard);
            if let Sound::Frame(octets) = &sound {
                ours = remote.codec.decode_frame(octets);
            }
            if self.write(&sound, remote, timestamp, &mut out.rtp) {
                out.rtp.to = Some(target);
            }
        } else {
            self.is_talking = false;
        }
        self.echo_ticks = match level_dbm0(&ours) > AUDIBLE_DBM0 {
            true => ECHO_TICKS,
            false => self.echo_ticks.saturating_sub(1),
        };
        out.recorded = self.tap.take(&self.far, &ours);
        self.report(now, timestamp, &mut out.rtcp, false);
    }

    /// Keys before tones, tones before prompts, prompts before people.
    fn choose(&mut self, remote: Remote, timestamp: u32, heard: Option<&Frame>) -> Sound {
        if self.presser.is_busy() {
            let pressed = self.press_on(remote, timestamp);
            if !self.presser.is_busy() {
                self.emit(Event::KeysPressed);
            }
            if let Some(pressed) = pressed {
                return pressed;
            }
        }
        if let Some(tone) = &mut self.tone_out {
            return Sound::Frame(remote.codec.encode_frame(&tone.next_frame()));
        }
        let mut octets = [remote.codec.silence(); FRAME];
        if let Some(mut player) = self.player.take() {
            let has_sound = player.fill(remote.codec, &mut octets);
            if player.is_finished() {
                self.finished(&player, true);
            } else {
                self.player = Some(player);
            }
            if has_sound {
                return Sound::Frame(octets);
            }
        }
        match heard {
            // What was decoded encodes to itself: of one codec it passes through unchanged.
            Some(frame) => Sound::Frame(remote.codec.encode_frame(frame)),
            None if self.config.sends_silence => Sound::Frame(octets),
            None => Sound::Nothing,
        }
    }

    fn press_on(&mut self, remote: Remote, timestamp: u32) -> Option<Sound> {
        match remote.event_payload_type {
            Some(_) => self.presser.poll(timestamp).map(Sound::Event),
            None => {
                let frame = self.presser.poll_sound()?;
                Some(Sound::Frame(remote.codec.encode_frame(&frame)))
            }
        }
    }

    fn write(&mut self, sound: &Sound, remote: Remote, timestamp: u32, out: &mut Datagram) -> bool {
        let written = match sound {
            Sound::Nothing => {
                self.is_talking = false;
                return false;
            }
            Sound::Frame(octets) => {
                let is_first = !std::mem::replace(&mut self.is_talking, true);
                let payload_type = remote.payload_type;
                self.numbering.write(payload_type, is_first, timestamp, octets, &mut out.bytes)
            }
            Sound::Event(event) => {
                let payload_type = remote.event_payload_type.unwrap_or_default();
                let EventPacket { is_marked, timestamp, payload } = event;
                self.numbering.write(payload_type, *is_marked, *timestamp, payload, &mut out.bytes)
            }
        };
        out.length = written.unwrap_or(0);
        let sealer = self.sealer.as_mut().filter(|_| written.is_ok());
        if let Some(sealer) = sealer {
            let sealed = sealer.seal_rtp(&mut out.bytes, out.length);
            out.length = sealed.unwrap_or(0);
            return sealed.is_ok();
        }
        written.is_ok()
    }

    fn report(&mut self, now: Instant, timestamp: u32, out: &mut Datagram, is_bye: bool) {
        let Some(target) = self.rtcp_source.as_ref().and_then(super::source::Source::target) else {
            return;
        };
        if !(self.pace.is_due(now) || is_bye) {
            return;
        }
        let has_sent = self.numbering.packets != self.reported_packets;
        self.reported_packets = self.numbering.packets;
        let info = has_sent.then(|| rtcp::SenderInfo {
            ntp: self.config.anchor.read(now),
            rtp: timestamp,
            packets: self.numbering.packets,
            octets: self.numbering.octets,
        });
        let last_report = self.last_sender_report;
        let block = self.reception.as_mut().map(|reception| block(reception, last_report, now));
        let (ssrc, cname) = (self.config.ssrc, self.config.cname.as_str());
        out.length = rtcp::write(&mut out.bytes, ssrc, info, block, cname, is_bye);
        if let Some(sealer) = self.sealer.as_mut().filter(|_| out.length > 0) {
            out.length = sealer.seal_rtcp(&mut out.bytes, out.length).unwrap_or(0);
        }
        out.to = (out.length > 0).then_some(target);
    }

    /// The last report, with a goodbye. Whatever played is over.
    pub fn close(&mut self, now: Instant, out: &mut TickOutput) {
        (out.rtp.to, out.rtcp.to, out.recorded) = (None, None, None);
        self.stop_play();
        self.report(now, self.numbering.timestamp, &mut out.rtcp, true);
    }
}

fn block(
    reception: &mut Reception,
    last_report: Option<(u32, Instant)>,
    now: Instant,
) -> rtcp::ReportBlock {
    let since = last_report.map_or(0, |(_, at)| {
        let since = now.saturating_duration_since(at).as_micros();
        u32::try_from((since << 16) / 1_000_000).unwrap_or(u32::MAX)
    });
    rtcp::ReportBlock {
        ssrc: reception.ssrc(),
        fraction_lost: reception.fraction_lost(),
        lost: reception.lost(),
        highest: reception.highest(),
        jitter: reception.jitter(),
        last_report: last_report.map_or(0, |(middle, _)| middle),
        since_last_report: since,
    }
}

/// Fainter than this does not come back as an echo worth hearing.
const AUDIBLE_DBM0: f32 = -45.0;
