//! 质检: a conversation is scored item by item, each with its weight; an item that may not fail
//! fails the whole.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct QualityItem {
    pub code: String,
    pub text: String,
    /// Of 100.
    pub weight: u32,
    /// The best mark.
    pub max: u32,
    /// 一票否决: no mark on it is no mark at all.
    #[serde(default)]
    pub fatal: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub struct QualityScore {
    /// 0 to 100, in tenths.
    pub total: f64,
    /// The item that failed the whole.
    pub failed_by: Option<String>,
}

#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum QualityFault {
    #[error("项目应为 1 到 {ITEMS_MAX} 个 / 1 to {ITEMS_MAX} items")]
    Count,
    #[error("项目 {0} 重复或没有内容 / item {0} is there twice, or says nothing")]
    Item(String),
    #[error("权重之和应为 100,现为 {0} / the weights make {0}, not 100")]
    Weights(u32),
    #[error("项目 {0} 没有打分 / item {0} has no mark")]
    Missing(String),
    #[error("没有项目 {0} / there is no item {0}")]
    Unknown(String),
    #[error("项目 {code} 最高 {max} 分 / the best mark of {code} is {max}")]
    TooMuch { code: String, max: u32 },
}

/// # Errors
/// The first thing that is wrong with a template.
pub fn check_quality_items(items: &[QualityItem]) -> Result<(), QualityFault> {
    if !(1..=ITEMS_MAX).contains(&items.len()) {
        return Err(QualityFault::Count);
    }
    let mut seen = BTreeSet::new();
    for item in items {
        let says_nothing = item.code.trim().is_empty() || item.text.trim().is_empty();
        if says_nothing || item.max == 0 || item.weight == 0 || !seen.insert(&item.code) {
            return Err(QualityFault::Item(item.code.clone()));
        }
    }
    match items.iter().fold(0_u32, |sum, item| sum.saturating_add(item.weight)) {
        WHOLE => Ok(()),
        sum => Err(QualityFault::Weights(sum)),
    }
}

/// # Errors
/// When an item has no mark, too high a one, or is none of the template's.
pub fn quality_score(
    items: &[QualityItem],
    given: &BTreeMap<String, u32>,
) -> Result<QualityScore, QualityFault> {
    if let Some(odd) = given.keys().find(|code| items.iter().all(|item| item.code != **code)) {
        return Err(QualityFault::Unknown(odd.clone()));
    }
    let (mut total, mut failed_by) = (0.0, None);
    for item in items {
        let mark =
            *given.get(&item.code).ok_or_else(|| QualityFault::Missing(item.code.clone()))?;
        if mark > item.max {
            return Err(QualityFault::TooMuch { code: item.code.clone(), max: item.max });
        }
        if item.fatal && mark == 0 && failed_by.is_none() {
            failed_by = Some(item.code.clone());
        }
        total += f64::from(item.weight) * f64::from(mark) / f64::from(item.max);
    }
    let total = if failed_by.is_some() { 0.0 } else { (total * 10.0).round() / 10.0 };
    Ok(QualityScore { total, failed_by })
}

/// More than anybody listens for.
const ITEMS_MAX: usize = 50;
const WHOLE: u32 = 100;

#[cfg(test)]
mod tests {
    use super::*;

    fn item(code: &str, weight: u32, max: u32, fatal: bool) -> QualityItem {
        QualityItem { code: code.to_owned(), text: code.to_owned(), weight, max, fatal }
    }

    fn items() -> Vec<QualityItem> {
        vec![item("greet", 20, 5, false), item("privacy", 50, 1, true), item("calm", 30, 3, false)]
    }

    fn marks(given: &[(&str, u32)]) -> BTreeMap<String, u32> {
        given.iter().map(|(code, mark)| ((*code).to_owned(), *mark)).collect()
    }

    #[test]
    fn marks_count_by_their_weight_and_a_fatal_item_fails_the_whole() {
        for (given, total, failed_by) in [
            ([("greet", 5), ("privacy", 1), ("calm", 3)], 100.0, None),
            ([("greet", 4), ("privacy", 1), ("calm", 1)], 76.0, None),
            ([("greet", 0), ("privacy", 1), ("calm", 2)], 70.0, None),
            ([("greet", 5), ("privacy", 0), ("calm", 3)], 0.0, Some("privacy")),
        ] {
            let score = quality_score(&items(), &marks(&given)).unwrap();
            let expected = QualityScore { total, failed_by: failed_by.map(str::to_owned) };
            assert_eq!(score, expected, "{given:?}");
        }
        let thirds = [item("a", 33, 3, false), item("b", 67, 3, false)];
        let score = quality_score(&thirds, &marks(&[("a", 1), ("b", 1)])).unwrap();
        assert!((score.total - 33.3).abs() < 1e-9);
    }

    #[test]
    fn every_item_has_one_mark_within_its_best() {
        for (given, expected) in [
            (marks(&[("greet", 5), ("privacy", 1)]), QualityFault::Missing("calm".to_owned())),
            (
                marks(&[("greet", 6), ("privacy", 1), ("calm", 1)]),
                QualityFault::TooMuch { code: "greet".to_owned(), max: 5 },
            ),
            (marks(&[("tone", 1)]), QualityFault::Unknown("tone".to_owned())),
        ] {
            assert_eq!(quality_score(&items(), &given), Err(expected));
        }
    }

    #[test]
    fn a_template_weighs_a_hundred_and_names_each_item_once() {
        assert_eq!(check_quality_items(&items()), Ok(()));
        for (items, expected) in [
            (vec![], QualityFault::Count),
            (vec![item("a", 99, 5, false)], QualityFault::Weights(99)),
            (vec![item("a", 50, 5, false); 2], QualityFault::Item("a".to_owned())),
            (vec![item("a", 100, 0, false)], QualityFault::Item("a".to_owned())),
        ] {
            assert_eq!(check_quality_items(&items), Err(expected));
        }
    }
}
