//! A leg: one INVITE and the dialog that comes of it (RFC 3261 §13 to §15, with RFC
//! 3262, 3311, 3326, 4028 and 6026). Owned by one call task.
//!
//! ```text
//!   outbound ──► Calling ──2xx──► Up ──BYE──► Over
//!   inbound ───► Offered ──200──► Up ──BYE──► Over
//! ```

mod change;
mod inbound;
mod in_dialog;
mod outbound;
mod report;
mod up;

use std::{collections::VecDeque, time::Instant};

use rand::{Rng, SeedableRng, rngs::StdRng};

pub use inbound::InboundLeg;
pub use outbound::{OutboundLeg, Reliable};
pub use report::{By, EndReport};

use inbound::Offered;
use outbound::Calling;
use up::Up;

use super::{
    auth::ClientAuth,
    dialog::Dialog,
    endpoint::{Event, Flow, Input as EndpointInput, Owner, RequestId, TransactionId},
    message::{Method, Request, Response, name},
    sdp::{LocalMedia, Negotiated, SdpSession},
    transaction::Failure,
};
use crate::base::{Breakage, Key, Machine, broken};

#[derive(Debug)]
pub enum Input {
    /// What the endpoint delivered to this leg's owner.
    Event(Event),
    Command(Command),
}

#[derive(Clone, Debug)]
pub enum Command {
    /// Inbound: 180.
    Ring,
    /// Inbound: 183 with our session description.
    Progress,
    /// Inbound: 200.
    Answer,
    /// Inbound: a final status of 300 to 699, with a Q.850 cause if there is one to tell.
    Reject {
        status: u16,
        cause: Option<u8>,
    },
    /// Outbound, before the answer. Harmless at any other time.
    Cancel,
    /// End the call whatever it is doing: BYE, CANCEL or a refusal.
    Bye {
        cause: Option<u8>,
    },
    Hold(bool),
    /// Offer other media (another address after a move, other codecs).
    ReInvite(LocalMedia),
    /// A key as INFO, for peers that take it no other way.
    SendKey(Key),
    /// Any other request within the dialog (REFER, NOTIFY); a [`LegEvent::Response`]
    /// follows for each final response.
    Send(Box<Request>),
    /// The answer to a [`LegEvent::Request`].
    Respond {
        transaction: TransactionId,
        response: Box<Response>,
    },
}

#[derive(Debug)]
pub enum Output {
    ToEndpoint(EndpointInput),
    Notify(LegEvent),
}

#[derive(Clone, Debug)]
pub enum LegEvent {
    Trying,
    /// A provisional response: 180, 183, … A 180 may follow a 183, and the reverse.
    Ringing {
        status: u16,
    },
    /// A provisional response brought a session description.
    EarlyMedia {
        status: u16,
        media: Negotiated,
    },
    Answered(Negotiated),
    /// Our 200 was acknowledged.
    Confirmed,
    /// A re-INVITE or UPDATE, of either side, took effect.
    MediaChanged(Negotiated),
    /// Our re-INVITE was refused; the media stays as it was.
    ChangeRefused {
        status: u16,
    },
    /// By INFO.
    Key(Key),
    /// A request that this leg does not serve (REFER, NOTIFY): answer it.
    Request {
        transaction: TransactionId,
        request: Box<Request>,
    },
    /// To a [`Command::Send`]; `None`: nobody answered.
    Response {
        method: Method,
        response: Option<Box<Response>>,
    },
    /// Nothing but [`Leg::is_over`] comes after this.
    Ended(EndReport),
}

pub struct Leg {
    owner: Owner,
    /// Where the peer is, as far as packets tell.
    flow: Flow,
    /// Send there whatever Contact and Record-Route say: the peer is behind NAT or SBC.
    is_latched: bool,
    rng: StdRng,
    auth: ClientAuth,
    sdp: SdpSession,
    media: Option<Negotiated>,
    state: State,
    /// Requests of ours within the dialog that have no final response yet.
    pending: Vec<Pending>,
    /// ACKs that may have to be sent again, by the INVITE they belong to.
    acks: Vec<SentAck>,
    last_id: u32,
    report: EndReport,
    outputs: VecDeque<Output>,
}

