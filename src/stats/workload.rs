//! 工作量 on three levels (F124): the hospital, its departments, its operators.

use std::collections::BTreeMap;

#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Workload {
    pub calls: u64,
    pub talk_s: u64,
    pub completed: u64,
    pub partial: u64,
}

/// What the store counts: one operator in one department.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct WorkloadCell {
    pub department: String,
    pub operator: String,
    pub workload: Workload,
}

#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct WorkloadReport {
    pub hospital: Workload,
    pub departments: BTreeMap<String, Workload>,
    pub operators: BTreeMap<String, Workload>,
}

impl Workload {
    fn add(&mut self, other: &Self) {
        self.calls += other.calls;
        self.talk_s += other.talk_s;
        self.completed += other.completed;
        self.partial += other.partial;
    }

    /// `3 分 20 秒` a call; `None` without one.
    pub const fn mean_talk_s(&self) -> Option<u64> {
        self.talk_s.checked_div(self.calls)
    }
}

impl WorkloadReport {
    pub fn of(cells: &[WorkloadCell]) -> Self {
        let mut report = Self::default();
        for WorkloadCell { department, operator, workload } in cells {
            report.hospital.add(workload);
            report.departments.entry(department.clone()).or_default().add(workload);
            report.operators.entry(operator.clone()).or_default().add(workload);
        }
        report
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_levels_add_up_to_the_same() {
        let cell = |department: &str, operator: &str, calls, talk_s, completed| WorkloadCell {
            department: department.to_owned(),
            operator: operator.to_owned(),
            workload: Workload { calls, talk_s, completed, partial: 1 },
        };
        let cells = [
            cell("心内科", "1001", 10, 600, 8),
            cell("心内科", "1002", 5, 200, 3),
            cell("骨科", "1001", 2, 90, 2),
        ];
        let report = WorkloadReport::of(&cells);
        let total = Workload { calls: 17, talk_s: 890, completed: 13, partial: 3 };
        assert_eq!(report.hospital, total);
        assert_eq!(report.departments["心内科"].calls, 15);
        assert_eq!(
            report.operators["1001"],
            Workload { calls: 12, talk_s: 690, completed: 10, partial: 2 }
        );
        for level in [&report.departments, &report.operators] {
            let mut sum = Workload::default();
            level.values().for_each(|workload| sum.add(workload));
            assert_eq!(sum, total);
        }
        assert_eq!(report.hospital.mean_talk_s(), Some(52));
        assert_eq!(Workload::default().mean_talk_s(), None);
    }
}
