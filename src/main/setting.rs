//! What every command needs first: the configuration, and for some the record.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use suifang::{
    app::{App, Hub},
    config::Config,
    engine::{Clock, Postgres, SystemClock, open_database},
    store::Target,
};

use super::Failure;

/// The configuration and where it was found.
pub(super) fn load(path: Option<&Path>) -> Result<(Arc<Config>, Option<PathBuf>), Failure> {
    let env = |name: &str| std::env::var(name).ok();
    let places = ["suifang.toml", "/etc/suifang/suifang.toml"];
    let found = path
        .map(Path::to_owned)
        .or_else(|| places.iter().map(PathBuf::from).find(|place| place.is_file()));
    let config = match &found {
        Some(path) => Config::load(path, &env).map_err(Failure::usage)?,
        None => Config::parse("", "built-in defaults").map_err(Failure::usage)?,
    };
    Ok((Arc::new(config), found))
}

pub(super) fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    let built = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    built.map_err(|error| Failure::other(format!("no threads: {error}")))
}

/// The record, for a command that works beside a running server or without one.
pub(super) struct Record {
    pub(super) app: App,
    pub(super) clock: SystemClock,
    pub(super) target: Target,
    /// Ours to stop: it did not run before.
    postgres: Option<Postgres>,
}

impl Record {
    pub(super) async fn open(config: &Config) -> Result<Self, Failure> {
        let (postgres, database) = open_database(config).await.map_err(Failure::usage)?;
        let is_served = suifang::engine::ask_server(
            &config.paths.data,
            &suifang::engine::ControlRequest::Status,
        );
        let is_served = is_served.await.is_ok();
        let app = App::new(database, Hub::default());
        let target = match (&postgres, &config.database.url) {
            (Some(postgres), _) => postgres.target(),
            (None, Some(url)) => Target::Url(url.clone()),
            (None, None) => return Err(Failure::other("there is no database")),
        };
        Ok(Self { app, clock: SystemClock, target, postgres: postgres.filter(|_| !is_served) })
    }

    pub(super) fn now(&self) -> chrono::DateTime<chrono::Utc> {
        self.clock.wall()
    }

    pub(super) async fn close(self) {
        self.app.database().close().await;
        if let Some(postgres) = self.postgres {
            postgres.stop().await;
        }
    }
}
