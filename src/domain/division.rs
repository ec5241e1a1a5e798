//! Who of the hospital does which follow-ups: nurses of the centre, nurses of the ward, its
//! doctors (F069). The first rule that fits decides.

use serde::{Deserialize, Serialize};

/// Empty: everybody's.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Division {
    pub rules: Vec<DivisionRule>,
}

/// What is absent fits everything.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct DivisionRule {
    /// `routine`, `specialty` or `disease`.
    pub r#type: Option<String>,
    pub department: Option<String>,
    pub ward: Option<String>,
    /// `centre_nurse`, `ward_nurse` or `ward_doctor`.
    pub group: String,
}

impl Division {
    /// # Errors
    /// The number of the rule that names no group or no type, from 1.
    pub fn check(&self) -> Result<(), usize> {
        let is_sound = |rule: &DivisionRule| {
            GROUPS.contains(&rule.group.as_str())
                && rule.r#type.as_deref().is_none_or(|word| TYPES.contains(&word))
        };
        match self.rules.iter().position(|rule| !is_sound(rule)) {
            Some(at) => Err(at + 1),
            None if self.rules.len() > RULES_MAX => Err(RULES_MAX + 1),
            None => Ok(()),
        }
    }
}

pub const GROUPS: [&str; 3] = ["centre_nurse", "ward_nurse", "ward_doctor"];
const TYPES: [&str; 3] = ["routine", "specialty", "disease"];

/// A rule for each ward and type of a large hospital.
const RULES_MAX: usize = 300;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_names_a_group_and_a_type_that_there_are() {
        let rule = |of: Option<&str>, group: &str| DivisionRule {
            r#type: of.map(str::to_owned),
            department: None,
            ward: None,
            group: group.to_owned(),
        };
        for (second, expected) in [
            (rule(Some("disease"), "ward_doctor"), Ok(())),
            (rule(Some("notice"), "ward_doctor"), Err(2)),
            (rule(None, "porter"), Err(2)),
        ] {
            let all = Division { rules: vec![rule(None, "centre_nurse"), second] };
            assert_eq!(all.check(), expected);
        }
    }
}
