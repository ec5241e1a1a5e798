//! One byte range of a recording (RFC 9110 §14): what a player asks for.

use std::ops::RangeInclusive;

#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Wanted {
    Whole,
    Part(RangeInclusive<u64>),
    /// 416.
    Outside,
}

/// Several ranges, other units and nonsense mean the whole, as the RFC allows.
pub(super) fn wanted(header: Option<&str>, len: u64) -> Wanted {
    let spec = header.and_then(|text| text.trim().strip_prefix("bytes="));
    let Some((first, last)) = spec.and_then(|spec| spec.trim().split_once('-')) else {
        return Wanted::Whole;
    };
    let end = len.checked_sub(1);
    let (first, last) = (first.trim(), last.trim());
    let (from, to) = match (first.parse::<u64>(), last.parse::<u64>()) {
        (Ok(from), Ok(to)) if from <= to => (from, to),
        (Ok(from), Err(_)) if last.is_empty() => (from, u64::MAX),
        (Err(_), Ok(0)) if first.is_empty() => return Wanted::Outside,
        (Err(_), Ok(tail)) if first.is_empty() => (len.saturating_sub(tail), u64::MAX),
        _ => return Wanted::Whole,
    };
    match end {
        Some(end) if from <= end => Wanted::Part(from..=to.min(end)),
        _ => Wanted::Outside,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_player_gets_the_part_it_asks_for() {
        for (header, len, expected) in [
            (None, 100, Wanted::Whole),
            (Some("bytes=0-"), 100, Wanted::Part(0..=99)),
            (Some("bytes=10-19"), 100, Wanted::Part(10..=19)),
            (Some("bytes=90-1000"), 100, Wanted::Part(90..=99)),
            (Some("bytes=-10"), 100, Wanted::Part(90..=99)),
            (Some("bytes=-1000"), 100, Wanted::Part(0..=99)),
            (Some("bytes=-0"), 100, Wanted::Outside),
            (Some("bytes=100-"), 100, Wanted::Outside),
            (Some("bytes=0-"), 0, Wanted::Outside),
            (Some("bytes=20-10"), 100, Wanted::Whole),
            (Some("bytes=0-1,5-6"), 100, Wanted::Whole),
            (Some("lines=1-2"), 100, Wanted::Whole),
            (Some("bytes=a-b"), 100, Wanted::Whole),
        ] {
            assert_eq!(wanted(header, len), expected, "{header:?}");
        }
    }
}
