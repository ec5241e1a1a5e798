//! Where the cluster lies, who owns it, how it is made.

use std::{
    fs, io,
    os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
    time::Duration,
};

use nix::unistd::{Gid, Uid, User, chown, geteuid};
use sha2::{Digest, Sha256};
use tokio::{process::Command, time};

use super::process;

#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    #[error(
        "PostgreSQL is not installed ({looked} holds no initdb and postgres): \
         run `apt-get install postgresql`, or set database.bin_dir or database.url"
    )]
    Missing { looked: String },
    #[error(
        "the database in {folder} was made by PostgreSQL {has}, the binaries are {want}: \
         install postgresql-{has}, or set database.bin_dir, or restore a backup into a new folder"
    )]
    Version { folder: String, has: String, want: String },
    #[error("{what}: {error}")]
    Io { what: String, error: io::Error },
    #[error("{what} failed: {said}")]
    Command { what: &'static str, said: String },
    #[error("no unprivileged user for the database: create one with `useradd --system suifang`")]
    NoUser,
    #[error("the database did not answer within {0} s; see {1}")]
    Slow(u64, String),
}

#[derive(Clone, Debug)]
pub(super) struct Binaries {
    folder: PathBuf,
    major: String,
}

impl Binaries {
    pub(super) fn find(bin_dir: Option<&Path>) -> Result<Self, ClusterError> {
        let has_all = |folder: &Path| {
            ["initdb", "postgres", "psql"].iter().all(|name| {
                let own = folder.join(name);
                own.is_file() || (*name == "psql" && Path::new("/usr/bin/psql").is_file())
            })
        };
        if let Some(folder) = bin_dir {
            let missing = || ClusterError::Missing { looked: folder.display().to_string() };
            return if has_all(folder) { Self::at(folder) } else { Err(missing()) };
        }
        let mut found: Vec<(u32, PathBuf)> = fs::read_dir(DEBIAN)
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|entry| {
                let major = entry.file_name().to_string_lossy().parse().ok()?;
                Some((major, entry.path().join("bin")))
            })
            .filter(|(_, folder)| has_all(folder))
            .collect();
        found.sort();
        let missing = || ClusterError::Missing { looked: format!("{DEBIAN}/*/bin") };
        Self::at(&found.pop().ok_or_else(missing)?.1)
    }

    fn at(folder: &Path) -> Result<Self, ClusterError> {
        let output = std::process::Command::new(folder.join("postgres")).arg("--version").output();
        let output = output.map_err(|error| failed("postgres --version", error))?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let version = said.split_whitespace().nth(2).unwrap_or_default();
        let major = version.split(['.', 'b', 'r']).next().unwrap_or_default().to_owned();
        Ok(Self { folder: folder.to_owned(), major })
    }
}

#[derive(Debug)]
pub(super) struct Cluster {
    binaries: Binaries,
    folder: PathBuf,
    socket: PathBuf,
    /// As root, the server of the database runs as this user.
    user: Option<(Uid, Gid)>,
}

impl Cluster {
    pub(super) async fn prepare(data: &Path, binaries: Binaries) -> Result<Self, ClusterError> {
        let data = std::path::absolute(data).map_err(|error| failed("the data folder", error))?;
        let tag = format!("{:x}", Sha256::digest(data.as_os_str().as_encoded_bytes()));
        let user = unprivileged(&data)?;
        let folder = place(&data, &tag, user)?;
        let socket = PathBuf::from(format!("/tmp/suifang-pg-{}", &tag[..12]));
        let cluster = Self { binaries, folder, socket, user };
        cluster.own_folder(&cluster.socket)?;
        cluster.check_version()?;
        if !cluster.folder.join("PG_VERSION").is_file() {
            cluster.init().await?;
        }
        Ok(cluster)
    }

