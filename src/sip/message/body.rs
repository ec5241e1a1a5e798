//! The part of a body that somebody wants, out of multipart too (RFC 5621).

use bytes::Bytes;

use super::{Headers, headers::name, lex::Params};

/// The body of the given media type: the whole, or a part of a multipart one.
pub fn body_of(headers: &Headers, body: &Bytes, wanted: &str) -> Option<Bytes> {
    if body.is_empty() {
        return None;
    }
    let value = headers.text(name::CONTENT_TYPE)?;
    let (kind, params) = value.split_once(';').unwrap_or((&value, ""));
    let kind = kind.trim();
    if kind.eq_ignore_ascii_case(wanted) {
        return Some(body.clone());
    }
    if !kind.get(..10).is_some_and(|kind| kind.eq_ignore_ascii_case("multipart/")) {
        return None;
    }
    let boundary = Params::parse(params.as_bytes())?.get("boundary")?;
    parts(body, &boundary).into_iter().find_map(|part| read_part(&part, wanted))
}

fn parts(body: &Bytes, boundary: &str) -> Vec<Bytes> {
    let mark = format!("--{boundary}");
    let mark = mark.as_bytes();
    if boundary.is_empty() || body.len() < mark.len() {
        return Vec::new();
    }
    let starts_line = |at: usize| at == 0 || body[at - 1] == b'\n';
    let marks = body.windows(mark.len()).enumerate();
    let marks: Vec<_> =
        marks.filter(|(at, w)| *w == mark && starts_line(*at)).map(|(at, _)| at).collect();
    let spans = marks.windows(2).map(|pair| body.slice(pair[0] + mark.len()..pair[1]));
    spans.take(PARTS_MAX).collect()
}

/// A part begins with the rest of its boundary line, then headers, then a blank line.
fn read_part(part: &Bytes, wanted: &str) -> Option<Bytes> {
    let (head, start) = super::parse::find_head_end(part)?;
    let head = String::from_utf8_lossy(&part[..head]).into_owned();
    let kind = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.trim().eq_ignore_ascii_case(name::CONTENT_TYPE).then(|| value.trim().to_owned())
    })?;
    let kind = kind.split(';').next().unwrap_or_default().trim();
    let body = part.slice(start..);
    let end = body.strip_suffix(b"\r\n").map_or(body.len(), <[u8]>::len);
    kind.eq_ignore_ascii_case(wanted).then(|| body.slice(..end))
}

/// A trunk sends two: SDP, and ISUP or a resource list.
const PARTS_MAX: usize = 16;
