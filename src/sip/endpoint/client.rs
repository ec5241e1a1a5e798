//! Requests of ours.

use std::time::Instant;

use bytes::Bytes;
use rand::Rng;

use super::{Counters, DIALOGS_MAX, Endpoint, Event, Flow, Owner, RequestId, Timer, Way};
use crate::{
    base::{Breakage, Machine, broken},
    sip::{
        dialog::{Dialog, DialogKey},
        message::{Method, Request, Response, name},
        transaction::{ClientInput, ClientTransaction, Failure, InviteClientTransaction, Output},
    },
};

pub(super) struct Client {
    kind: Kind,
    /// `None`: nobody wants to hear of it (a CANCEL, or its owner is gone).
    owner: Option<(Owner, RequestId)>,
    flow: Flow,
    branch: (String, String),
    armed: Option<Instant>,
    /// The tags of answers that came after the owner had gone.
    ended: Vec<Option<String>>,
}

enum Kind {
    Invite(Box<InviteClientTransaction>),
    Other(ClientTransaction),
}

impl Kind {
    fn poll_output(&mut self) -> Option<Output> {
        match self {
            Self::Invite(transaction) => transaction.poll_output(),
            Self::Other(transaction) => transaction.poll_output(),
        }
    }

    fn poll_timeout(&self) -> Option<Instant> {
        match self {
            Self::Invite(transaction) => transaction.poll_timeout(),
            Self::Other(transaction) => transaction.poll_timeout(),
        }
    }

    fn is_terminated(&self) -> bool {
        match self {
            Self::Invite(transaction) => transaction.is_terminated(),
            Self::Other(transaction) => transaction.is_terminated(),
        }
    }

    fn fail(&mut self, why: Failure) {
        match self {
            Self::Invite(transaction) => transaction.fail(why),
            Self::Other(transaction) => transaction.fail(why),
        }
    }
}

impl Endpoint {
    pub(super) fn send_request(
        &mut self,
        owner: Owner,
        id: RequestId,
        mut request: Request,
        flow: Flow,
        now: Instant,
    ) {
        let in_dialog = request.headers.to().is_ok_and(|to| to.tag().is_some());
        let is_call = request.method == Method::Invite && !in_dialog;
        let is_full = self.is_full(in_dialog) || is_call && self.dialogs.len() >= DIALOGS_MAX;
        let Some(branch) = self.stamp(&mut request, flow).filter(|_| !is_full) else {
            return self.deliver(owner, Event::Failed { id, why: Failure::Overload });
        };
        if is_call && let Some(dialog) = DialogKey::of_outgoing(&request.headers) {
            // Requests of early dialogs may come before their owner has bound them.
            self.bind(dialog, owner);
        }
        let branch = (branch, request.method.to_string());
        self.start(Some((owner, id)), request, flow, branch, now);
    }

    fn start(
        &mut self,
        owner: Option<(Owner, RequestId)>,
        request: Request,
        flow: Flow,
        branch: (String, String),
        now: Instant,
    ) {
        self.counters.request(Way::Out, &request.method);
        let is_reliable = flow.transport.is_reliable();
        let kind = match request.method {
            Method::Invite => {
                let transaction = InviteClientTransaction::start(request, is_reliable, now);
                Kind::Invite(Box::new(transaction))
            }
            _ => Kind::Other(ClientTransaction::start(request.to_bytes(), is_reliable, now)),
        };
        let number = self.next_number();
        if let Some(key) = owner {
            self.client_ids.insert(key, number);
        }
        self.client_branches.insert(branch.clone(), number);
        let client = Client { kind, owner, flow, branch, armed: None, ended: Vec::new() };
        self.clients.insert(number, client);
        self.drain_client(number, now);
    }

