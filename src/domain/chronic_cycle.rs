//! How often the chronically ill are asked (F058): the reference cycles of features.md B2 as
//! rows that a hospital may change.

use super::{Horizon, Interval, Schedule};

#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ChronicCycle {
    pub disease: String,
    pub months: u16,
    pub icd: Vec<String>,
}

/// The five rows that a fresh installation has.
pub fn shipped_cycles() -> Vec<ChronicCycle> {
    let rows =
        include_str!("data/chronic-cycles.csv").lines().filter(|line| !line.starts_with('#'));
    rows.filter_map(|line| ChronicCycle::read(line).ok()).collect()
}

impl ChronicCycle {
    /// `高血压,1,I10 I11`
    ///
    /// # Errors
    /// What is wrong with the row.
    pub fn read(row: &str) -> Result<Self, String> {
        let cells: Vec<&str> = row.split(',').map(str::trim).collect();
        let &[disease, months, icd] = cells.as_slice() else {
            return Err("应有三列:病名、月数、ICD 前缀 / three cells are expected".to_owned());
        };
        let months: u16 = months.parse().unwrap_or_default();
        if disease.is_empty() || !(1..=MONTHS_MAX).contains(&months) || icd.is_empty() {
            return Err(format!("周期应为 1 到 {MONTHS_MAX} 月,病名和 ICD 不能为空 / bad cycle"));
        }
        let icd = icd.split_whitespace().map(str::to_ascii_uppercase).collect();
        Ok(Self { disease: disease.to_owned(), months, icd })
    }

    pub fn covers(&self, icd: &str) -> bool {
        let code = icd.trim().to_ascii_uppercase();
        self.icd.iter().any(|beginning| code.starts_with(beginning))
    }

    pub fn schedule(&self, horizon: Horizon) -> Schedule {
        Schedule::cycle(Interval::Months(self.months), horizon)
    }
}

/// The shortest of those that cover any diagnosis: who has hypertension and heart disease
/// is asked each month. Of equal ones the first.
pub fn cycle_for<'a>(cycles: &'a [ChronicCycle], diagnoses: &[&str]) -> Option<&'a ChronicCycle> {
    let covers = |cycle: &&ChronicCycle| diagnoses.iter().any(|icd| cycle.covers(icd));
    cycles.iter().filter(covers).min_by_key(|cycle| cycle.months)
}

/// Ten years.
const MONTHS_MAX: u16 = 120;

#[cfg(test)]
mod tests {
    use super::*;

    /// features.md B2.
    #[test]
    fn the_five_reference_cycles_are_installed() {
        let cycles = shipped_cycles();
        let told: Vec<_> = cycles.iter().map(|c| (c.disease.as_str(), c.months)).collect();
        let expected = [("高血压", 1), ("糖尿病", 1), ("冠心病", 6), ("脑血管病", 3), ("肿瘤", 3)];
        assert_eq!(told, expected);
        let start = "2025-01-31".parse().unwrap();
        for (disease, expected) in [
            ("糖尿病", ["2025-02-28", "2025-03-31", "2025-04-30"]),
            ("冠心病", ["2025-07-31", "2026-01-31", "2026-07-31"]),
            ("肿瘤", ["2025-04-30", "2025-07-31", "2025-10-31"]),
        ] {
            let cycle = cycles.iter().find(|cycle| cycle.disease == disease).unwrap();
            let dues = cycle.schedule(Horizon::Count(3)).preview(start);
            assert_eq!(dues.iter().map(|due| due.on.to_string()).collect::<Vec<_>>(), expected);
        }
    }

    #[test]
    fn a_patient_with_several_diseases_is_asked_by_the_shortest_cycle() {
        let cycles = shipped_cycles();
        for (diagnoses, expected) in [
            (&["I25.100"][..], Some("冠心病")),
            (&["I25.100", "i10.x00"], Some("高血压")),
            (&["I63.9", "C34.9"], Some("脑血管病")),
            (&["J18.9"], None),
            (&[], None),
        ] {
            let found = cycle_for(&cycles, diagnoses).map(|cycle| cycle.disease.as_str());
            assert_eq!(found, expected, "{diagnoses:?}");
        }
    }

    #[test]
    fn a_row_that_cannot_be_read_says_why() {
        for row in
            ["高血压,1", "高血压,0,I10", "高血压,121,I10", ",1,I10", "高血压,1,", "高血压,x,I10"]
        {
            assert!(ChronicCycle::read(row).is_err(), "{row}");
        }
    }
}
