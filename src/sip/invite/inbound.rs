//! The callee's side, until our final response (RFC 3261 §13.3).

use std::time::Instant;

use bytes::Bytes;
use rand::Rng;

use super::{
    By, EndpointInput, Flow, Leg, LegEvent, LocalMedia, Negotiated, Owner, State, TransactionId,
    up::{Unacked, Up},
};
use crate::base::{Breakage, broken};
use crate::sip::{
    auth::{ClientAuth, Credentials},
    dialog::Dialog,
    early_media::{ReliableSender, Resend},
    endpoint::ALLOW,
    message::{Request, Response, Transport, body_of, name},
    sdp::{APPLICATION_SDP, Description, SdpError},
    session_timer::{SessionTimer, SessionTimerConfig},
};

/// What a call in needs to know: [`crate::sip::endpoint::Output::Incoming`] and us.
#[derive(Clone, Debug)]
pub struct InboundLeg {
    pub owner: Owner,
    pub transaction: TransactionId,
    pub request: Request,
    pub flow: Flow,
    pub media: LocalMedia,
    /// Some proxies challenge our BYE.
    pub credentials: Option<Credentials>,
    pub session_timer: Option<SessionTimerConfig>,
}

/// An INVITE that we have not answered.
pub(super) struct Offered {
    transaction: TransactionId,
    request: Request,
    pub(super) dialog: Dialog,
    tag: String,
    /// Ours, ready to be sent: the answer to the INVITE's offer.
    answer: Option<(Bytes, Negotiated)>,
    /// The caller insists on PRACK.
    is_reliable: bool,
    reliable: ReliableSender,
    waiting: Waiting,
    timer: SessionTimer,
}

/// What is to be sent as soon as the PRACK is here.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Waiting {
    Nothing,
    Provisional { status: u16, with_media: bool },
    Answer,
}

impl Offered {
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.reliable.poll_timeout()
    }
}

impl Leg {
    /// Takes over a call that came in. What cannot become one is refused here and ends
    /// at once (400, 422, 488).
    pub fn inbound(leg: InboundLeg, seed: u64) -> Self {
        let mut rng = super::rng_from(seed);
        let tag = super::random_token(&mut rng);
        let (first_seq, first_rseq) = (rng.random_range(1..10_000), rng.random());
        let dialog = Dialog::at_callee(&leg.request, &tag, first_seq);
        let auth = ClientAuth::new(leg.credentials.clone());
        let mut this = Self::new(leg.owner, leg.flow, leg.media, auth, State::Over, rng);
        this.is_latched = is_behind_nat(&leg.request, leg.flow);
        this.report.heard = true;
        let (transaction, owner) = (leg.transaction, leg.owner);
        this.endpoint(EndpointInput::Adopt { transaction, owner });
        let Ok(dialog) = dialog else {
            this.refuse(transaction, &leg.request, 400);
            return this.stillborn(400);
        };
        let timer = SessionTimer::new(leg.session_timer);
        if let Err(too_small) = timer.check(&leg.request) {
            let mut response = Response::to_request(&leg.request.headers, 422, &tag);
            response.headers.add(name::MIN_SE, too_small.min_se_s.to_string());
            this.respond(transaction, response);
            return this.stillborn(422);
        }
        let offer = body_of(&leg.request.headers, &leg.request.body, APPLICATION_SDP);
        let Ok(answer) = offer.map(|offer| this.answer_to(&offer)).transpose() else {
            this.respond(transaction, Response::to_request(&leg.request.headers, 488, &tag));
            return this.stillborn(488);
        };
        this.endpoint(EndpointInput::Bind { dialog: dialog.key(), owner });
        let is_reliable = leg.request.headers.lists(name::REQUIRE, "100rel");
        this.state = State::Offered(Box::new(Offered {
            transaction,
            request: leg.request,
            dialog,
            tag,
            answer,
            is_reliable,
            reliable: ReliableSender::new(first_rseq),
            waiting: Waiting::Nothing,
            timer,
        }));
        this
    }

    fn stillborn(mut self, status: u16) -> Self {
        self.report.last_status = Some(status);
        self.report.by = By::Fault;
        let report = self.report.clone();
        self.notify(LegEvent::Ended(report));
        self
    }

    pub(super) fn answer_to(&mut self, offer: &[u8]) -> Result<(Bytes, Negotiated), SdpError> {
        self.sdp.answer(&Description::parse(offer)?)
    }

    pub(super) fn ring(&mut self, now: Instant) {
        self.provisional(180, false, now);
    }

    pub(super) fn progress(&mut self, now: Instant) {
        self.provisional(183, true, now);
    }

    fn provisional(&mut self, status: u16, with_media: bool, now: Instant) {
        let State::Offered(offered) = &mut self.state else { return };
        if offered.reliable.is_waiting() {
            if offered.waiting == Waiting::Nothing {
                offered.waiting = Waiting::Provisional { status, with_media };
            }
            return;
        }
        let mut response = Response::to_request(&offered.request.headers, status, &offered.tag);
        copy_record_route(&offered.request, &mut response);
        let media = offered.answer.clone().filter(|_| with_media);
        if let Some((text, _)) = &media {
            response.set_body(APPLICATION_SDP, text.clone());
        }
        if offered.is_reliable {
            offered.reliable.send(&mut response, now);
        }
        let transaction = offered.transaction;
        self.report.rang |= status == 180;
        self.respond(transaction, response);
        if let Some((_, media)) = media {
            self.report.early_media = true;
            self.media = Some(media.clone());
            self.notify(LegEvent::EarlyMedia { status, media });
        }
    }