    pub(super) fn socket_folder(&self) -> &Path {
        &self.socket
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn is_running(&self) -> bool {
        process::postmaster(&self.folder).is_some()
    }

    pub(super) async fn ensure_running(&self) -> Result<(), ClusterError> {
        let give_up = START_WAIT_S * 10;
        for attempt in 0..give_up {
            if !self.is_running() {
                process::forget_dead_postmaster(&self.folder);
                self.own_folder(&self.socket)?;
                self.spawn()?;
            }
            time::sleep(Duration::from_millis(100)).await;
            if self.answers().await {
                return Ok(());
            }
            // A dead server's last children may still hold its memory: look again slowly.
            if attempt > 10 {
                time::sleep(Duration::from_millis(400)).await;
            }
        }
        Err(ClusterError::Slow(START_WAIT_S, self.log().display().to_string()))
    }

    async fn answers(&self) -> bool {
        self.psql("postgres", "select 1").await.is_ok()
    }

    /// Roles and database; told again, they are there already.
    pub(super) async fn prepare_database(&self) -> Result<(), ClusterError> {
        let roles = "do $$ begin create role suifang_owner login createrole;
            exception when duplicate_object then null; end $$;
            do $$ begin create role suifang_app login;
            exception when duplicate_object then null; end $$;
            grant suifang_app to suifang_owner;";
        self.psql("postgres", roles).await?;
        let found = self
            .psql("postgres", &format!("select 1 from pg_database where datname = '{DATABASE}'"))
            .await?;
        if found.trim().is_empty() {
            let create = format!("create database {DATABASE} owner suifang_owner");
            self.psql("postgres", &create).await?;
        }
        Ok(())
    }

    pub(super) async fn stop(&self) {
        process::stop(&self.folder).await;
    }

    fn log(&self) -> PathBuf {
        self.folder.join("suifang-postgres.log")
    }

    fn check_version(&self) -> Result<(), ClusterError> {
        let Ok(has) = fs::read_to_string(self.folder.join("PG_VERSION")) else { return Ok(()) };
        let (has, want) = (has.trim().to_owned(), self.binaries.major.clone());
        if has == want {
            return Ok(());
        }
        Err(ClusterError::Version { folder: self.folder.display().to_string(), has, want })
    }

    /// Into a folder beside, then renamed: a crash leaves no half cluster.
    async fn init(&self) -> Result<(), ClusterError> {
        let fresh = self.folder.with_extension("new");
        let _ = fs::remove_dir_all(&fresh);
        self.own_folder(&fresh)?;
        let mut command = self.command("initdb");
        command.arg("-D").arg(&fresh).args([
            "-U",
            "postgres",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--data-checksums",
        ]);
        run(command, "initdb").await?;
        let _ = fs::remove_dir(&self.folder);
        fs::rename(&fresh, &self.folder).map_err(|error| failed("renaming the new cluster", error))
    }

    fn spawn(&self) -> Result<(), ClusterError> {
        let log = fs::OpenOptions::new().create(true).append(true).open(self.log());
        let log = log.map_err(|error| failed(self.log().display(), error))?;
        let errors = log.try_clone().map_err(|error| failed("the log", error))?;
        let mut command = self.command("postgres");
        command.arg("-D").arg(&self.folder).arg("-k").arg(&self.socket);
        let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
        let buffers = buffers_mib(&memory);
        for setting in SETTINGS {
            command.args(["-c", setting]);
        }
        command.args(["-c", &format!("shared_buffers={buffers}MB")]);
        command.args(["-c", &format!("effective_cache_size={}MB", buffers * 4)]);
        command.stdin(std::process::Stdio::null()).stdout(log).stderr(errors);
        // Its own group: a Ctrl-C at our terminal is ours alone, the drain needs it.
        command.process_group(0);
        let child = command.spawn().map_err(|error| failed("starting postgres", error))?;
        process::reap(child);
        Ok(())
    }

    async fn psql(&self, database: &str, sql: &str) -> Result<String, ClusterError> {
        let own = self.binaries.folder.join("psql");
        let mut command = Command::new(if own.is_file() { own } else { "/usr/bin/psql".into() });
        command.args(["-X", "-q", "-t", "-A", "-v", "ON_ERROR_STOP=1", "-U", "postgres", "-h"]);
        command.arg(&self.socket).args(["-d", database, "-c", sql]);
        command.env_clear().env("LC_ALL", "C.UTF-8").env("PGCONNECT_TIMEOUT", "5");
        run(command, "psql").await
    }

    fn command(&self, name: &str) -> Command {
        let mut command = Command::new(self.binaries.folder.join(name));
        command.env_clear().env("LC_ALL", "C.UTF-8").env("PATH", "/usr/bin:/bin").current_dir("/");
        if let Some((uid, gid)) = self.user {
            command.uid(uid.as_raw()).gid(gid.as_raw());
        }
        command
    }

    /// A folder that only the database's user may enter; somebody else's is refused.
    fn own_folder(&self, folder: &Path) -> Result<(), ClusterError> {
        let io = |error| failed(folder.display(), error);
        match fs::symlink_metadata(folder) {
            Ok(meta) => {
                let owner = self.user.map_or_else(|| geteuid().as_raw(), |(uid, _)| uid.as_raw());
                if !meta.is_dir() || (meta.uid() != owner && meta.uid() != geteuid().as_raw()) {
                    return Err(io(io::Error::other("belongs to somebody else")));
                }
            }
            Err(_) => {
                fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(io)?
            }
        }
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).map_err(io)?;
        if let Some((uid, gid)) = self.user {
            chown(folder, Some(uid), Some(gid)).map_err(|error| io(error.into()))?;
        }
        Ok(())
    }
}

