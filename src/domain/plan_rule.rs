//! Which plan a discharged patient gets, and why (F054). The rules are rows that a
//! hospital writes; each answer says in words which of their conditions held.

use serde::{Deserialize, Serialize};

use super::Disposition;

/// The rule with the smallest priority that fits decides; of two with the same, the one
/// that stands first.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PlanRule {
    pub name: String,
    pub priority: i32,
    pub template: String,
    #[serde(default)]
    pub when: Conditions,
}

/// All that are given must hold; within one, any of its values. None given: everybody.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Conditions {
    /// The beginnings of ICD-10 codes: `I1` fits I10 and I15.9.
    pub icd: Vec<String>,
    /// Other diagnoses do not count, the main one alone does.
    pub main_diagnosis_only: bool,
    pub department: Vec<String>,
    pub ward: Vec<String>,
    pub age: Option<Range>,
    pub had_operation: Option<bool>,
    /// The beginnings of ICD-9-CM-3 codes.
    pub operation: Vec<String>,
    /// 离院方式 of the 病案首页.
    pub disposition: Vec<i16>,
    /// A risk score such as LACE.
    pub risk: Option<Range>,
}

/// Both ends belong to it.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Range {
    pub from: Option<u16>,
    pub to: Option<u16>,
}

/// What is known of the admission when a plan is chosen.
#[derive(Clone, Debug)]
pub struct Case<'a> {
    pub diagnoses: &'a [CodedDiagnosis<'a>],
    pub department: &'a str,
    pub ward: Option<&'a str>,
    /// `None`: the date of birth is not known; no rule about ages fits then.
    pub age_years: Option<u16>,
    pub had_operation: bool,
    pub operations: &'a [&'a str],
    pub disposition: Disposition,
    pub risk: Option<u16>,
    pub standing: Standing,
}

#[derive(Clone, Copy, Debug)]
pub struct CodedDiagnosis<'a> {
    pub icd: &'a str,
    pub main: bool,
}

/// What takes somebody out of every plan.
#[derive(Clone, Copy, Debug, Default)]
pub struct Standing {
    pub death_recorded: bool,
    pub refused: bool,
    pub readmitted: bool,
    pub discharge_cancelled: bool,
    pub department_switched_off: bool,
}

/// Why there is no plan at all (rules.md §2 and features.md, section D, item 8).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Exclusion {
    Died,
    DischargeCancelled,
    Readmitted,
    Refused,
    Transferred,
    DepartmentSwitchedOff,
}

super::word::words! { Exclusion, "a reason to leave somebody out",
    Died = "died",
    DischargeCancelled = "discharge_cancelled",
    Readmitted = "readmitted",
    Refused = "refused",
    Transferred = "transferred",
    DepartmentSwitchedOff = "department_switched_off",
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub enum PlanChoice<'a> {
    Plan {
        rule: &'a PlanRule,
        reason: String,
    },
    Excluded {
        exclusion: Exclusion,
        reason: String,
    },
    /// Every rule says no: a person chooses.
    NoRule {
        reason: String,
    },
}

impl PlanChoice<'_> {
    pub fn reason(&self) -> &str {
        match self {
            Self::Plan { reason, .. } | Self::Excluded { reason, .. } | Self::NoRule { reason } => {
                reason
            }
        }
    }
}

/// A rule that was written down wrongly.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("规则“{rule}”:{what}")]
pub struct RuleFault {
    pub rule: String,
    pub what: &'static str,
}

