//! Which RTCP sockets have something to read. Reports come every five seconds: asking each
//! socket each tick would be a quarter of a leg's system calls, so all are asked at once.

use std::{net::UdpSocket, os::fd::AsFd as _};

use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};

use super::LegKey;

pub(super) struct Reports {
    /// `None`: the system has none to give; each socket is asked by itself then.
    epoll: Option<Epoll>,
    ready: [EpollEvent; READY_MAX],
}

impl Reports {
    pub(super) fn new() -> Self {
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC);
        Self { epoll: epoll.ok(), ready: [EpollEvent::empty(); READY_MAX] }
    }

    /// Says whether it will be told of; else it must be asked.
    pub(super) fn watch(&self, leg: LegKey, rtcp: &UdpSocket) -> bool {
        let event = EpollEvent::new(EpollFlags::EPOLLIN, leg.0);
        self.epoll.as_ref().is_some_and(|epoll| epoll.add(rtcp.as_fd(), event).is_ok())
    }

    /// Before a leg leaves for another thread; a socket that is closed is forgotten by itself.
    pub(super) fn forget(&self, rtcp: &UdpSocket) {
        if let Some(epoll) = &self.epoll {
            // Not there: it was never watched.
            let _ = epoll.delete(rtcp.as_fd());
        }
    }

    /// Those with something to read now; what finds no place is told the next time.
    pub(super) fn ready(&mut self) -> impl Iterator<Item = LegKey> + '_ {
        let epoll = self.epoll.as_ref();
        let count = epoll.and_then(|epoll| epoll.wait(&mut self.ready, EpollTimeout::ZERO).ok());
        self.ready.iter().take(count.unwrap_or(0)).map(|event| LegKey(event.data()))
    }
}

/// With a thousand legs a millisecond brings one report in five.
const READY_MAX: usize = 16;
