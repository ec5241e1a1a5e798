//! The door for commands on the same machine (`suifang call`, `stop-all`): a unix socket
//! in the data folder that only its owner may open. One JSON line in, one out.

use std::{
    fs, io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use serde::{Deserialize, Serialize};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{UnixListener, UnixStream},
    time,
};
use tracing::warn;

use super::{
    CallCommand, Core, Dial, DialPurpose, StudioWish, Wanted,
    call::dial,
    prompt_counts, record_prompts, start_trunks,
    trunk_test::{test_trunk, test_trunk_by_call},
};
use crate::{
    app::LiveCalls,
    base::{E164, Pii},
    config::{Config, Trunk},
    domain::{Grade, read_cell},
    store::{Principal, person},
};

#[derive(Debug, Deserialize, Serialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum Request {
    /// A test call: a number over a trunk, or a SIP address on this machine's networks.
    Call {
        to: String,
        trunk: Option<String>,
        dialplan: String,
    },
    StopAll {
        reason: String,
        apologise: bool,
        by: String,
    },
    ResumeAll {
        by: String,
    },
    Status,
    Reload,
    /// Registration and OPTIONS of a trunk; with a number, a call to a colleague instead.
    TestTrunk {
        trunk: String,
        number: Option<String>,
        english: bool,
    },
    /// What carriers say was learnt or forgotten: listen for it from the next call on.
    Announcements,
    /// Who speaks the sentences of each dialplan.
    Prompts,
    /// A phone is called and a nurse reads.
    RecordPrompts {
        to: String,
        language: String,
        by: String,
    },
}

#[derive(Debug, Default, Deserialize, Serialize)]
pub struct Reply {
    pub ok: bool,
    pub said: String,
}

pub(super) fn socket_path(data: &Path) -> PathBuf {
    data.join("control.sock")
}

/// # Errors
/// When the socket cannot be made.
pub fn serve_control(core: &Arc<Core>, config_path: Option<PathBuf>) -> io::Result<()> {
    let path = socket_path(&core.config().paths.data);
    // The data folder is locked: a socket that is there is of a dead server.
    let _ = fs::remove_file(&path);
    let listener = UnixListener::bind(&path)?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?;
    let core = Arc::clone(core);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (core, config_path) = (Arc::clone(&core), config_path.clone());
            tokio::spawn(async move {
                if let Err(error) = answer(&core, config_path, stream).await {
                    warn!(%error, "a command could not be answered");
                }
            });
        }
    });
    Ok(())
}

/// Asks a running server.
///
/// # Errors
/// When none runs with this data folder.
pub async fn ask(data: &Path, request: &Request) -> io::Result<Reply> {
    let mut stream = UnixStream::connect(socket_path(data)).await?;
    let mut line = serde_json::to_string(request)?;
    line.push('\n');
    stream.write_all(line.as_bytes()).await?;
    let mut text = String::new();
    stream.take(LINE_MAX).read_to_string(&mut text).await?;
    Ok(serde_json::from_str(&text)?)
}

async fn answer(core: &Arc<Core>, config: Option<PathBuf>, stream: UnixStream) -> io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut line = String::new();
    let mut reader = BufReader::new(read.take(LINE_MAX));
    let read = time::timeout(LINE_WAIT, reader.read_line(&mut line));
    read.await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
    let reply = match serde_json::from_str(&line) {
        Ok(request) => act(core, config.as_deref(), request).await,
        Err(error) => Err(format!("not a command: {error}")),
    };
    let reply = match reply {
        Ok(said) => Reply { ok: true, said },
        Err(said) => Reply { ok: false, said },
    };
    write.write_all(serde_json::to_string(&reply)?.as_bytes()).await
}

async fn act(core: &Arc<Core>, config: Option<&Path>, request: Request) -> Result<String, String> {
    let at = core.clock.wall();
    match request {
        Request::Call { to, trunk, dialplan } => test_call(core, &to, trunk, dialplan).await,
        Request::StopAll { reason, apologise, by } => {
            let live = if apologise { LiveCalls::Apologise } else { LiveCalls::Finish };
            stop_all(core, &Principal::System("stop-all command"), &by, &reason, live).await
        }
        Request::ResumeAll { by } => {
            let by = command_user(&by);
            core.app.resume_all(&by, at).await.map_err(|error| error.to_string())?;
            core.resume();
            Ok("calls may be made again".to_owned())
        }
        Request::Status => {
            let stopped = if core.is_stopped() { "stopped" } else { "calling" };
            Ok(format!("{} calls live, {stopped}", core.live.count()))
        }
        Request::Reload => reload(core, config),
        Request::TestTrunk { trunk, number, english } => {
            let found = match number {
                Some(number) => test_trunk_by_call(core, &trunk, &number).await?,
                None => test_trunk(core, &trunk).await?,
            };
            let lines: Vec<_> = found.iter().map(|finding| finding.line(english)).collect();
            let is_good = found.iter().all(|finding| finding.grade != Grade::Bad);
            if is_good { Ok(lines.join("\n")) } else { Err(lines.join("\n")) }
        }
        Request::Announcements => {
            let known = core.load_announcements().await.map_err(|error| error.to_string())?;
            Ok(format!("{known} announcements are listened for"))
        }
        Request::Prompts => {
            let clips = core.app.kept_clips().await.map_err(|error| error.to_string())?;
            let speaks = |language: &str| core.voice.speaks(language);
            Ok(prompt_counts(&core.library(), &core.config(), &clips, speaks).trim_end().to_owned())
        }
        Request::RecordPrompts { to, language, by } => {
            let (to, wanted) = (Pii::new(to), Wanted::Missing);
            let wish = StudioWish { to, trunk: None, language, wanted };
            let (call, lines) = record_prompts(core, &command_user(&by), wish).await?;
            Ok(format!("the phone is called for {lines} sentences (call {call})"))
        }
    }
}

