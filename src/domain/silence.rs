//! Nothing arrived since …: that a source says nothing is a fault too.

use chrono::{DateTime, Duration, Utc};

/// Since when it is silent, where that is too long. `after_h` 0: never.
pub fn silent_since(
    first_seen_at: DateTime<Utc>,
    last_arrived_at: Option<DateTime<Utc>>,
    after_h: u64,
    at: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    let since = last_arrived_at.unwrap_or(first_seen_at);
    let patience = i64::try_from(after_h).ok().and_then(Duration::try_hours)?;
    (after_h > 0 && at - since > patience).then_some(since)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_silent_when_its_hours_are_over() {
        let hour = |n: i64| DateTime::UNIX_EPOCH + Duration::hours(n);
        for (arrived, after_h, at, expected) in [
            (None, 36, 36, None),
            (None, 36, 37, Some(0)),
            (Some(30), 36, 66, None),
            (Some(30), 36, 67, Some(30)),
            (Some(30), 0, 9999, None),
        ] {
            let found = silent_since(hour(0), arrived.map(hour), after_h, hour(at));
            assert_eq!(found, expected.map(hour), "{arrived:?} {after_h} {at}");
        }
    }
}