enum State {
    Calling(Box<Calling>),
    Offered(Box<Offered>),
    Up(Box<Up>),
    Over,
}

struct SentAck {
    /// Of the INVITE.
    id: RequestId,
    /// Of the one who answered it.
    tag: String,
    ack: Request,
    flow: Flow,
}

struct Pending {
    id: RequestId,
    request: Request,
    purpose: Purpose,
    auth_tries: u8,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Purpose {
    /// Its response changes nothing: BYE, PRACK, INFO.
    Formality,
    /// Our re-INVITE with an offer; a refresh too, where the peer takes no UPDATE.
    Change { is_refresh: bool },
    /// An UPDATE without a word, for the session timer.
    Refresh,
    /// The user's own.
    Users,
}

impl Leg {
    pub fn owner(&self) -> Owner {
        self.owner
    }

    /// Nothing more will come: it may be dropped, and the endpoint told to forget its
    /// owner.
    pub fn is_over(&self) -> bool {
        matches!(self.state, State::Over) && self.pending.is_empty() && self.outputs.is_empty()
    }

    pub fn is_up(&self) -> bool {
        matches!(self.state, State::Up(_))
    }

    pub fn media(&self) -> Option<&Negotiated> {
        self.media.as_ref()
    }

    /// For transfers: Call-ID and both tags are those of Replaces and Refer-To.
    pub fn dialog(&self) -> Option<&Dialog> {
        match &self.state {
            State::Up(up) => Some(&up.dialog),
            State::Offered(offered) => Some(&offered.dialog),
            State::Calling(_) | State::Over => None,
        }
    }

    fn new(
        owner: Owner,
        flow: Flow,
        media: LocalMedia,
        auth: ClientAuth,
        state: State,
        mut rng: StdRng,
    ) -> Self {
        Self {
            owner,
            flow,
            is_latched: true,
            auth,
            sdp: SdpSession::new(rng.random(), media),
            rng,
            media: None,
            state,
            pending: Vec::new(),
            acks: Vec::new(),
            last_id: 0,
            report: EndReport::default(),
            outputs: VecDeque::new(),
        }
    }

    fn next_id(&mut self) -> RequestId {
        self.last_id += 1;
        RequestId(self.last_id)
    }

    fn endpoint(&mut self, input: EndpointInput) {
        self.outputs.push_back(Output::ToEndpoint(input));
    }

    fn notify(&mut self, event: LegEvent) {
        self.outputs.push_back(Output::Notify(event));
    }

    /// The path of a request within a dialog (RFC 3261 §12.2.1.1). A name is not looked
    /// up here: whoever gave us one gave us a path too.
    fn flow_to(&self, dialog: &Dialog) -> Flow {
        let hop = dialog.next_hop().as_sip().filter(|_| !self.is_latched);
        let remote = hop.and_then(|hop| {
            let ip = hop.host.ip().filter(|ip| ip.is_ipv4() == self.flow.remote.is_ipv4())?;
            Some((ip, hop.port.unwrap_or(SIP_PORT)).into())
        });
        Flow { remote: remote.unwrap_or(self.flow.remote), ..self.flow }
    }

    fn send(&mut self, request: Request, flow: Flow, purpose: Purpose) -> RequestId {
        let id = self.next_id();
        self.send_as(id, request, flow, purpose, 0);
        id
    }

    fn send_as(
        &mut self,
        id: RequestId,
        request: Request,
        flow: Flow,
        purpose: Purpose,
        auth_tries: u8,
    ) {
        self.pending.push(Pending { id, request: request.clone(), purpose, auth_tries });
        let (owner, request) = (self.owner, Box::new(request));
        self.endpoint(EndpointInput::Request { owner, id, request, flow });
    }

