//! The sealed audit, told to the hospital's log machine: RFC 5424 over TLS (RFC 5425), each
//! message with its length before it.
//!
//! Only sealed lines are told, from the database and a page at a time: nothing waits for this
//! task, and whatever the receiver misses is told when it is back. Syslog answers nothing, so a
//! line counts as told when its connection has outlived the next look; a broken one has its last
//! lines told again. The place in the chain (`seal`) shows the doubles.

use std::{fs, io, path::Path, sync::Arc, time::Duration};

use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time,
};
use tracing::{info, warn};

use super::{Core, TlsCaller, server::node_name};
use crate::{
    config::Syslog,
    store::{Principal, audit, audit::Told},
};

/// Until the server ends; at once when there is no receiver.
pub(super) async fn run_syslog(core: Arc<Core>) {
    let Some(receiver) = core.config().syslog.clone() else { return };
    let (mut wait, mut is_told) = (AGAIN_FIRST, false);
    loop {
        let mut position = kept(&core.config().paths.data);
        let begun = position;
        let Err(error) = tell(&core, &receiver, &mut position).await;
        if !is_told {
            warn!(error = %error, "the audit is not told to syslog; it is kept and told later");
        }
        // Something was told since: it is another failure, and the next wait is short.
        is_told = position == begun;
        wait = if is_told { (wait * 2).min(AGAIN_MAX) } else { AGAIN_FIRST };
        time::sleep(wait).await;
    }
}

/// One connection, for as long as it lasts.
async fn tell(
    core: &Core,
    receiver: &Syslog,
    position: &mut i64,
) -> Result<std::convert::Infallible, io::Error> {
    // Read for each connection: a new authority needs no restart.
    let caller = TlsCaller::load(&receiver.ca, receiver.server_name()).map_err(io::Error::other)?;
    let connect = async {
        let stream = TcpStream::connect(&receiver.address).await?;
        caller.connect(stream).await
    };
    let mut stream = within(connect).await?;
    info!("the audit is told to syslog");
    let (host, data) = (node_name(), core.config().paths.data.clone());
    let mut sent = *position;
    loop {
        let lines = next(core, sent).await?;
        for line in &lines {
            within(stream.write_all(&framed(&message(line, &host)))).await?;
            sent = line.seal_no;
        }
        within(stream.flush()).await?;
        // Whatever it says is nothing to us; that it goes away is.
        let mut said = [0; 64];
        match time::timeout(LOOK, stream.read(&mut said)).await {
            Ok(Ok(0)) => return Err(io::Error::from(io::ErrorKind::ConnectionAborted)),
            Ok(Err(error)) => return Err(error),
            Ok(Ok(_)) | Err(_) => {}
        }
        if *position != sent {
            keep(&data, sent)?;
            *position = sent;
        }
    }
}

async fn next(core: &Core, after: i64) -> io::Result<Vec<Told>> {
    let scope = core.app.database().scope(&Principal::System("syslog")).await;
    let mut scope = scope.map_err(io::Error::other)?;
    audit::told(&mut scope, after, PAGE).await.map_err(io::Error::other)
}

async fn within<T>(work: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    time::timeout(WRITE_MAX, work).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

/// RFC 6587 §3.4.1: octet counting.
fn framed(message: &str) -> Vec<u8> {
    format!("{} {message}", message.len()).into_bytes()
}

/// RFC 5424 §6, with JSON as its text. Ids only: the reason is not told, and a subject that is a
/// telephone number is not either.
fn message(line: &Told, host: &str) -> String {
    let host = header(host);
    let at = line.at.to_rfc3339_opts(chrono::SecondsFormat::Micros, true);
    let id = Some(&line.subject_id).filter(|id| is_id(id));
    let text = json!({
        "seal": line.seal_no, "line": line.audit_id, "who": line.who, "did": line.did,
        "subject": line.subject, "id": id, "hash": line.hash,
    });
    // 13 = audit, 5 = notice.
    format!("<{}>1 {at} {host} suifang - audit - {text}", 13 * 8 + 5)
}

/// Words of a header are printable ASCII (§6.2.4: at most 255); `-` is none.
fn header(text: &str) -> String {
    let plain: String = text.chars().filter(char::is_ascii_graphic).take(255).collect();
    if plain.is_empty() { "-".to_owned() } else { plain }
}

/// An id of ours, a hash, a plain word; not what could be a number to dial or a card.
fn is_id(text: &str) -> bool {
    let is_ours = uuid::Uuid::parse_str(text).is_ok() || text.len() == 64;
    let is_word = text.len() <= 64
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.:".contains(&byte));
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    is_ours || is_word && digits < 5
}

/// The last place that was told. A file that is not there: from the first.
fn kept(data: &Path) -> i64 {
    let text = fs::read_to_string(data.join(POSITION));
    text.ok().and_then(|text| text.trim().parse().ok()).unwrap_or_default()
}

fn keep(data: &Path, position: i64) -> io::Result<()> {
    let fresh = data.join("audit-syslog.new");
    fs::write(&fresh, format!("{position}\n"))?;
    fs::rename(fresh, data.join(POSITION))
}

const POSITION: &str = "audit-syslog";

/// Lines read at once; more wait in the database, where they are anyway.
const PAGE: i64 = 200;
/// Sealing is done once a second.
const LOOK: Duration = Duration::from_secs(1);
const WRITE_MAX: Duration = Duration::from_secs(10);
const AGAIN_FIRST: Duration = Duration::from_secs(1);
const AGAIN_MAX: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;

    fn line(subject_id: &str) -> Told {
        Told {
            seal_no: 7,
            audit_id: 9,
            at: chrono::DateTime::UNIX_EPOCH,
            who: "li".to_owned(),
            did: "added".to_owned(),
            subject: "do_not_call".to_owned(),
            subject_id: subject_id.to_owned(),
            hash: "ab".to_owned(),
        }
    }

    #[test]
    fn a_message_is_rfc_5424_with_its_length_before_it() {
        let said = message(&line("019a0000-0000-7000-8000-000000000001"), "host 1");
        let (head, text) = said.split_once(" - audit - ").unwrap();
        assert_eq!(head, "<109>1 1970-01-01T00:00:00.000000Z host1 suifang");
        let text: serde_json::Value = serde_json::from_str(text).unwrap();
        assert_eq!(
            (&text["seal"], &text["line"], &text["who"]),
            (&7.into(), &9.into(), &"li".into())
        );
        assert_eq!(text["id"], "019a0000-0000-7000-8000-000000000001");
        assert_eq!(framed("héy"), "4 héy".as_bytes());
    }

    #[test]
    fn a_number_or_a_name_is_no_id() {
        for (id, expected) in [
            ("+8613977700042", false),
            ("350203195708237779", false),
            ("甄金丝雀", false),
            ("张三", false),
            ("calling", true),
            ("queue_1", true),
            ("", true),
            (&"a1".repeat(32), true),
        ] {
            assert_eq!(is_id(id), expected, "{id}");
        }
    }
}
