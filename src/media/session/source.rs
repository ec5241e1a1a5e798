//! Where a leg's packets may come from, and where ours go (symmetric RTP, RFC 4961).

use std::net::SocketAddr;

use crate::base::{Breakage, broken};

/// The address of the SDP is believed at once, and whenever it speaks. Behind NAT the port
/// is another: it is learnt, from the host that signalling named, when it has spoken for
/// half a second and the named port has not. Whoever else sends is a stranger and never
/// gets a packet of ours: one SBC carries many calls, and a call that we have lost in a
/// crash still talks to its old port, which may be ours again.
#[derive(Clone, Copy)]
pub(super) struct Source {
    named: SocketAddr,
    learnt: Option<SocketAddr>,
    /// Another port of the named host, and how often it has spoken in a row.
    candidate: Option<(SocketAddr, u32)>,
    proofs: u32,
    learns_any: bool,
}

impl Source {
    pub(super) fn new(named: SocketAddr, learns_any: bool) -> Self {
        let named = canonical(named);
        Self { named, learnt: None, candidate: None, proofs: RTP_PROOFS, learns_any }
    }

    /// RTCP comes every five seconds.
    pub(super) fn for_rtcp(named: SocketAddr, learns_any: bool) -> Self {
        Self { proofs: RTCP_PROOFS, ..Self::new(named, learns_any) }
    }

    /// Signalling named another place; the same one again forgets nothing.
    pub(super) fn rename(&mut self, named: SocketAddr) {
        if canonical(named) != self.named {
            *self = Self { proofs: self.proofs, ..Self::new(named, self.learns_any) };
        }
    }

    pub(super) fn accepts(&mut self, from: SocketAddr) -> bool {
        if broken(Breakage::StrangerHeard) {
            return true;
        }
        let from = canonical(from);
        if from == self.named && !self.learns_any {
            (self.learnt, self.candidate) = (Some(from), None);
            return true;
        }
        if let Some(learnt) = self.learnt {
            return from == learnt;
        }
        if self.learns_any {
            self.learnt = Some(from);
            return true;
        }
        if from.ip() != self.named.ip() {
            return false;
        }
        let heard = match self.candidate {
            Some((candidate, heard)) if candidate == from => heard + 1,
            _ => 1,
        };
        self.candidate = Some((from, heard));
        if heard >= self.proofs {
            self.learnt = Some(from);
        }
        heard >= self.proofs
    }

    /// None while the other side has no address (held the old way, c=0.0.0.0).
    pub(super) fn target(&self) -> Option<SocketAddr> {
        let target = self.learnt.unwrap_or(self.named);
        (!self.named.ip().is_unspecified() && target.port() != 0).then_some(target)
    }
}

fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

/// Half a second of packets.
const RTP_PROOFS: u32 = 25;
const RTCP_PROOFS: u32 = 2;

#[cfg(test)]
mod tests {
    use super::*;

    const NAMED: &str = "192.0.2.1:4000";

    fn source(learns_any: bool) -> Source {
        Source::new(NAMED.parse().unwrap(), learns_any)
    }

    fn speaks(source: &mut Source, from: &str, times: u32) -> bool {
        (0..times).fold(false, |_, _| source.accepts(from.parse().unwrap()))
    }

    #[test]
    fn the_named_address_is_believed_at_once_and_another_port_after_half_a_second() {
        for (name, learns_any, arrivals, target) in [
            ("nothing came", false, &[][..], NAMED),
            ("as named", false, &[(NAMED, 1, true)], NAMED),
            ("mapped", false, &[("[::ffff:192.0.2.1]:4000", 1, true)], NAMED),
            ("another port", false, &[("192.0.2.1:5000", 24, false)], NAMED),
            ("another port, long", false, &[("192.0.2.1:5000", 25, true)], "192.0.2.1:5000"),
            (
                "two old calls",
                false,
                &[("192.0.2.1:5000", 20, false), ("192.0.2.1:6000", 20, false), (NAMED, 1, true)],
                NAMED,
            ),
            (
                "the named one speaks late",
                false,
                &[("192.0.2.1:5000", 30, true), (NAMED, 1, true), ("192.0.2.1:5000", 30, false)],
                NAMED,
            ),
            ("a stranger", false, &[("192.0.2.9:4000", 100, false), (NAMED, 1, true)], NAMED),
            ("any", true, &[("192.0.2.9:1", 1, true), (NAMED, 1, false)], "192.0.2.9:1"),
        ] {
            let mut source = source(learns_any);
            for (from, times, expected) in arrivals {
                assert_eq!(speaks(&mut source, from, *times), *expected, "{name}: {from}");
            }
            assert_eq!(source.target(), Some(target.parse().unwrap()), "{name}");
        }
    }

    #[test]
    fn a_renewed_name_forgets_what_was_learnt_and_none_is_no_target() {
        let mut source = source(false);
        assert!(speaks(&mut source, "192.0.2.1:5000", 25));
        source.rename("192.0.2.1:4000".parse().unwrap());
        assert_eq!(source.target(), Some("192.0.2.1:5000".parse().unwrap()));
        source.rename("192.0.2.2:4000".parse().unwrap());
        assert_eq!(source.target(), Some("192.0.2.2:4000".parse().unwrap()));
        source.rename("0.0.0.0:4000".parse().unwrap());
        assert_eq!(source.target(), None);
    }
}