    fn send_ack(&mut self, id: RequestId, tag: String, ack: Request, flow: Flow) {
        if self.acks.len() == ACKS_MAX {
            self.acks.remove(0);
        }
        self.acks.push(SentAck { id, tag, ack: ack.clone(), flow });
        self.endpoint(EndpointInput::AckFor2xx { request: Box::new(ack), flow });
    }

    /// The ACK of this 2xx was sent before and got lost: again.
    fn repeat_ack(&mut self, id: RequestId, tag: &str) -> bool {
        let known = self.acks.iter().find(|sent| sent.id == id && sent.tag == tag);
        let Some(SentAck { ack, flow, .. }) = known else { return false };
        let (request, flow) = (Box::new(ack.clone()), *flow);
        if !broken(Breakage::AckNotRepeated) {
            self.endpoint(EndpointInput::AckFor2xx { request, flow });
        }
        true
    }

    fn respond(&mut self, transaction: TransactionId, response: Response) {
        let response = Box::new(response);
        self.endpoint(EndpointInput::Respond { transaction, response });
    }

    fn refuse(&mut self, transaction: TransactionId, request: &Request, status: u16) {
        self.respond(transaction, Response::to_request(&request.headers, status, ""));
    }

    /// The one way out. What is still pending is waited for by `is_over`.
    fn end(&mut self, by: By) {
        if matches!(self.state, State::Over) {
            return;
        }
        self.report.by = by;
        let dialog = match &self.state {
            State::Calling(calling) => calling.key(),
            _ => self.dialog().map(Dialog::key),
        };
        if let Some(dialog) = dialog {
            self.endpoint(EndpointInput::Unbind { dialog });
        }
        self.state = State::Over;
        self.pending.retain(|pending| pending.purpose == Purpose::Formality);
        let report = self.report.clone();
        self.notify(LegEvent::Ended(report));
    }

    fn handle_event(&mut self, event: Event, now: Instant) {
        match event {
            Event::Response { id, response } => self.handle_response(id, *response, now),
            Event::Failed { id, why } => self.handle_failure(id, why, now),
            Event::Request { transaction, request, flow } => {
                self.handle_request(transaction, *request, flow, now);
            }
            Event::Ack { request } => self.handle_ack(&request, now),
            Event::Cancelled { transaction, cancel } => self.handle_cancel(transaction, &cancel),
        }
    }

    fn handle_response(&mut self, id: RequestId, response: Response, now: Instant) {
        if let State::Calling(calling) = &self.state
            && calling.id == id
        {
            return self.handle_invite_response(response, now);
        }
        let at = self.pending.iter().position(|pending| pending.id == id);
        match at {
            Some(at) => self.handle_pending(at, response, now),
            None if (200..300).contains(&response.status) => self.handle_late_2xx(id, &response),
            None => {}
        }
    }

    /// With 401 and 407 out of the way, each purpose has its own end.
    fn handle_pending(&mut self, at: usize, response: Response, now: Instant) {
        if response.status < 200 {
            return;
        }
        let mut pending = self.pending.remove(at);
        let tries = pending.auth_tries;
        if self.auth.answer(&mut pending.request, &response, tries, &mut self.rng) {
            return self.send_again(pending, now);
        }
        match pending.purpose {
            Purpose::Formality => {}
            Purpose::Change { is_refresh } => {
                self.handle_change_response(pending, is_refresh, &response, now);
            }
            Purpose::Refresh => self.handle_refresh_response(&response, now),
            Purpose::Users => {
                let response = Some(Box::new(response));
                self.notify(LegEvent::Response { method: pending.request.method, response });
            }
        }
    }

