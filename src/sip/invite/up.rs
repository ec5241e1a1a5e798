//! An answered call: its timers and its end (RFC 3261 §13.3.1.4, §15).

use std::time::Instant;

use super::{By, Leg, LegEvent, Purpose, State, TransactionId, change::Change};
use crate::base::{Breakage, broken};
use crate::sip::{
    dialog::Dialog,
    message::{Method, Request, Response, body_of, name},
    sdp::{APPLICATION_SDP, Description},
    session_timer::{Due, SessionTimer},
    transaction::{Backoff, GIVE_UP, T2},
};

pub(super) struct Up {
    pub(super) dialog: Dialog,
    pub(super) timer: SessionTimer,
    /// We sent the first INVITE.
    pub(super) is_caller: bool,
    /// Our 2xx, until its ACK is here.
    pub(super) unacked: Option<Unacked>,
    /// A BYE has to wait for that ACK (§15).
    bye_waits: Option<(By, Option<u8>)>,
    pub(super) change: Change,
}

pub(super) struct Unacked {
    transaction: TransactionId,
    response: Response,
    seq: u32,
    /// Our 2xx held an offer: the ACK brings the answer.
    is_our_offer: bool,
    resend: Backoff,
    give_up_at: Instant,
}

impl Unacked {
    pub(super) fn new(
        transaction: TransactionId,
        response: Response,
        seq: u32,
        is_our_offer: bool,
        now: Instant,
    ) -> Self {
        // Over TCP too: the ACK may get lost at a proxy (§13.3.1.4).
        let resend = Backoff::start(false, T2, now);
        Self { transaction, response, seq, is_our_offer, resend, give_up_at: now + GIVE_UP }
    }
}

impl Up {
    pub(super) fn new(dialog: Dialog, timer: SessionTimer, is_caller: bool) -> Self {
        Self { dialog, timer, is_caller, unacked: None, bye_waits: None, change: Change::default() }
    }

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        let unacked = self.unacked.as_ref().map(|unacked| unacked.resend.or(unacked.give_up_at));
        let times = [unacked, self.timer.poll_timeout(), self.change.retry_at()];
        times.into_iter().flatten().min()
    }
}

impl Leg {
    pub(super) fn up_timeout(&mut self, now: Instant) {
        self.unacked_timeout(now);
        let State::Up(up) = &mut self.state else { return };
        match up.timer.due(now) {
            Some(Due::Refresh) => self.refresh(),
            Some(Due::Expired) => return self.hang_up(By::Timeout, None, now),
            None => {}
        }
        self.retry_change(now);
    }

    fn unacked_timeout(&mut self, now: Instant) {
        let State::Up(up) = &mut self.state else { return };
        let Some(unacked) = &mut up.unacked else { return };
        if unacked.give_up_at <= now && broken(Breakage::LostAckForgiven) {
            up.unacked = None;
            return;
        }
        if unacked.give_up_at <= now {
            up.unacked = None;
            let (by, cause) = up.bye_waits.take().unwrap_or((By::Timeout, None));
            return self.hang_up(by, cause, now);
        }
        if unacked.resend.fires(now) && !broken(Breakage::AnswerNotRepeated) {
            let (transaction, response) = (unacked.transaction, unacked.response.clone());
            self.respond(transaction, response);
        }
    }

    pub(super) fn handle_ack(&mut self, ack: &Request, now: Instant) {
        let State::Up(up) = &mut self.state else { return };
        let seq = ack.headers.cseq().map(|cseq| cseq.number);
        let Some(unacked) = up.unacked.take_if(|unacked| Ok(unacked.seq) == seq) else { return };
        let bye = up.bye_waits.take();
        self.notify(LegEvent::Confirmed);
        if let Some((by, cause)) = bye {
            return self.hang_up(by, cause, now);
        }
        if unacked.is_our_offer {
            let answer = body_of(&ack.headers, &ack.body, APPLICATION_SDP);
            let answer = answer.and_then(|answer| Description::parse(&answer).ok());
            match answer.and_then(|answer| self.sdp.accept(&answer).ok()) {
                Some(media) => {
                    let is_first = self.media.replace(media.clone()).is_none();
                    self.notify(match is_first {
                        true => LegEvent::Answered(media),
                        false => LegEvent::MediaChanged(media),
                    });
                }
                // A call without media is none.
                None => return self.hang_up(By::Fault, None, now),
            }
        }
        self.start_next_change();
    }

    /// BYE, as soon as it may be sent.
    pub(super) fn hang_up(&mut self, by: By, cause: Option<u8>, _now: Instant) {
        let State::Up(up) = &mut self.state else { return };
        if up.unacked.is_some() {
            up.bye_waits = up.bye_waits.or(Some((by, cause)));
            return;
        }
        let mut bye = up.dialog.request(Method::Bye);
        if let Some(cause) = cause {
            bye.headers.add(name::REASON, super::q850(cause));
        }
        let dialog = up.dialog.clone();
        let flow = self.flow_to(&dialog);
        self.send(bye, flow, Purpose::Formality);
        self.end(by);
    }
}