    /// Via on top, and Contact where the peer needs to know it. Returns the branch.
    fn stamp(&mut self, request: &mut Request, flow: Flow) -> Option<String> {
        let branch = format!("z9hG4bK{:016x}", self.rng.random::<u64>());
        let interface = self.interface(flow)?;
        let via = interface.via(&branch);
        let needs_contact = matches!(
            request.method,
            Method::Invite | Method::Update | Method::Refer | Method::Register | Method::Notify
        );
        if needs_contact && !request.headers.has(name::CONTACT) {
            let from = request.headers.from().ok()?;
            let user = from.uri.as_sip().and_then(|uri| uri.user.clone());
            let is_secure = request.uri.as_sip().is_some_and(|uri| uri.secure);
            let contact = interface.contact(user, is_secure);
            request.headers.add(name::CONTACT, contact);
        }
        request.headers.prepend(name::VIA, via.to_string());
        if !request.headers.has(name::MAX_FORWARDS) {
            request.headers.add(name::MAX_FORWARDS, "70");
        }
        request.headers.add(name::USER_AGENT, self.config.product.clone());
        Some(branch)
    }

    pub(super) fn send_ack(&mut self, mut request: Request, flow: Flow) {
        if self.stamp(&mut request, flow).is_some() {
            self.counters.request(Way::Out, &request.method);
            self.transmit(flow, request.to_bytes());
        }
    }

    pub(super) fn cancel(&mut self, owner: Owner, id: RequestId, now: Instant) {
        if let Some(number) = self.client_ids.get(&(owner, id)).copied() {
            self.cancel_client(number, now);
        }
    }

    pub(super) fn quieten(&mut self, owner: Owner, id: RequestId, now: Instant) {
        let Some(number) = self.client_ids.get(&(owner, id)).copied() else { return };
        let Some(client) = self.clients.get_mut(&number) else { return };
        if let Kind::Invite(transaction) = &mut client.kind {
            transaction.handle_input(ClientInput::Abandoned, now);
            self.settle_client(number);
        }
    }

    fn cancel_client(&mut self, number: u64, now: Instant) {
        let Some(client) = self.clients.get_mut(&number) else { return };
        let Kind::Invite(transaction) = &mut client.kind else { return };
        if !transaction.is_pending() {
            return;
        }
        let cancel = transaction.request_within(Method::Cancel);
        transaction.handle_input(ClientInput::Cancelled, now);
        let (flow, branch) = (client.flow, (client.branch.0.clone(), cancel.method.to_string()));
        self.drain_client(number, now);
        if !self.client_branches.contains_key(&branch) {
            self.start(None, cancel, flow, branch, now);
        }
    }

    pub(super) fn receive_response(&mut self, response: Response, now: Instant) {
        let (Ok(via), Ok(cseq)) = (response.headers.top_via(), response.headers.cseq()) else {
            return;
        };
        self.counters.response(Way::In, response.status, &cseq.method);
        let key = (via.branch().unwrap_or_default(), cseq.method.to_string());
        let Some(number) = self.client_branches.get(&key).copied() else {
            self.counters.strays += 1;
            return;
        };
        let Some(client) = self.clients.get_mut(&number) else { return };
        match &mut client.kind {
            Kind::Invite(transaction) => {
                transaction.handle_input(ClientInput::Response(response), now);
            }
            Kind::Other(transaction) => transaction.handle_input(response, now),
        }
        self.drain_client(number, now);
    }

    pub(super) fn client_timeout(&mut self, number: u64, now: Instant) {
        let Some(client) = self.clients.get_mut(&number) else { return };
        client.armed = None;
        match &mut client.kind {
            Kind::Invite(transaction) => transaction.handle_timeout(now),
            Kind::Other(transaction) => transaction.handle_timeout(now),
        }
        self.drain_client(number, now);
    }

