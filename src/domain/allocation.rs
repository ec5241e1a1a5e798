//! Who does which follow-up (F067–F069): open tasks are dealt to operators in proportion to
//! their capacity, by the method of largest remainders (Hamilton). The same input gives
//! the same answer, in whatever order it comes.

use std::collections::BTreeMap;

use crate::base::{TaskId, UserId};

use super::word::words;

/// 常规 / 专科 / 专病随访.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum FollowUpType {
    Routine,
    Specialty,
    Disease,
}

words! { FollowUpType, "a type of follow-up",
    Routine = "routine",
    Specialty = "specialty",
    Disease = "disease",
}

#[derive(Clone, Debug)]
pub struct Operator {
    pub id: UserId,
    /// Relative to the others'; 0 takes nothing.
    pub capacity: u16,
    pub presence: Presence,
    /// Empty lists: no restriction.
    pub types: Vec<FollowUpType>,
    pub departments: Vec<String>,
    pub wards: Vec<String>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Presence {
    Here,
    Absent,
    /// No longer works here.
    Left,
}

/// A task that nobody is working on at this moment.
#[derive(Clone, Debug)]
pub struct OpenTask {
    pub id: TaskId,
    pub follow_up_type: FollowUpType,
    pub department: String,
    pub ward: Option<String>,
    pub due_on: chrono::NaiveDate,
    pub holder: Option<UserId>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Given {
    pub task: TaskId,
    /// Who had it before: absent, gone, or no longer allowed to.
    pub from: Option<UserId>,
    pub to: UserId,
}

#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Unallocated {
    /// No operator may do this type, department or ward.
    NobodyMay,
    /// Some may, but they are away or have no capacity.
    NobodyHere,
}

words! { Unallocated, "a reason to leave a task alone",
    NobodyMay = "nobody_may",
    NobodyHere = "nobody_here",
}

#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Allocation {
    pub given: Vec<Given>,
    pub kept: Vec<TaskId>,
    pub unallocated: Vec<(TaskId, Unallocated)>,
}

impl Operator {
    fn may(&self, task: &OpenTask) -> bool {
        let named = |names: &[String], name: &str| {
            names.is_empty() || names.iter().any(|known| known == name)
        };
        (self.types.is_empty() || self.types.contains(&task.follow_up_type))
            && named(&self.departments, &task.department)
            && named(&self.wards, task.ward.as_deref().unwrap_or_default())
    }

    fn takes(&self) -> bool {
        self.presence == Presence::Here && self.capacity > 0
    }
}

/// A task stays with a holder who is here and may do it. The others go first to those
/// who have the least choice; what an operator holds already counts in his share.
pub fn allocate(tasks: &[OpenTask], operators: &[Operator]) -> Allocation {
    let mut operators: Vec<&Operator> = operators.iter().collect();
    operators.sort_by_key(|operator| operator.id);
    operators.dedup_by_key(|operator| operator.id);
    let mut tasks: Vec<&OpenTask> = tasks.iter().collect();
    tasks.sort_by_key(|task| (task.due_on, task.id));
    let mut loads = vec![0; operators.len()];
    let mut result = Allocation::default();
    // By the operators who may take them, the smallest circle first.
    let mut circles: BTreeMap<(usize, Vec<usize>), Vec<&OpenTask>> = BTreeMap::new();
    for task in tasks {
        let may: Vec<usize> = (0..operators.len()).filter(|at| operators[*at].may(task)).collect();
        let here: Vec<usize> = may.iter().copied().filter(|at| operators[*at].takes()).collect();
        let holder = here.iter().find(|at| Some(operators[**at].id) == task.holder);
        if let Some(holder) = holder {
            loads[*holder] += 1;
            result.kept.push(task.id);
        } else if here.is_empty() {
            let why = if may.is_empty() { Unallocated::NobodyMay } else { Unallocated::NobodyHere };
            result.unallocated.push((task.id, why));
        } else {
            circles.entry((here.len(), here)).or_default().push(task);
        }
    }
    for ((_, circle), tasks) in circles {
        let mut shares = shares(&circle, &operators, &loads, tasks.len());
        let whole = shares.clone();
        for task in tasks {
            // Whoever has the largest part of his share before him: early and late due
            // dates are dealt to all alike.
            let left = |at: &usize| shares[*at] * 1_000_000 / whole[*at].max(1);
            let next =
                (0..circle.len()).max_by_key(|at| (left(at), shares[*at], circle.len() - at));
            let Some(next) = next else { continue };
            shares[next] = shares[next].saturating_sub(1);
            loads[circle[next]] += 1;
            let to = operators[circle[next]].id;
            result.given.push(Given { task: task.id, from: task.holder, to });
        }
    }
    result
}

