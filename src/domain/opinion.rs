//! 医生诊断意见, proposed by rule from the answers and confirmed by a doctor (F089; features.md,
//! section D, item 11). A rule says which answers made it speak.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The first rule whose conditions all hold proposes; with none, `otherwise`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct OpinionRules {
    pub version: String,
    pub rules: Vec<OpinionRule>,
    pub otherwise: String,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct OpinionRule {
    pub when: Vec<OpinionCondition>,
    /// A word of the opinion template: 正常 好转 稳定 复发可疑 …
    pub opinion: String,
}

/// One item, and the codes that fit.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct OpinionCondition {
    pub item: String,
    /// The item in the words of the page, for the reason.
    pub words: String,
    pub codes: Vec<String>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Proposed {
    pub opinion: String,
    /// `因: 血痰+吞咽困难 → 复发可疑`
    pub because: String,
}

impl OpinionRules {
    pub fn shipped() -> Self {
        serde_json::from_str(SHIPPED).expect("the shipped rules are read by a test")
    }

    /// `answers`: linkId → code or number.
    pub fn propose(&self, answers: &BTreeMap<String, String>) -> Proposed {
        let holds = |condition: &OpinionCondition| {
            answers.get(&condition.item).is_some_and(|given| condition.codes.contains(given))
        };
        let found = self.rules.iter().find(|rule| rule.when.iter().all(holds));
        match found {
            Some(rule) => {
                let words: Vec<_> = rule.when.iter().map(|c| c.words.as_str()).collect();
                let because = format!("因: {} → {}", words.join("+"), rule.opinion);
                Proposed { opinion: rule.opinion.clone(), because }
            }
            None => {
                let because = format!("因: 没有规则提示异常 → {}", self.otherwise);
                Proposed { opinion: self.otherwise.clone(), because }
            }
        }
    }
}

const SHIPPED: &str = include_str!("data/opinion_rules.json");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_rule_that_fits_proposes_and_says_which_answers_made_it() {
        let rules = OpinionRules::shipped();
        for (answers, opinion, because) in [
            (
                vec![("sym.bloody_sputum", "present"), ("sym.dysphagia", "solids")],
                "复发可疑",
                "因: 血痰+吞咽困难 → 复发可疑",
            ),
            (vec![("gen.status", "k20")], "恶化", "因: 一般情况差 → 恶化"),
            (vec![("gen.status", "k90")], "正常", "因: 没有规则提示异常 → 正常"),
            (vec![], "正常", "因: 没有规则提示异常 → 正常"),
        ] {
            let answers = answers.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
            let proposed = rules.propose(&answers);
            assert_eq!((&*proposed.opinion, &*proposed.because), (opinion, because));
        }
    }
}
