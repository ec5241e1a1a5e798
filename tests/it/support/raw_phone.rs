//! As little of a phone as registers.

use std::{
    net::{SocketAddr, UdpSocket},
    time::Duration,
};

use md5::{Digest, Md5};

pub(crate) struct RawPhone {
    pub(crate) socket: UdpSocket,
    account: String,
}

impl RawPhone {
    /// Bound to `address`, whose port may be 0.
    pub(crate) fn at(address: &str, server: SocketAddr, account: &str) -> Self {
        let socket = UdpSocket::bind(address).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        socket.connect(server).unwrap();
        Self { socket, account: account.to_owned() }
    }

    pub(crate) fn receive(&self) -> String {
        let mut buffer = [0; 8192];
        let length = self.socket.recv(&mut buffer).unwrap();
        String::from_utf8_lossy(&buffer[..length]).into_owned()
    }

    /// Is challenged, answers, and says how that was answered.
    pub(crate) fn sign_in(&self, secret: &str) -> u16 {
        self.socket.send(self.register(1, "").as_bytes()).unwrap();
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
        self.socket.send(self.register(2, &credentials).as_bytes()).unwrap();
        let answer = self.receive();
        answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default()
    }

    fn register(&self, seq: u32, more: &str) -> String {
        let at = self.socket.local_addr().unwrap();
        let account = &self.account;
        let unique = format!("{seq}{:x}", rand::random::<u64>());
        format!(
            "REGISTER sip:suifang SIP/2.0\r\nVia: SIP/2.0/UDP {at};branch=z9hG4bK{unique}\r\n\
             Max-Forwards: 70\r\nFrom: <sip:{account}@suifang>;tag={unique}\r\n\
             To: <sip:{account}@suifang>\r\nCall-ID: {unique}@phone\r\nCSeq: {seq} REGISTER\r\n\
             Contact: <sip:{account}@{at};line=7>;expires=300\r\n{more}Content-Length: 0\r\n\r\n"
        )
    }
}
