//! HL7's time stamps (v2.5.1, 2.A.77): YYYYMMDD[HH[MM[SS[.S…]]]][±ZZZZ].

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, TimeZone, Utc};

/// As the sender's clock showed it. The offset is rarely sent; then the hospital's zone
/// is meant.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Moment {
    pub local: NaiveDateTime,
    pub offset: Option<FixedOffset>,
}

impl Moment {
    pub fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        let (stamp, offset) = match text.find(['+', '-']) {
            Some(at) => (&text[..at], Some(read_offset(&text[at..])?)),
            None => (text, None),
        };
        let digits = stamp.split('.').next().unwrap_or_default();
        if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let number =
            |from: usize, to: usize| digits.get(from..to).map_or(Some(0), |t| t.parse().ok());
        let whole = matches!(digits.len(), 8 | 10 | 12 | 14);
        let year = digits.get(..4).filter(|_| whole)?.parse().ok()?;
        let date = NaiveDate::from_ymd_opt(year, number(4, 6)?, number(6, 8)?)?;
        let time = NaiveTime::from_hms_opt(number(8, 10)?, number(10, 12)?, number(12, 14)?)?;
        ((OLDEST..=LATEST).contains(&year)).then_some(Self { local: date.and_time(time), offset })
    }

    pub fn date(self) -> NaiveDate {
        self.local.date()
    }

    pub fn utc(self, hospital: FixedOffset) -> DateTime<Utc> {
        let offset = self.offset.unwrap_or(hospital);
        // A fixed offset has no gap: the earliest is the only one.
        offset.from_local_datetime(&self.local).earliest().unwrap_or_default().with_timezone(&Utc)
    }
}

fn read_offset(text: &str) -> Option<FixedOffset> {
    let sign = if text.starts_with('-') { -1 } else { 1 };
    let digits = text.get(1..).filter(|t| t.len() == 4 && t.bytes().all(|b| b.is_ascii_digit()))?;
    let (hours, minutes): (i32, i32) = (digits[..2].parse().ok()?, digits[2..].parse().ok()?);
    if minutes > 59 {
        return None;
    }
    FixedOffset::east_opt(sign * (hours * 3600 + minutes * 60))
}

/// Older or later is a slip of the keyboard.
const OLDEST: i32 = 1880;
const LATEST: i32 = 2200;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_stamp_has_a_day_and_what_else_was_sent() {
        let hospital = FixedOffset::east_opt(8 * 3600).unwrap();
        for (text, expected) in [
            ("20250102", Some("2025-01-01T16:00:00Z")),
            ("2025010213", Some("2025-01-02T05:00:00Z")),
            ("202501021315", Some("2025-01-02T05:15:00Z")),
            ("20250102131500", Some("2025-01-02T05:15:00Z")),
            ("20250102131500.1234", Some("2025-01-02T05:15:00Z")),
            ("20250102131500+0900", Some("2025-01-02T04:15:00Z")),
            ("20250102131500-0330", Some("2025-01-02T16:45:00Z")),
            ("20240229", Some("2024-02-28T16:00:00Z")),
            ("20250229", None),
            ("20251301", None),
            ("202501022460", None),
            ("2025", None),
            ("202501", None),
            ("2025-01-02", None),
            ("20250102+08", None),
            ("20250102+0875", None),
            ("20250102+9900", None),
            ("18000101", None),
            ("二〇二五〇一〇二", None),
            ("20250102张", None),
            ("", None),
            ("+", None),
        ] {
            let found = Moment::read(text).map(|moment| moment.utc(hospital));
            assert_eq!(found, expected.map(|utc| utc.parse().unwrap()), "{text:?}");
        }
        assert_eq!(Moment::read("195208150000").unwrap().date().to_string(), "1952-08-15");
    }
}
