//! What comes in: packets as the socket is emptied, then the playout half of a tick.

use std::{net::SocketAddr, time::Instant};

use super::{Event, Session};
use crate::base::{Breakage, broken};
use crate::media::{
    Codec, KeySource, SILENCE, SpeechChange, TICK_MS, ToneChange,
    level::{QUIETEST_DBM0, level_dbm0},
    rtcp,
    rtp::{Packet, Reception},
};

impl Session {
    /// From the RTP socket; RTCP that shares it is told apart (RFC 5761 §4).
    pub fn handle_rtp(&mut self, bytes: &[u8], from: SocketAddr, now: Instant) {
        if bytes.get(1).is_some_and(|kind| RTCP_KINDS.contains(kind)) {
            return self.open_rtcp(bytes, from, now, true);
        }
        // STUN and the like share the port of many a softphone, and never were sealed.
        if bytes.first().is_none_or(|first| first >> 6 != RTP_VERSION) {
            self.stats.malformed += 1;
            return;
        }
        // Before its source teaches us anything: whoever has the key is the far side.
        let Some(mut opener) = self.opener.take() else { return self.read_rtp(bytes, from, now) };
        match opener.open_rtp(bytes) {
            Ok(open) => self.read_rtp(open, from, now),
            Err(error) => self.count(error),
        }
        self.opener = Some(opener);
    }

    fn read_rtp(&mut self, bytes: &[u8], from: SocketAddr, now: Instant) {
        let Ok(packet) = Packet::parse(bytes) else {
            self.stats.malformed += 1;
            return;
        };
        let Some(remote) = self.remote else {
            self.stats.unexpected += 1;
            return;
        };
        let is_event = remote.event_payload_type == Some(packet.payload_type);
        let codec = if packet.payload_type == remote.payload_type {
            Some(remote.codec)
        } else {
            // Some gateways answer with one law and send the other; the number says which.
            Codec::from_payload_type(packet.payload_type)
        };
        if !is_event && codec.is_none() && packet.payload_type != COMFORT_NOISE {
            self.stats.unexpected += 1;
            return;
        }
        if !self.rtp_source.as_mut().is_some_and(|source| source.accepts(from)) {
            self.stats.strangers += 1;
            return;
        }
        self.receive(&packet, !is_event, now);
        match codec {
            _ if is_event => self.handle_event(&packet, now),
            Some(codec) if remote.direction.receives() => {
                self.jitter.push(packet.timestamp, packet.payload, codec);
            }
            _ => {}
        }
    }

    fn receive(&mut self, packet: &Packet<'_>, is_audio: bool, now: Instant) {
        match &mut self.reception {
            None => {
                self.reception = Some(Reception::starting(packet, now));
                self.stats.first_at.get_or_insert(now);
                self.emit(Event::FirstRtp);
            }
            Some(reception) => {
                if reception.receive(packet, is_audio, now) {
                    self.jitter.reset();
                    self.last_sender_report = None;
                }
            }
        }
        if std::mem::take(&mut self.has_timed_out) {
            self.emit(Event::RtpResumed);
        }
    }

    fn handle_event(&mut self, packet: &Packet<'_>, now: Instant) {
        let pushed = self.events_in.push(packet.ssrc, packet.timestamp, packet.payload, now);
        match pushed {
            Ok(Some(key)) => {
                if let Some(key) = self.merge.event(key, now) {
                    self.emit(Event::Key(key, KeySource::Rfc4733));
                }
            }
            Ok(None) => {}
            Err(_) => self.stats.malformed += 1,
        }
    }

    /// From the RTCP socket.
    pub fn handle_rtcp(&mut self, bytes: &[u8], from: SocketAddr, now: Instant) {
        self.open_rtcp(bytes, from, now, false);
    }

    fn open_rtcp(&mut self, bytes: &[u8], from: SocketAddr, now: Instant, is_muxed: bool) {
        let Some(mut opener) = self.opener.take() else {
            return self.read_rtcp(bytes, from, now, is_muxed);
        };
        match opener.open_rtcp(bytes) {
            Ok(open) => self.read_rtcp(open, from, now, is_muxed),
            // Softphones send reports in clear before they have keys and after they had: that
            // is nobody's attack on the sound.
            Err(_) => self.stats.malformed += 1,
        }
        self.opener = Some(opener);
    }