    fn drain_client(&mut self, number: u64, now: Instant) {
        while let Some(client) = self.clients.get_mut(&number) {
            let Some(output) = client.kind.poll_output() else { break };
            let (flow, owner) = (client.flow, client.owner);
            match (output, owner) {
                (Output::Send(bytes), _) => self.transmit(flow, bytes),
                (Output::Deliver(response), Some((owner, id))) => {
                    let response = Box::new(response);
                    self.deliver(owner, Event::Response { id, response });
                }
                (Output::Deliver(response), None) => self.end_orphan(number, &response, now),
                (Output::Fail(why), owner) => {
                    note_failure(&mut self.counters, why);
                    if let Some((owner, id)) = owner {
                        self.deliver(owner, Event::Failed { id, why });
                    }
                }
            }
        }
        self.settle_client(number);
    }

    fn settle_client(&mut self, number: u64) {
        let Some(client) = self.clients.get_mut(&number) else { return };
        let due = client.kind.poll_timeout();
        let armed = std::mem::replace(&mut client.armed, due);
        let gone = client.kind.is_terminated().then(|| (client.branch.clone(), client.owner));
        self.arm(Timer::Client(number), armed, due);
        if let Some((branch, owner)) = gone {
            self.clients.remove(&number);
            self.client_branches.remove(&branch);
            if let Some(key) = owner {
                self.client_ids.remove(&key);
            }
        }
    }

    /// An answer that nobody waits for any more is acknowledged and ended at once.
    fn end_orphan(&mut self, number: u64, response: &Response, now: Instant) {
        let Some(client) = self.clients.get_mut(&number) else { return };
        let Kind::Invite(transaction) = &client.kind else { return };
        if response.status < 200 {
            // Abandoned before any 1xx: only now may it be cancelled (§9.1).
            return self.cancel_client(number, now);
        }
        if response.status >= 300 {
            return;
        }
        let Ok(mut dialog) = Dialog::at_caller(transaction.request(), response) else { return };
        let (flow, tag) = (client.flow, dialog.remote.tag());
        let is_new = !client.ended.contains(&tag) && client.ended.len() < FORKS_MAX;
        client.ended.push(tag);
        let ack = dialog.ack(dialog.last_local_seq());
        self.send_ack(ack, flow);
        if is_new {
            self.counters.late_answers += 1;
            let mut bye = dialog.request(Method::Bye);
            let branch = self.stamp(&mut bye, flow);
            if let Some(branch) = branch.filter(|_| !broken(Breakage::LateAnswerKept)) {
                self.start(None, bye, flow, (branch, "BYE".to_owned()), now);
            }
        }
    }

    pub(super) fn abandon_clients(&mut self, owner: Owner, now: Instant) {
        let ids = self.client_ids.iter().filter(|((of, _), _)| *of == owner);
        let mut ids: Vec<_> = ids.map(|(key, number)| (*key, *number)).collect();
        ids.sort();
        for (key, number) in ids {
            self.client_ids.remove(&key);
            let Some(client) = self.clients.get_mut(&number) else { continue };
            client.owner = None;
            let Kind::Invite(transaction) = &mut client.kind else { continue };
            if transaction.may_cancel() {
                self.cancel_client(number, now);
            } else {
                transaction.handle_input(ClientInput::Abandoned, now);
                self.settle_client(number);
            }
        }
    }

    pub(super) fn fail_clients(&mut self, flow: Flow, now: Instant) {
        let numbers = self.clients.iter().filter(|(_, client)| client.flow == flow);
        let mut numbers: Vec<_> = numbers.map(|(number, _)| *number).collect();
        numbers.sort_unstable();
        for number in numbers {
            if let Some(client) = self.clients.get_mut(&number) {
                client.kind.fail(Failure::Transport);
            }
            self.drain_client(number, now);
        }
    }

    /// A response for a request that could not even be read; costs no memory.
    pub(super) fn transmit_response(&mut self, flow: Flow, method: &Method, response: &Response) {
        self.counters.response(Way::Out, response.status, method);
        let bytes: Bytes = response.to_bytes();
        self.transmit(flow, bytes);
    }
}

fn note_failure(counters: &mut Counters, why: Failure) {
    if why == Failure::TimedOut {
        counters.timeouts += 1;
    }
}

/// A fork rings a handful of phones.
const FORKS_MAX: usize = 16;
