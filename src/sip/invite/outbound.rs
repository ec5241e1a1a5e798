//! The caller's side, until there is a final response (RFC 3261 §13.2).

use std::time::Instant;

use rand::rngs::StdRng;

use super::{
    By, EndpointInput, Flow, Leg, LegEvent, LocalMedia, Negotiated, Owner, Purpose, RequestId,
    Response, State, up::Up,
};
use crate::base::{Breakage, broken};
use crate::sip::{
    auth::{ClientAuth, Credentials},
    dialog::{Dialog, DialogKey},
    early_media::{Order, ReliableReceiver, rack},
    endpoint::{ALLOW, SUPPORTED},
    message::{Headers, Method, NameAddr, Request, Uri, body_of, name},
    sdp::{APPLICATION_SDP, Description},
    session_timer::{SessionTimer, SessionTimerConfig},
};

/// What a call out needs to know.
#[derive(Clone, Debug)]
pub struct OutboundLeg {
    pub owner: Owner,
    pub flow: Flow,
    /// The Request-URI.
    pub target: Uri,
    /// A tag is added.
    pub from: NameAddr,
    pub to: NameAddr,
    /// Preloaded Route (an outbound proxy that insists on it).
    pub routes: Vec<NameAddr>,
    /// P-Asserted-Identity and their like; made with [`Headers::try_add`].
    pub headers: Headers,
    pub media: LocalMedia,
    pub credentials: Option<Credentials>,
    pub session_timer: Option<SessionTimerConfig>,
    pub reliable: Reliable,
    /// Later requests go where the INVITE went, whatever Contact says: for SBCs and
    /// phones behind NAT.
    pub is_latched: bool,
}

/// Whether provisional responses may be, or must be, acknowledged (RFC 3262).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Reliable {
    No,
    Supported,
    Required,
}

/// An INVITE without a final response.
pub(super) struct Calling {
    pub(super) id: RequestId,
    request: Request,
    early: Vec<Early>,
    cancel: Cancel,
    auth_tries: u8,
    timer: SessionTimer,
    timer_tries: u8,
}

/// One per To tag: each phone of a fork has its own.
struct Early {
    dialog: Dialog,
    reliable: ReliableReceiver,
    media: Option<Negotiated>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Cancel {
    No,
    /// Wanted, but nothing came yet that could be cancelled (§9.1).
    Wanted,
    Sent,
}

impl Leg {
    pub fn outbound(leg: OutboundLeg, seed: u64) -> Self {
        let mut rng = super::rng_from(seed);
        let timer = SessionTimer::new(leg.session_timer);
        let request = invite(&leg, &timer, &mut rng);
        let calling = Calling {
            id: RequestId(0),
            request,
            early: Vec::new(),
            cancel: Cancel::No,
            auth_tries: 0,
            timer,
            timer_tries: 0,
        };
        let auth = ClientAuth::new(leg.credentials);
        let mut this =
            Self::new(leg.owner, leg.flow, leg.media, auth, State::Calling(calling.into()), rng);
        this.is_latched = leg.is_latched;
        let offer = this.sdp.offer();
        if let State::Calling(calling) = &mut this.state {
            calling.request.set_body(APPLICATION_SDP, offer);
        }
        this.send_invite();
        this
    }

    fn send_invite(&mut self) {
        let (id, owner, flow) = (self.next_id(), self.owner, self.flow);
        let State::Calling(calling) = &mut self.state else { return };
        calling.id = id;
        calling.early.clear();
        let request = Box::new(calling.request.clone());
        self.endpoint(EndpointInput::Request { owner, id, request, flow });
    }

    /// The same INVITE as a new request: next number, new transaction.
    fn retry_invite(&mut self) {
        let State::Calling(calling) = &mut self.state else { return };
        let number = calling.request.headers.cseq().map(|cseq| cseq.number).unwrap_or_default();
        calling.request.headers.set(name::CSEQ, format!("{} INVITE", number + 1));
        self.send_invite();
    }

    pub(super) fn cancel(&mut self) {
        let State::Calling(calling) = &mut self.state else { return };
        let (id, owner) = (calling.id, self.owner);
        if calling.cancel == Cancel::Sent {
            return;
        }
        self.report.we_cancelled = true;
        if broken(Breakage::CancelNotSent) {
            return;
        }
        calling.cancel = if self.report.heard { Cancel::Sent } else { Cancel::Wanted };
        self.endpoint(match self.report.heard {
            true => EndpointInput::Cancel { owner, id },
            false => EndpointInput::Quieten { owner, id },
        });
    }

    pub(super) fn handle_invite_response(&mut self, response: Response, now: Instant) {
        self.report.heard = true;
        match response.status {
            100..=199 => self.handle_provisional(response, now),
            200..=299 => self.handle_answer(&response, now),
            _ => self.handle_refusal(&response),
        }
    }