    fn read_rtcp(&mut self, bytes: &[u8], from: SocketAddr, now: Instant, is_muxed: bool) {
        let source = if is_muxed { &mut self.rtp_source } else { &mut self.rtcp_source };
        if !source.as_mut().is_some_and(|source| source.accepts(from)) {
            self.stats.strangers += 1;
            return;
        }
        for report in rtcp::parse(bytes) {
            match report {
                Ok(rtcp::Report::Reception { info, blocks, .. }) => {
                    if let Some(info) = info {
                        self.last_sender_report = Some(((info.ntp >> 16) as u32, now));
                    }
                    if let Some(block) = blocks.about(self.config.ssrc) {
                        self.learn_from(&block, now);
                    }
                }
                Ok(rtcp::Report::Bye { .. }) => self.emit(Event::RemoteBye),
                Ok(rtcp::Report::Name { .. } | rtcp::Report::Other(_)) => {}
                Err(_) => self.stats.malformed += 1,
            }
        }
    }

    fn learn_from(&mut self, block: &rtcp::ReportBlock, now: Instant) {
        self.stats.far_fraction_lost = block.fraction_lost;
        if block.last_report == 0 {
            return;
        }
        let middle = (self.config.anchor.read(now) >> 16) as u32;
        let away = middle.wrapping_sub(block.last_report);
        let round_trip = away.wrapping_sub(block.since_last_report);
        // A peer that cannot count must not show as an hour of delay.
        if round_trip < ROUND_TRIP_MAX {
            self.stats.round_trip_ms = Some(((u64::from(round_trip) * 1000) >> 16) as u32);
        }
    }

    /// The first half of a tick: what the far side said, and what there is to know of it.
    pub fn playout(&mut self, now: Instant) {
        let receives = self.remote.is_some_and(|remote| remote.direction.receives());
        let (frame, _) = self.jitter.pull();
        self.far = if receives { frame } else { SILENCE };
        if receives {
            self.listen(now);
            self.watch_silence(now);
        }
        if let Some(key) = self.merge.overdue(now) {
            self.emit(Event::Key(key, KeySource::InBand));
        }
    }

    fn listen(&mut self, now: Instant) {
        let far = self.far;
        let mut is_key = false;
        if let Some(detector) = &mut self.keys_in_band {
            let key = detector.push(&far);
            is_key = detector.is_down();
            if let Some(key) = key.and_then(|key| self.merge.heard(key, now)) {
                self.emit(Event::Key(key, KeySource::InBand));
            }
        }
        if let Some(classifier) = &mut self.tones_in {
            for change in classifier.push(&far) {
                self.emit(match change {
                    ToneChange::Heard(tone) => Event::ToneHeard(tone),
                    ToneChange::Stopped(tone) => Event::ToneStopped(tone),
                });
            }
        }
        let machine = self.machines_in.as_mut().and_then(|detector| detector.push(&far));
        if let Some(machine) = machine {
            self.emit(Event::MachineHeard(machine));
        }
        self.machines_in.take_if(|detector| detector.is_done());
        let heard = self.announcements_in.as_mut().and_then(|listener| listener.push(&far));
        if let Some(heard) = heard {
            self.emit(Event::Announcement(heard));
        }
        self.announcements_in.take_if(|listener| listener.is_done());
        let level = level_dbm0(&far);
        let stats = &mut self.stats;
        if level < QUIET_DBM0 {
            stats.far_quiet_ms = stats.far_quiet_ms.saturating_add(TICK_MS as u32);
        } else {
            stats.far_quiet_ms = 0;
            stats.far_loud_ms = stats.far_loud_ms.saturating_add(TICK_MS as u32);
        }
        let voice = if is_key { QUIETEST_DBM0 } else { level };
        match self.speech.push_level(voice, self.echo_ticks > 0) {
            Some(SpeechChange::Started) => self.emit(Event::SpeechStarted),
            Some(SpeechChange::Ended) => self.emit(Event::SpeechEnded),
            None => {}
        }
    }

    fn watch_silence(&mut self, now: Instant) {
        let Some(expected_since) = self.expected_since else { return };
        let last_at = self.reception.as_ref().map_or(expected_since, Reception::last_at);
        let quiet = now.saturating_duration_since(last_at.max(expected_since));
        let is_quiet = quiet >= self.config.rtp_timeout && !broken(Breakage::SilenceForgiven);
        if is_quiet && !self.has_timed_out {
            self.has_timed_out = true;
            self.emit(Event::RtpTimeout);
        }
    }
}

/// RFC 3550 §5.1.
const RTP_VERSION: u8 = 2;
/// RFC 5761 §4: 192 to 223 are RTCP where both share a port.
const RTCP_KINDS: std::ops::RangeInclusive<u8> = 192..=223;
/// RFC 3389. Says that silence is meant; ours does as well.
const COMFORT_NOISE: u8 = 13;
/// Ten seconds in 65 536ths.
const ROUND_TRIP_MAX: u32 = 10 << 16;
/// Below any voice, above a quiet line.
const QUIET_DBM0: f32 = -50.0;
