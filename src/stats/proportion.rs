//! A share of a whole with its 95 % interval: Wilson's score interval, and Newcombe's hybrid
//! interval for the difference of two periods (Stat Med 1998;17:857–872 and 873–890).

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Proportion {
    pub part: u64,
    pub whole: u64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Span {
    pub low: f64,
    pub high: f64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Difference {
    /// After less before.
    pub by: f64,
    pub span: Span,
}

impl Difference {
    /// The interval does not hold 0.
    pub fn is_significant(&self) -> bool {
        self.span.low > 0.0 || self.span.high < 0.0
    }
}

impl Proportion {
    /// `None`: of nothing there is no share; the page shows a dash, not 0 %.
    pub fn value(self) -> Option<f64> {
        (self.whole > 0).then(|| self.part as f64 / self.whole as f64)
    }

    /// `74.47 %`, rounded half up from the counts themselves.
    pub fn percent(self) -> Option<String> {
        let (part, whole) = (u128::from(self.part), u128::from(self.whole));
        let hundredths = (part * 20_000 + whole).checked_div(whole * 2)?;
        Some(format!("{}.{:02} %", hundredths / 100, hundredths % 100))
    }

    /// Those who make up the rest: the list behind the number.
    pub const fn missing(self) -> u64 {
        self.whole.saturating_sub(self.part)
    }

    pub fn wilson_95(self) -> Option<Span> {
        let p = self.value()?.min(1.0);
        let n = self.whole as f64;
        let z2 = Z_95 * Z_95;
        let middle = p + z2 / (2.0 * n);
        let half = Z_95 * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt();
        let scale = 1.0 + z2 / n;
        let (low, high) = ((middle - half) / scale, (middle + half) / scale);
        Some(Span { low: low.max(0.0), high: high.min(1.0) })
    }

    pub fn since(self, before: Self) -> Option<Difference> {
        let (p1, p2) = (self.value()?, before.value()?);
        let (one, two) = (self.wilson_95()?, before.wilson_95()?);
        let by = p1 - p2;
        let low = by - (p1 - one.low).hypot(two.high - p2);
        let high = by + (one.high - p1).hypot(p2 - two.low);
        Some(Difference { by, span: Span { low, high } })
    }
}

/// The 97.5th percentile of the normal distribution.
pub(super) const Z_95: f64 = 1.959_963_984_540_054;

#[cfg(test)]
mod tests {
    use super::*;

    fn share(part: u64, whole: u64) -> Proportion {
        Proportion { part, whole }
    }

    #[track_caller]
    fn near(found: f64, expected: f64) {
        assert!((found - expected).abs() < 0.000_05, "{found} is not {expected}");
    }

    /// F123: the figure of the source.
    #[test]
    fn the_rate_of_the_source_is_reproduced() {
        let rate = share(7447, 10_000);
        assert_eq!(rate.percent().as_deref(), Some("74.47 %"));
        assert_eq!(rate.missing(), 2553);
        let span = rate.wilson_95().unwrap();
        near(span.low, 0.7361);
        near(span.high, 0.7532);
    }

    #[test]
    fn percentages_round_half_up_and_nothing_has_no_share() {
        for (part, whole, expected) in [
            (0, 0, None),
            (0, 5, Some("0.00 %")),
            (5, 5, Some("100.00 %")),
            (1, 3, Some("33.33 %")),
            (2, 3, Some("66.67 %")),
            (1, 20_000, Some("0.01 %")),
            (100, 1000, Some("10.00 %")),
            (u64::MAX, u64::MAX, Some("100.00 %")),
        ] {
            assert_eq!(share(part, whole).percent().as_deref(), expected, "{part}/{whole}");
        }
        assert_eq!(share(0, 0).wilson_95(), None);
        assert_eq!(share(1, 2).since(share(0, 0)), None);
    }

    /// The worked examples of Newcombe's two papers.
    #[test]
    fn intervals_are_those_of_the_literature() {
        for (part, whole, low, high) in [
            (81, 263, 0.2553, 0.3662),
            (15, 148, 0.0624, 0.1605),
            (0, 20, 0.0, 0.1611),
            (1, 29, 0.0061, 0.1718),
        ] {
            let span = share(part, whole).wilson_95().unwrap();
            near(span.low, low);
            near(span.high, high);
        }
        for (after, before, low, high, significant) in [
            (share(56, 70), share(48, 80), 0.0524, 0.3339, true),
            (share(9, 10), share(3, 10), 0.1705, 0.8090, true),
            (share(5, 56), share(0, 29), -0.0381, 0.1926, false),
        ] {
            let found = after.since(before).unwrap();
            near(found.span.low, low);
            near(found.span.high, high);
            assert_eq!(found.is_significant(), significant);
        }
    }
}