    fn handle_provisional(&mut self, response: Response, now: Instant) {
        let State::Calling(calling) = &mut self.state else { return };
        if calling.cancel == Cancel::Wanted {
            calling.cancel = Cancel::Sent;
            let (owner, id) = (self.owner, calling.id);
            self.endpoint(EndpointInput::Cancel { owner, id });
        }
        let tag = response.headers.to().ok().and_then(|to| to.tag());
        match (response.status, tag) {
            (100, _) => self.notify(LegEvent::Trying),
            // Without a tag there is no early dialog, but the phone rings all the same.
            (status, None) => self.note_ringing(status),
            (_, Some(tag)) => self.handle_early(&tag, &response, now),
        }
    }

    fn note_ringing(&mut self, status: u16) {
        self.report.progressed = true;
        self.report.rang |= status == 180;
        if self.report.early_media && broken(Breakage::RingingAfterEarlyMediaLost) {
            return;
        }
        self.notify(LegEvent::Ringing { status });
    }

    fn handle_early(&mut self, tag: &str, response: &Response, _now: Instant) {
        let State::Calling(calling) = &mut self.state else { return };
        self.report.progressed = true;
        let Some(early) = calling.early_dialog(tag, response) else { return };
        let prack = match early.reliable.judge(response) {
            Order::Skip => return,
            Order::Unreliable => None,
            Order::Next(rseq) => {
                let mut prack = early.dialog.request(Method::Prack);
                prack.headers.add(name::RACK, rack(rseq, &response.headers));
                Some((prack, early.dialog.clone()))
            }
        };
        let description = body_of(&response.headers, &response.body, APPLICATION_SDP)
            .filter(|_| response.status != 180 || !broken(Breakage::RingingWithSdpUnheard))
            .and_then(|body| Description::parse(&body).ok());
        let media = description.and_then(|answer| self.sdp.accept(&answer).ok());
        if let Some(media) = &media {
            early.media = Some(media.clone());
        }
        if let Some((prack, dialog)) = prack.filter(|_| !broken(Breakage::PrackNotSent)) {
            let flow = self.flow_to(&dialog);
            self.send(prack, flow, Purpose::Formality);
        }
        let status = response.status;
        self.note_ringing(status);
        if let Some(media) = media {
            self.report.early_media = true;
            self.media = Some(media.clone());
            self.notify(LegEvent::EarlyMedia { status, media });
        }
    }

    fn handle_answer(&mut self, response: &Response, now: Instant) {
        let State::Calling(calling) = &mut self.state else { return };
        self.report.last_status = Some(response.status);
        let Ok(fresh) = Dialog::at_caller(&calling.request, response) else {
            return self.end(By::Fault);
        };
        let early = calling.early.iter().find(|early| early.dialog.is_with(&fresh.remote));
        let early_media = early.and_then(|early| early.media.clone());
        let mut dialog = fresh;
        if let Some(early) = early {
            // PRACKs have used numbers of this dialog.
            dialog.note_local_seq(early.dialog.last_local_seq());
        }
        let seq = calling.request.headers.cseq().map(|cseq| cseq.number).unwrap_or_default();
        let (id, timer) = (calling.id, calling.timer.clone());
        let body = body_of(&response.headers, &response.body, APPLICATION_SDP);
        let answer = body.and_then(|body| Description::parse(&body).ok());
        let media = answer.and_then(|answer| self.sdp.accept(&answer).ok()).or(early_media);
        let flow = self.flow_to(&dialog);
        let tag = dialog.remote.tag().unwrap_or_default();
        let key = dialog.key();
        let ack = dialog.ack(seq);
        let owner = self.owner;
        self.endpoint(EndpointInput::Bind { dialog: key, owner });
        let mut up = Up::new(dialog, timer, true);
        up.timer.accepted(&response.headers, now);
        self.state = State::Up(up.into());
        self.send_ack(id, tag, ack, flow);
        match media {
            _ if self.report.we_cancelled && !broken(Breakage::CancelledAnswerTaken) => {
                // The 2xx crossed our CANCEL, or came after the ring time-out.
                self.report.late_answer = true;
                self.hang_up(By::Us, None, now);
            }
            Some(media) => {
                self.report.answered = true;
                self.media = Some(media.clone());
                self.notify(LegEvent::Answered(media));
            }
            None => self.hang_up(By::Fault, None, now),
        }
    }

    /// A 2xx after the one that counted: lost ACK, or another phone of a fork.
    pub(super) fn handle_late_2xx(&mut self, id: RequestId, response: &Response) {
        let Ok(to) = response.headers.to() else { return };
        let tag = to.tag().unwrap_or_default();
        if self.repeat_ack(id, &tag) {
            return;
        }
        let invite = response.headers.cseq().is_ok_and(|cseq| cseq.method == Method::Invite);
        let known = self.acks.iter().any(|sent| sent.id == id);
        if !invite || !known {
            return;
        }
        let Some(mut other) = fork_of(response) else { return };
        let ack = other.ack(other.last_local_seq());
        let bye = other.request(Method::Bye);
        let flow = self.flow_to(&other);
        self.send_ack(id, tag, ack, flow);
        if !broken(Breakage::ForkLeftUp) {
            self.send(bye, flow, Purpose::Formality);
        }
    }

