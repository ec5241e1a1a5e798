use std::collections::BTreeMap;

use crate::sip::message::Method;

/// Numbers for /metrics. Labels come from fixed sets, so a peer cannot grow them.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Counters {
    /// By direction and method; a method we never heard of counts as `other`.
    pub requests: BTreeMap<(Way, String), u64>,
    /// By direction, class (1 to 6) and method.
    pub responses: BTreeMap<(Way, u16, String), u64>,
    pub malformed: u64,
    /// Responses that fit no transaction.
    pub strays: u64,
    /// Requests that came again and were answered from memory.
    pub repeats: u64,
    /// Requests refused for want of memory or while draining.
    pub refused: u64,
    /// Client transactions that nobody answered.
    pub timeouts: u64,
    /// A 2xx to an INVITE whose owner had gone: it was acknowledged and ended.
    pub late_answers: u64,
    pub open: Open,
}

/// What is held now: nothing of a call that is over may stay.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Open {
    pub transactions: usize,
    pub dialogs: usize,
    pub timers: usize,
    /// Connections that are being read.
    pub streams: usize,
}

#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Way {
    In,
    Out,
}

impl Counters {
    pub(super) fn request(&mut self, way: Way, method: &Method) {
        *self.requests.entry((way, label(method))).or_default() += 1;
    }

    pub(super) fn response(&mut self, way: Way, status: u16, method: &Method) {
        *self.responses.entry((way, status / 100, label(method))).or_default() += 1;
    }
}

fn label(method: &Method) -> String {
    if method.is_known() { method.to_string() } else { "other".to_owned() }
}
