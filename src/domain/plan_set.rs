//! Templates and the rules that choose among them, as one thing: a patient gets one plan of
//! each kind at most (常规, 专科, 专病).

use serde::{Deserialize, Serialize};

use super::{Case, PlanBody, PlanChoice, PlanKind, PlanRule, choose_plan};

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PlanTemplate {
    pub code: String,
    pub name: String,
    pub kind: PlanKind,
    pub body: PlanBody,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PlanSet {
    pub templates: Vec<PlanTemplate>,
    pub rules: Vec<PlanRule>,
}

#[derive(Clone, Debug)]
pub struct ChosenPlan<'a> {
    pub template: &'a PlanTemplate,
    pub reason: String,
}

impl PlanTemplate {
    pub fn is_routine(&self) -> bool {
        self.kind == PlanKind::Routine
    }
}

impl PlanSet {
    /// What a fresh installation starts with; a test holds the migration to it.
    pub fn shipped() -> Self {
        serde_json::from_str(SHIPPED).expect("the shipped plans are read by a test")
    }
}

pub fn choose_plans<'a>(plans: &'a PlanSet, case: &Case<'_>) -> Vec<ChosenPlan<'a>> {
    let mut chosen = Vec::new();
    for kind in PlanKind::ALL {
        let template = |code: &str| {
            plans.templates.iter().find(|known| known.code == code && known.kind == *kind)
        };
        let of_kind = plans.rules.iter().filter(|rule| template(&rule.template).is_some());
        let rules: Vec<PlanRule> = of_kind.cloned().collect();
        if let PlanChoice::Plan { rule, reason } = choose_plan(&rules, case)
            && let Some(template) = template(&rule.template)
        {
            chosen.push(ChosenPlan { template, reason });
        }
    }
    chosen
}

const SHIPPED: &str = include_str!("data/plans.json");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{CodedDiagnosis, Disposition, Standing};

    #[test]
    fn a_patient_gets_one_plan_of_each_kind_at_most() {
        let plans = PlanSet::shipped();
        let codes = |icd: &str, age: u16| {
            let case = Case {
                diagnoses: &[CodedDiagnosis { icd, main: true }],
                department: "内科",
                ward: None,
                age_years: Some(age),
                had_operation: false,
                operations: &[],
                disposition: Disposition::HOME,
                risk: None,
                standing: Standing::default(),
            };
            let chosen = choose_plans(&plans, &case);
            chosen.iter().map(|chosen| chosen.template.code.clone()).collect::<Vec<_>>()
        };
        assert_eq!(codes("J18", 50), ["discharge"]);
        assert_eq!(codes("E11.9", 85), ["discharge_elderly", "diabetes"]);
        assert_eq!(codes("C34", 10), ["discharge_child", "tumour"]);
    }
}