    /// The same request under the next number, with credentials or a longer timer.
    fn send_again(&mut self, mut pending: Pending, _now: Instant) {
        let number = pending.request.headers.cseq().map(|cseq| cseq.number).unwrap_or_default();
        let mut number = number + 1;
        let mut flow = self.flow;
        if let State::Up(up) = &mut self.state {
            number = number.max(up.dialog.last_local_seq() + 1);
            up.dialog.note_local_seq(number);
        }
        if let State::Up(up) = &self.state {
            flow = self.flow_to(&up.dialog);
        }
        let cseq = format!("{number} {}", pending.request.method);
        pending.request.headers.set(name::CSEQ, cseq);
        let id = self.next_id();
        self.send_as(id, pending.request, flow, pending.purpose, pending.auth_tries + 1);
    }

    fn handle_failure(&mut self, id: RequestId, why: Failure, now: Instant) {
        if let State::Calling(calling) = &self.state
            && calling.id == id
        {
            let by = match why {
                _ if self.report.we_cancelled => By::Us,
                Failure::TimedOut => By::Timeout,
                Failure::Transport | Failure::Overload => By::Fault,
            };
            return self.end(by);
        }
        let Some(at) = self.pending.iter().position(|pending| pending.id == id) else { return };
        let pending = self.pending.remove(at);
        match pending.purpose {
            Purpose::Formality => {}
            Purpose::Users => {
                let method = pending.request.method;
                self.notify(LegEvent::Response { method, response: None });
            }
            // A refresh or re-INVITE that nobody answers: the other end is gone
            // (RFC 3261 §12.2.1.2, RFC 4028 §10).
            Purpose::Change { .. } | Purpose::Refresh
                if broken(Breakage::RefreshSilenceForgiven) => {}
            Purpose::Change { .. } | Purpose::Refresh => self.hang_up(By::Timeout, None, now),
        }
    }

    fn handle_command(&mut self, command: Command, now: Instant) {
        match command {
            Command::Ring => self.ring(now),
            Command::Progress => self.progress(now),
            Command::Answer => self.answer(now),
            Command::Reject { status, cause } => self.reject(status, cause),
            Command::Cancel => self.cancel(),
            Command::Bye { cause } => self.bye(cause, now),
            Command::Hold(on) => self.hold(on),
            Command::ReInvite(media) => self.reinvite(media),
            Command::SendKey(key) => self.send_key(key),
            Command::Send(request) => self.send_users(*request),
            Command::Respond { transaction, response } => self.respond(transaction, *response),
        }
    }

    fn bye(&mut self, cause: Option<u8>, now: Instant) {
        match &self.state {
            State::Calling(_) => self.cancel(),
            State::Offered(_) => self.reject(480, cause),
            State::Up(_) => self.hang_up(By::Us, cause, now),
            State::Over => {}
        }
    }
}

impl Machine for Leg {
    type Input = Input;
    type Output = Output;

    fn handle_input(&mut self, input: Input, now: Instant) {
        match input {
            Input::Event(event) => self.handle_event(event, now),
            Input::Command(command) => self.handle_command(command, now),
        }
    }

    fn handle_timeout(&mut self, now: Instant) {
        match &self.state {
            State::Offered(_) => self.offered_timeout(now),
            State::Up(_) => self.up_timeout(now),
            State::Calling(_) | State::Over => {}
        }
    }

    fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    fn poll_timeout(&self) -> Option<Instant> {
        match &self.state {
            State::Offered(offered) => offered.poll_timeout(),
            State::Up(up) => up.poll_timeout(),
            State::Calling(_) | State::Over => None,
        }
    }
}

pub(super) fn rng_from(seed: u64) -> StdRng {
    StdRng::seed_from_u64(seed)
}

fn random_token(rng: &mut StdRng) -> String {
    format!("{:016x}", rng.random::<u64>())
}

/// A Q.850 cause for a request or response of ours (RFC 3326).
fn q850(cause: u8) -> String {
    format!("Q.850;cause={cause}")
}

const SIP_PORT: u16 = 5060;

/// The forks of the first INVITE, and the last re-INVITEs.
const ACKS_MAX: usize = 16;
