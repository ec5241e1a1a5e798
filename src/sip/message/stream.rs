//! Messages out of a byte stream (RFC 3261 §18.3, keep-alives of RFC 5626 §3.5.1).

use bytes::{Buf, Bytes, BytesMut};

use super::{
    Broken, Message, ParseError,
    parse::{Head, MESSAGE_BYTES_MAX, find_head_end},
};

#[derive(Default)]
pub struct StreamBuffer {
    bytes: BytesMut,
    is_closed: bool,
    last: Bytes,
}

#[derive(Debug)]
pub enum Framed {
    Message(Message),
    /// A double CRLF, which wants a single one back.
    Ping,
    /// `closes`: where the next message begins is not known any more.
    Broken {
        broken: Broken,
        closes: bool,
    },
}

impl StreamBuffer {
    pub fn push(&mut self, bytes: &[u8]) {
        if !self.is_closed {
            self.bytes.extend_from_slice(bytes);
        }
    }

    /// The bytes of the last message that was whole.
    pub fn take_last(&mut self) -> Bytes {
        std::mem::take(&mut self.last)
    }

    /// A message has begun and is not complete.
    pub fn is_partial(&self) -> bool {
        !self.is_closed && self.bytes.iter().any(|c| !matches!(c, b'\r' | b'\n'))
    }

    pub fn next_message(&mut self) -> Option<Framed> {
        if self.is_closed {
            return None;
        }
        if self.bytes.starts_with(b"\r\n\r\n") {
            self.bytes.advance(4);
            return Some(Framed::Ping);
        }
        let blank = self.bytes.iter().take_while(|c| matches!(c, b'\r' | b'\n')).count();
        if blank == self.bytes.len() {
            return None;
        }
        self.bytes.advance(blank);
        let Some((end, body)) = find_head_end(&self.bytes) else {
            return (self.bytes.len() > MESSAGE_BYTES_MAX).then(|| self.too_large());
        };
        let head = Head::parse(&self.bytes[..end]);
        let length = match head.content_length() {
            Ok(Some(length)) => length,
            Ok(None) => self.guess_length(body),
            Err(error) => return Some(self.close(head.broken(error))),
        };
        if length > MESSAGE_BYTES_MAX - body.min(MESSAGE_BYTES_MAX) {
            return Some(self.close(head.broken(ParseError::TooLarge(MESSAGE_BYTES_MAX))));
        }
        if self.bytes.len() < body + length {
            return None;
        }
        let message: Bytes = self.bytes.split_to(body + length).freeze();
        self.last = message.clone();
        Some(match head.finish(message.slice(body..)) {
            Ok(message) => Framed::Message(message),
            // Its length was clear: the next message begins where this one ends.
            Err(broken) => Framed::Broken { broken, closes: false },
        })
    }

    /// RFC 2543 allowed no Content-Length here. What came along is the body, if it
    /// looks like one.
    fn guess_length(&self, body: usize) -> usize {
        let rest = &self.bytes[body..];
        if rest.starts_with(b"v=") { rest.len() } else { 0 }
    }

    fn too_large(&mut self) -> Framed {
        let head = Head::parse(&self.bytes);
        self.close(head.broken(ParseError::TooLarge(MESSAGE_BYTES_MAX)))
    }

    fn close(&mut self, broken: Broken) -> Framed {
        self.is_closed = true;
        self.bytes.clear();
        Framed::Broken { broken, closes: true }
    }
}
