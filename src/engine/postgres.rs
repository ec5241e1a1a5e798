//! The embedded database: a private cluster from the installed PostgreSQL binaries, on a
//! unix socket only. The distribution's own cluster is neither needed nor touched.
//!
//! It outlives a kill -9 of ours (the next start finds it running and goes on with it) and
//! is started again when somebody kills it.

mod cluster;
mod process;
mod tools;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use tokio::{sync::watch, time};
use tracing::{info, warn};

pub use cluster::ClusterError;
use cluster::{Binaries, Cluster};
pub use tools::Tools;

use crate::store::Target;

/// A running cluster and its keeper.
#[derive(Debug)]
pub struct Postgres {
    cluster: Arc<Cluster>,
    stop: watch::Sender<bool>,
    keeper: tokio::task::JoinHandle<()>,
}

impl Postgres {
    /// Makes the cluster when it is not there, starts it when it does not run.
    ///
    /// # Errors
    /// One line with the remedy: no binaries, another major version, a folder that cannot
    /// be written.
    pub async fn start(data: &Path, bin_dir: Option<&Path>) -> Result<Self, ClusterError> {
        let binaries = Binaries::find(bin_dir)?;
        let cluster = Arc::new(Cluster::prepare(data, binaries).await?);
        cluster.ensure_running().await?;
        cluster.prepare_database().await?;
        let (stop, stopped) = watch::channel(false);
        let keeper = tokio::spawn(keep(Arc::clone(&cluster), stopped));
        Ok(Self { cluster, stop, keeper })
    }

    pub fn target(&self) -> Target {
        Target::Socket {
            folder: self.cluster.socket_folder().to_owned(),
            database: cluster::DATABASE.to_owned(),
        }
    }

    /// Where the cluster lies.
    pub fn folder(&self) -> PathBuf {
        self.cluster.folder().to_owned()
    }

    /// A fast shutdown: connections are cut, nothing committed is lost.
    pub async fn stop(self) {
        // A keeper that is gone has nothing to be told.
        let _ = self.stop.send(true);
        let _ = self.keeper.await;
        self.cluster.stop().await;
    }
}

/// Starts it again whenever it is gone.
async fn keep(cluster: Arc<Cluster>, mut stopped: watch::Receiver<bool>) {
    let mut look = time::interval(LOOK_EVERY);
    loop {
        tokio::select! {
            _ = look.tick() => {}
            _ = stopped.changed() => return,
        }
        if cluster.is_running() {
            continue;
        }
        warn!("the database has stopped; starting it again");
        match cluster.ensure_running().await {
            Ok(()) => info!("the database runs again"),
            Err(error) => warn!(%error, "the database does not start"),
        }
    }
}

/// A call that waits for its database gives up after ten seconds.
const LOOK_EVERY: Duration = Duration::from_millis(300);
