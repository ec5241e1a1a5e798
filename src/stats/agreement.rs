//! 一致率: what a second follow-up of the same patient found, item by item (F071, F072), with
//! Cohen's κ (Educ Psychol Meas 1960;20:37–46).

use std::collections::BTreeMap;

use super::Proportion;

#[derive(Clone, Debug, PartialEq)]
pub struct ItemAgreement {
    pub item: String,
    pub same: Proportion,
    /// Answered in one of the two only: not compared, but shown.
    pub one_sided: u64,
    pub kappa: Option<Kappa>,
    /// Where they differ: first answer, second answer, how often.
    pub differences: Vec<(String, String, u64)>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Kappa {
    pub value: f64,
    /// Cohen's large-sample error.
    pub error: f64,
}

/// κ of a table of counts, rows the first rater's answers, columns the second's.
/// `None`: nothing was compared, or both always said the same one thing, and chance
/// alone explains all agreement.
pub fn kappa(table: &[Vec<u64>]) -> Option<Kappa> {
    let n = table.iter().flatten().sum::<u64>() as f64;
    let size = table.len();
    let cell = |row: usize, column: usize| {
        let count = table.get(row).and_then(|row| row.get(column)).copied();
        count.unwrap_or_default() as f64
    };
    let row = |at| (0..size).map(|other| cell(at, other)).sum::<f64>();
    let column = |at| (0..size).map(|other| cell(other, at)).sum::<f64>();
    let observed = (0..size).map(|at| cell(at, at)).sum::<f64>() / n;
    let by_chance = (0..size).map(|at| row(at) * column(at)).sum::<f64>() / (n * n);
    let room = 1.0 - by_chance;
    if !(n > 0.0 && room > 1e-12) {
        return None;
    }
    let error = (observed * (1.0 - observed) / (n * room * room)).sqrt();
    Some(Kappa { value: (observed - by_chance) / room, error })
}

/// One item of one patient, asked twice. An answer is its code, a blank is `None`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct AnswerPair<'a> {
    pub item: &'a str,
    pub first: Option<&'a str>,
    pub second: Option<&'a str>,
}

/// Items in the order of their ids.
pub fn compare_items(pairs: &[AnswerPair<'_>]) -> Vec<ItemAgreement> {
    let mut items: BTreeMap<&str, Vec<&AnswerPair<'_>>> = BTreeMap::new();
    for pair in pairs {
        items.entry(pair.item).or_default().push(pair);
    }
    items.into_iter().map(|(item, pairs)| compare(item, &pairs)).collect()
}

fn compare(item: &str, pairs: &[&AnswerPair<'_>]) -> ItemAgreement {
    let both: Vec<(&str, &str)> =
        pairs.iter().filter_map(|pair| pair.first.zip(pair.second)).collect();
    let one_sided = pairs.iter().filter(|pair| pair.first.is_some() != pair.second.is_some());
    let one_sided = one_sided.count() as u64;
    let mut codes: Vec<&str> = both.iter().flat_map(|(a, b)| [*a, *b]).collect();
    codes.sort_unstable();
    codes.dedup();
    let mut cells: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for pair in &both {
        *cells.entry(*pair).or_default() += 1;
    }
    // A table of free text would grow with the square of the answers; κ is for codes.
    let kappa = (codes.len() <= CODES_MAX).then(|| {
        let count = |pair: (&str, &str)| cells.get(&pair).copied().unwrap_or_default();
        let row = |a: &&str| codes.iter().map(|b| count((*a, *b))).collect();
        kappa(&codes.iter().map(row).collect::<Vec<Vec<u64>>>())
    });
    let same = both.iter().filter(|(a, b)| a == b).count() as u64;
    let differing = cells.iter().filter(|((a, b), _)| a != b);
    let mut differences: Vec<_> =
        differing.map(|((a, b), count)| ((*a).to_owned(), (*b).to_owned(), *count)).collect();
    differences.sort_by_key(|(_, _, count)| std::cmp::Reverse(*count));
    ItemAgreement {
        item: item.to_owned(),
        same: Proportion { part: same, whole: both.len() as u64 },
        one_sided,
        kappa: kappa.flatten(),
        differences,
    }
}

/// No question has more options.
const CODES_MAX: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(table: &[Vec<u64>], expected: Option<f64>) {
        let found = kappa(table).map(|kappa| kappa.value);
        match (found, expected) {
            (Some(found), Some(expected)) => {
                assert!((found - expected).abs() < 0.000_05, "{found} is not {expected}");
            }
            _ => assert_eq!(found, expected),
        }
    }

    /// The first is Cohen's own example (1960, table 1) in hundredths; the second and
    /// third are textbook ones.
    #[test]
    fn kappa_is_as_published() {
        check(&[vec![88, 14, 18], vec![10, 40, 10], vec![2, 6, 12]], Some(0.4915));
        check(&[vec![20, 5], vec![10, 15]], Some(0.4));
        check(&[vec![45, 15], vec![25, 15]], Some(0.1304));
        check(&[vec![10, 0], vec![0, 10]], Some(1.0));
        check(&[vec![0, 10], vec![10, 0]], Some(-1.0));
        check(&[vec![10]], None);
        check(&[vec![0, 0], vec![0, 0]], None);
        check(&[], None);
        check(&[vec![1], vec![]], None);
    }

    #[test]
    fn items_are_compared_one_by_one_and_blanks_apart() {
        let text = |text: &'static str| (!text.is_empty()).then_some(text);
        let pair = |item, a, b| AnswerPair { item, first: text(a), second: text(b) };
        let found = compare_items(&[
            pair("pain", "none", "none"),
            pair("pain", "none", "mild"),
            pair("pain", "mild", "mild"),
            pair("pain", "mild", "mild"),
            pair("pain", "mild", ""),
            pair("pain", "", ""),
            pair("medicine", "1", "1"),
        ]);
        let [medicine, pain] = &found[..] else { panic!("{found:?}") };
        assert_eq!((medicine.item.as_str(), medicine.kappa), ("medicine", None));
        assert_eq!(pain.same, Proportion { part: 3, whole: 4 });
        assert_eq!(pain.one_sided, 1);
        assert_eq!(pain.differences, [("none".to_owned(), "mild".to_owned(), 1)]);
        assert!((pain.kappa.unwrap().value - 0.5).abs() < 1e-12, "{pain:?}");
    }
}
