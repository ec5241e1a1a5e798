//! From bytes to the one who is concerned.

use std::time::Instant;

use bytes::Bytes;

use super::{
    ALLOW, DIALOGS_MAX, Endpoint, Event, Flow, MESSAGE_TIMEOUT, Output, RETRY_AFTER_S, STREAMS_MAX,
    SUPPORTED, Timer, Way,
    admit::admit,
    server::{merge_key, server_key},
};
use crate::base::{Breakage, broken};
use crate::sip::{
    dialog::DialogKey,
    message::{Broken, Framed, Message, Method, Request, Response, datagram, name},
    sdp::APPLICATION_SDP,
};

impl Endpoint {
    pub(super) fn receive_datagram(&mut self, flow: Flow, bytes: &Bytes, now: Instant) {
        match datagram(bytes) {
            Ok(Some(message)) => self.receive(message, flow, now),
            Ok(None) => {}
            Err(broken) => self.receive_broken(&broken, flow),
        }
    }

    pub(super) fn receive_stream(&mut self, flow: Flow, bytes: &[u8], now: Instant) {
        if !self.streams.contains_key(&flow) && self.streams.len() >= STREAMS_MAX {
            return self.outputs.push_back(Output::Close { flow });
        }
        self.streams.entry(flow).or_default().buffer.push(bytes);
        while let Some(stream) = self.streams.get_mut(&flow) {
            let Some(framed) = stream.buffer.next_message() else { break };
            let heard = stream.buffer.take_last();
            if !heard.is_empty() {
                self.outputs.push_back(Output::Heard { flow, bytes: heard });
            }
            // The next message has its own time.
            let armed = stream.armed.take();
            self.arm(Timer::Stream(flow), armed, None);
            match framed {
                Framed::Ping => self.transmit(flow, Bytes::from_static(b"\r\n")),
                Framed::Message(message) => self.receive(message, flow, now),
                Framed::Broken { broken, closes } => {
                    self.receive_broken(&broken, flow);
                    if closes {
                        self.close_stream(flow);
                        self.outputs.push_back(Output::Close { flow });
                    }
                }
            }
        }
        if let Some(stream) = self.streams.get_mut(&flow)
            && stream.buffer.is_partial()
            && stream.armed.is_none()
        {
            stream.armed = Some(now + MESSAGE_TIMEOUT);
            self.arm(Timer::Stream(flow), None, Some(now + MESSAGE_TIMEOUT));
        }
    }

    /// Answers as well as what could be read allows. No transaction: nothing of such a
    /// message is to be trusted, or kept.
    fn receive_broken(&mut self, broken: &Broken, flow: Flow) {
        self.counters.malformed += 1;
        let Some(status) = broken.status else { return };
        let mut headers = broken.headers.clone();
        if let Ok(mut via) = headers.top_via() {
            via.note_source(flow.remote);
            headers.set_top_via(&via);
        }
        let tag = self.stateless_tag(&headers);
        let mut response = Response::to_request(&headers, status, &tag);
        if status == 400 {
            response.reason = format!("Bad Request - {}", broken.error);
        }
        let method = headers.cseq().map_or_else(|_| Method::Other(String::new()), |c| c.method);
        let flow = Self::reply_flow(&headers, flow);
        self.transmit_response(flow, &method, &response);
    }

    fn receive(&mut self, message: Message, flow: Flow, now: Instant) {
        match message {
            Message::Response(response) => self.receive_response(response, now),
            Message::Request(mut request) => {
                self.counters.request(Way::In, &request.method);
                note_source(&mut request, flow);
                self.receive_request(request, flow, now);
            }
        }
    }

    fn receive_request(&mut self, request: Request, flow: Flow, now: Instant) {
        match request.method {
            Method::Ack if self.absorb_ack(&request, now) => return,
            Method::Ack => return self.receive_ack(request),
            _ => {}
        }
        let known = self.server_keys.get(&server_key(&request, &request.method)).copied();
        if let Some(id) = known.filter(|_| !broken(Breakage::RepeatIsNew)) {
            return self.repeat(id, now);
        }
        if request.method == Method::Cancel {
            return self.receive_cancel(request, flow);
        }
        if let Err(refusal) = admit(&request, flow.transport) {
            return self.respond_stateless(&request, flow, refusal.status, &refusal.headers);
        }
        let has_tag = request.headers.to().is_ok_and(|to| to.tag().is_some());
        if self.is_full(has_tag) {
            return self.refuse_stateless(&request, flow);
        }
        if has_tag {
            return self.receive_in_dialog(request, flow, now);
        }
        if self.merges.contains_key(&merge_key(&request)) {
            return self.respond_stateless(&request, flow, 482, &[]);
        }
        match request.method {
            Method::Options => self.answer_options(&request, flow),
            Method::Invite if self.is_draining || self.dialogs.len() >= DIALOGS_MAX => {
                self.refuse_stateless(&request, flow)
            }
            Method::Invite | Method::Register | Method::Refer | Method::Notify => {
                let transaction = self.open_server(&request, None, flow, now);
                let request = Box::new(request);
                self.outputs.push_back(Output::Incoming { transaction, request, flow });
            }
            // BYE, PRACK, UPDATE, INFO: there is nothing outside of a dialog that they
            // could be about.
            _ => self.respond_stateless(&request, flow, 481, &[]),
        }
    }

    fn receive_in_dialog(&mut self, request: Request, flow: Flow, now: Instant) {
        let key = DialogKey::of_incoming(&request.headers);
        let owner = key.and_then(|key| self.dialogs.get(&key).copied());
        match owner {
            Some(owner) => {
                let transaction = self.open_server(&request, Some(owner), flow, now);
                let request = Box::new(request);
                self.deliver(owner, Event::Request { transaction, request, flow });
            }
            // Asked of a call that is over, we are still alive (RFC 3261 §11).
            None if request.method == Method::Options => {
                self.respond_stateless(&request, flow, 481, &[]);
            }
            None => self.respond_stateless(&request, flow, 481, &[]),
        }
    }

    fn receive_ack(&mut self, request: Request) {
        let key = DialogKey::of_incoming(&request.headers);
        if let Some(owner) = key.and_then(|key| self.dialogs.get(&key).copied()) {
            self.deliver(owner, Event::Ack { request: Box::new(request) });
        }
    }

    /// What an INVITE would get, and what we understand (§11.2).
    fn answer_options(&mut self, request: &Request, flow: Flow) {
        if self.is_draining {
            return self.refuse_stateless(request, flow);
        }
        let headers = [
            (name::ALLOW, ALLOW),
            (name::ACCEPT, APPLICATION_SDP),
            (name::ACCEPT_ENCODING, "identity"),
            (name::SUPPORTED, SUPPORTED),
        ];
        let headers = headers.map(|(name, value)| (name, value.to_owned()));
        self.respond_stateless(request, flow, 200, &headers);
    }

    fn refuse_stateless(&mut self, request: &Request, flow: Flow) {
        self.counters.refused += 1;
        let wait = [(name::RETRY_AFTER, RETRY_AFTER_S.to_owned())];
        self.respond_stateless(request, flow, 503, &wait);
    }
}

fn note_source(request: &mut Request, flow: Flow) {
    if let Ok(mut via) = request.headers.top_via() {
        via.note_source(flow.remote);
        request.headers.set_top_via(&via);
    }
}
