//! Requests of the peer within the dialog, early or confirmed (RFC 3261 §12.2.2, §14.2,
//! §15.1.2, RFC 3311, RFC 6086).

use std::time::Instant;

use super::{
    By, Flow, Leg, LegEvent, State, TransactionId, inbound::copy_record_route, up::Unacked,
};
use crate::{
    base::{Breakage, Key, broken},
    sip::{
        dialog::Dialog,
        message::{Method, NameAddr, Request, Response, body_of, name},
        sdp::APPLICATION_SDP,
    },
};

impl Leg {
    pub(super) fn handle_request(
        &mut self,
        id: TransactionId,
        request: Request,
        flow: Flow,
        now: Instant,
    ) {
        let Some(dialog) = request.headers.from().ok().and_then(|from| self.dialog_with(&from))
        else {
            return self.refuse(id, &request, 481);
        };
        if !dialog.accepts(&request) {
            return self.refuse(id, &request, 500);
        }
        // A connection that was made anew, or a NAT that changed its mind.
        if self.is_latched || flow.transport.is_reliable() {
            self.flow = flow;
        }
        match request.method {
            Method::Bye => self.handle_bye(id, &request),
            Method::Invite => self.handle_reinvite(id, &request, now),
            Method::Update => self.handle_update(id, &request, now),
            Method::Prack => self.handle_prack(id, &request, now),
            Method::Info => self.handle_info(id, &request),
            Method::Options => self.respond(id, Response::to_request(&request.headers, 200, "")),
            Method::Refer | Method::Notify => {
                let request = Box::new(request);
                self.notify(LegEvent::Request { transaction: id, request });
            }
            _ => self.refuse(id, &request, 405),
        }
    }

    fn dialog_with(&mut self, peer: &NameAddr) -> Option<&mut Dialog> {
        match &mut self.state {
            State::Calling(calling) => calling.dialog_with(peer),
            State::Offered(offered) => Some(&mut offered.dialog).filter(|d| d.is_with(peer)),
            State::Up(up) => Some(&mut up.dialog).filter(|dialog| dialog.is_with(peer)),
            State::Over => None,
        }
    }

    fn handle_bye(&mut self, id: TransactionId, request: &Request) {
        self.respond(id, Response::to_request(&request.headers, 200, ""));
        self.report.note(&request.headers);
        match &self.state {
            State::Offered(_) => self.terminate_offered(),
            State::Up(_) => self.end(By::Them),
            // One phone of a fork; the INVITE will have its own end.
            State::Calling(_) | State::Over => {}
        }
    }

    fn handle_reinvite(&mut self, id: TransactionId, request: &Request, now: Instant) {
        let State::Up(up) = &mut self.state else { return self.refuse(id, request, 491) };
        // Two offers at once: neither counts (§14.2).
        let is_glare = up.change.is_running() || up.unacked.is_some();
        if is_glare && !broken(Breakage::GlareNotRefused) {
            return self.refuse(id, request, 491);
        }
        if let Err(too_small) = up.timer.check(request) {
            return self.refuse_interval(id, request, too_small.min_se_s);
        }
        let mut response = Response::to_request(&request.headers, 200, "");
        let offer = body_of(&request.headers, &request.body, APPLICATION_SDP);
        let is_our_offer = offer.is_none();
        let media = match offer.map(|offer| self.answer_to(&offer)).transpose() {
            Ok(Some((text, media))) => {
                response.set_body(APPLICATION_SDP, text);
                Some(media)
            }
            Ok(None) => {
                response.set_body(APPLICATION_SDP, self.sdp.offer());
                None
            }
            Err(_) => return self.refuse(id, request, 488),
        };
        let State::Up(up) = &mut self.state else { return };
        up.dialog.refresh_target(&request.headers);
        up.timer.answer(request, &mut response, now);
        copy_record_route(request, &mut response);
        let seq = request.headers.cseq().map(|cseq| cseq.number).unwrap_or_default();
        up.unacked = Some(Unacked::new(id, response.clone(), seq, is_our_offer, now));
        self.respond(id, response);
        if let Some(media) = media {
            self.media = Some(media.clone());
            self.notify(LegEvent::MediaChanged(media));
        }
    }

