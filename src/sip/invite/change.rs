//! Offers of ours within a call: hold, moved media, session refresh (RFC 3261 §14.1,
//! RFC 3311, RFC 4028 §10).

use std::time::{Duration, Instant};

use rand::{Rng, rngs::StdRng};

use super::{By, Key, Leg, LegEvent, LocalMedia, Pending, Purpose, Response, State};
use crate::base::{Breakage, broken};
use crate::sip::{
    message::{Method, Request, body_of, name},
    sdp::{APPLICATION_SDP, Description},
};

/// One offer at a time. What is wanted meanwhile waits; only the latest wish counts.
#[derive(Default)]
pub(super) struct Change {
    is_running: bool,
    wanted: Option<Wish>,
    retry_at: Option<Instant>,
    /// As it was before our offer, for when it is refused.
    was_holding: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Wish {
    hold: Option<bool>,
    media: Option<LocalMedia>,
    is_refresh: bool,
}

impl Change {
    pub(super) fn retry_at(&self) -> Option<Instant> {
        self.retry_at.filter(|_| !self.is_running)
    }

    pub(super) fn is_running(&self) -> bool {
        self.is_running
    }

    fn want(&mut self, wish: Wish) {
        let before = self.wanted.take();
        let (hold, media) = before.map_or((None, None), |before| (before.hold, before.media));
        self.wanted = Some(Wish {
            hold: wish.hold.or(hold),
            media: wish.media.or(media),
            is_refresh: wish.is_refresh,
        });
    }
}

impl Leg {
    pub(super) fn hold(&mut self, on: bool) {
        self.want(Wish { hold: Some(on), media: None, is_refresh: false });
    }

    pub(super) fn reinvite(&mut self, media: LocalMedia) {
        self.want(Wish { hold: None, media: Some(media), is_refresh: false });
    }

    pub(super) fn refresh(&mut self) {
        let State::Up(up) = &mut self.state else { return };
        if up.change.is_running {
            // Its 2xx refreshes too.
            return;
        }
        if !up.timer.peer_updates {
            return self.want(Wish { hold: None, media: None, is_refresh: true });
        }
        let mut update = up.dialog.request(Method::Update);
        up.timer.ask(&mut update);
        update.headers.add(name::SUPPORTED, "timer");
        let dialog = up.dialog.clone();
        let flow = self.flow_to(&dialog);
        self.send(update, flow, Purpose::Refresh);
    }

    fn want(&mut self, wish: Wish) {
        let State::Up(up) = &mut self.state else { return };
        up.change.want(wish);
        self.start_next_change();
    }

    /// Sends the offer that waits, if nothing stands in its way: no offer of ours open,
    /// none of theirs unacknowledged, no glare to wait out.
    pub(super) fn start_next_change(&mut self) {
        let State::Up(up) = &mut self.state else { return };
        if up.change.is_running || up.unacked.is_some() || up.change.retry_at.is_some() {
            return;
        }
        let Some(wish) = up.change.wanted.take() else { return };
        up.change.is_running = true;
        up.change.was_holding = self.sdp.is_holding();
        if let Some(media) = wish.media {
            self.sdp.set_media(media);
        }
        if let Some(on) = wish.hold {
            self.sdp.hold(on);
        }
        let mut request = up.dialog.request(Method::Invite);
        request.headers.add(name::ALLOW, crate::sip::endpoint::ALLOW);
        request.headers.add(name::SUPPORTED, "timer, replaces");
        up.timer.ask(&mut request);
        request.set_body(APPLICATION_SDP, self.sdp.offer());
        let dialog = up.dialog.clone();
        let flow = self.flow_to(&dialog);
        self.send(request, flow, Purpose::Change { is_refresh: wish.is_refresh });
    }

    pub(super) fn retry_change(&mut self, now: Instant) {
        if let State::Up(up) = &mut self.state
            && up.change.retry_at.take_if(|at| *at <= now).is_some()
        {
            self.start_next_change();
        }
    }

