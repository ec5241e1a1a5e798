//! The page and its API: axum. Reads go to the store directly, writes to `app`.

mod api;
mod ask;
mod assets;
mod auth;
mod bearer;
mod door;
mod error;
mod health;
mod mask;
mod metrics;
mod progress;
mod range;
mod router;
mod tries;
mod waveform;

use std::{collections::HashMap, net::SocketAddr, sync::Arc, sync::Mutex};

use tokio::net::TcpListener;
use uuid::Uuid;

use crate::{
    config::Config,
    engine::{Core, Tls, TlsError},
};

#[derive(Debug, thiserror::Error)]
pub enum WebError {
    #[error(
        "web.bind {address}: {error}; another program holds the port, or it is not ours: change web.bind"
    )]
    Bind { address: SocketAddr, error: std::io::Error },
    #[error("web.tls_cert, web.tls_key: {0}")]
    Tls(#[from] TlsError),
}

/// A bound port that answers nobody yet.
pub struct Page(TcpListener);

pub struct Web {
    address: SocketAddr,
}

impl Web {
    pub const fn address(&self) -> SocketAddr {
        self.address
    }
}

/// What every request shares.
struct Site {
    core: Arc<Core>,
    tries: tries::Tries,
    /// Wrong tokens of systems: they lock out nobody at the page.
    token_tries: tries::Tries,
    paces: bearer::Paces,
    /// Rows of the files that are being imported now: the record only counts those read.
    importing: Mutex<HashMap<Uuid, usize>>,
    /// Of filters that take their time.
    progress: progress::Progress,
    /// People see us by https: the cookie may be `Secure`.
    is_secure: bool,
}

type Shared = Arc<Site>;

/// # Errors
/// When the port is taken, or the address is not ours.
pub async fn bind(config: &Config) -> Result<Page, WebError> {
    let address = config.web.bind;
    let bound = TcpListener::bind(address).await;
    bound.map(Page).map_err(|error| WebError::Bind { address, error })
}

/// # Errors
/// When the certificate cannot be read.
pub fn serve(page: Page, core: &Arc<Core>) -> Result<Web, WebError> {
    let config = core.config();
    let address = page.0.local_addr().unwrap_or(config.web.bind);
    let tls = match (&config.web.tls_cert, &config.web.tls_key) {
        (Some(cert), Some(key)) => Some(Tls::load(cert, key)?),
        _ => None,
    };
    let site = Arc::new(Site {
        core: Arc::clone(core),
        tries: tries::Tries::default(),
        token_tries: tries::Tries::default(),
        paces: bearer::Paces::default(),
        importing: Mutex::default(),
        progress: progress::Progress::default(),
        is_secure: tls.is_some() || config.web.trusted_proxy.is_some(),
    });
    let service = router::router(site).into_make_service_with_connect_info::<door::Source>();
    let door = door::Door::open(page.0, tls);
    tokio::spawn(async move {
        let _ = axum::serve(door, service).await;
    });
    Ok(Web { address })
}
