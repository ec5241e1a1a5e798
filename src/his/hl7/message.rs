//! An HL7 v2 message as its parts: segments, fields, repetitions, components, and their
//! escapes (HL7 v2.5.1, chapter 2). Knows no event and no patient.

use encoding_rs::{Encoding, GB18030, UTF_8};

/// One message, decoded. Segments keep their text; cells are cut out when asked for.
#[derive(Clone, Debug)]
pub struct Message {
    segments: Vec<Segment>,
    pub charset: Charset,
}

#[derive(Clone, Debug)]
pub struct Segment {
    pub name: String,
    /// From the first field on; of MSH, MSH-2 comes first.
    fields: Vec<String>,
    marks: Marks,
}

/// MSH-1 and MSH-2.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Marks {
    pub(super) field: char,
    pub(super) component: char,
    pub(super) repetition: char,
    pub(super) escape: char,
    pub(super) subcomponent: char,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Charset {
    Utf8,
    Gb18030,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum MessageError {
    #[error("the message does not begin with MSH")]
    NoHeader,
    #[error("MSH-1 and MSH-2 do not name the separators")]
    Separators,
    #[error("MSH-18 names a character set that is not read here")]
    Charset,
    #[error("the bytes are not of the character set of MSH-18")]
    Encoding,
    #[error("more than {SEGMENTS_MAX} segments")]
    TooLong,
}

impl Charset {
    /// MSH-18 (table 0211). `None` in it: nothing is said.
    fn named(text: &str) -> Result<Option<Self>, MessageError> {
        let plain: String =
            text.chars().filter(|c| c.is_ascii_alphanumeric()).collect::<String>().to_uppercase();
        match plain.as_str() {
            // Libraries write these two without having been asked.
            "" | "ASCII" | "88591" => Ok(None),
            "UNICODEUTF8" | "UTF8" | "UNICODE" => Ok(Some(Self::Utf8)),
            "GB180302000" | "GB18030" | "GBK" | "GB2312" => Ok(Some(Self::Gb18030)),
            _ => Err(MessageError::Charset),
        }
    }

    pub const fn as_hl7(self) -> &'static str {
        match self {
            Self::Utf8 => "UNICODE UTF-8",
            Self::Gb18030 => "GB 18030-2000",
        }
    }

    fn encoding(self) -> &'static Encoding {
        match self {
            Self::Utf8 => UTF_8,
            Self::Gb18030 => GB18030,
        }
    }

    fn decode(self, bytes: &[u8]) -> Option<String> {
        let decoded = self.encoding().decode_without_bom_handling_and_without_replacement(bytes);
        decoded.map(std::borrow::Cow::into_owned)
    }

    pub fn encode(self, text: &str) -> Vec<u8> {
        self.encoding().encode(text).0.into_owned()
    }
}

impl Message {
    /// # Errors
    /// When it cannot be taken apart at all; what its fields say is judged elsewhere.
    pub fn read(bytes: &[u8]) -> Result<Self, MessageError> {
        let bytes = trim(bytes);
        let header = bytes.split(|byte| is_end(*byte)).next().unwrap_or_default();
        let marks = Marks::read(header)?;
        let charset = charset(header, bytes, marks)?;
        let text = charset.decode(bytes).ok_or(MessageError::Encoding)?;
        Self::from_text(&text, marks, charset)
    }

    /// Text that a person has put right: whatever MSH-18 says, it is decoded already.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn read_text(text: &str) -> Result<Self, MessageError> {
        let text = text.trim_start_matches('\u{feff}').trim_start();
        let header = text.split(['\r', '\n']).next().unwrap_or_default();
        Self::from_text(text, Marks::read(header.as_bytes())?, Charset::Utf8)
    }

    fn from_text(text: &str, marks: Marks, charset: Charset) -> Result<Self, MessageError> {
        let mut segments = Vec::new();
        // Padding of some senders; it says nothing, and no database keeps it.
        let text = &text.replace('\0', "");
        for line in text.split(['\r', '\n']).filter(|line| !line.trim().is_empty()) {
            if segments.len() == SEGMENTS_MAX {
                return Err(MessageError::TooLong);
            }
            segments.push(Segment::read(line, marks));
        }
        Ok(Self { segments, charset })
    }

    pub fn segment(&self, name: &str) -> Option<&Segment> {
        self.all().find(|segment| segment.name == name)
    }

    pub fn segments<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Segment> {
        self.segments.iter().filter(move |segment| segment.name == name)
    }

    pub fn all(&self) -> impl Iterator<Item = &Segment> {
        self.segments.iter()
    }

    /// `PID`, 5, 1: the first component of PID-5, unescaped; empty when it is not there.
    pub fn value(&self, segment: &str, field: usize, component: usize) -> String {
        self.segment(segment).map(|found| found.value(field, component)).unwrap_or_default()
    }
}

