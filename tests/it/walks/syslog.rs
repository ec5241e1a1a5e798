//! The audit on another machine: a receiver with TLS, that goes away and comes back.

use std::{
    collections::BTreeMap,
    path::Path,
    process::Command,
    sync::{Arc, Mutex},
    time::Duration,
};

use serde_json::{Value, json};
use suifang::engine::Tls;
use tokio::{io::AsyncReadExt as _, net::TcpListener, task::JoinHandle};

use super::keeping::sql;
use crate::support::{Page, Stage, free_port, said, until};

/// Every message that came, in order, as it stood on the wire.
type Heard = Arc<Mutex<Vec<String>>>;

#[tokio::test(flavor = "multi_thread")]
async fn f135_the_audit_is_told_to_syslog_and_goes_on_where_it_stopped() {
    let port = free_port();
    let mut stage = Stage::new("syslog", &syslog(port));
    certificates(&stage.folder, "localhost");
    let heard = Heard::default();
    let receiver = listen(&stage.folder, port, &heard).await;
    stage.start();
    let page = Page::sign_in(&stage, "li", "supervisor");
    let number = json!({ "number": "13977700042", "reason": "本人要求 13977700042" });
    let (status, said_of_it) = page.post("/api/do-not-call", &number);
    assert!(status < 300, "{said_of_it}");
    all_told(&stage, &heard);

    // Away: nothing waits for it, and nothing is lost.
    receiver.abort();
    let _ = receiver.await;
    for login in ["a1", "a2", "a3"] {
        let args = ["user", "add", login, "--role", "nurse"];
        let made = stage.run_with_config(&stage.config(), &args, "a long password\n");
        assert!(made.status.success(), "{}", said(&made));
    }
    let sealed = || sql(&stage, "select count(*) from audit where sealed_hash is null") == "0";
    assert!(until(Duration::from_secs(60), sealed));
    let receiver = listen(&stage.folder, port, &heard).await;
    all_told(&stage, &heard);
    // Nor over a restart: what was told is not told from the beginning.
    assert_eq!(stage.terminate(), Some(0));
    let before = heard.lock().unwrap().len();
    stage.start();
    Page::sign_in(&stage, "zhao", "nurse");
    all_told(&stage, &heard);
    let after = heard.lock().unwrap().len();
    assert!(after - before < 20, "{} messages after a restart", after - before);
    receiver.abort();
    let all = heard.lock().unwrap().join("\n");
    assert!(!all.contains("13977700042"), "a number went to syslog");
}

/// A receiver that somebody else vouches for hears nothing, and the server goes on.
#[tokio::test(flavor = "multi_thread")]
async fn a_syslog_receiver_of_another_authority_is_told_nothing() {
    let port = free_port();
    let mut stage = Stage::new("syslog-other", &syslog(port));
    let theirs = stage.folder.join("theirs");
    std::fs::create_dir(&theirs).unwrap();
    certificates(&theirs, "localhost");
    certificates(&stage.folder, "localhost");
    let heard = Heard::default();
    let receiver = listen(&theirs, port, &heard).await;
    stage.start();
    Page::sign_in(&stage, "li", "supervisor");
    assert!(until(Duration::from_secs(60), || stage.log().contains("is not told to syslog")));
    assert_eq!(heard.lock().unwrap().len(), 0);
    receiver.abort();
}

fn syslog(port: u16) -> String {
    format!("[syslog]\naddress = \"localhost:{port}\"\nca = \"ca.pem\"")
}

/// Each line of the audit has come, with the hash it has in the database.
fn all_told(stage: &Stage, heard: &Heard) {
    let lines = || {
        let text = sql(
            stage,
            "select seal_no || ' ' || sealed_hash from audit where seal_no is not null order by 1",
        );
        text.lines().map(str::to_owned).collect::<std::collections::BTreeSet<_>>()
    };
    let told = || {
        let heard = heard.lock().unwrap();
        let parts = heard.iter().map(|message| {
            let (head, text) = message.split_once(" - audit - ").unwrap();
            assert!(head.starts_with("<109>1 20") && head.ends_with(" suifang"), "{head}");
            let text: BTreeMap<String, Value> = serde_json::from_str(text).unwrap();
            format!("{} {}", text["seal"], text["hash"].as_str().unwrap())
        });
        parts.collect::<std::collections::BTreeSet<_>>()
    };
    let all = until(Duration::from_secs(90), || lines() == told());
    assert!(all, "{} of {}\n{}", told().len(), lines().len(), stage.log());
}

async fn listen(folder: &Path, port: u16, heard: &Heard) -> JoinHandle<()> {
    let tls = Tls::load(&folder.join("cert.pem"), &folder.join("key.pem")).unwrap();
    let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
    let heard = Arc::clone(heard);
    tokio::spawn(async move {
        loop {
            let Ok((stream, _)) = listener.accept().await else { return };
            let Ok(mut stream) = tls.accept(stream).await else { continue };
            let mut bytes = Vec::new();
            while matches!(stream.read_buf(&mut bytes).await, Ok(read) if read > 0) {
                take(&mut bytes, &heard);
            }
        }
    })
}

/// RFC 6587: the length, a space, so many octets.
fn take(bytes: &mut Vec<u8>, heard: &Heard) {
    while let Some(space) = bytes.iter().position(|byte| *byte == b' ') {
        let length: usize = std::str::from_utf8(&bytes[..space]).unwrap().parse().unwrap();
        let end = space + 1 + length;
        if bytes.len() < end {
            return;
        }
        let message = String::from_utf8(bytes[space + 1..end].to_vec()).unwrap();
        heard.lock().unwrap().push(message);
        bytes.drain(..end);
    }
}

/// An authority, and a certificate that it signed.
fn certificates(folder: &Path, name: &str) {
    std::fs::write(folder.join("san"), format!("subjectAltName=DNS:{name}")).unwrap();
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
    for args in [
        format!("req -x509 {key} -keyout ca.key -out ca.pem -days 30 -subj /CN=authority"),
        format!("req {key} -keyout key.pem -out req.pem -subj /CN={name}"),
        "x509 -req -in req.pem -CA ca.pem -CAkey ca.key -CAcreateserial -out cert.pem -days 30 -extfile san".to_owned(),
    ] {
        let made = Command::new("openssl").args(args.split(' ')).current_dir(folder).output().unwrap();
        assert!(made.status.success(), "{}", said(&made));
    }
}
