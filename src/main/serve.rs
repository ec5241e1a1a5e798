//! `serve`, and the commands that ask a running server.

use std::path::Path;

use suifang::{
    app::LiveCalls,
    config::Log,
    engine::{ControlRequest, Reply, Server, ask_server, serve_control},
    store::Principal,
};
use tokio::signal::unix::{SignalKind, signal};
use tracing::{error, info, warn};
use tracing_subscriber::EnvFilter;

use super::{
    Failure,
    setting::{self, Record},
};

pub(super) fn serve(path: Option<&Path>) -> Result<(), Failure> {
    let (config, found) = setting::load(path)?;
    start_log(&config.log)?;
    setting::runtime()?.block_on(async move {
        // The page's port first: a taken one ends the start before anything has begun.
        let page = suifang::web::bind(&config).await.map_err(Failure::usage)?;
        let server = Server::start(config).await.map_err(Failure::usage)?;
        serve_control(&server.core, found.clone()).map_err(Failure::usage)?;
        let web = suifang::web::serve(page, &server.core).map_err(Failure::usage)?;
        info!(web.address = %web.address(), "ready");
        wait_for_the_end(&server, found.as_deref()).await;
        server.drain().await;
        info!("ended");
        Ok(())
    })
}

/// SIGTERM or Ctrl-C; SIGHUP reads the configuration again.
pub(super) async fn wait_for_the_end(server: &Server, path: Option<&Path>) {
    let signals = [SignalKind::terminate(), SignalKind::interrupt(), SignalKind::hangup()];
    let [Ok(mut term), Ok(mut int), Ok(mut hup)] = signals.map(signal) else {
        return error!("signals cannot be received");
    };
    loop {
        tokio::select! {
            _ = term.recv() => return,
            _ = int.recv() => return,
            _ = hup.recv() => {
                match suifang::engine::reload(&server.core, path) {
                    Ok(said) => info!(said, "reloaded"),
                    Err(what) => warn!(what, "not reloaded; everything stays as it was"),
                }
            }
        }
    }
}

pub(super) fn start_log(log: &Log) -> Result<(), Failure> {
    let filter = EnvFilter::try_new(&log.filter)
        .map_err(|error| Failure::usage(format!("log.filter: {error}")))?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    if log.json {
        builder.json().init();
    } else {
        builder.compact().init();
    }
    Ok(())
}

pub(super) fn call(
    path: Option<&Path>,
    to: String,
    trunk: Option<String>,
    dialplan: String,
) -> Result<(), Failure> {
    ask(path, &ControlRequest::Call { to, trunk, dialplan })
}

/// Each half is printed as soon as it is known; the call too when the first half is bad.
pub(super) fn test_trunk(
    path: Option<&Path>,
    name: &str,
    number: Option<String>,
    english: bool,
) -> Result<(), Failure> {
    let of = |number| ControlRequest::TestTrunk { trunk: name.to_owned(), number, english };
    let mut bad = report(path, &of(None))?;
    if number.is_some() {
        let waits = "同事的电话会响,请他接听并按提示按键 / a colleague's telephone rings: answer and press keys";
        let half = waits.split_once(" / ").map(|(zh, en)| if english { en } else { zh });
        println!("… {}", half.unwrap_or(waits));
        bad += report(path, &of(number))?;
    }
    if bad > 0 { Err(Failure::other(format!("{bad} findings"))) } else { Ok(()) }
}

/// Prints the findings, and answers how many are bad.
fn report(path: Option<&Path>, request: &ControlRequest) -> Result<usize, Failure> {
    let reply = reply_to(path, request)?;
    let bad = reply.said.lines().filter(|line| line.starts_with('✗')).count();
    if !reply.ok && bad == 0 {
        return Err(Failure::other(reply.said));
    }
    println!("{}", reply.said);
    Ok(bad)
}

pub(super) fn record_prompts(
    path: Option<&Path>,
    to: String,
    language: String,
    by: String,
) -> Result<(), Failure> {
    ask(path, &ControlRequest::RecordPrompts { to, language, by })
}

pub(super) fn resume_all(path: Option<&Path>, by: String) -> Result<(), Failure> {
    ask(path, &ControlRequest::ResumeAll { by })
}

pub(super) fn reload(path: Option<&Path>) -> Result<(), Failure> {
    ask(path, &ControlRequest::Reload)
}

pub(super) fn status(path: Option<&Path>) -> Result<(), Failure> {
    ask(path, &ControlRequest::Status)
}

fn ask(path: Option<&Path>, request: &ControlRequest) -> Result<(), Failure> {
    let reply = reply_to(path, request)?;
    if !reply.ok {
        return Err(Failure::other(reply.said));
    }
    println!("{}", reply.said);
    Ok(())
}

fn reply_to(path: Option<&Path>, request: &ControlRequest) -> Result<Reply, Failure> {
    let (config, _) = setting::load(path)?;
    setting::runtime()?.block_on(async {
        let asked = ask_server(&config.paths.data, request).await;
        asked.map_err(|error| {
            let data = config.paths.data.display();
            Failure::other(format!("no server runs with {data} ({error}): start `suifang serve`"))
        })
    })
}

/// Works without a server too: it then holds from the next start on.
pub(super) fn stop_all(
    path: Option<&Path>,
    reason: String,
    apologise: bool,
    by: String,
) -> Result<(), Failure> {
    let (config, _) = setting::load(path)?;
    setting::runtime()?.block_on(async {
        let request = ControlRequest::StopAll { reason: reason.clone(), apologise, by: by.clone() };
        if let Ok(reply) = ask_server(&config.paths.data, &request).await {
            println!("{}", reply.said);
            return if reply.ok { Ok(()) } else { Err(Failure::other("not stopped")) };
        }
        let record = Record::open(&config).await?;
        let live = if apologise { LiveCalls::Apologise } else { LiveCalls::Finish };
        let who = Principal::System("stop-all command");
        let done = record.app.stop_all(&who, &reason, live, record.now()).await;
        record.close().await;
        done.map_err(Failure::other)?;
        println!("stored; no server is running, and the next one makes no call until resume-all");
        Ok(())
    })
}
