//! Whom a query means: conditions on discharges, combined by and, or and not. A condition
//! is a set of discharges; here is how the sets are put together, and how much one may ask.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

/// `{"all": [{"sex": "female"}, {"any": […]}]}`
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Filter {
    All(Vec<Filter>),
    Any(Vec<Filter>),
    Not(Box<Filter>),
    #[serde(untagged)]
    Is(Condition),
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Condition {
    /// 出院日期, both days included.
    Discharged(Days),
    /// In full years on the day of the discharge.
    Age(Numbers),
    Sex(String),
    /// By the beginning of a code or a part of the name; the other diagnoses too.
    Disease(Disease),
    Department(String),
    Ward(String),
    Attending(String),
    Operation(bool),
    /// 离院方式 of the front page.
    Disposition(Vec<i16>),
    /// `done`, `open`, `overdue` or `none`.
    FollowUp(String),
    /// The last word of a follow-up: `no_answer`, `refused` …
    Outcome(String),
    Answer(Given),
    /// 医生意见, as a doctor has confirmed it.
    Opinion(Vec<String>),
    /// The code of a plan's template.
    Plan(String),
    /// How many follow-ups were completed.
    FollowUps(Numbers),
    Died(bool),
    OutOfTown(bool),
    /// The beginning of the name.
    Name(String),
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Days {
    pub from: Option<NaiveDate>,
    pub to: Option<NaiveDate>,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Numbers {
    pub from: Option<f64>,
    pub to: Option<f64>,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Disease {
    #[serde(default)]
    pub icd: String,
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    pub main_only: bool,
}

/// An answer that was given: its codes, its words, or its number.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Given {
    /// Absent: whichever item.
    pub item: Option<String>,
    pub questionnaire: Option<String>,
    #[serde(default)]
    pub codes: Vec<String>,
    /// 答案 as it stands on the page: 复发.
    #[serde(default)]
    pub words: Vec<String>,
    pub from: Option<f64>,
    pub to: Option<f64>,
}

#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum FilterFault {
    #[error("条件最多 {CONDITIONS_MAX} 个 / at most {CONDITIONS_MAX} conditions, not {0}")]
    TooMany(usize),
    #[error("条件最多嵌套 {DEPTH_MAX} 层 / at most {DEPTH_MAX} levels")]
    TooDeep,
    #[error("请至少选一个条件 / at least one condition is needed")]
    Empty,
    #[error("{0}:请填写内容 / {0} needs a value")]
    Blank(&'static str),
}

impl Filter {
    /// # Errors
    /// When it asks for more than a query may.
    pub fn check(&self) -> Result<(), FilterFault> {
        let conditions = self.conditions();
        if conditions.is_empty() {
            return Err(FilterFault::Empty);
        }
        if conditions.len() > CONDITIONS_MAX {
            return Err(FilterFault::TooMany(conditions.len()));
        }
        if self.depth() > DEPTH_MAX {
            return Err(FilterFault::TooDeep);
        }
        conditions
            .iter()
            .find_map(|one| one.blank())
            .map_or(Ok(()), |what| Err(FilterFault::Blank(what)))
    }

    fn depth(&self) -> usize {
        match self {
            Self::All(parts) | Self::Any(parts) => {
                1 + parts.iter().map(Self::depth).max().unwrap_or_default()
            }
            Self::Not(part) => 1 + part.depth(),
            Self::Is(_) => 0,
        }
    }

    /// From left to right, as [`Self::combine`] takes their sets.
    pub fn conditions(&self) -> Vec<&Condition> {
        match self {
            Self::All(parts) | Self::Any(parts) => {
                parts.iter().flat_map(Self::conditions).collect()
            }
            Self::Not(part) => part.conditions(),
            Self::Is(condition) => vec![condition],
        }
    }

    /// `sets` are those of [`Self::conditions`], in order; `whole` is what "not" is taken from.
    pub fn combine<T: Copy + Ord>(
        &self,
        whole: &BTreeSet<T>,
        sets: &mut impl Iterator<Item = BTreeSet<T>>,
    ) -> BTreeSet<T> {
        match self {
            Self::Is(_) => sets.next().unwrap_or_default(),
            Self::Not(part) => {
                let without = part.combine(whole, sets);
                whole.difference(&without).copied().collect()
            }
            Self::Any(parts) => {
                let mut found = BTreeSet::new();
                for part in parts {
                    found.extend(part.combine(whole, sets));
                }
                found
            }
            Self::All(parts) => {
                let mut found: Option<BTreeSet<T>> = None;
                for part in parts {
                    let of_part = part.combine(whole, sets);
                    found = Some(match found {
                        Some(found) => found.intersection(&of_part).copied().collect(),
                        None => of_part,
                    });
                }
                found.unwrap_or_else(|| whole.clone())
            }
        }
    }
}

impl Condition {
    /// A condition that says nothing would be true of everybody, by mistake.
    fn blank(&self) -> Option<&'static str> {
        let is_blank = |text: &str| text.trim().is_empty();
        match self {
            Self::Discharged(days) if days.from.is_none() && days.to.is_none() => {
                Some("discharged")
            }
            Self::Age(age) if age.from.is_none() && age.to.is_none() => Some("age"),
            Self::FollowUps(n) if n.from.is_none() && n.to.is_none() => Some("follow_ups"),
            Self::Disease(it) if is_blank(&it.icd) && is_blank(&it.name) => Some("disease"),
            Self::Answer(it)
                if it.codes.is_empty()
                    && it.words.is_empty()
                    && it.from.is_none()
                    && it.to.is_none() =>
            {
                Some("answer")
            }
            Self::Sex(text) if is_blank(text) => Some("sex"),
            Self::Department(text) if is_blank(text) => Some("department"),
            Self::Ward(text) if is_blank(text) => Some("ward"),
            Self::Attending(text) if is_blank(text) => Some("attending"),
            Self::FollowUp(text) if !FOLLOW_UPS.contains(&text.as_str()) => Some("follow_up"),
            Self::Outcome(text) if is_blank(text) => Some("outcome"),
            Self::Plan(text) if is_blank(text) => Some("plan"),
            Self::Name(text) if is_blank(text) => Some("name"),
            Self::Opinion(words) if words.is_empty() => Some("opinion"),
            Self::Disposition(codes) if codes.is_empty() => Some("disposition"),
            _ => None,
        }
    }
}

const FOLLOW_UPS: [&str; 4] = ["done", "open", "overdue", "none"];

/// Each is a query of its own.
const CONDITIONS_MAX: usize = 20;

/// Nobody reads deeper brackets.
const DEPTH_MAX: usize = 5;

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Filter {
        serde_json::from_str(text).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn conditions_are_combined_as_they_are_bracketed() {
        let whole: BTreeSet<u8> = (1..=6).collect();
        // Sets by turns: {1,2,3}, {2,3,4}, {3}.
        let sets = || [vec![1, 2, 3], vec![2, 3, 4], vec![3]].map(BTreeSet::from_iter).into_iter();
        let (sex, ward, died) = (r#"{"sex":"male"}"#, r#"{"ward":"一"}"#, r#"{"died":true}"#);
        for (text, expected) in [
            (format!(r#"{{"all":[{sex},{ward},{died}]}}"#), vec![3]),
            (format!(r#"{{"any":[{sex},{ward},{died}]}}"#), vec![1, 2, 3, 4]),
            (format!(r#"{{"all":[{sex},{{"not":{{"any":[{ward},{died}]}}}}]}}"#), vec![1]),
            (format!(r#"{{"all":[{{"any":[{sex},{ward}]}},{{"not":{died}}}]}}"#), vec![1, 2, 4]),
            (format!(r#"{{"not":{{"all":[{sex},{ward},{died}]}}}}"#), vec![1, 2, 4, 5, 6]),
        ] {
            let filter = read(&text);
            assert_eq!(filter.conditions().len(), 3, "{text}");
            let found = filter.combine(&whole, &mut sets());
            assert_eq!(found.into_iter().collect::<Vec<_>>(), expected, "{text}");
            assert_eq!(read(&serde_json::to_string(&filter).unwrap()), filter);
        }
    }

    #[test]
    fn a_query_has_its_limits_and_no_empty_condition() {
        let deep =
            (0..6).fold(r#"{"died":true}"#.to_owned(), |part, _| format!(r#"{{"not":{part}}}"#));
        assert_eq!(read(&deep).check(), Err(FilterFault::TooDeep));
        let wide = vec![r#"{"died":true}"#; 21].join(",");
        assert_eq!(read(&format!(r#"{{"all":[{wide}]}}"#)).check(), Err(FilterFault::TooMany(21)));
        assert_eq!(read(r#"{"all":[]}"#).check(), Err(FilterFault::Empty));
        for (text, what) in [
            (r#"{"sex":" "}"#, "sex"),
            (r#"{"age":{}}"#, "age"),
            (r#"{"answer":{"item":"a"}}"#, "answer"),
            (r#"{"follow_up":"maybe"}"#, "follow_up"),
        ] {
            assert_eq!(read(text).check(), Err(FilterFault::Blank(what)), "{text}");
        }
        for wrong in [r#"{"shoe":1}"#, r#"{"sex":"male","died":true}"#, r#"{"age":{"below":3}}"#] {
            assert!(serde_json::from_str::<Filter>(wrong).is_err(), "{wrong}");
        }
    }
}