/// # Errors
/// Every fault of the table, so that the page shows them at once.
pub fn check_rules(rules: &[PlanRule]) -> Result<(), Vec<RuleFault>> {
    let mut faults = Vec::new();
    for (at, rule) in rules.iter().enumerate() {
        let when = &rule.when;
        let turned = |range: Option<Range>| {
            range.and_then(|range| range.from.zip(range.to)).is_some_and(|(from, to)| from > to)
        };
        let blank = |texts: &[String]| texts.iter().any(|text| text.trim().is_empty());
        let lists = [&when.icd, &when.department, &when.ward, &when.operation];
        let known = [1, 2, 3, 4, 5, 9];
        let checks = [
            (at >= RULES_MAX, "规则太多 / too many rules"),
            (rule.name.trim().is_empty(), "没有名称 / no name"),
            (rule.template.trim().is_empty(), "没有模板 / no template"),
            (rules[..at].iter().any(|one| one.name == rule.name), "名称重复 / the name is taken"),
            (turned(when.age) || turned(when.risk), "起点大于终点 / a range runs backwards"),
            (lists.into_iter().any(|list| blank(list)), "条件中有空值 / a condition is blank"),
            (
                when.disposition.iter().any(|code| !known.contains(code)),
                "离院方式应为 1 2 3 4 5 9 / no such disposition",
            ),
        ];
        let broken = checks.into_iter().filter(|(is_broken, _)| *is_broken);
        faults.extend(broken.map(|(_, what)| RuleFault { rule: rule.name.clone(), what }));
    }
    if faults.is_empty() { Ok(()) } else { Err(faults) }
}

pub fn choose_plan<'a>(rules: &'a [PlanRule], case: &Case<'_>) -> PlanChoice<'a> {
    if let Some(exclusion) = exclusion(case) {
        let reason = format!("因: {}", exclusion.words());
        return PlanChoice::Excluded { exclusion, reason };
    }
    let mut ordered: Vec<&PlanRule> = rules.iter().collect();
    ordered.sort_by_key(|rule| rule.priority);
    for rule in ordered {
        if let Some(held) = rule.when.held(case) {
            let held =
                if held.is_empty() { "全部出院患者".to_owned() } else { held.join(" + ") };
            let reason = format!("因: {held} → {}", rule.name);
            return PlanChoice::Plan { rule, reason };
        }
    }
    PlanChoice::NoRule { reason: format!("因: {} 条规则都不符合", rules.len()) }
}

fn exclusion(case: &Case<'_>) -> Option<Exclusion> {
    let standing = case.standing;
    let died = standing.death_recorded || case.disposition == Disposition::DIED;
    [
        (died, Exclusion::Died),
        (standing.discharge_cancelled, Exclusion::DischargeCancelled),
        (standing.readmitted, Exclusion::Readmitted),
        (standing.refused, Exclusion::Refused),
        (case.disposition == Disposition::TRANSFERRED, Exclusion::Transferred),
        (standing.department_switched_off, Exclusion::DepartmentSwitchedOff),
    ]
    .into_iter()
    .find_map(|(holds, exclusion)| holds.then_some(exclusion))
}

impl Exclusion {
    pub const fn words(self) -> &'static str {
        match self {
            Self::Died => "患者已死亡",
            Self::DischargeCancelled => "出院已取消",
            Self::Readmitted => "患者已再入院",
            Self::Refused => "患者拒绝随访",
            Self::Transferred => "离院方式为转院",
            Self::DepartmentSwitchedOff => "科室未启用随访",
        }
    }
}

impl Conditions {
    /// The conditions that were given and held, in words; `None` when one did not.
    fn held(&self, case: &Case<'_>) -> Option<Vec<String>> {
        let mut held = Vec::new();
        let mut holds = |given: bool, told: Option<String>| match (given, told) {
            (false, _) => true,
            (true, Some(words)) => {
                held.push(words);
                true
            }
            (true, None) => false,
        };
        let all = holds(!self.icd.is_empty(), self.diagnosis(case))
            && holds(
                !self.department.is_empty(),
                one_of(&self.department, case.department, "科室"),
            )
            && holds(
                !self.ward.is_empty(),
                case.ward.and_then(|ward| one_of(&self.ward, ward, "病区")),
            )
            && holds(
                self.age.is_some(),
                within(self.age, case.age_years, |age| format!("年龄 {age} 岁")),
            )
            && holds(self.had_operation.is_some(), self.operated(case))
            && holds(!self.operation.is_empty(), self.operation(case))
            && holds(!self.disposition.is_empty(), self.disposition(case))
            && holds(
                self.risk.is_some(),
                within(self.risk, case.risk, |score| format!("风险评分 {score}")),
            );
        all.then_some(held)
    }

    fn diagnosis(&self, case: &Case<'_>) -> Option<String> {
        let diagnoses = case.diagnoses.iter().filter(|d| d.main || !self.main_diagnosis_only);
        let mut fitting = diagnoses.filter(|d| begins_with_one_of(&self.icd, d.icd));
        let found = fitting.next()?;
        let which = if found.main { "主要诊断" } else { "其他诊断" };
        Some(format!("{which} {}", found.icd.trim()))
    }

