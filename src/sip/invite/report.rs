//! How a call ended: facts as they came, for somebody else to judge.

use crate::sip::message::{Headers, Uri, name, split_list};

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum By {
    Us,
    Them,
    /// Nobody answered in time: our request, our 200, or the session timer.
    Timeout,
    /// The transport failed, or the two sides had no codec in common.
    Fault,
}

/// The hospital keeps this for ever; nothing in it is an interpretation.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct EndReport {
    pub by: By,
    /// The last final status of the INVITE, or of the request that ended the call.
    pub last_status: Option<u16>,
    /// The Q.850 cause of a Reason header (RFC 3326).
    pub q850: Option<u8>,
    /// The SIP cause of a Reason header.
    pub sip_cause: Option<u16>,
    /// The carrier's own words: the reason phrase and the texts of Reason and Warning.
    pub texts: Vec<String>,
    /// Any response came at all.
    pub heard: bool,
    /// Any 18x came: somebody's phone may have rung.
    pub progressed: bool,
    /// A 180 came (or we sent one).
    pub rang: bool,
    /// A provisional response carried a session description.
    pub early_media: bool,
    pub answered: bool,
    pub we_cancelled: bool,
    /// A 2xx crossed our CANCEL; it was acknowledged and ended.
    pub late_answer: bool,
    /// After how long the peer wants to be asked again (RFC 3261 §20.33).
    pub retry_after_s: Option<u32>,
    /// Where a 3xx pointed.
    pub redirects: Vec<Uri>,
}

impl Default for EndReport {
    fn default() -> Self {
        Self {
            by: By::Us,
            last_status: None,
            q850: None,
            sip_cause: None,
            texts: Vec::new(),
            heard: false,
            progressed: false,
            rang: false,
            early_media: false,
            answered: false,
            we_cancelled: false,
            late_answer: false,
            retry_after_s: None,
            redirects: Vec::new(),
        }
    }
}

impl EndReport {
    /// Notes what a response, BYE or CANCEL says about why.
    pub(super) fn note(&mut self, headers: &Headers) {
        for value in headers.all(name::REASON).flat_map(split_list) {
            let text = String::from_utf8_lossy(value).into_owned();
            let mut parts = text.split(';').map(str::trim);
            let protocol = parts.next().unwrap_or_default().to_ascii_uppercase();
            for part in parts {
                let Some((key, value)) = part.split_once('=') else { continue };
                let value = value.trim().trim_matches('"');
                match (key.trim().to_ascii_lowercase().as_str(), protocol.as_str()) {
                    ("cause", "Q.850") => self.q850 = value.parse().ok().or(self.q850),
                    ("cause", "SIP") => self.sip_cause = value.parse().ok().or(self.sip_cause),
                    ("text", _) => self.note_text(value),
                    _ => {}
                }
            }
        }
        if let Some(warning) = headers.text(name::WARNING) {
            self.note_text(&warning);
        }
    }

    pub(super) fn note_text(&mut self, text: &str) {
        let text: String = text.chars().filter(|c| !c.is_control()).take(TEXT_CHARS_MAX).collect();
        if !text.is_empty() && self.texts.len() < TEXTS_MAX && !self.texts.contains(&text) {
            self.texts.push(text);
        }
    }
}

/// A sentence; what is longer is not for people.
const TEXT_CHARS_MAX: usize = 200;

/// The phrase, one of each Reason protocol, a warning.
const TEXTS_MAX: usize = 4;