    /// In early dialogs too (RFC 3311 §5.2).
    fn handle_update(&mut self, id: TransactionId, request: &Request, now: Instant) {
        let offer = body_of(&request.headers, &request.body, APPLICATION_SDP);
        if matches!(self.state, State::Calling(_)) && broken(Breakage::EarlyUpdateRefused) {
            return self.refuse(id, request, 405);
        }
        if let State::Up(up) = &mut self.state {
            if offer.is_some() && (up.change.is_running() || up.unacked.is_some()) {
                return self.refuse(id, request, 491);
            }
            if let Err(too_small) = up.timer.check(request) {
                return self.refuse_interval(id, request, too_small.min_se_s);
            }
        }
        let mut response = Response::to_request(&request.headers, 200, "");
        let media = match offer.map(|offer| self.answer_to(&offer)).transpose() {
            Ok(answer) => answer.map(|(text, media)| {
                response.set_body(APPLICATION_SDP, text);
                media
            }),
            Err(_) => return self.refuse(id, request, 488),
        };
        let peer = request.headers.from();
        if let Some(dialog) = peer.ok().and_then(|peer| self.dialog_with(&peer)) {
            dialog.refresh_target(&request.headers);
        }
        if let State::Up(up) = &mut self.state {
            up.timer.answer(request, &mut response, now);
        }
        self.respond(id, response);
        match media {
            Some(media) if matches!(self.state, State::Offered(_)) => {
                self.offered_media_changed(media);
            }
            Some(media) => {
                self.media = Some(media.clone());
                self.notify(LegEvent::MediaChanged(media));
            }
            None => {}
        }
    }

    fn refuse_interval(&mut self, id: TransactionId, request: &Request, min_se_s: u32) {
        let mut response = Response::to_request(&request.headers, 422, "");
        response.headers.add(name::MIN_SE, min_se_s.to_string());
        self.respond(id, response);
    }

    /// Keys, for peers that know no other way; an empty INFO is a keep-alive.
    fn handle_info(&mut self, id: TransactionId, request: &Request) {
        let key = key_of(request);
        let kind = request.headers.text(name::CONTENT_TYPE).unwrap_or_default();
        let is_ours = kind.is_empty() || is_dtmf(&kind);
        let status = if is_ours { 200 } else { 415 };
        let mut response = Response::to_request(&request.headers, status, "");
        if !is_ours {
            response.headers.add(name::ACCEPT, "application/dtmf-relay, application/dtmf");
        }
        self.respond(id, response);
        if let Some(key) = key {
            self.notify(LegEvent::Key(key));
        }
    }
}

fn is_dtmf(kind: &str) -> bool {
    let kind = kind.split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("application/dtmf-relay")
        || kind.eq_ignore_ascii_case("application/dtmf")
}

/// `Signal=5` of dtmf-relay, or the bare key of dtmf. Some write the event code.
fn key_of(request: &Request) -> Option<Key> {
    let kind = request.headers.text(name::CONTENT_TYPE).filter(|kind| is_dtmf(kind))?;
    let body = std::str::from_utf8(&request.body).ok()?;
    let signal = match kind.to_ascii_lowercase().contains("relay") {
        true => body.lines().find_map(|line| {
            let (name, value) = line.split_once('=')?;
            name.trim().eq_ignore_ascii_case("Signal").then(|| value.trim())
        })?,
        false => body.trim(),
    };
    let signal = signal.to_ascii_uppercase();
    match signal.as_str() {
        "10" => Key::try_from('*').ok(),
        "11" => Key::try_from('#').ok(),
        one if one.len() == 1 => Key::try_from(one.chars().next()?).ok(),
        _ => None,
    }
}
