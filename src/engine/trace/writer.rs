//! The one writer: batches into the database, and to HOMER where that is wanted.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{
    net::{UdpSocket, lookup_host},
    sync::oneshot,
    time,
};
use tracing::{info, warn};

use super::{
    Note, TraceCounters, TraceNotes, count,
    hep::packet,
    owners::{Owned, Owners},
};
use crate::{
    config::Homer,
    engine::{Clock as _, Core, SystemClock},
    sip::message::{Start, Transport, masked},
    store::sip_message::Message,
};

struct Writer {
    core: Arc<Core>,
    counters: Arc<TraceCounters>,
    owners: Owners,
    batch: Vec<Message>,
    flushes: Vec<oneshot::Sender<()>>,
    homer: Option<Export>,
    /// How often in a row the database did not take the batch.
    failures: u32,
}

struct Export {
    socket: UdpSocket,
    to: SocketAddr,
    config: Homer,
}

/// Until the server ends.
pub(in crate::engine) async fn run_trace(core: Arc<Core>, from: TraceNotes) {
    let TraceNotes { mut notes, counters } = from;
    let homer = match core.config().homer.clone() {
        Some(config) => Export::open(config).await,
        None => None,
    };
    let (owners, batch, flushes) = (Owners::default(), Vec::new(), Vec::new());
    let mut writer = Writer { core, counters, owners, batch, flushes, homer, failures: 0 };
    let mut some = Vec::with_capacity(NOTES_AT_ONCE);
    loop {
        let waited = time::timeout(SWEEP, notes.recv_many(&mut some, NOTES_AT_ONCE)).await;
        // The machine's own time: a clock that jumps must not make messages strangers'.
        let now = SystemClock.instant();
        writer.owners.sweep(now, &writer.counters);
        if waited == Ok(0) {
            return;
        }
        for note in some.drain(..) {
            writer.take(note, now).await;
        }
        writer.store().await;
        if waited.is_ok() && writer.flushes.is_empty() {
            // Messages of one call come together: one transaction for all of them.
            time::sleep(GATHER).await;
        }
        for done in writer.flushes.drain(..) {
            // Who asked may have gone.
            let _ = done.send(());
        }
    }
}

impl Writer {
    async fn take(&mut self, note: Note, now: Instant) {
        let mut owned = Vec::new();
        match note {
            Note::Message(seen) => {
                self.owners.message(seen, now, &self.counters, &mut owned);
            }
            Note::Belongs { sip_call_id, call, role } => {
                let whose = (call, role);
                self.owners.belongs(sip_call_id, whose, now, &self.counters, &mut owned);
            }
            Note::Ended { call } => self.owners.ended(call, now),
            Note::Flush(done) => self.flushes.push(done),
        }
        for one in owned {
            if let Some(homer) = &self.homer
                && homer.send(&one).await
            {
                count(&self.counters.exported, 1);
            }
            self.batch.push(row(one));
        }
    }

    async fn store(&mut self) {
        if self.batch.is_empty() {
            return;
        }
        match self.core.app.keep_messages(&self.batch).await {
            Ok(kept) => {
                count(&self.counters.kept, kept);
                count(&self.counters.unwritten, (self.batch.len() as u64).saturating_sub(kept));
                self.batch.clear();
                self.failures = 0;
            }
            Err(error) => {
                if self.failures == 0 {
                    warn!(%error, "messages of calls are not kept");
                }
                self.failures += 1;
                // It may be one of them that is refused: the others must not wait for it.
                let left = if self.failures.is_multiple_of(TRIES_MAX) { 0 } else { BATCH_MAX };
                let surplus = self.batch.len().saturating_sub(left);
                self.batch.drain(..surplus);
                count(&self.counters.unwritten, surplus as u64);
            }
        }
    }
}

fn row(owned: Owned) -> Message {
    let Owned { call, role, seen } = owned;
    let status = match seen.sketch.start {
        Start::Request => None,
        Start::Response(status) => i16::try_from(status).ok(),
    };
    Message {
        call_id: *call.as_uuid(),
        role: role.to_owned(),
        at: seen.at,
        is_ours: seen.is_ours,
        transport: match seen.transport {
            Transport::Udp => "udp",
            Transport::Tcp => "tcp",
            Transport::Tls => "tls",
        }
        .to_owned(),
        local: seen.local.to_string(),
        remote: seen.remote.to_string(),
        sip_call_id: seen.sketch.call_id.replace('\0', "\u{fffd}"),
        status,
        cseq: seen.sketch.cseq,
        method: seen.sketch.method.replace('\0', "\u{fffd}"),
        message: seen.text,
        is_cut: seen.is_cut,
    }
}

impl Export {
    async fn open(config: Homer) -> Option<Self> {
        let opened = async {
            let mut found = lookup_host(&config.address).await?;
            let to = found.next().ok_or(std::io::ErrorKind::NotFound)?;
            let any = if to.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
            let socket = UdpSocket::bind(any).await?;
            Ok::<_, std::io::Error>((socket, to))
        };
        match opened.await {
            Ok((socket, to)) => {
                info!("messages of calls are told to HOMER");
                Some(Self { socket, to, config })
            }
            Err(error) => {
                warn!(%error, "homer.address cannot be used; nothing is told to HOMER");
                None
            }
        }
    }

    async fn send(&self, owned: &Owned) -> bool {
        let seen = &owned.seen;
        let text = match self.config.in_clear {
            true => seen.text.clone(),
            false => masked(&seen.text),
        };
        let bytes = packet(seen, &owned.call.to_string(), &text, &self.config);
        // A full buffer loses it, and so does a receiver that is not there.
        self.socket.try_send_to(&bytes, self.to).is_ok()
            || self.socket.send_to(&bytes, self.to).await.is_ok()
    }
}

/// 销毁: messages past their time, a page each minute.
pub async fn erase_old_messages(core: &Core) {
    let limits = core.config().limits.clone();
    let kept_max = i64::from(limits.sip_lab_messages_max);
    let gone = core.app.erase_old_messages(limits.sip_lab_days, kept_max, core.clock.wall()).await;
    if let Err(error) = gone {
        warn!(%error, "old messages of calls wait for the database");
    }
}

/// One transaction; the queue holds as many again.
const NOTES_AT_ONCE: usize = 4_096;

/// Kept in memory while the database is away.
const BATCH_MAX: usize = 4_096;

/// A database that is started again is back within a second; each try may wait ten for it.
const TRIES_MAX: u32 = 20;

/// A patient who picks up makes four messages within this.
const GATHER: Duration = Duration::from_millis(250);

/// With nothing to do, what nobody claims is forgotten all the same.
const SWEEP: Duration = Duration::from_secs(5);
