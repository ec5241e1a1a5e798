//! A bad line between the server and its carrier: datagrams are lost, doubled and late.

use std::{
    net::{SocketAddr, UdpSocket},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use rand::{Rng, SeedableRng, rngs::StdRng};
use suifang::engine::{Clock, SystemClock};

/// Each of the three as a share of the datagrams.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Faults {
    pub(crate) lost: f64,
    pub(crate) doubled: f64,
    pub(crate) late: f64,
}

pub(crate) struct Relay {
    stop: Arc<AtomicBool>,
    spoiled: Arc<AtomicUsize>,
    thread: Option<JoinHandle<()>>,
}

/// One direction: in by one socket, out by the other, with the far end's own address in SIP
/// headers put in the place of the relay's, so that nothing goes around it.
struct Way {
    from: UdpSocket,
    by: UdpSocket,
    to: SocketAddr,
    own: String,
    instead: String,
}

impl Relay {
    /// The server knows the carrier as `as_carrier`; the carrier listens at `carrier`.
    pub(crate) fn start(
        server: SocketAddr,
        as_carrier: SocketAddr,
        carrier: SocketAddr,
        faults: Faults,
        seed: u64,
    ) -> Self {
        let near = UdpSocket::bind(as_carrier).unwrap();
        let far = UdpSocket::bind("127.0.0.1:0").unwrap();
        let as_server = far.local_addr().unwrap();
        for socket in [&near, &far] {
            // Both ways are looked at every two milliseconds.
            socket.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
        }
        let out = Way {
            from: near.try_clone().unwrap(),
            by: far.try_clone().unwrap(),
            to: carrier,
            own: server.to_string(),
            instead: as_server.to_string(),
        };
        let back = Way {
            from: far,
            by: near,
            to: server,
            own: carrier.to_string(),
            instead: as_carrier.to_string(),
        };
        let (stop, spoiled) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let (ends, counts) = (Arc::clone(&stop), Arc::clone(&spoiled));
        let mut rng = StdRng::seed_from_u64(seed);
        let thread = std::thread::spawn(move || {
            let mut waiting: Vec<(Instant, usize, Vec<u8>)> = Vec::new();
            while !ends.load(Ordering::Relaxed) {
                for (n, way) in [&out, &back].into_iter().enumerate() {
                    way.read(n, faults, &mut rng, &mut waiting, &counts);
                }
                let now = SystemClock.instant();
                let due = waiting.extract_if(.., |(at, ..)| *at <= now).collect::<Vec<_>>();
                for (_, n, bytes) in due {
                    let way = [&out, &back][n];
                    drop(way.by.send_to(&bytes, way.to));
                }
            }
        });
        Self { stop, spoiled, thread: Some(thread) }
    }

    /// Datagrams that were lost, doubled or late.
    pub(crate) fn spoiled(&self) -> usize {
        self.spoiled.load(Ordering::Relaxed)
    }
}

impl Way {
    fn read(
        &self,
        n: usize,
        faults: Faults,
        rng: &mut StdRng,
        waiting: &mut Vec<(Instant, usize, Vec<u8>)>,
        spoiled: &AtomicUsize,
    ) {
        let mut buffer = [0; 8192];
        while let Ok(length) = self.from.recv(&mut buffer) {
            let text = String::from_utf8_lossy(&buffer[..length]);
            let bytes = text.replace(&self.own, &self.instead).into_bytes();
            let now = SystemClock.instant();
            if rng.random_bool(faults.lost) {
                spoiled.fetch_add(1, Ordering::Relaxed);
                continue;
            }
            let is_late = rng.random_bool(faults.late);
            let late = Duration::from_millis(if is_late { rng.random_range(20..200) } else { 0 });
            if rng.random_bool(faults.doubled) {
                spoiled.fetch_add(1, Ordering::Relaxed);
                let again = Duration::from_millis(rng.random_range(0..100));
                waiting.push((now + again, n, bytes.clone()));
            }
            spoiled.fetch_add(usize::from(is_late), Ordering::Relaxed);
            waiting.push((now + late, n, bytes));
        }
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        drop(self.thread.take().map(JoinHandle::join));
    }
}
