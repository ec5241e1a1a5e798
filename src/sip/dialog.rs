//! Dialogs (RFC 3261 §12): who talks with whom, through which proxies, and in what
//! order.

use crate::base::{Breakage, broken};
use crate::sip::message::{
    CSeq, Headers, Method, NameAddr, ParseError, Request, Response, Uri, name,
};

/// What the endpoint finds a dialog by. Our tag is random and ours alone, so the peer's
/// is not needed.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct DialogKey {
    pub call_id: String,
    pub local_tag: String,
}

impl DialogKey {
    /// Of a request that came to us.
    pub fn of_incoming(headers: &Headers) -> Option<Self> {
        Some(Self { call_id: headers.call_id().ok()?, local_tag: headers.to().ok()?.tag()? })
    }

    /// Of a request that we send.
    pub fn of_outgoing(headers: &Headers) -> Option<Self> {
        Some(Self { call_id: headers.call_id().ok()?, local_tag: headers.from().ok()?.tag()? })
    }
}

#[derive(Clone, Debug)]
pub struct Dialog {
    pub call_id: String,
    /// With our tag.
    pub local: NameAddr,
    /// With the peer's tag, if it has one (RFC 2543 peers may not).
    pub remote: NameAddr,
    target: Uri,
    routes: Vec<NameAddr>,
    local_seq: u32,
    remote_seq: Option<u32>,
}

impl Dialog {
    /// At the caller, from its INVITE and a response with a tag (§12.1.2).
    pub fn at_caller(invite: &Request, response: &Response) -> Result<Self, ParseError> {
        let mut routes = response.headers.routes(name::RECORD_ROUTE)?;
        routes.reverse();
        let target = response.headers.contact().map(|contact| contact.uri);
        Ok(Self {
            call_id: invite.headers.call_id()?,
            local: invite.headers.from()?,
            remote: response.headers.to()?,
            target: target.unwrap_or_else(|| invite.uri.clone()),
            routes,
            local_seq: invite.headers.cseq()?.number,
            remote_seq: None,
        })
    }

    /// At the callee, from the INVITE (§12.1.1).
    pub fn at_callee(invite: &Request, local_tag: &str, seq: u32) -> Result<Self, ParseError> {
        let (mut local, remote) = (invite.headers.to()?, invite.headers.from()?);
        local.set_tag(local_tag);
        let target = invite.headers.contact().map_or_else(|| remote.uri.clone(), |c| c.uri);
        Ok(Self {
            call_id: invite.headers.call_id()?,
            local,
            remote,
            target,
            routes: invite.headers.routes(name::RECORD_ROUTE)?,
            local_seq: seq,
            remote_seq: Some(invite.headers.cseq()?.number),
        })
    }

    pub fn key(&self) -> DialogKey {
        let local_tag = self.local.tag().unwrap_or_default();
        DialogKey { call_id: self.call_id.clone(), local_tag }
    }

    pub fn is_with(&self, peer: &NameAddr) -> bool {
        self.remote.tag() == peer.tag() || broken(Breakage::ForeignTagTaken)
    }

    pub fn target(&self) -> &Uri {
        &self.target
    }

    /// The next hop by the RFC: the first route, or the target itself (§12.2.1.1).
    pub fn next_hop(&self) -> &Uri {
        self.routes.first().map_or(&self.target, |route| &route.uri)
    }

    pub fn last_local_seq(&self) -> u32 {
        self.local_seq
    }

    /// Requests that were sent outside of this object (a retry with credentials).
    pub fn note_local_seq(&mut self, seq: u32) {
        self.local_seq = self.local_seq.max(seq);
    }

    /// A new request within the dialog (§12.2.1.1). Via and Contact are the endpoint's.
    pub fn request(&mut self, method: Method) -> Request {
        self.local_seq = (self.local_seq + 1) & 0x7fff_ffff;
        self.request_with_seq(method, self.local_seq)
    }

    /// The ACK of a 2xx has the number of its INVITE (§13.2.2.4).
    pub fn ack(&self, invite_seq: u32) -> Request {
        self.request_with_seq(Method::Ack, invite_seq)
    }

    fn request_with_seq(&self, method: Method, number: u32) -> Request {
        let strict = self
            .routes
            .first()
            .filter(|route| route.uri.as_sip().is_some_and(|uri| !uri.is_loose_router()));
        let uri = strict.map_or(&self.target, |route| &route.uri).clone();
        let mut request = Request::new(method.clone(), uri);
        request.headers.add(name::MAX_FORWARDS, "70");
        for route in self.routes.iter().skip(usize::from(strict.is_some())) {
            request.headers.add(name::ROUTE, route.to_bytes());
        }
        if strict.is_some() {
            let target = NameAddr::new(self.target.clone());
            request.headers.add(name::ROUTE, target.to_bytes());
        }
        request.headers.add(name::FROM, self.local.to_bytes());
        request.headers.add(name::TO, self.remote.to_bytes());
        request.headers.add(name::CALL_ID, self.call_id.clone());
        request.headers.add(name::CSEQ, CSeq { number, method }.to_string());
        request
    }

    /// False for a request that is older than one we have seen (§12.2.2).
    pub fn accepts(&mut self, request: &Request) -> bool {
        let Ok(cseq) = request.headers.cseq() else { return false };
        // A gap is no error: requests get lost, or end at a proxy.
        let is_new = self.remote_seq.is_none_or(|last| cseq.number > last);
        if is_new {
            self.remote_seq = Some(cseq.number);
        }
        is_new || broken(Breakage::OldCseqTaken)
    }

    /// A target refresh (§12.2): re-INVITE, UPDATE and their 2xx move the peer's address.
    pub fn refresh_target(&mut self, headers: &Headers) {
        if let Some(contact) = headers.contact() {
            self.target = contact.uri;
        }
    }
}

#[cfg(test)]
mod tests;
