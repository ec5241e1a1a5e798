//! What was keyed, as a number: `365` is 36.5 where only that is plausible, `6*8` is 6.8.

use super::{Item, ItemType};

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Keyed {
    /// The value, in decimal digits as it is stored.
    Value(f64, String),
    /// Two values in one, `138*88`.
    Pair(String, String),
    /// `#` alone: what the item says that means.
    Empty,
    TooLow,
    TooHigh,
    Nonsense,
}

pub(super) fn read(item: &Item, keys: &str) -> Keyed {
    if keys.is_empty() {
        return if item.empty.is_some() { Keyed::Empty } else { Keyed::Nonsense };
    }
    if let Some((first, second)) = keys.split_once('*') {
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        if !digits(first) || !digits(second) {
            return Keyed::Nonsense;
        }
        if item.pair_with.is_some() {
            return Keyed::Pair(first.to_owned(), second.to_owned());
        }
        if item.kind != ItemType::Decimal || second.len() > DECIMALS_MAX {
            return Keyed::Nonsense;
        }
        return in_range(item, &format!("{first}.{second}"));
    }
    let plain = in_range(item, keys);
    // Three digits without a point: 365 for 36.5, 68 for 6.8.
    if item.kind == ItemType::Decimal && plain == Keyed::TooHigh && keys.len() >= 2 {
        let (whole, tenth) = keys.split_at(keys.len() - 1);
        if let value @ Keyed::Value(..) = in_range(item, &format!("{whole}.{tenth}")) {
            return value;
        }
    }
    plain
}

fn in_range(item: &Item, text: &str) -> Keyed {
    let Ok(value) = text.parse::<f64>() else { return Keyed::Nonsense };
    let (low, high) = item.range.unwrap_or((0.0, ANY_MAX));
    if value < low {
        Keyed::TooLow
    } else if value > high {
        Keyed::TooHigh
    } else {
        let fraction = text.split_once('.').map(|(_, fraction)| fraction);
        let decimals = fraction.map_or(usize::from(item.kind == ItemType::Decimal), str::len);
        Keyed::Value(value, format!("{value:.decimals$}"))
    }
}

/// A thermometer shows one place, a meter of sugar two.
const DECIMALS_MAX: usize = 2;

/// Where an item names no range, nothing above a year is plausible.
const ANY_MAX: f64 = 9999.0;
