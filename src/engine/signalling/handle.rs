use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use tokio::sync::{mpsc, oneshot};

use super::{Ask, Certificates, Doors};
use crate::{
    engine::TraceHandle,
    sip::endpoint::{Counters, Event, Input, Owner},
};

/// A way to the endpoint; cheap to clone.
#[derive(Clone)]
pub struct SignallingHandle {
    asks: mpsc::Sender<Ask>,
    last_owner: Arc<AtomicU64>,
    doors: Arc<Doors>,
    certificates: Certificates,
    trace: TraceHandle,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the signalling task has ended")]
pub struct SignallingGone;

/// The events of one owner. When it is dropped, the endpoint forgets the owner, and ends
/// what it left open.
pub struct Mailbox {
    pub owner: Owner,
    events: mpsc::Receiver<Event>,
    handle: SignallingHandle,
}

impl SignallingHandle {
    pub(super) fn new(
        asks: mpsc::Sender<Ask>,
        (doors, certificates, trace): (Arc<Doors>, Certificates, TraceHandle),
    ) -> Self {
        Self { asks, last_owner: Arc::new(AtomicU64::new(0)), doors, certificates, trace }
    }

    /// Who is let in before strangers.
    pub fn doors(&self) -> &Doors {
        &self.doors
    }

    pub fn certificates(&self) -> &Certificates {
        &self.certificates
    }

    /// Who keeps what passes.
    pub fn trace(&self) -> &TraceHandle {
        &self.trace
    }

    /// A mailbox before the first request is sent, so that no event finds it missing.
    pub async fn open(&self) -> Result<Mailbox, SignallingGone> {
        let owner = Owner(self.last_owner.fetch_add(1, Ordering::Relaxed) + 1);
        let (mailbox, events) = mpsc::channel(MAILBOX);
        self.ask(Ask::Open { owner, mailbox }).await?;
        Ok(Mailbox { owner, events, handle: self.clone() })
    }

    pub async fn send(&self, input: Input) -> Result<(), SignallingGone> {
        self.ask(Ask::Input(input)).await
    }

    pub async fn counters(&self) -> Result<Counters, SignallingGone> {
        let (reply, counters) = oneshot::channel();
        self.ask(Ask::Counters(reply)).await?;
        counters.await.map_err(|_| SignallingGone)
    }

    async fn ask(&self, ask: Ask) -> Result<(), SignallingGone> {
        self.asks.send(ask).await.map_err(|_| SignallingGone)
    }
}

impl Mailbox {
    /// `None` when the endpoint has let go of this owner. Cancel-safe.
    pub async fn recv(&mut self) -> Option<Event> {
        self.events.recv().await
    }

    /// The same for who waits for many.
    pub fn poll_recv(
        &mut self,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Event>> {
        self.events.poll_recv(context)
    }
}

impl Drop for Mailbox {
    fn drop(&mut self) {
        let forget = Ask::Input(Input::Forget { owner: self.owner });
        // If the queue is full, the sweep finds the closed mailbox.
        drop(self.handle.asks.try_send(forget));
    }
}

/// One dialog brings a few messages a second, and a fork or a storm of re-INVITEs some
/// more.
const MAILBOX: usize = 64;
