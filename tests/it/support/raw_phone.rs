//! As little of a phone as registers.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream, UdpSocket},
    time::Duration,
};

use md5::{Digest, Md5};

pub(crate) struct RawPhone<S = UdpSocket> {
    pub(crate) socket: S,
    account: String,
}

/// How it reaches the server.
pub(crate) trait Line {
    const TRANSPORT: &str;
    /// Into the URI of its Contact.
    const WAY: &str;

    fn put(&self, text: &str);
    /// The next message.
    fn take(&self) -> String;
    fn here(&self) -> SocketAddr;
}

impl Line for UdpSocket {
    const TRANSPORT: &str = "UDP";
    const WAY: &str = "";

    fn put(&self, text: &str) {
        self.send(text.as_bytes()).unwrap();
    }

    fn take(&self) -> String {
        let mut buffer = [0; 8192];
        let length = self.recv(&mut buffer).unwrap();
        String::from_utf8_lossy(&buffer[..length]).into_owned()
    }

    fn here(&self) -> SocketAddr {
        self.local_addr().unwrap()
    }
}

impl Line for TcpStream {
    const TRANSPORT: &str = "TCP";
    const WAY: &str = ";transport=tcp";

    fn put(&self, text: &str) {
        (&mut &*self).write_all(text.as_bytes()).unwrap();
    }

    /// One without a body: what answers a REGISTER has none.
    fn take(&self) -> String {
        let mut text = Vec::new();
        while !text.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            (&mut &*self).read_exact(&mut byte).unwrap();
            text.extend(byte);
        }
        String::from_utf8_lossy(&text).into_owned()
    }

    fn here(&self) -> SocketAddr {
        self.local_addr().unwrap()
    }
}

impl RawPhone<TcpStream> {
    pub(crate) fn by_tcp(server: SocketAddr, account: &str) -> Self {
        let socket = TcpStream::connect(server).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        Self { socket, account: account.to_owned() }
    }
}

impl RawPhone {
    /// Bound to `address`, whose port may be 0.
    pub(crate) fn at(address: &str, server: SocketAddr, account: &str) -> Self {
        let socket = UdpSocket::bind(address).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        socket.connect(server).unwrap();
        Self { socket, account: account.to_owned() }
    }
}

impl<S: Line> RawPhone<S> {
    pub(crate) fn receive(&self) -> String {
        self.socket.take()
    }

    /// Is challenged, answers, and says how that was answered.
    pub(crate) fn sign_in(&self, secret: &str) -> u16 {
        self.socket.put(&self.register(1, ""));
        let challenge = self.receive();
        let value = |name: &str| {
            let after = challenge.split_once(&format!("{name}=\"")).map(|(_, after)| after);
            after.and_then(|after| after.split('"').next()).unwrap_or_default().to_owned()
        };
        let (realm, nonce) = (value("realm"), value("nonce"));
        let hash = |text: String| format!("{:x}", Md5::digest(text));
        let account = &self.account;
        let secret = hash(format!("{account}:{realm}:{secret}"));
        let asked = hash("REGISTER:sip:suifang".to_owned());
        let response = hash(format!("{secret}:{nonce}:00000001:abc:auth:{asked}"));
        let credentials = format!(
            "Authorization: Digest username=\"{account}\", realm=\"{realm}\", nonce=\"{nonce}\", \
             uri=\"sip:suifang\", response=\"{response}\", algorithm=MD5, qop=auth, nc=00000001, \
             cnonce=\"abc\"\r\n"
        );
        self.socket.put(&self.register(2, &credentials));
        let answer = self.receive();
        answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default()
    }

    fn register(&self, seq: u32, more: &str) -> String {
        let (at, by, way) = (self.socket.here(), S::TRANSPORT, S::WAY);
        let account = &self.account;
        let unique = format!("{seq}{:x}", rand::random::<u64>());
        format!(
            "REGISTER sip:suifang SIP/2.0\r\nVia: SIP/2.0/{by} {at};branch=z9hG4bK{unique}\r\n\
             Max-Forwards: 70\r\nFrom: <sip:{account}@suifang>;tag={unique}\r\n\
             To: <sip:{account}@suifang>\r\nCall-ID: {unique}@phone\r\nCSeq: {seq} REGISTER\r\n\
             Contact: <sip:{account}@{at};line=7{way}>;expires=300\r\n{more}\
             Content-Length: 0\r\n\r\n"
        )
    }
}
