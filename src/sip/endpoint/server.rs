//! Requests of others, and our responses.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    time::Instant,
};

use super::{
    ALLOW, Endpoint, Event, Flow, Output, Owner, RETRY_AFTER_S, SUPPORTED, Timer, TransactionId,
    Way,
};
use crate::{
    base::Machine,
    sip::{
        message::{Headers, Method, Request, Response, Transport, name},
        transaction::{
            self, InviteServerInput, InviteServerTransaction, ServerInput, ServerTransaction,
        },
    },
};

pub(super) struct Server {
    kind: Kind,
    owner: Option<Owner>,
    /// Where responses go.
    flow: Flow,
    key: String,
    merge_key: String,
    method: Method,
    /// It was sent to a `sips:` address.
    is_secure: bool,
    /// Of the request, for responses that we make ourselves.
    headers: Headers,
    /// A CANCEL that came before there was an owner.
    cancel: Option<Box<Request>>,
    armed: Option<Instant>,
}

enum Kind {
    Invite(InviteServerTransaction),
    Other(ServerTransaction),
}

impl Endpoint {
    /// The path of responses (§18.2.2): back on the connection, or where Via says.
    pub(super) fn reply_flow(request: &Headers, flow: Flow) -> Flow {
        let via = request.top_via().ok().filter(|_| flow.transport == Transport::Udp);
        Flow { remote: via.map_or(flow.remote, |via| via.reply_to(flow.remote)), ..flow }
    }

    pub(super) fn open_server(
        &mut self,
        request: &Request,
        owner: Option<Owner>,
        flow: Flow,
        now: Instant,
    ) -> TransactionId {
        let id = TransactionId(self.next_number());
        let flow = Self::reply_flow(&request.headers, flow);
        let is_reliable = flow.transport.is_reliable();
        let kind = match request.method {
            Method::Invite => {
                let trying = Response::to_request(&request.headers, 100, "").to_bytes();
                Kind::Invite(InviteServerTransaction::start(trying, is_reliable, now))
            }
            _ => Kind::Other(ServerTransaction::start(is_reliable, now)),
        };
        let (key, merge_key) = (server_key(request, &request.method), merge_key(request));
        self.server_keys.insert(key.clone(), id);
        self.merges.insert(merge_key.clone(), id);
        let server = Server {
            kind,
            owner,
            flow,
            key,
            merge_key,
            method: request.method.clone(),
            is_secure: request.uri.as_sip().is_some_and(|uri| uri.secure),
            headers: request.headers.clone(),
            cancel: None,
            armed: None,
        };
        self.servers.insert(id, server);
        self.drain_server(id);
        id
    }

    pub(super) fn respond(&mut self, id: TransactionId, mut response: Response, now: Instant) {
        let Some(server) = self.servers.get(&id) else { return };
        let (flow, method, is_secure) = (server.flow, server.method.clone(), server.is_secure);
        self.stamp_response(&mut response, &method, flow, is_secure);
        self.counters.response(Way::Out, response.status, &method);
        let (status, bytes) = (response.status, response.to_bytes());
        let Some(server) = self.servers.get_mut(&id) else { return };
        match &mut server.kind {
            Kind::Invite(transaction) => {
                transaction.handle_input(InviteServerInput::Respond { status, bytes }, now);
            }
            Kind::Other(transaction) => {
                transaction.handle_input(ServerInput::Respond { status, bytes }, now);
            }
        }
        self.drain_server(id);
    }

    fn stamp_response(
        &self,
        response: &mut Response,
        method: &Method,
        flow: Flow,
        is_secure: bool,
    ) {
        let makes_target = matches!(method, Method::Invite | Method::Update | Method::Refer);
        if makes_target
            && (101..300).contains(&response.status)
            && !response.headers.has(name::CONTACT)
            && let Some(interface) = self.interface(flow)
        {
            let to = response.headers.to().ok();
            let user = to.and_then(|to| to.uri.as_sip().and_then(|uri| uri.user.clone()));
            let contact = interface.contact(user, is_secure);
            response.headers.add(name::CONTACT, contact);
        }
        if makes_target && (200..300).contains(&response.status) {
            response.headers.set(name::ALLOW, ALLOW);
            response.headers.set(name::SUPPORTED, SUPPORTED);
        }
        response.headers.add(name::SERVER, self.config.product.clone());
    }