    pub(super) fn handle_change_response(
        &mut self,
        pending: Pending,
        is_refresh: bool,
        response: &Response,
        now: Instant,
    ) {
        let State::Up(up) = &mut self.state else { return };
        up.change.is_running = false;
        match response.status {
            200..=299 => self.handle_change_accepted(&pending, response, now),
            // Both offered at once: who waits less goes first (§14.1).
            491 if !broken(Breakage::GlareNotWaitedOut) => {
                let wish = Wish { hold: Some(self.sdp.is_holding()), media: None, is_refresh };
                let wait = glare_wait(&mut self.rng, up.is_caller);
                self.sdp.hold(up.change.was_holding);
                let later = up.change.wanted.take();
                up.change.want(wish);
                later.into_iter().for_each(|later| up.change.want(later));
                up.change.retry_at = Some(now + wait);
            }
            422 if up.timer.raise(response) => {
                let holding = self.sdp.is_holding();
                self.want(Wish { hold: Some(holding), media: None, is_refresh });
            }
            // The dialog is gone at the other side (§12.2.1.2).
            408 | 481 => self.hang_up(By::Timeout, None, now),
            status => {
                self.sdp.hold(up.change.was_holding);
                if !is_refresh {
                    self.notify(LegEvent::ChangeRefused { status });
                }
                self.start_next_change();
            }
        }
    }

    fn handle_change_accepted(&mut self, pending: &Pending, response: &Response, now: Instant) {
        let State::Up(up) = &mut self.state else { return };
        up.dialog.refresh_target(&response.headers);
        up.timer.accepted(&response.headers, now);
        let seq = pending.request.headers.cseq().map(|cseq| cseq.number).unwrap_or_default();
        let ack = up.dialog.ack(seq);
        let dialog = up.dialog.clone();
        let (tag, flow) = (dialog.remote.tag().unwrap_or_default(), self.flow_to(&dialog));
        self.send_ack(pending.id, tag, ack, flow);
        let answer = body_of(&response.headers, &response.body, APPLICATION_SDP);
        let answer = answer.and_then(|answer| Description::parse(&answer).ok());
        // An answer that cannot be used leaves the media as it was.
        if let Some(media) = answer.and_then(|answer| self.sdp.accept(&answer).ok()) {
            self.media = Some(media.clone());
            self.notify(LegEvent::MediaChanged(media));
        }
        self.start_next_change();
    }

    pub(super) fn handle_refresh_response(&mut self, response: &Response, now: Instant) {
        let State::Up(up) = &mut self.state else { return };
        match response.status {
            200..=299 => {
                up.dialog.refresh_target(&response.headers);
                up.timer.accepted(&response.headers, now);
            }
            422 if up.timer.raise(response) => self.refresh(),
            408 | 481 => self.hang_up(By::Timeout, None, now),
            // It takes no UPDATE after all: the long way.
            _ => {
                up.timer.peer_updates = false;
                self.refresh();
            }
        }
    }

    /// `application/dtmf-relay`, as phones without telephone-events know it.
    pub(super) fn send_key(&mut self, key: Key) {
        let State::Up(up) = &mut self.state else { return };
        let mut info = up.dialog.request(Method::Info);
        let body = format!("Signal={}\r\nDuration=160\r\n", key.as_char());
        info.set_body("application/dtmf-relay", body);
        let dialog = up.dialog.clone();
        let flow = self.flow_to(&dialog);
        self.send(info, flow, Purpose::Formality);
    }

    /// A request of the user's, put into the dialog: its method, its own headers, its
    /// body.
    pub(super) fn send_users(&mut self, users: Request) {
        let State::Up(up) = &mut self.state else { return };
        let mut request = up.dialog.request(users.method.clone());
        for (name, value) in users.headers.lines() {
            request.headers.set(name, value.to_vec());
        }
        request.body = users.body;
        let dialog = up.dialog.clone();
        let flow = self.flow_to(&dialog);
        self.send(request, flow, Purpose::Users);
    }
}

/// RFC 3261 §14.1: who made the Call-ID waits longer.
const GLARE_OURS_MS: std::ops::RangeInclusive<u64> = 2_100..=4_000;
const GLARE_THEIRS_MS: std::ops::RangeInclusive<u64> = 0..=2_000;

fn glare_wait(rng: &mut StdRng, is_caller: bool) -> Duration {
    let range = if is_caller { GLARE_OURS_MS } else { GLARE_THEIRS_MS };
    // In steps of 10 ms, as the RFC has it.
    Duration::from_millis(rng.random_range(range) / 10 * 10)
}