    fn operated(&self, case: &Case<'_>) -> Option<String> {
        let had = case.had_operation || !case.operations.is_empty();
        let words = if had { "有手术" } else { "无手术" };
        (self.had_operation == Some(had)).then(|| words.to_owned())
    }

    fn operation(&self, case: &Case<'_>) -> Option<String> {
        let found =
            case.operations.iter().find(|code| begins_with_one_of(&self.operation, code))?;
        Some(format!("手术 {}", found.trim()))
    }

    fn disposition(&self, case: &Case<'_>) -> Option<String> {
        let code = case.disposition.code();
        self.disposition.contains(&code).then(|| format!("离院方式 {code}"))
    }
}

fn begins_with_one_of(beginnings: &[String], code: &str) -> bool {
    let code = code.trim().to_ascii_uppercase();
    let begins = |beginning: &String| {
        let beginning = beginning.trim().to_ascii_uppercase();
        !beginning.is_empty() && code.starts_with(&beginning)
    };
    beginnings.iter().any(begins)
}

fn one_of(names: &[String], name: &str, what: &str) -> Option<String> {
    names.iter().any(|known| known.trim() == name.trim()).then(|| format!("{what} {}", name.trim()))
}

fn within(
    range: Option<Range>,
    value: Option<u16>,
    words: impl Fn(u16) -> String,
) -> Option<String> {
    let (range, value) = (range?, value?);
    let holds =
        range.from.is_none_or(|from| value >= from) && range.to.is_none_or(|to| value <= to);
    let bounds = match (range.from, range.to) {
        (Some(from), Some(to)) => format!("({from}–{to})"),
        (Some(from), None) => format!("(≥ {from})"),
        (None, Some(to)) => format!("(≤ {to})"),
        (None, None) => String::new(),
    };
    holds.then(|| format!("{}{bounds}", words(value)))
}

/// A hospital writes one a disease and ward at most.
const RULES_MAX: usize = 1000;

#[cfg(test)]
mod tests {
    use super::*;

    const DIAGNOSES: &[CodedDiagnosis<'_>] = &[
        CodedDiagnosis { icd: "I50.900", main: true },
        CodedDiagnosis { icd: "e11.900", main: false },
    ];