/// Who sits at the machine; the name is the one given.
fn command_user(name: &str) -> Principal {
    Principal::Person {
        user: crate::base::UserId::from_uuid(uuid::Uuid::nil()),
        login: name.to_owned(),
        departments: crate::store::Departments::All,
    }
}

/// Stop all calls: memory first, so that no INVITE leaves while the database is asked.
///
/// # Errors
/// Without a reason; the calls are stopped all the same until the next start.
pub async fn stop_all(
    core: &Arc<Core>,
    by: &Principal,
    name: &str,
    reason: &str,
    live: LiveCalls,
) -> Result<String, String> {
    if reason.trim().is_empty() {
        return Err("a reason is required".to_owned());
    }
    core.stops().stop();
    core.wake.notify_waiters();
    for call in core.all_calls() {
        // Duty phones ring on: docs/adr/0011.
        if call.is_outbound() && call.alert().is_none() {
            call.send(CallCommand::CancelUnanswered);
            if live == LiveCalls::Apologise {
                call.send(CallCommand::Stop { apologise: true });
            }
        }
    }
    let at = core.clock.wall();
    let by = if name.is_empty() { by.clone() } else { command_user(name) };
    core.app.stop_all(&by, reason, live, at).await.map_err(|error| error.to_string())?;
    core.stops().stored();
    Ok("no new call is made; another person resumes".to_owned())
}

/// A wrong file changes nothing.
/// # Errors
/// What is wrong with the file; nothing was changed then.
pub fn reload(core: &Arc<Core>, path: Option<&Path>) -> Result<String, String> {
    let path = path.ok_or("the server was started without a config file")?;
    let env = |name: &str| std::env::var(name).ok();
    let fresh = Config::load(path, &env).map_err(|error| error.to_string())?;
    core.signalling.certificates().reload(&fresh.trunk)?;
    let now = core.config();
    let merged = Config { trunk: fresh.trunk, pilot: fresh.pilot, ..(*now).clone() };
    warn_of_keys(&merged);
    core.set_config(Arc::new(merged));
    start_trunks(core);
    Ok("trunks, profiles, certificates of SIP and the pilot list are as the file says".to_owned())
}

/// Who listens to the signalling hears the calls as well.
pub(super) fn warn_of_keys(config: &Config) {
    for place in config.keys_in_clear() {
        tracing::warn!(place, "keys of SRTP are sent without TLS: whoever reads them can listen");
    }
}

async fn test_call(
    core: &Arc<Core>,
    to: &str,
    trunk: Option<String>,
    dialplan: String,
) -> Result<String, String> {
    let (trunk, digits) = match to.strip_prefix("sip:") {
        Some(address) => direct(core, address)?,
        None => by_trunk(core, to, trunk).await?,
    };
    let digits = Pii::new(digits);
    let wanted = Dial {
        purpose: DialPurpose::Test,
        trunk,
        digits,
        dialplan,
        contact: None,
        id: None,
        line: None,
    };
    let mut handle = dial(core, wanted).await.map_err(|error| error.to_string())?;
    let ending = handle.ended().await.ok_or("the call was lost")?;
    let status = ending.sip_status.map_or("none".to_owned(), |status| status.to_string());
    let answered = if ending.answered { "answered" } else { "not answered" };
    Ok(format!("{answered}, SIP status {status}, call {}", handle.id()))
}

pub(super) async fn by_trunk(
    core: &Core,
    to: &str,
    name: Option<String>,
) -> Result<(Trunk, String), String> {
    let config = core.config();
    let mut trunks = config.trunk.iter();
    let trunk = trunks.find(|trunk| name.as_ref().is_none_or(|name| *name == trunk.name));
    let trunk = trunk.ok_or("no such trunk is configured")?;
    let numbers = read_cell(to, &config.hospital.area_code).map_err(|error| error.to_string())?;
    let number: &E164 = &numbers.first().ok_or("not a number")?.e164;
    let allowed = config
        .pilot
        .as_ref()
        .is_none_or(|pilot| pilot.allow_numbers.iter().any(|allowed| allowed.0 == *number));
    if !allowed {
        return Err("[pilot] allow_numbers does not hold this number".to_owned());
    }
    let scope = core.app.database().scope(&Principal::System("test call")).await;
    let mut scope = scope.map_err(|error| error.to_string())?;
    let listed = person::is_do_not_call(&mut scope, number.as_str()).await;
    if listed.map_err(|error| error.to_string())? {
        return Err("the number is on the do-not-call list".to_owned());
    }
    Ok((trunk.clone(), super::dialer::digits_for(core, trunk, number)))
}

/// For a phone or a test peer on one of our own networks: `sip:user@host:port`.
fn direct(core: &Core, address: &str) -> Result<(Trunk, String), String> {
    let (user, host) = address.split_once('@').unwrap_or(("test", address));
    let host = if host.contains(':') { host.to_owned() } else { format!("{host}:5060") };
    let peer = host.parse().map_err(|_| format!("{host:?} is not an address and port"))?;
    let config = core.config();
    if config.pilot.is_some() {
        return Err("[pilot] allow_numbers is set: only its numbers are dialled".to_owned());
    }
    let interface = config.interface.first().ok_or("no interface is configured")?;
    let by = (crate::config::Transport::Udp, interface.srtp);
    let trunk = super::studio::house_trunk("test", &interface.name, peer, by);
    Ok((trunk, user.to_owned()))
}

const LINE_MAX: u64 = 64 * 1024;
const LINE_WAIT: Duration = Duration::from_secs(5);
