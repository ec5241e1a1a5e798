//! Where a leg's packets may come from, and where ours go (symmetric RTP, RFC 4961).

use std::net::SocketAddr;

/// Behind NAT the port is not the one of the SDP. It is learnt once, from the host that
/// signalling named; whoever else sends is a stranger and never gets a packet of ours.
#[derive(Clone, Copy)]
pub(super) struct Source {
    named: SocketAddr,
    learnt: Option<SocketAddr>,
    learns_any: bool,
}

impl Source {
    pub(super) fn new(named: SocketAddr, learns_any: bool) -> Self {
        Self { named: canonical(named), learnt: None, learns_any }
    }

    /// Signalling named another place; the same one again forgets nothing.
    pub(super) fn rename(&mut self, named: SocketAddr) {
        if canonical(named) != self.named {
            *self = Self::new(named, self.learns_any);
        }
    }

    pub(super) fn accepts(&mut self, from: SocketAddr) -> bool {
        let from = canonical(from);
        if let Some(learnt) = self.learnt {
            return from == learnt;
        }
        let is_ours = self.learns_any || from.ip() == self.named.ip();
        if is_ours {
            self.learnt = Some(from);
        }
        is_ours
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_is_learnt_once_and_only_from_the_named_host() {
        const NAMED: &str = "192.0.2.1:4000";
        for (name, learns_any, arrivals, target) in [
            ("nothing came", false, &[][..], NAMED),
            ("as named", false, &[(NAMED, true)], NAMED),
            ("another port", false, &[("192.0.2.1:5000", true)], "192.0.2.1:5000"),
            ("mapped", false, &[("[::ffff:192.0.2.1]:4000", true)], NAMED),
            ("a stranger first", false, &[("192.0.2.9:4000", false), (NAMED, true)], NAMED),
            (
                "another port, later",
                false,
                &[(NAMED, true), ("192.0.2.1:5000", false), ("192.0.2.9:4000", false)],
                NAMED,
            ),
            ("any", true, &[("192.0.2.9:1", true), (NAMED, false)], "192.0.2.9:1"),
        ] {
            let mut source = Source::new(NAMED.parse().unwrap(), learns_any);
            for (from, expected) in arrivals {
                assert_eq!(source.accepts(from.parse().unwrap()), *expected, "{name}: {from}");
            }
            assert_eq!(source.target(), Some(target.parse().unwrap()), "{name}");
        }
    }

    #[test]
    fn a_renewed_name_forgets_what_was_learnt_and_none_is_no_target() {
        let mut source = Source::new("192.0.2.1:4000".parse().unwrap(), false);
        assert!(source.accepts("192.0.2.1:5000".parse().unwrap()));
        source.rename("192.0.2.1:4000".parse().unwrap());
        assert_eq!(source.target(), Some("192.0.2.1:5000".parse().unwrap()));
        source.rename("192.0.2.2:4000".parse().unwrap());
        assert_eq!(source.target(), Some("192.0.2.2:4000".parse().unwrap()));
        source.rename("0.0.0.0:4000".parse().unwrap());
        assert_eq!(source.target(), None);
    }
}
