//! Connections of the page, in clear on loopback or behind a proxy, else by TLS. A slow
//! handshake holds up nobody else.

use std::{io, net::SocketAddr, time::Duration};

use axum::{
    extract::connect_info::Connected,
    serve::{IncomingStream, Listener},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    time,
};
use tracing::{info, warn};

use crate::engine::Tls;

pub(super) trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Wire for T {}

type Opened = (Box<dyn Wire>, SocketAddr);

/// Connections that are ready to be read.
pub(super) struct Door {
    opened: mpsc::Receiver<Opened>,
    address: SocketAddr,
}

/// Where a request's connection comes from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Source(pub(super) SocketAddr);

impl Connected<IncomingStream<'_, Door>> for Source {
    fn connect_info(stream: IncomingStream<'_, Door>) -> Self {
        Self(*stream.remote_addr())
    }
}

impl Door {
    pub(super) fn open(listener: TcpListener, tls: Option<Tls>) -> Self {
        let address = listener.local_addr().unwrap_or_else(|_| SocketAddr::from(([0, 0, 0, 0], 0)));
        let (send, opened) = mpsc::channel(WAITING_MAX);
        if let Some(tls) = tls.clone() {
            tokio::spawn(renew(tls));
        }
        tokio::spawn(accept(listener, tls, send));
        Self { opened, address }
    }
}

impl Listener for Door {
    type Io = Box<dyn Wire>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> Opened {
        match self.opened.recv().await {
            Some(opened) => opened,
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}

async fn accept(listener: TcpListener, tls: Option<Tls>, send: mpsc::Sender<Opened>) {
    loop {
        let (stream, from) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of files, mostly: others must end first.
                warn!(%error, "a connection of the page could not be taken");
                time::sleep(AGAIN).await;
                continue;
            }
        };
        let _ = stream.set_nodelay(true);
        let send = send.clone();
        let Some(tls) = tls.clone() else {
            if send.send((Box::new(stream), from)).await.is_err() {
                return;
            }
            continue;
        };
        tokio::spawn(shake_hands(tls, stream, from, send));
    }
}

async fn shake_hands(tls: Tls, stream: TcpStream, from: SocketAddr, send: mpsc::Sender<Opened>) {
    if let Ok(Ok(stream)) = time::timeout(HANDSHAKE, tls.accept(stream)).await {
        let _ = send.send((Box::new(stream), from)).await;
    }
}

async fn renew(tls: Tls) {
    loop {
        time::sleep(LOOK_AT_FILES).await;
        match tls.reload() {
            Ok(true) => info!("the page's certificate was read again"),
            Ok(false) => {}
            Err(error) => warn!(%error, "the page's new certificate is wrong; the old one stays"),
        }
    }
}

/// A ward's browsers all at once.
const WAITING_MAX: usize = 64;
const HANDSHAKE: Duration = Duration::from_secs(10);
const AGAIN: Duration = Duration::from_millis(200);
const LOOK_AT_FILES: Duration = Duration::from_secs(30);