    fn handle_refusal(&mut self, response: &Response) {
        let State::Calling(calling) = &mut self.state else { return };
        if calling.cancel == Cancel::No {
            let tries = calling.auth_tries;
            if self.auth.answer(&mut calling.request, response, tries, &mut self.rng) {
                calling.auth_tries += 1;
                return self.retry_invite();
            }
            if response.status == 422
                && calling.timer_tries < TIMER_TRIES_MAX
                && calling.timer.raise(response)
            {
                calling.timer_tries += 1;
                calling.timer.ask(&mut calling.request);
                return self.retry_invite();
            }
        }
        self.report.last_status = Some(response.status);
        self.report.note_text(&response.reason);
        self.report.note(&response.headers);
        self.report.retry_after_s = retry_after_s(response);
        if (300..400).contains(&response.status) {
            let contacts = response.headers.contacts().unwrap_or_default();
            self.report.redirects = contacts.into_iter().map(|contact| contact.uri).collect();
        }
        let by = if self.report.we_cancelled { By::Us } else { By::Them };
        self.end(by);
    }
}

impl Calling {
    pub(super) fn key(&self) -> Option<DialogKey> {
        DialogKey::of_outgoing(&self.request.headers)
    }

    /// The early dialog that a request of the peer belongs to.
    pub(super) fn dialog_with(&mut self, peer: &NameAddr) -> Option<&mut Dialog> {
        let mut dialogs = self.early.iter_mut().map(|early| &mut early.dialog);
        dialogs.find(|dialog| dialog.is_with(peer))
    }

    fn early_dialog(&mut self, tag: &str, response: &Response) -> Option<&mut Early> {
        let known = self.early.iter().position(|e| e.dialog.remote.tag().as_deref() == Some(tag));
        let at = match known {
            Some(at) => {
                self.early[at].dialog.refresh_target(&response.headers);
                at
            }
            None if self.early.len() == FORKS_MAX => return None,
            None => {
                let dialog = Dialog::at_caller(&self.request, response).ok()?;
                let reliable = ReliableReceiver::default();
                self.early.push(Early { dialog, reliable, media: None });
                self.early.len() - 1
            }
        };
        self.early.get_mut(at)
    }
}

/// The dialog of another branch, made from its 2xx alone: From, Call-ID and CSeq are
/// those of the INVITE.
fn fork_of(response: &Response) -> Option<Dialog> {
    let to = response.headers.to().ok()?;
    let mut invite = Request::new(Method::Invite, to.uri);
    for name in [name::FROM, name::CALL_ID, name::CSEQ] {
        invite.headers.copy(&response.headers, name);
    }
    Dialog::at_caller(&invite, response).ok()
}

/// Seconds; a comment or a duration may stand behind them.
fn retry_after_s(response: &Response) -> Option<u32> {
    let text = response.headers.text(name::RETRY_AFTER)?;
    let digits = text.trim_start();
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    digits.get(..end)?.parse().ok()
}

fn invite(leg: &OutboundLeg, timer: &SessionTimer, rng: &mut StdRng) -> Request {
    let mut request = Request::new(Method::Invite, leg.target.clone());
    let mut from = leg.from.clone();
    from.set_tag(&super::random_token(rng));
    for route in &leg.routes {
        request.headers.add(name::ROUTE, route.to_bytes());
    }
    request.headers.add(name::MAX_FORWARDS, "70");
    request.headers.add(name::FROM, from.to_bytes());
    request.headers.add(name::TO, leg.to.to_bytes());
    request.headers.add(name::CALL_ID, super::random_token(rng));
    request.headers.add(name::CSEQ, "1 INVITE");
    request.headers.add(name::ALLOW, ALLOW);
    match leg.reliable {
        Reliable::No => request.headers.add(name::SUPPORTED, "timer, replaces"),
        Reliable::Supported => request.headers.add(name::SUPPORTED, SUPPORTED),
        Reliable::Required => {
            request.headers.add(name::SUPPORTED, SUPPORTED);
            request.headers.add(name::REQUIRE, "100rel");
        }
    }
    timer.ask(&mut request);
    for (name, value) in leg.headers.lines() {
        request.headers.add(name, value.to_vec());
    }
    request
}

/// As many phones as an account has.
const FORKS_MAX: usize = 16;

/// Two proxies on the way may each want a longer timer.
const TIMER_TRIES_MAX: u8 = 2;
