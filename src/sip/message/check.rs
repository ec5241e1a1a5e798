//! Typed reading of headers, and what every message must have (RFC 3261 §8.1.1).

use super::{
    CSeq, Headers, Method, NameAddr, ParseError, Request, Response, Via,
    headers::name,
    lex::{number, split_list},
};

impl Headers {
    pub fn from(&self) -> Result<NameAddr, ParseError> {
        NameAddr::parse(self.one(name::FROM)?, name::FROM)
    }

    pub fn to(&self) -> Result<NameAddr, ParseError> {
        NameAddr::parse(self.one(name::TO)?, name::TO)
    }

    pub fn call_id(&self) -> Result<String, ParseError> {
        let value = self.one(name::CALL_ID)?;
        let spaced = value.iter().any(u8::is_ascii_whitespace);
        if value.is_empty() || spaced || value.len() > CALL_ID_BYTES_MAX {
            return Err(ParseError::Malformed(name::CALL_ID));
        }
        Ok(String::from_utf8_lossy(value).into_owned())
    }

    pub fn cseq(&self) -> Result<CSeq, ParseError> {
        CSeq::parse(self.one(name::CSEQ)?)
    }

    pub fn top_via(&self) -> Result<Via, ParseError> {
        let value = self.get(name::VIA).ok_or(ParseError::Missing(name::VIA))?;
        Via::parse(split_list(value).first().ok_or(ParseError::Malformed(name::VIA))?)
    }

    /// Replaces the topmost Via, whichever way it was written, and keeps the others.
    pub fn set_top_via(&mut self, via: &Via) {
        let rest: Vec<Vec<u8>> = self.list(name::VIA).skip(1).map(<[u8]>::to_vec).collect();
        self.remove(name::VIA);
        for value in rest.into_iter().rev() {
            self.prepend(name::VIA, value);
        }
        self.prepend(name::VIA, via.to_string());
    }

    /// The first Contact; `None` where there is none, or only `*`.
    pub fn contact(&self) -> Option<NameAddr> {
        self.contacts().ok()?.into_iter().next()
    }

    pub fn contacts(&self) -> Result<Vec<NameAddr>, ParseError> {
        let values = self.list(name::CONTACT).filter(|value| *value != b"*");
        values.map(|value| NameAddr::parse(value, name::CONTACT)).collect()
    }

    pub fn routes(&self, name: &'static str) -> Result<Vec<NameAddr>, ParseError> {
        self.list(name).map(|value| NameAddr::parse(value, name)).collect()
    }

    /// A header that is a number, parameters behind it ignored. Too large a number is
    /// the largest one.
    pub fn number(&self, name: &'static str) -> Result<Option<u32>, ParseError> {
        let Some(value) = self.get(name) else { return Ok(None) };
        let end = value.iter().position(|c| b";( \t".contains(c)).unwrap_or(value.len());
        let n = number(&value[..end]).ok_or(ParseError::Malformed(name))?;
        Ok(Some(u32::try_from(n).unwrap_or(u32::MAX)))
    }

    fn one(&self, name: &'static str) -> Result<&[u8], ParseError> {
        let mut values = self.all(name);
        let value = values.next().ok_or(ParseError::Missing(name))?;
        values.next().is_none().then_some(value).ok_or(ParseError::Repeated(name))
    }

    /// The headers without which no transaction can be made.
    fn check(&self) -> Result<CSeq, ParseError> {
        if !self.has(name::VIA) {
            return Err(ParseError::Missing(name::VIA));
        }
        for value in self.all(name::VIA) {
            for via in split_list_strict(value, name::VIA)? {
                Via::parse(via)?;
            }
        }
        self.from()?;
        self.to()?;
        self.call_id()?;
        self.cseq()
    }
}

/// An empty element (`a,,b`) is an error here, where a list is never empty.
fn split_list_strict<'a>(
    value: &'a [u8],
    header: &'static str,
) -> Result<Vec<&'a [u8]>, ParseError> {
    let parts = super::lex::split(value, b',').ok_or(ParseError::Malformed(header))?;
    if parts.iter().any(|part| part.is_empty()) {
        return Err(ParseError::Malformed(header));
    }
    Ok(parts)
}

pub(super) fn check_request(request: &Request) -> Result<(), ParseError> {
    let headers = &request.headers;
    let cseq = headers.check()?;
    if cseq.method != request.method {
        return Err(ParseError::MethodMismatch);
    }
    if request.uri.as_sip().is_some_and(|uri| uri.headers.is_some()) {
        return Err(ParseError::Malformed("Request-URI"));
    }
    if headers.has(name::MAX_FORWARDS) {
        let hops = headers.one(name::MAX_FORWARDS)?;
        match number(hops).ok_or(ParseError::Malformed(name::MAX_FORWARDS))? {
            0..=255 => {}
            _ => return Err(ParseError::Range(name::MAX_FORWARDS)),
        }
    }
    let star = headers.list(name::CONTACT).any(|contact| contact == b"*");
    if star && request.method != Method::Register {
        return Err(ParseError::Malformed(name::CONTACT));
    }
    headers.contacts()?;
    headers.routes(name::ROUTE)?;
    headers.routes(name::RECORD_ROUTE)?;
    Ok(())
}

pub(super) fn check_response(response: &Response) -> Result<(), ParseError> {
    response.headers.check().map(drop)
}

/// A Call-ID is kept for as long as its dialog lives.
const CALL_ID_BYTES_MAX: usize = 1024;