    /// Answered without a transaction: the same question gets the same answer again.
    pub(super) fn respond_stateless(
        &mut self,
        request: &Request,
        flow: Flow,
        status: u16,
        headers: &[(&'static str, String)],
    ) {
        if request.method == Method::Ack {
            return;
        }
        let tag = self.stateless_tag(&request.headers);
        let mut response = Response::to_request(&request.headers, status, &tag);
        for (name, value) in headers {
            response.headers.add(name, value.clone());
        }
        response.headers.add(name::SERVER, self.config.product.clone());
        let flow = Self::reply_flow(&request.headers, flow);
        self.transmit_response(flow, &request.method, &response);
    }

    /// The same for each retransmission (§8.2.7).
    pub(super) fn stateless_tag(&self, headers: &Headers) -> String {
        let mut hasher = DefaultHasher::new();
        self.tag_secret.hash(&mut hasher);
        headers.get(name::CALL_ID).hash(&mut hasher);
        headers.get(name::FROM).hash(&mut hasher);
        headers.get(name::CSEQ).hash(&mut hasher);
        format!("{:016x}", hasher.finish())
    }

    pub(super) fn repeat(&mut self, id: TransactionId, now: Instant) {
        self.counters.repeats += 1;
        if let Some(server) = self.servers.get_mut(&id) {
            match &mut server.kind {
                Kind::Invite(transaction) => {
                    transaction.handle_input(InviteServerInput::Repeat, now);
                }
                Kind::Other(transaction) => transaction.handle_input(ServerInput::Repeat, now),
            }
        }
        self.drain_server(id);
    }

    /// True when the ACK belongs to a refusal of ours and goes no further.
    pub(super) fn absorb_ack(&mut self, request: &Request, now: Instant) -> bool {
        let key = server_key(request, &Method::Invite);
        let Some(id) = self.server_keys.get(&key).copied() else { return false };
        let Some(Server { kind: Kind::Invite(transaction), .. }) = self.servers.get_mut(&id) else {
            return false;
        };
        let is_refusal = transaction.is_refused();
        transaction.handle_input(InviteServerInput::Ack, now);
        self.drain_server(id);
        is_refusal
    }

    pub(super) fn receive_cancel(&mut self, cancel: Request, flow: Flow) {
        let key = server_key(&cancel, &Method::Invite);
        let Some(id) = self.server_keys.get(&key).copied() else {
            return self.respond_stateless(&cancel, flow, 481, &[]);
        };
        self.respond_stateless(&cancel, flow, 200, &[]);
        let Some(server) = self.servers.get_mut(&id) else { return };
        let is_pending = matches!(&server.kind, Kind::Invite(t) if t.is_pending());
        match server.owner {
            _ if !is_pending => {}
            Some(owner) => {
                let event = Event::Cancelled { transaction: id, cancel: Box::new(cancel) };
                self.deliver(owner, event);
            }
            None => server.cancel = Some(Box::new(cancel)),
        }
    }

    pub(super) fn adopt(&mut self, id: TransactionId, owner: Owner) {
        let Some(server) = self.servers.get_mut(&id) else { return };
        server.owner = Some(owner);
        if let Some(cancel) = server.cancel.take() {
            self.deliver(owner, Event::Cancelled { transaction: id, cancel });
        }
    }

    pub(super) fn refuse(&mut self, id: TransactionId, now: Instant) {
        self.counters.refused += 1;
        let Some(server) = self.servers.get(&id) else { return };
        let tag = self.stateless_tag(&server.headers);
        let mut response = Response::to_request(&server.headers, 503, &tag);
        response.headers.add(name::RETRY_AFTER, RETRY_AFTER_S);
        self.respond(id, response, now);
    }

    pub(super) fn abandon_servers(&mut self, owner: Owner, now: Instant) {
        let ids = self.servers.iter().filter(|(_, server)| server.owner == Some(owner));
        let mut ids: Vec<_> = ids.map(|(id, _)| *id).collect();
        ids.sort_unstable();
        for id in ids {
            let Some(server) = self.servers.get_mut(&id) else { continue };
            server.owner = None;
            // What was answered already is not answered twice: the transaction knows.
            let headers = server.headers.clone();
            let tag = self.stateless_tag(&headers);
            // Of a dialog that is gone, or a call that nobody took.
            let is_within = headers.to().is_ok_and(|to| to.tag().is_some());
            let status = if is_within { 481 } else { 480 };
            self.respond(id, Response::to_request(&headers, status, &tag), now);
        }
    }

    pub(super) fn server_timeout(&mut self, id: TransactionId, now: Instant) {
        let Some(server) = self.servers.get_mut(&id) else { return };
        server.armed = None;
        match &mut server.kind {
            Kind::Invite(transaction) => transaction.handle_timeout(now),
            Kind::Other(transaction) => transaction.handle_timeout(now),
        }
        self.drain_server(id);
    }

    fn drain_server(&mut self, id: TransactionId) {
        let Some(server) = self.servers.get_mut(&id) else { return };
        let flow = server.flow;
        let (due, is_over) = match &mut server.kind {
            Kind::Invite(transaction) => {
                drain(transaction, flow, &mut self.outputs);
                (transaction.poll_timeout(), transaction.is_terminated())
            }
            Kind::Other(transaction) => {
                drain(transaction, flow, &mut self.outputs);
                (transaction.poll_timeout(), transaction.is_terminated())
            }
        };
        let armed = std::mem::replace(&mut server.armed, due);
        self.arm(Timer::Server(id), armed, due);
        if is_over {
            self.close_server(id);
        }
    }

    pub(super) fn close_server(&mut self, id: TransactionId) {
        let Some(server) = self.servers.remove(&id) else { return };
        self.arm(Timer::Server(id), server.armed, None);
        self.server_keys.remove(&server.key);
        // A later request may have taken the place of this one.
        if self.merges.get(&server.merge_key) == Some(&id) {
            self.merges.remove(&server.merge_key);
        }
    }
}

fn drain(
    transaction: &mut impl Machine<Output = transaction::Output>,
    flow: Flow,
    outputs: &mut std::collections::VecDeque<Output>,
) {
    while let Some(output) = transaction.poll_output() {
        match output {
            transaction::Output::Send(bytes) => {
                outputs.push_back(Output::Transmit { flow, bytes });
            }
            // A refusal that nobody acknowledged: there is nobody to tell.
            transaction::Output::Deliver(_) | transaction::Output::Fail(_) => {}
        }
    }
}

/// What makes a request the same as another (§17.2.3): the branch, its maker and the
/// method; without a branch, the fields that RFC 2543 compared.
pub(super) fn server_key(request: &Request, method: &Method) -> String {
    let Ok(via) = request.headers.top_via() else { return String::new() };
    let sent_by = via.sent_by();
    match via.branch() {
        Some(branch) => format!("{branch}|{sent_by}|{method}"),
        None => {
            let cseq = request.headers.cseq().map(|cseq| cseq.number).unwrap_or_default();
            let from = request.headers.from().ok().and_then(|from| from.tag()).unwrap_or_default();
            let call_id = request.headers.call_id().unwrap_or_default();
            format!("2543|{}|{from}|{call_id}|{cseq}|{sent_by}|{method}", request.uri)
        }
    }
}

pub(super) fn merge_key(request: &Request) -> String {
    let from = request.headers.from().ok().and_then(|from| from.tag()).unwrap_or_default();
    let call_id = request.headers.call_id().unwrap_or_default();
    let cseq = request.headers.cseq().map(|cseq| cseq.to_string()).unwrap_or_default();
    format!("{from}|{call_id}|{cseq}")
}
