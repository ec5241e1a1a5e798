//! The page and its API: axum. Reads go to the store directly, writes to `app`.

use std::{net::SocketAddr, sync::Arc};

use axum::{Router, routing::get};
use tokio::net::TcpListener;

use crate::{config::Config, engine::Core};

#[derive(Debug, thiserror::Error)]
pub enum WebError {
    #[error(
        "web.bind {address}: {error}; another program holds the port, or it is not ours: change web.bind"
    )]
    Bind { address: SocketAddr, error: std::io::Error },
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
    let address = page.0.local_addr().unwrap_or(core.config().web.bind);
    let router = Router::new().route("/livez", get(|| async { "ok" }));
    tokio::spawn(async move {
        let _ = axum::serve(page.0, router).await;
    });
    Ok(Web { address })
}
