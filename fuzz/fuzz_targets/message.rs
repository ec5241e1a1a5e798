//! A datagram, and the same bytes as a stream in two pieces.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use suifang::sip::message::{Framed, Message, StreamBuffer, datagram};

fuzz_target!(|data: &[u8]| {
    if let Ok(Some(message)) = datagram(&Bytes::copy_from_slice(data)) {
        let written = bytes_of(&message);
        let again = datagram(&written).expect("what we write, we read").expect("a message");
        assert_eq!(bytes_of(&again), written, "written twice, it is not the same");
    }
    let mut stream = StreamBuffer::default();
    let (head, tail) = data.split_at(data.len() / 2);
    for piece in [head, tail] {
        stream.push(piece);
        // Each answer takes at least a byte away, or closes.
        for _ in 0..=data.len() {
            match stream.next_message() {
                Some(Framed::Broken { closes: true, .. }) | None => break,
                Some(_) => {}
            }
        }
    }
});

fn bytes_of(message: &Message) -> Bytes {
    match message {
        Message::Request(request) => request.to_bytes(),
        Message::Response(response) => response.to_bytes(),
    }
}
