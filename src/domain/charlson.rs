//! The Charlson comorbidity index of a stay, from its ICD-10 codes, weighted as LACE does.

use std::sync::LazyLock;

/// What a stay's diagnoses weigh.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Comorbidities {
    pub charlson: u8,
    /// Of the groups that were counted.
    pub names: Vec<&'static str>,
}

struct Group {
    code: &'static str,
    weight: u8,
    supersedes: &'static str,
    name: &'static str,
    icds: Vec<&'static str>,
}

static GROUPS: LazyLock<Vec<Group>> = LazyLock::new(|| {
    let lines = include_str!("data/charlson.csv").lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(group).collect()
});

fn group(line: &'static str) -> Option<Group> {
    let mut cells = line.splitn(5, ',');
    Some(Group {
        code: cells.next()?,
        weight: cells.next()?.parse().ok()?,
        supersedes: cells.next()?,
        name: cells.next()?,
        icds: cells.next()?.split(' ').collect(),
    })
}

/// What stands in the diagnoses, each group once; the severe form counts instead of the
/// mild one.
pub fn comorbidities(icds: &[String]) -> Comorbidities {
    let has = |group: &&Group| {
        icds.iter().any(|icd| {
            let icd = icd.trim().to_ascii_uppercase();
            group.icds.iter().any(|prefix| icd.starts_with(prefix))
        })
    };
    let found: Vec<&Group> = GROUPS.iter().filter(has).collect();
    let counts = |group: &&&Group| !found.iter().any(|other| other.supersedes == group.code);
    let counted: Vec<_> = found.iter().filter(counts).collect();
    Comorbidities {
        charlson: counted.iter().map(|group| group.weight).sum(),
        names: counted.iter().map(|group| group.name).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_counts_once_and_the_severe_form_instead_of_the_mild_one() {
        for (icds, expected) in [
            (&["E11.9"][..], 1),
            (&["E11.9", "E10.9"], 1),
            (&["E11.9", "E11.2"], 2),
            (&["C34.9"], 2),
            (&["C34.9", "C78.7"], 6),
            (&["K74.6", "K76.6"], 4),
            (&["N18.3"], 2),
            (&["N18.5", "B18.1"], 4),
            (&["f03"], 3),
            (&["I10", "J18.9", "S72.0"], 0),
            (&["B24"], 4),
            (&["I50.0", "J44.1", "I63.9"], 5),
        ] {
            let icds: Vec<String> = icds.iter().map(|&icd| icd.to_owned()).collect();
            assert_eq!(comorbidities(&icds).charlson, expected, "{icds:?}");
        }
    }

    #[test]
    fn the_shipped_groups_are_whole() {
        assert_eq!(GROUPS.len(), 14);
        for group in GROUPS.iter() {
            assert!(group.icds.iter().all(|icd| icd.len() >= 3), "{}", group.code);
            let superseded = group.supersedes;
            let is_known = GROUPS.iter().any(|other| other.code == superseded);
            assert!(superseded.is_empty() || is_known, "{}", group.code);
        }
        // All of them at once fit.
        assert!(GROUPS.iter().map(|group| u32::from(group.weight)).sum::<u32>() < 256);
    }
}