impl Segment {
    fn read(line: &str, marks: Marks) -> Self {
        let mut cells = line.split(marks.field).take(FIELDS_MAX);
        let name = cells.next().unwrap_or_default().trim().to_owned();
        Self { name, fields: cells.map(str::to_owned).collect(), marks }
    }

    /// The field as it was sent, escapes and all. Counted from 1, as the standard does.
    pub fn raw(&self, field: usize) -> &str {
        // MSH-1 is the separator itself.
        let at = if HEADERS.contains(&self.name.as_str()) {
            field.checked_sub(2)
        } else {
            field.checked_sub(1)
        };
        at.and_then(|at| self.fields.get(at)).map_or("", |text| text)
    }

    /// The repetitions of a field; none for an empty one.
    pub fn repetitions(&self, field: usize) -> impl Iterator<Item = Repetition<'_>> {
        let raw = self.raw(field);
        let marks = self.marks;
        let given = raw.split(marks.repetition).filter(|text| !text.is_empty());
        given.take(REPETITIONS_MAX).map(move |text| Repetition { text, marks })
    }

    /// Of the first repetition. `""`, HL7's "delete this", is empty too.
    pub fn value(&self, field: usize, component: usize) -> String {
        self.repetitions(field).next().map(|first| first.component(component)).unwrap_or_default()
    }

    /// The segment as it was sent.
    pub fn written(&self) -> String {
        let separator = self.marks.field.to_string();
        std::iter::once(self.name.as_str())
            .chain(self.fields.iter().map(String::as_str))
            .collect::<Vec<_>>()
            .join(&separator)
    }
}

#[derive(Clone, Copy, Debug)]
pub struct Repetition<'a> {
    text: &'a str,
    marks: Marks,
}

impl Repetition<'_> {
    pub fn component(&self, component: usize) -> String {
        let mut components = self.text.split(self.marks.component);
        let found = component.checked_sub(1).and_then(|at| components.nth(at)).unwrap_or_default();
        let first = found.split(self.marks.subcomponent).next().unwrap_or_default();
        let text = self.marks.unescape(first);
        let text = text.trim();
        if text == "\"\"" { String::new() } else { text.to_owned() }
    }
}

impl Marks {
    pub(super) fn read(header: &[u8]) -> Result<Self, MessageError> {
        let rest = HEADERS.iter().find_map(|name| header.strip_prefix(name.as_bytes()));
        let rest = rest.ok_or(MessageError::NoHeader)?;
        let (&field, rest) = rest.split_first().ok_or(MessageError::Separators)?;
        let named = rest.split(|byte| *byte == field).next().unwrap_or_default();
        let mark = |at: usize, usual: u8| named.get(at).copied().unwrap_or(usual);
        let all = [field, mark(0, b'^'), mark(1, b'~'), mark(2, b'\\'), mark(3, b'&')];
        // The others stand in dates, numbers and the names of character sets.
        let is_mark = |byte: &u8| byte.is_ascii_punctuation() && !b"-+.\"".contains(byte);
        let twice = (0..all.len()).any(|at| all[..at].contains(&all[at]));
        if named.is_empty() || twice || !all.iter().all(is_mark) {
            return Err(MessageError::Separators);
        }
        let [field, component, repetition, escape, subcomponent] = all.map(char::from);
        Ok(Self { field, component, repetition, escape, subcomponent })
    }

    /// \F\ \S\ \T\ \R\ \E\ and \X..\; highlighting and line breaks of formatted text are
    /// dropped, an unknown escape is kept as it stands.
    fn unescape(self, text: &str) -> String {
        let mut plain = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once(self.escape) {
            plain.push_str(before);
            let Some((code, next)) = after.split_once(self.escape) else {
                plain.push(self.escape);
                rest = after;
                break;
            };
            match code {
                "F" => plain.push(self.field),
                "S" => plain.push(self.component),
                "T" => plain.push(self.subcomponent),
                "R" => plain.push(self.repetition),
                "E" => plain.push(self.escape),
                "H" | "N" => {}
                ".br" | ".sp" => plain.push(' '),
                _ => match code.strip_prefix('X').and_then(hex_text) {
                    Some(text) => plain.push_str(&text),
                    None => {
                        // Not an escape, so its end may be the beginning of one.
                        plain.push(self.escape);
                        rest = after;
                        continue;
                    }
                },
            }
            rest = next;
        }
        plain.push_str(rest);
        plain
    }