/// PostgreSQL refuses to run as root; as anybody else it runs as us. A cluster that is
/// there keeps its owner.
fn unprivileged(data: &Path) -> Result<Option<(Uid, Gid)>, ClusterError> {
    if !geteuid().is_root() {
        return Ok(None);
    }
    if let Ok(meta) = fs::metadata(data.join("postgres/PG_VERSION"))
        && meta.uid() != 0
    {
        return Ok(Some((Uid::from_raw(meta.uid()), Gid::from_raw(meta.gid()))));
    }
    for name in ["suifang", "postgres"] {
        if let Ok(Some(user)) = User::from_name(name) {
            return Ok(Some((user.uid, user.gid)));
        }
    }
    Err(ClusterError::NoUser)
}

/// The data folder, unless its user could not get there (a checkout below /root).
fn place(data: &Path, tag: &str, user: Option<(Uid, Gid)>) -> Result<PathBuf, ClusterError> {
    let hidden = user.is_some()
        && data.ancestors().skip(1).any(|folder| {
            fs::metadata(folder).is_ok_and(|meta| meta.permissions().mode() & 0o001 == 0)
        });
    let parent = if hidden { PathBuf::from(ROOTS_HOME).join(&tag[..12]) } else { data.to_owned() };
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o755)
        .create(&parent)
        .map_err(|error| failed(parent.display(), error))?;
    Ok(parent.join("postgres"))
}

async fn run(mut command: Command, what: &'static str) -> Result<String, ClusterError> {
    command.stdin(std::process::Stdio::null()).kill_on_drop(true);
    let output = command.output().await.map_err(|error| failed(what, error))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let said = said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("no reason given");
    Err(ClusterError::Command { what, said: said.trim().to_owned() })
}

pub(super) fn failed(what: impl ToString, error: io::Error) -> ClusterError {
    ClusterError::Io { what: what.to_string(), error }
}

pub(super) const DATABASE: &str = "suifang";

pub(super) const DEBIAN: &str = "/usr/lib/postgresql";
const ROOTS_HOME: &str = "/var/lib/suifang";

/// An eighth of the machine's memory, between 128 MiB and 2 GiB: the box carries the
/// telephony too, and the kernel caches the rest.
fn buffers_mib(meminfo: &str) -> u64 {
    let total_kib = meminfo
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:"))
        .and_then(|rest| rest.split_whitespace().next())
        .and_then(|kib| kib.parse::<u64>().ok());
    (total_kib.unwrap_or(0) / 1024 / 8).clamp(128, 2048)
}

/// No port on any network. Committed means on disk: fsync and synchronous_commit stay on. A
/// sort of a report may take 32 MiB before it goes to the disk; few run at once.
const SETTINGS: &[&str] = &[
    "listen_addresses=",
    "unix_socket_permissions=0700",
    "max_connections=60",
    "work_mem=32MB",
    "random_page_cost=1.5",
    "logging_collector=off",
    "log_min_messages=warning",
    "log_min_error_statement=panic",
    // A broken rule's DETAIL quotes the row: a number, a name.
    "log_error_verbosity=terse",
    "log_parameter_max_length=0",
    "log_parameter_max_length_on_error=0",
    "timezone=UTC",
];

/// Recovery after a crash reads the log of at most some minutes.
const START_WAIT_S: u64 = 60;
