//! 原因分析: Pareto's bars (F133). The causes that together make up four fifths are the ones
//! to mend first.

use super::Proportion;

#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CauseBar {
    pub cause: String,
    pub count: u64,
    pub share: Proportion,
    /// This bar and those before it.
    pub cumulative: Proportion,
    /// 主要原因: among the few that make up 80 %.
    pub vital: bool,
}

/// The largest first; of equal ones, in the order of their names. Causes that never
/// happened are left out; the same name twice is one bar.
pub fn pareto(counts: &[(String, u64)]) -> Vec<CauseBar> {
    let mut sums = std::collections::BTreeMap::<&str, u64>::new();
    for (cause, count) in counts {
        *sums.entry(cause).or_default() += count;
    }
    let whole = sums.values().sum();
    let mut bars: Vec<(&str, u64)> = sums.into_iter().filter(|(_, count)| *count > 0).collect();
    bars.sort_by_key(|(cause, count)| (std::cmp::Reverse(*count), *cause));
    let mut before = 0;
    let bar = |(cause, count): (&str, u64)| {
        let vital = before * 100 < whole * VITAL_PERCENT;
        before += count;
        let of = |part| Proportion { part, whole };
        CauseBar { cause: cause.to_owned(), count, share: of(count), cumulative: of(before), vital }
    };
    bars.into_iter().map(bar).collect()
}

/// Juran's vital few.
const VITAL_PERCENT: u64 = 80;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vital_few_stand_first() {
        let count = |cause: &str, count| (cause.to_owned(), count);
        let found = pareto(&[
            count("拒接", 10),
            count("空号", 40),
            count("无人接听", 45),
            count("空号", 5),
            count("死亡", 0),
            count("打错了", 0),
        ]);
        let told: Vec<_> = found
            .iter()
            .map(|bar| {
                format!(
                    "{} {} {} {}",
                    bar.cause,
                    bar.count,
                    bar.cumulative.percent().unwrap(),
                    bar.vital
                )
            })
            .collect();
        assert_eq!(
            told,
            ["无人接听 45 45.00 % true", "空号 45 90.00 % true", "拒接 10 100.00 % false"]
        );
        assert!(pareto(&[]).is_empty());
    }
}