    pub(super) fn answer(&mut self, now: Instant) {
        let State::Offered(offered) = &mut self.state else { return };
        if offered.reliable.is_waiting() {
            offered.waiting = Waiting::Answer;
            return;
        }
        let mut response = Response::to_request(&offered.request.headers, 200, &offered.tag);
        copy_record_route(&offered.request, &mut response);
        offered.timer.answer(&offered.request, &mut response, now);
        let is_our_offer = offered.answer.is_none();
        let (text, media) = match offered.answer.take() {
            Some((text, media)) => (text, Some(media)),
            None => (self.sdp.offer(), None),
        };
        response.set_body(APPLICATION_SDP, text);
        response.headers.add(name::ALLOW, ALLOW);
        let seq = offered.request.headers.cseq().map(|cseq| cseq.number).unwrap_or_default();
        let unacked = Unacked::new(offered.transaction, response.clone(), seq, is_our_offer, now);
        let mut up = Up::new(offered.dialog.clone(), offered.timer.clone(), false);
        up.unacked = Some(unacked);
        let transaction = offered.transaction;
        self.state = State::Up(up.into());
        self.report.last_status = Some(200);
        self.report.answered = true;
        self.respond(transaction, response);
        if let Some(media) = media {
            self.media = Some(media.clone());
            self.notify(LegEvent::Answered(media));
        }
    }

    pub(super) fn reject(&mut self, status: u16, cause: Option<u8>) {
        let State::Offered(offered) = &self.state else { return };
        let status = if (300..700).contains(&status) { status } else { 480 };
        let mut response = Response::to_request(&offered.request.headers, status, &offered.tag);
        if let Some(cause) = cause {
            response.headers.add(name::REASON, super::q850(cause));
        }
        let transaction = offered.transaction;
        self.respond(transaction, response);
        self.report.last_status = Some(status);
        self.end(By::Us);
    }

    pub(super) fn handle_cancel(&mut self, transaction: TransactionId, cancel: &Request) {
        let State::Offered(offered) = &self.state else { return };
        if offered.transaction == transaction {
            self.report.note(&cancel.headers);
            self.terminate_offered();
        }
    }

    /// CANCEL, or a BYE that came before our answer (§15.1.2).
    pub(super) fn terminate_offered(&mut self) {
        let State::Offered(offered) = &self.state else { return };
        let response = Response::to_request(&offered.request.headers, 487, &offered.tag);
        let transaction = offered.transaction;
        self.respond(transaction, response);
        self.report.last_status = Some(487);
        self.end(By::Them);
    }

    /// A PRACK: 200 with an answer, if it brought an offer (RFC 3262 §5).
    pub(super) fn handle_prack(&mut self, id: TransactionId, request: &Request, now: Instant) {
        let State::Offered(offered) = &mut self.state else {
            return self.refuse(id, request, 481);
        };
        if !offered.reliable.confirm(request) {
            return self.refuse(id, request, 481);
        }
        let waiting = std::mem::replace(&mut offered.waiting, Waiting::Nothing);
        let mut response = Response::to_request(&request.headers, 200, "");
        let offer = body_of(&request.headers, &request.body, APPLICATION_SDP);
        if let Some(offer) = offer.filter(|_| !broken(Breakage::PrackOfferUnanswered)) {
            match self.answer_to(&offer) {
                Ok((text, media)) => {
                    response.set_body(APPLICATION_SDP, text);
                    self.offered_media_changed(media);
                }
                Err(_) => return self.refuse(id, request, 488),
            }
        }
        self.respond(id, response);
        match waiting {
            Waiting::Nothing => {}
            Waiting::Provisional { status, with_media } => {
                self.provisional(status, with_media, now);
            }
            Waiting::Answer => self.answer(now),
        }
    }

    /// The caller changed its offer before our 200 (UPDATE or PRACK).
    pub(super) fn offered_media_changed(&mut self, media: Negotiated) {
        if let State::Offered(offered) = &mut self.state {
            // The 200 repeats what was agreed last.
            let text = self.sdp.current();
            offered.answer = Some((text, media.clone()));
        }
        self.media = Some(media.clone());
        self.notify(LegEvent::MediaChanged(media));
    }

    pub(super) fn offered_timeout(&mut self, now: Instant) {
        let State::Offered(offered) = &mut self.state else { return };
        let transaction = offered.transaction;
        match offered.reliable.handle_timeout(now) {
            Some(Resend::Again(response)) => self.respond(transaction, *response),
            Some(Resend::GiveUp) => {
                let tag = offered.tag.clone();
                let response = Response::to_request(&offered.request.headers, 504, &tag);
                self.respond(transaction, response);
                self.report.last_status = Some(504);
                self.end(By::Timeout);
            }
            None => {}
        }
    }
}

/// The dialog's route set is the same on both sides (§12.1.1).
pub(super) fn copy_record_route(request: &Request, response: &mut Response) {
    response.headers.copy(&request.headers, name::RECORD_ROUTE);
}

/// Its Contact is an address that it did not send from, and no proxy on the way said
/// it would be there: only the way back is known to work.
fn is_behind_nat(request: &Request, flow: Flow) -> bool {
    let contact = request.headers.contact();
    let host = contact.as_ref().and_then(|contact| contact.uri.host()).and_then(|host| host.ip());
    let port = contact.as_ref().and_then(|c| c.uri.as_sip()).and_then(|uri: &_| uri.port);
    let is_same = host == Some(flow.remote.ip());
    // Whom another connection would reach, nobody has vouched for.
    if flow.transport == Transport::Tls {
        return true;
    }
    if request.headers.has(name::RECORD_ROUTE) || broken(Breakage::ContactOfNatBelieved) {
        return false;
    }
    // Over TCP the connection is the path; the port in Contact is its listener.
    flow.transport.is_reliable()
        || !is_same
        || port.unwrap_or(super::SIP_PORT) != flow.remote.port()
}