    fn case() -> Case<'static> {
        Case {
            diagnoses: DIAGNOSES,
            department: "心内科",
            ward: Some("心内一病区"),
            age_years: Some(74),
            had_operation: false,
            operations: &[],
            disposition: Disposition::HOME,
            risk: Some(12),
            standing: Standing::default(),
        }
    }

    fn rules(text: &str) -> Vec<PlanRule> {
        serde_json::from_str(text).unwrap()
    }

    #[track_caller]
    fn check(when: &str, case: &Case<'_>, expected: &str) {
        let rules = rules(&format!(
            r#"[{{"name": "规则", "priority": 1, "template": "t", "when": {when}}}]"#
        ));
        assert_eq!(choose_plan(&rules, case).reason(), expected, "{when}");
    }

    #[test]
    fn a_rule_tells_which_of_its_conditions_held() {
        let none = "因: 1 条规则都不符合";
        for (when, expected) in [
            ("{}", "因: 全部出院患者 → 规则"),
            (r#"{"icd": ["i5"]}"#, "因: 主要诊断 I50.900 → 规则"),
            (r#"{"icd": ["E11"]}"#, "因: 其他诊断 e11.900 → 规则"),
            (r#"{"icd": ["E11"], "main_diagnosis_only": true}"#, none),
            (r#"{"icd": [""]}"#, none),
            (
                r#"{"icd": ["I50"], "department": ["心内科"], "age": {"from": 65}}"#,
                "因: 主要诊断 I50.900 + 科室 心内科 + 年龄 74 岁(≥ 65) → 规则",
            ),
            (r#"{"ward": ["心内二病区"]}"#, none),
            (r#"{"age": {"from": 60, "to": 74}}"#, "因: 年龄 74 岁(60–74) → 规则"),
            (r#"{"age": {"to": 73}}"#, none),
            (r#"{"had_operation": false}"#, "因: 无手术 → 规则"),
            (r#"{"had_operation": true}"#, none),
            (r#"{"operation": ["36.0"]}"#, none),
            (r#"{"disposition": [1, 4]}"#, "因: 离院方式 1 → 规则"),
            (r#"{"risk": {"from": 10}}"#, "因: 风险评分 12(≥ 10) → 规则"),
            (r#"{"risk": {"from": 13}}"#, none),
        ] {
            check(when, &case(), expected);
        }
        check(r#"{"age": {"from": 0}}"#, &Case { age_years: None, ..case() }, none);
        let stent = Case { operations: &["36.0601"], ..case() };
        check(r#"{"operation": ["36.0"]}"#, &stent, "因: 手术 36.0601 → 规则");
    }

    #[test]
    fn the_smallest_priority_decides_and_then_the_order() {
        let rules = rules(
            r#"[{"name": "通用", "priority": 100, "template": "general"},
                {"name": "心衰", "priority": 10, "template": "heart", "when": {"icd": ["I50"]}},
                {"name": "慢病", "priority": 10, "template": "chronic", "when": {"icd": ["E11"]}}]"#,
        );
        let PlanChoice::Plan { rule, .. } = choose_plan(&rules, &case()) else { panic!() };
        assert_eq!(rule.template, "heart");
        let healthy = Case { diagnoses: &[], ..case() };
        let PlanChoice::Plan { rule, .. } = choose_plan(&rules, &healthy) else { panic!() };
        assert_eq!(rule.template, "general");
    }

    #[test]
    fn who_gets_no_plan_is_told_why() {
        let none = Standing::default();
        for (standing, disposition, expected) in [
            (none, Disposition::DIED, "因: 患者已死亡"),
            (
                Standing { death_recorded: true, refused: true, ..none },
                Disposition::HOME,
                "因: 患者已死亡",
            ),
            (none, Disposition::TRANSFERRED, "因: 离院方式为转院"),
            (Standing { refused: true, ..none }, Disposition::HOME, "因: 患者拒绝随访"),
            (Standing { readmitted: true, ..none }, Disposition::HOME, "因: 患者已再入院"),
            (Standing { discharge_cancelled: true, ..none }, Disposition::HOME, "因: 出院已取消"),
            (
                Standing { department_switched_off: true, ..none },
                Disposition::HOME,
                "因: 科室未启用随访",
            ),
        ] {
            check("{}", &Case { standing, disposition, ..case() }, expected);
        }
    }

    #[test]
    fn a_rule_that_can_never_hold_is_told_when_it_is_written() {
        for (rule, expected) in [
            (r#"{"name": "a", "priority": 1, "template": "t"}"#, ""),
            (
                r#"{"name": " ", "priority": 1, "template": ""}"#,
                "规则“ ”:没有名称 / no name; 规则“ ”:没有模板 / no template",
            ),
            (
                r#"{"name": "a", "priority": 1, "template": "t", "when": {"age": {"from": 9, "to": 8}}}"#,
                "规则“a”:起点大于终点 / a range runs backwards",
            ),
            (
                r#"{"name": "a", "priority": 1, "template": "t", "when": {"icd": [" "], "disposition": [6]}}"#,
                "规则“a”:条件中有空值 / a condition is blank; 规则“a”:离院方式应为 1 2 3 4 5 9 / no such disposition",
            ),
        ] {
            let faults = check_rules(&rules(&format!("[{rule}]"))).err().unwrap_or_default();
            let told: Vec<_> = faults.iter().map(ToString::to_string).collect();
            assert_eq!(told.join("; "), expected, "{rule}");
        }
        let same = r#"{"name": "a", "priority": 1, "template": "t"}"#;
        let faults = check_rules(&rules(&format!("[{same}, {same}]"))).unwrap_err();
        assert_eq!(faults[0].what, "名称重复 / the name is taken");
    }

    #[test]
    fn a_misspelt_condition_is_refused() {
        let text = r#"{"name": "x", "priority": 1, "template": "t", "when": {"icds": ["I50"]}}"#;
        assert!(serde_json::from_str::<PlanRule>(text).is_err());
    }
}
