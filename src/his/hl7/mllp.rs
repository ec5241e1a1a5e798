//! The Minimal Lower Layer Protocol (HL7 v2, "Transport Specification: MLLP, release 1"):
//! 0x0B, the message, 0x1C 0x0D. Bytes in, messages out; the socket is somebody else's.

/// Takes a stream apart. What stands between two frames is dropped and counted: some
/// senders put line ends or keep-alive bytes there.
#[derive(Debug)]
pub struct MllpReader {
    buffer: Vec<u8>,
    state: State,
    message_bytes_max: usize,
    garbage_bytes: u64,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    Between,
    Inside,
    /// An end of block was seen, its carriage return not yet.
    AfterEnd,
    /// The message grew too long: up to its end all is dropped.
    Skipping,
    SkippingAfterEnd,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub enum MllpFrame {
    Message(Vec<u8>),
    /// It was longer than allowed; its beginning, for the answer's MSA-2.
    TooLong {
        start: Vec<u8>,
    },
    /// A new message began before the last had ended.
    CutShort {
        start: Vec<u8>,
    },
}

impl MllpReader {
    pub fn new(message_bytes_max: usize) -> Self {
        let buffer = Vec::new();
        Self { buffer, state: State::Between, message_bytes_max, garbage_bytes: 0 }
    }

    /// Bytes that belonged to no frame, since the connection was opened.
    pub const fn garbage_bytes(&self) -> u64 {
        self.garbage_bytes
    }

    /// Inside a message: the connection must not be called idle.
    pub fn is_mid_message(&self) -> bool {
        self.state != State::Between
    }

    /// At most one frame for every byte that ends one, so the answer is bounded by the
    /// input.
    pub fn handle_input(&mut self, bytes: &[u8]) -> Vec<MllpFrame> {
        let mut frames = Vec::new();
        for byte in bytes {
            frames.extend(self.step(*byte));
        }
        frames
    }

    fn step(&mut self, byte: u8) -> Option<MllpFrame> {
        match (self.state, byte) {
            (State::Between, START) => self.begin(),
            (State::Between, _) => self.garbage_bytes += 1,
            (State::Inside, END) => self.state = State::AfterEnd,
            (State::Inside, START) => return self.cut_short(),
            (State::Inside, byte) => self.push(byte),
            (State::AfterEnd, CARRIAGE_RETURN) => {
                self.state = State::Between;
                return Some(MllpFrame::Message(std::mem::take(&mut self.buffer)));
            }
            // Some senders leave the carriage return out.
            (State::AfterEnd, START) => {
                let message = std::mem::take(&mut self.buffer);
                self.begin();
                return Some(MllpFrame::Message(message));
            }
            // An 0x1C inside the text: not the end after all.
            (State::AfterEnd, byte) => {
                self.state = State::Inside;
                self.push(END);
                if self.state == State::Inside {
                    return self.step(byte);
                }
            }
            (State::Skipping, END) => self.state = State::SkippingAfterEnd,
            (State::SkippingAfterEnd, CARRIAGE_RETURN) => {
                self.state = State::Between;
                return Some(MllpFrame::TooLong { start: std::mem::take(&mut self.buffer) });
            }
            (State::SkippingAfterEnd, END) => {}
            (State::SkippingAfterEnd, _) => self.state = State::Skipping,
            (State::Skipping, _) => {}
        }
        None
    }

    fn begin(&mut self) {
        self.buffer.clear();
        self.state = State::Inside;
    }

    fn push(&mut self, byte: u8) {
        if self.buffer.len() < self.message_bytes_max {
            self.buffer.push(byte);
        } else {
            self.buffer.truncate(START_KEPT);
            self.state = State::Skipping;
        }
    }

    fn cut_short(&mut self) -> Option<MllpFrame> {
        let mut start = std::mem::take(&mut self.buffer);
        start.truncate(START_KEPT);
        self.begin();
        Some(MllpFrame::CutShort { start })
    }
}

pub fn frame(message: &[u8]) -> Vec<u8> {
    [&[START], message, &[END, CARRIAGE_RETURN]].concat()
}

const START: u8 = 0x0B;
const END: u8 = 0x1C;
const CARRIAGE_RETURN: u8 = 0x0D;

/// Enough for an MSH segment.
const START_KEPT: usize = 512;

/// A discharge with ten diagnoses and its vitals has 8 kB; a batch of a night a few
/// hundred of them.
pub const MESSAGE_BYTES_MAX: usize = 8 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    /// Whole, and byte by byte: the same frames.
    #[track_caller]
    fn check(bytes: &[u8], expected: &[&str], garbage: u64) {
        for size in [bytes.len().max(1), 1] {
            let mut reader = MllpReader::new(10);
            let frames: Vec<_> =
                bytes.chunks(size).flat_map(|chunk| reader.handle_input(chunk)).collect();
            let told: Vec<_> = frames
                .iter()
                .map(|frame| match frame {
                    MllpFrame::Message(message) => String::from_utf8_lossy(message).into_owned(),
                    MllpFrame::TooLong { .. } => "too long".to_owned(),
                    MllpFrame::CutShort { .. } => "cut short".to_owned(),
                })
                .collect();
            assert_eq!(told, expected, "{bytes:?}");
            assert_eq!(reader.garbage_bytes(), garbage, "{bytes:?}");
        }
    }

    #[test]
    fn a_stream_is_taken_apart_whatever_stands_between_the_frames() {
        check(b"", &[], 0);
        check(b"\x0bMSH\x1c\r", &["MSH"], 0);
        check(b"\x0ba\x1c\r\x0bb\x1c\r", &["a", "b"], 0);
        check(b"\r\n\x0ba\x1c\r\nxx\x0bb\x1c\r", &["a", "b"], 5);
        check(b"\x0ba\x1c\x0bb\x1c\r", &["a", "b"], 0);
        check(b"\x0ba\x1cb\x1c\r", &["a\x1cb"], 0);
        check(b"\x0ba\x1c\x1c\r", &["a\x1c"], 0);
        check(b"\x0b\x1c\r", &[""], 0);
        check(b"\x0bhalf\x0bwhole\x1c\r", &["cut short", "whole"], 0);
        check(b"MSH without a frame", &[], 19);
        check(b"\x0bunfinished", &[], 0);
    }

    #[test]
    fn a_message_without_end_takes_no_memory() {
        check(b"\x0b0123456789\x1c\r", &["0123456789"], 0);
        check(b"\x0b0123456789A\x1c\r\x0bb\x1c\r", &["too long", "b"], 0);
        check(b"\x0b0123456789A\x1cB\x1c\x1c\r\x0bb\x1c\r", &["too long", "b"], 0);
        let mut reader = MllpReader::new(1000);
        reader.handle_input(b"\x0b");
        for _ in 0..100 {
            reader.handle_input(&[b'x'; 1000]);
        }
        assert!(reader.buffer.len() <= 1000 && reader.is_mid_message());
    }

    #[test]
    fn what_is_framed_is_read_again() {
        assert_eq!(
            MllpReader::new(100).handle_input(&frame(b"MSH|^~\\&|")),
            [MllpFrame::Message(b"MSH|^~\\&|".to_vec())]
        );
    }
}
