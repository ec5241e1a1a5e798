//! The words of a transfer (RFC 3515, RFC 3891, RFC 3420): Refer-To, Replaces, and the
//! NOTIFYs that tell how it goes. Who may transfer whom is decided elsewhere.

use super::{
    dialog::Dialog,
    message::{Method, NameAddr, ParseError, Request, Uri, name},
};

/// Which dialog a new INVITE takes the place of.
#[derive(Clone, Eq, PartialEq)]
pub struct Replaces {
    pub call_id: String,
    /// As the one sees it who receives the INVITE: its own tag.
    pub to_tag: String,
    pub from_tag: String,
    pub early_only: bool,
}

impl Replaces {
    /// For somebody who is to replace us in this dialog: the peer sees the tags the
    /// other way round.
    pub fn of_peer(dialog: &Dialog) -> Self {
        Self {
            call_id: dialog.call_id.clone(),
            to_tag: dialog.remote.tag().unwrap_or_default(),
            from_tag: dialog.local.tag().unwrap_or_default(),
            early_only: false,
        }
    }

    /// Of an INVITE that came to us; `Ok(None)` when it replaces nothing.
    pub fn of(invite: &Request) -> Result<Option<Self>, ParseError> {
        let mut values = invite.headers.all(REPLACES);
        let Some(value) = values.next() else { return Ok(None) };
        if values.next().is_some() {
            return Err(ParseError::Repeated(REPLACES));
        }
        let text = std::str::from_utf8(value).map_err(|_| ParseError::Malformed(REPLACES))?;
        Self::parse(text).map(Some).ok_or(ParseError::Malformed(REPLACES))
    }

    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(';').map(str::trim);
        let call_id = parts.next().filter(|id| !id.is_empty())?.to_owned();
        let (mut to_tag, mut from_tag, mut early_only) = (None, None, false);
        for part in parts {
            match part.split_once('=').map(|(key, value)| (key.trim(), value.trim())) {
                Some(("to-tag", value)) => to_tag = Some(value.to_owned()),
                Some(("from-tag", value)) => from_tag = Some(value.to_owned()),
                None if part == "early-only" => early_only = true,
                _ => {}
            }
        }
        Some(Self { call_id, to_tag: to_tag?, from_tag: from_tag?, early_only })
    }

    pub fn to_value(&self) -> String {
        let early = if self.early_only { ";early-only" } else { "" };
        let Self { call_id, to_tag, from_tag, .. } = self;
        format!("{call_id};to-tag={to_tag};from-tag={from_tag}{early}")
    }

    /// True for the dialog of ours that is meant.
    pub fn is_of(&self, dialog: &Dialog) -> bool {
        self.call_id == dialog.call_id
            && dialog.local.tag().as_deref() == Some(self.to_tag.as_str())
            && dialog.remote.tag().as_deref() == Some(self.from_tag.as_str())
    }
}

impl std::fmt::Debug for Replaces {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Replaces(_)")
    }
}

/// What a REFER asks for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ReferTo {
    /// Without its headers.
    pub target: Uri,
    pub replaces: Option<Replaces>,
}

impl ReferTo {
    pub fn of(refer: &Request) -> Result<Self, ParseError> {
        let mut values = refer.headers.all(REFER_TO);
        let value = values.next().ok_or(ParseError::Missing(REFER_TO))?;
        if values.next().is_some() {
            return Err(ParseError::Repeated(REFER_TO));
        }
        let mut target = NameAddr::parse(value, REFER_TO)?.uri;
        let mut replaces = None;
        if let Uri::Sip(uri) = &mut target {
            for header in uri.headers.take().iter().flat_map(|headers| headers.split('&')) {
                let Some((key, value)) = header.split_once('=') else { continue };
                if key.eq_ignore_ascii_case(REPLACES) {
                    let parsed = Replaces::parse(&unescape(value));
                    replaces = Some(parsed.ok_or(ParseError::Malformed(REFER_TO))?);
                }
            }
            // The method would be another request than an INVITE.
            let is_invite = uri.params.get("method").is_none_or(|method| method == "INVITE");
            if !is_invite {
                return Err(ParseError::Malformed(REFER_TO));
            }
            uri.params.remove("method");
        }
        Ok(Self { target, replaces })
    }

    /// A REFER for [`super::invite::Command::Send`].
    pub fn request(&self, referred_by: &Uri) -> Request {
        let mut target = self.target.clone();
        if let (Uri::Sip(uri), Some(replaces)) = (&mut target, &self.replaces) {
            uri.headers = Some(format!("{REPLACES}={}", escape(&replaces.to_value())));
        }
        let mut refer = Request::new(Method::Refer, self.target.clone());
        refer.headers.add(REFER_TO, format!("<{target}>"));
        refer.headers.add("Referred-By", format!("<{referred_by}>"));
        refer
    }
}

/// A NOTIFY about a transfer that we were asked for, for
/// [`super::invite::Command::Send`].
pub fn progress(status: u16, reason: &str) -> Request {
    let mut notify = Request::new(Method::Notify, Uri::Tel("0".to_owned()));
    notify.headers.add("Event", "refer");
    let state = if status < 200 {
        format!("active;expires={SUBSCRIPTION_S}")
    } else {
        "terminated;reason=noresource".to_owned()
    };
    notify.headers.add("Subscription-State", state);
    notify.set_body(SIPFRAG, format!("SIP/2.0 {status} {reason}\r\n"));
    notify
}

/// How the transfer goes that we asked for, from the peer's NOTIFY.
pub fn progress_of(notify: &Request) -> Option<u16> {
    let kind = notify.headers.text(name::CONTENT_TYPE)?;
    let kind = kind.split(';').next().unwrap_or_default().trim();
    let line = std::str::from_utf8(&notify.body).ok()?.lines().next()?;
    let status = line.strip_prefix("SIP/2.0 ")?.split(' ').next()?.parse().ok()?;
    (kind.eq_ignore_ascii_case(SIPFRAG) && (100..700).contains(&status)).then_some(status)
}

/// Everything but letters, digits and a few marks (RFC 3261 §25.1, hvalue).
fn escape(text: &str) -> String {
    let plain = |c: u8| c.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&c);
    text.bytes()
        .map(|c| if plain(c) { char::from(c).to_string() } else { format!("%{c:02X}") })
        .collect()
}

fn unescape(text: &str) -> String {
    let (bytes, mut out, mut i) = (text.as_bytes(), Vec::new(), 0);
    while i < bytes.len() {
        let hex = bytes.get(i + 1..i + 3).filter(|_| bytes[i] == b'%');
        let byte = hex
            .and_then(|hex| std::str::from_utf8(hex).ok())
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        out.push(byte.unwrap_or(bytes[i]));
        i += if byte.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&out).into_owned()
}

const REFER_TO: &str = "Refer-To";
const REPLACES: &str = "Replaces";
const SIPFRAG: &str = "message/sipfrag";

/// A transfer rings for less than this.
const SUBSCRIPTION_S: u32 = 180;

#[cfg(test)]
mod tests;
