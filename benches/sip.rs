//! Reading and writing SIP messages, against looking at every byte once.
#![expect(clippy::unwrap_used, reason = "what a bench needs and does not get ends it")]

mod ruler;

use std::hint::black_box;

use bytes::Bytes;
use ruler::{seconds, tell};
use suifang::sip::{
    message::{Message, datagram},
    sdp::Description,
};

fn main() {
    let sdp = "v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n\
               m=audio 30000 RTP/AVP 8 0 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\n\
               a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\n";
    let head = "Via: SIP/2.0/UDP 192.0.2.9:5060;branch=z9hG4bK776asdhds;rport\r\n\
                Max-Forwards: 70\r\nFrom: <sip:05925027064@192.0.2.9>;tag=1928301774\r\n\
                To: <sip:13800138000@192.0.2.1>\r\nCall-ID: a84b4c76e66710@192.0.2.9\r\n";
    let invite = format!(
        "INVITE sip:13800138000@192.0.2.1 SIP/2.0\r\n{head}CSeq: 1 INVITE\r\n\
         Contact: <sip:suifang@192.0.2.9:5060>\r\nAllow: INVITE, ACK, CANCEL, BYE, OPTIONS\r\n\
         Supported: timer, 100rel\r\nSession-Expires: 1800\r\nUser-Agent: Suifang\r\n\
         Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{sdp}",
        sdp.len()
    );
    let ok = format!("SIP/2.0 200 OK\r\n{head}CSeq: 2 BYE\r\nContent-Length: 0\r\n\r\n");
    for (name, text) in [("INVITE with SDP", invite), ("200 to a BYE", ok)] {
        let bytes = Bytes::from(text);
        // Every line end looked for: no parser can do with less.
        let yardstick = seconds(|| {
            let ends = memchr::memchr_iter(b'\n', black_box(&bytes)).count();
            black_box(ends);
        });
        let utf8 = seconds(|| {
            let lines = std::str::from_utf8(black_box(&bytes)).unwrap().lines();
            black_box(lines.filter_map(|line| line.split_once(':')).count());
        });
        let read = seconds(|| {
            black_box(datagram(black_box(&bytes)).unwrap());
        });
        let Some(message) = datagram(&bytes).unwrap() else { panic!("{name}") };
        let write = seconds(|| {
            black_box(written(black_box(&message)));
        });
        let megabytes = bytes.len() as f64 / 1e6;
        tell(&format!("{name}: read"), 1.0 / read, "messages/s", read, ("line ends", yardstick));
        tell(&format!("{name}: read"), megabytes / read, "MB/s", read, ("split lines", utf8));
        tell(&format!("{name}: written"), 1.0 / write, "messages/s", write, ("split lines", utf8));
    }
    let described = seconds(|| {
        black_box(Description::parse(black_box(sdp.as_bytes())).unwrap());
    });
    let lines = seconds(|| {
        black_box(black_box(sdp).lines().filter_map(|line| line.split_once('=')).count());
    });
    tell("SDP: read", 1.0 / described, "bodies/s", described, ("split lines", lines));
}

fn written(message: &Message) -> Bytes {
    match message {
        Message::Request(request) => request.to_bytes(),
        Message::Response(response) => response.to_bytes(),
    }
}