    pub(super) fn escape(self, text: &str) -> String {
        let mut escaped = String::with_capacity(text.len());
        for c in text.chars() {
            let code = match c {
                _ if c == self.field => 'F',
                _ if c == self.component => 'S',
                _ if c == self.subcomponent => 'T',
                _ if c == self.repetition => 'R',
                _ if c == self.escape => 'E',
                '\r' | '\n' => ' ',
                _ => {
                    escaped.push(c);
                    continue;
                }
            };
            if code == ' ' {
                escaped.push(' ');
            } else {
                escaped.extend([self.escape, code, self.escape]);
            }
        }
        escaped
    }
}

/// The digits are bytes of the message's set; UTF-8 is tried, then GB18030.
fn hex_text(digits: &str) -> Option<String> {
    if digits.is_empty() || !digits.len().is_multiple_of(2) || !digits.is_ascii() {
        return None;
    }
    let pair = |at: usize| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok();
    let bytes: Vec<u8> = (0..digits.len()).step_by(2).map(pair).collect::<Option<_>>()?;
    Charset::Utf8.decode(&bytes).or_else(|| Charset::Gb18030.decode(&bytes))
}

/// MSH-18 is read before anything is decoded. Without it, what is not UTF-8 is taken for
/// GB18030.
pub(super) fn charset(header: &[u8], bytes: &[u8], marks: Marks) -> Result<Charset, MessageError> {
    let likely = likely_charset(bytes);
    // Decoded first: the second byte of a GB18030 letter may look like a separator.
    let header_text = lossy(header, likely);
    let named = header_text.split(marks.field).nth(17).unwrap_or_default();
    let named = named.split(marks.repetition).next().unwrap_or_default();
    // Only a message header has one.
    let said = if header.starts_with(b"MSH") { Charset::named(named)? } else { None };
    Ok(said.unwrap_or(likely))
}

/// Judged by the whole message: some words of GB18030, 医院 among them, are UTF-8 too.
pub(super) fn likely_charset(bytes: &[u8]) -> Charset {
    match std::str::from_utf8(bytes) {
        Ok(_) => Charset::Utf8,
        Err(_) => Charset::Gb18030,
    }
}

/// The messages of a file or batch (FHS, BHS … BTS, FTS), or the one message that it is.
/// A message begins at each MSH; envelope segments are dropped.
pub fn split_batch(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut messages: Vec<Vec<u8>> = Vec::new();
    let mut inside = false;
    for line in trim(bytes).split(|byte| is_end(*byte)).filter(|line| !line.is_empty()) {
        let is_envelope = ENVELOPE.iter().any(|name| line.starts_with(name.as_bytes()));
        if line.starts_with(b"MSH") || (messages.is_empty() && !is_envelope) {
            messages.push(Vec::new());
            inside = true;
        } else if is_envelope {
            inside = false;
        }
        if let (true, Some(message)) = (inside, messages.last_mut()) {
            message.extend_from_slice(line);
            message.push(b'\r');
        }
    }
    messages
}

/// For a person who looks at a message, however broken: a segment a line.
pub fn readable(bytes: &[u8]) -> String {
    let bytes = trim(bytes);
    let header = bytes.split(|byte| is_end(*byte)).next().unwrap_or_default();
    let named = Marks::read(header).ok().and_then(|marks| charset(header, bytes, marks).ok());
    let text = lossy(bytes, named.unwrap_or_else(|| likely_charset(bytes)));
    text.replace("\r\n", "\n").replace('\r', "\n")
}

/// For looking into bytes that may be broken.
pub(super) fn lossy(bytes: &[u8], charset: Charset) -> std::borrow::Cow<'_, str> {
    charset.encoding().decode_without_bom_handling(bytes).0
}

pub(super) fn trim(bytes: &[u8]) -> &[u8] {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    bytes.trim_ascii_start()
}

pub(super) const fn is_end(byte: u8) -> bool {
    matches!(byte, b'\r' | b'\n')
}

/// Their first field is the separator itself.
const HEADERS: [&str; 3] = ["MSH", "BHS", "FHS"];
const ENVELOPE: [&str; 4] = ["FHS", "BHS", "BTS", "FTS"];

/// An A08 with a year of vitals has a few hundred.
const SEGMENTS_MAX: usize = 5000;
const FIELDS_MAX: usize = 200;
const REPETITIONS_MAX: usize = 50;

#[cfg(test)]
mod tests;
