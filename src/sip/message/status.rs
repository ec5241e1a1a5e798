/// The reason phrase of a status code (RFC 3261 §21). rsip knows the names but writes
/// them as one word.
pub fn reason_phrase(status: u16) -> String {
    let named = rsip::StatusCode::from(status).to_string();
    let name = named.split_once(' ').map(|(_, name)| name).unwrap_or_default();
    let known = !matches!(rsip::StatusCode::from(status), rsip::StatusCode::Other(..));
    match status {
        // Its name there is not its phrase in the RFC.
        481 => "Call/Transaction Does Not Exist".to_owned(),
        _ if known => spaced(name),
        _ => class(status).to_owned(),
    }
}

/// `BusyHere` → `Busy Here`; `OK` stays.
fn spaced(name: &str) -> String {
    let mut out = String::new();
    let mut previous_lower = false;
    for c in name.chars() {
        if c.is_ascii_uppercase() && previous_lower {
            out.push(' ');
        }
        previous_lower = c.is_ascii_lowercase();
        out.push(c);
    }
    out
}

fn class(status: u16) -> &'static str {
    match status {
        100..=199 => "Progress",
        200..=299 => "OK",
        300..=399 => "Redirection",
        400..=499 => "Request Failure",
        500..=599 => "Server Failure",
        _ => "Global Failure",
    }
}
