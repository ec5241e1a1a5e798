//! The torture messages of RFC 4475 and RFC 5118 to the whole server, as a stranger sends them:
//! what comes back is the table in docs/TORTURE.md.

use std::{
    fmt::Write as _,
    fs,
    io::{Read, Write as _},
    net::{SocketAddr, TcpStream, UdpSocket},
    path::PathBuf,
    time::Duration,
};

use socket2::{Domain, Socket, Type};

use crate::support::{hospital::Hospital, manifest, until};

#[tokio::test(flavor = "multi_thread")]
async fn torture_messages_leave_the_server_alive_and_are_answered_as_the_table_says() {
    let folders = ["rfc4475", "rfc5118"];
    let shared = manifest().join("../shared/data");
    if folders.iter().any(|folder| !shared.join(folder).is_dir()) {
        println!("NOT RUN (1): the messages of RFC 4475 and RFC 5118 are not beside this checkout");
        return;
    }
    let hospital = Hospital::open("torture", "2025-01-08T10:00").await;
    let server = hospital.sip();
    let mut table = HEAD.to_owned();
    for folder in folders {
        let all = messages(&shared.join(folder));
        // Each from an address of its own, and not one after the other: an unfinished one takes
        // its ten seconds. Not all at once: two of them have one Call-ID.
        let rows = tokio::task::block_in_place(|| {
            std::thread::scope(|scope| {
                let each = all.iter().zip(1..).map(|(path, n)| {
                    let here = SocketAddr::from(([127, 0, 66, n], 5060));
                    let begins = Duration::from_millis(200) * u32::from(n);
                    scope.spawn(move || {
                        until(begins, || false);
                        row(path, here, server)
                    })
                });
                let each: Vec<_> = each.collect();
                each.into_iter().map(|one| one.join().unwrap()).collect::<Vec<_>>()
            })
        });
        for row in rows {
            let _ = writeln!(table, "| {folder} | {row} |");
        }
    }
    // Strangers make no calls, whatever they send.
    assert_eq!(hospital.sql("select count(*) from call"), "0");
    let path = manifest().join("docs/TORTURE.md");
    if std::env::var_os("SUIFANG_WRITE").is_some() {
        fs::write(&path, &table).unwrap();
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(written, table, "SUIFANG_WRITE=1 writes docs/TORTURE.md anew; read the difference");
}

fn messages(folder: &std::path::Path) -> Vec<PathBuf> {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> =
        files.filter(|path| path.extension().is_none_or(|ext| ext != "md")).collect();
    files.sort();
    files
}

fn row(path: &std::path::Path, here: SocketAddr, server: SocketAddr) -> String {
    let name = path.file_stem().unwrap().to_string_lossy().into_owned();
    let message = from(here, &fs::read(path).unwrap());
    let tcp = over_tcp(here, server, &message, &name);
    let udp = over_udp(here, server, &message, &name);
    format!("{name} | {udp} | {tcp}")
}

/// The top Via names this end, where it can be found by eye.
fn from(here: SocketAddr, message: &[u8]) -> Vec<u8> {
    let find = |what: &[u8], from: usize| {
        message.get(from..)?.windows(what.len()).position(|part| part == what).map(|at| from + at)
    };
    let transport = find(b"SIP/2.0/", find(b"\r\n", 0).unwrap_or_default());
    let host = transport.and_then(|at| find(b" ", at)).map(|at| at + 1);
    let Some(host) = host else { return message.to_vec() };
    let rest = &message[host..];
    let length = rest.iter().position(|byte| b"; \r,".contains(byte)).unwrap_or(rest.len());
    [&message[..host], here.to_string().as_bytes(), &rest[length..]].concat()
}

fn over_udp(here: SocketAddr, server: SocketAddr, message: &[u8], name: &str) -> String {
    let socket = UdpSocket::bind(here).unwrap();
    socket.set_read_timeout(Some(SILENCE)).unwrap();
    socket.send_to(message, server).unwrap();
    let heard = heard(|buffer| socket.recv(buffer).unwrap_or_default());
    socket.send_to(options(here, name).as_bytes(), server).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let mut buffer = [0; 8192];
    let length = socket.recv(&mut buffer).unwrap_or_else(|e| panic!("dead after {name}: {e}"));
    assert!(buffer[..length].starts_with(b"SIP/2.0 200"), "{name}");
    heard
}

fn over_tcp(here: SocketAddr, server: SocketAddr, message: &[u8], name: &str) -> String {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::new(here.ip(), 0).into()).unwrap();
    socket.connect(&server.into()).unwrap();
    let mut stream: TcpStream = socket.into();
    stream.set_read_timeout(Some(SILENCE)).unwrap();
    stream.write_all(message).unwrap();
    let mut closed = false;
    let mut heard = heard(|buffer| match stream.read(buffer) {
        Ok(0) => {
            closed = true;
            0
        }
        read => read.unwrap_or_default(),
    });
    // What breaks the framing ends the connection, at once or when its time is up.
    closed |= {
        stream.set_read_timeout(Some(Duration::from_secs(15))).unwrap();
        let asked = stream.write_all(options(here, name).as_bytes());
        let mut buffer = [0; 8192];
        asked.is_err() || !stream.read(&mut buffer).is_ok_and(|length| length > 0)
    };
    if closed {
        heard += ", closed";
    }
    heard
}

/// Statuses, one for each response.
fn heard(mut read: impl FnMut(&mut [u8]) -> usize) -> String {
    let (mut statuses, mut buffer) = (Vec::new(), [0; 65_536]);
    loop {
        let length = read(&mut buffer);
        if length == 0 {
            break;
        }
        let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
        let lines = text.lines().filter_map(|line| line.strip_prefix("SIP/2.0 "));
        statuses.extend(lines.map(|line| line.chars().take(3).collect::<String>()));
    }
    statuses.retain(|status| status != "100");
    if statuses.is_empty() { "–".to_owned() } else { statuses.join(" ") }
}

fn options(here: SocketAddr, name: &str) -> String {
    format!(
        "OPTIONS sip:us@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP {here};branch=z9hG4bK{:x}\r\n\
         From: <sip:a@b>;tag=1\r\nTo: <sip:us@127.0.0.1>\r\nCall-ID: {name}@alive\r\n\
         CSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n",
        rand::random::<u64>()
    )
}

/// An answer of ours takes a few milliseconds; a machine that is busy with other tests, more.
const SILENCE: Duration = Duration::from_secs(4);

const HEAD: &str = "# Torture messages and our answers\n\n\
    The messages of RFC 4475 and RFC 5118, each sent to the whole server over UDP and over TCP by a\n\
    stranger (no trunk's address, no phone that has signed in). After each the server answers\n\
    OPTIONS. A well-formed INVITE or REGISTER of a stranger is asked who it is (401). `–` is silence.\n\
    Messages of the same kinds, written by us, are in `src/sip/walks/verdicts.rs`. Written by\n\
    `tests/it/interop/torture.rs`, which fails when an answer changes.\n\n\
    | RFC | message | UDP | TCP |\n|---|---|---|---|\n";