/// How many of `count` new tasks each of the circle gets, so that all that they hold
/// then is in proportion to their capacities as far as that can be.
fn shares(circle: &[usize], operators: &[&Operator], loads: &[u64], count: usize) -> Vec<u64> {
    let capacity = |at: &usize| u64::from(operators[circle[*at]].capacity);
    let load = |at: &usize| loads[circle[*at]];
    let mut open: Vec<usize> = (0..circle.len()).collect();
    loop {
        let total = open.iter().map(load).sum::<u64>() + count as u64;
        let capacities: Vec<u64> = open.iter().map(capacity).collect();
        let targets = largest_remainder(total, &capacities);
        // Who holds more than his part already gets nothing; the others share the rest.
        let fits: Vec<bool> = open.iter().zip(&targets).map(|(at, t)| load(at) <= *t).collect();
        if fits.iter().all(|fits| *fits) {
            let mut shares = vec![0; circle.len()];
            for (at, target) in open.iter().zip(targets) {
                shares[*at] = target - load(at);
            }
            return shares;
        }
        let mut fits = fits.into_iter();
        open.retain(|_| fits.next().unwrap_or(true));
    }
}

/// Whole parts of `total` in proportion to the weights, to within one. Of equal
/// remainders the heavier and then the earlier comes first. All weights 0: all parts 0.
pub fn largest_remainder(total: u64, weights: &[u64]) -> Vec<u64> {
    let sum: u128 = weights.iter().map(|weight| u128::from(*weight)).sum();
    if sum == 0 {
        return vec![0; weights.len()];
    }
    let exact = |weight: &u64| u128::from(total) * u128::from(*weight);
    let whole = |weight: &u64| u64::try_from(exact(weight) / sum).unwrap_or(u64::MAX);
    let mut parts: Vec<u64> = weights.iter().map(whole).collect();
    let rest = total.saturating_sub(parts.iter().sum());
    let mut order: Vec<usize> = (0..weights.len()).collect();
    order.sort_by_key(|at| {
        let weight = weights[*at];
        (std::cmp::Reverse((exact(&weight) % sum, weight)), *at)
    });
    for at in order.into_iter().take(usize::try_from(rest).unwrap_or(usize::MAX)) {
        parts[at] += 1;
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Id;
    use uuid::Uuid;

    fn id<T>(n: u128) -> Id<T> {
        Id::from_uuid(Uuid::from_u128(n))
    }

    fn operator(n: u128, capacity: u16) -> Operator {
        let none = Vec::new;
        let presence = Presence::Here;
        Operator {
            id: id(n),
            capacity,
            presence,
            types: vec![],
            departments: none(),
            wards: none(),
        }
    }

    fn tasks(count: u128) -> Vec<OpenTask> {
        let task = |n| OpenTask {
            id: id(1000 + n),
            follow_up_type: FollowUpType::Routine,
            department: "心内科".to_owned(),
            ward: None,
            due_on: "2026-11-25".parse().unwrap(),
            holder: None,
        };
        (0..count).map(task).collect()
    }

    /// What each operator holds in the end, kept ones included.
    fn held(tasks: &[OpenTask], operators: &[Operator]) -> Vec<usize> {
        let found = allocate(tasks, operators);
        assert_eq!(found.given.len() + found.kept.len() + found.unallocated.len(), tasks.len());
        let kept = |at: &UserId| {
            let kept = |task: &&OpenTask| found.kept.contains(&task.id) && task.holder == Some(*at);
            tasks.iter().filter(kept).count()
        };
        let given = |at: &UserId| found.given.iter().filter(|given| given.to == *at).count();
        operators.iter().map(|operator| kept(&operator.id) + given(&operator.id)).collect()
    }

    #[track_caller]
    fn check(tasks: &[OpenTask], operators: &[Operator], expected: &[usize]) {
        assert_eq!(held(tasks, operators), expected);
    }

    fn four() -> Vec<Operator> {
        (1..=4).map(|n| operator(n, 5 - u16::try_from(n).unwrap())).collect()
    }

    /// F067.
    #[test]
    fn tasks_are_dealt_by_capacity() {
        check(&tasks(100), &four(), &[40, 30, 20, 10]);
        check(&tasks(7), &four(), &[3, 2, 1, 1]);
        check(&tasks(0), &four(), &[0, 0, 0, 0]);
        let mut none = four();
        none[0].capacity = 0;
        check(&tasks(60), &none, &[0, 30, 20, 10]);
    }

    #[test]
    fn absence_and_leaving_hand_the_tasks_on() {
        let mut held = tasks(100);
        for given in allocate(&tasks(100), &four()).given {
            let task = held.iter_mut().find(|task| task.id == given.task).unwrap();
            task.holder = Some(given.to);
        }
        check(&held, &four(), &[40, 30, 20, 10]);
        assert!(allocate(&held, &four()).given.is_empty(), "nothing moves without a reason");
        for presence in [Presence::Absent, Presence::Left] {
            let mut operators = four();
            operators[0].presence = presence;
            check(&held, &operators, &[0, 50, 33, 17]);
            let moved = allocate(&held, &operators).given;
            assert_eq!(moved.len(), 40);
            assert!(moved.iter().all(|given| given.from == Some(id(1)) && given.to != id(1)));
        }
    }

    #[test]
    fn who_holds_too_much_already_gets_nothing_more() {
        let mut held = tasks(100);
        held.iter_mut().take(50).for_each(|task| task.holder = Some(id(4)));
        check(&held, &four(), &[22, 17, 11, 50]);
    }

    #[test]
    fn types_departments_and_wards_are_kept_apart() {
        let mut all = tasks(30);
        all[..10].iter_mut().for_each(|task| task.department = "骨科".to_owned());
        all[10..20].iter_mut().for_each(|task| task.follow_up_type = FollowUpType::Disease);
        all[29].ward = Some("东区".to_owned());
        let bones = Operator { departments: vec!["骨科".to_owned()], ..operator(1, 1) };
        let hearts = Operator { departments: vec!["心内科".to_owned()], ..operator(2, 1) };
        let disease = Operator { types: vec![FollowUpType::Disease], ..operator(3, 1) };
        check(&all, &[bones.clone(), hearts.clone(), disease], &[10, 10, 10]);
        let east = Operator { wards: vec!["东区".to_owned()], ..operator(3, 1) };
        check(&all, &[bones, hearts, east.clone()], &[10, 19, 1]);
        let alone = allocate(&all, &[east]);
        assert_eq!(alone.unallocated.len(), 29);
        assert!(alone.unallocated.iter().all(|(_, why)| *why == Unallocated::NobodyMay));
        let away = Operator { presence: Presence::Absent, ..operator(1, 1) };
        assert_eq!(allocate(&all[..1], &[away]).unallocated[0].1, Unallocated::NobodyHere);
    }

    #[test]
    fn the_order_of_the_input_changes_nothing() {
        let (mut tasks, mut operators) = (tasks(31), four());
        let forward = allocate(&tasks, &operators);
        tasks.reverse();
        operators.reverse();
        assert_eq!(allocate(&tasks, &operators), forward);
        let holders: std::collections::BTreeSet<_> = forward.given.iter().map(|g| g.task).collect();
        assert_eq!(holders.len(), 31, "no task is held by two");
    }

    #[test]
    fn parts_add_up_to_the_whole() {
        for (total, weights, expected) in [
            (100, &[4, 3, 2, 1][..], &[40, 30, 20, 10][..]),
            (10, &[1, 1, 1], &[4, 3, 3]),
            (1, &[1, 5], &[0, 1]),
            (5, &[0, 0], &[0, 0]),
            (u64::MAX, &[u64::MAX, u64::MAX], &[u64::MAX / 2 + 1, u64::MAX / 2]),
            (3, &[], &[]),
        ] {
            assert_eq!(largest_remainder(total, weights), expected, "{total} by {weights:?}");
        }
    }
}
