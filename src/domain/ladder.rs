//! The contact ladder of a task (F008, F025): whom to ring in which order and on which
//! number, and why somebody is left out. Said before a run, and stored with each dial.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::base::{ContactId, E164, NumberId};

use super::{NumberKind, NumberState, Relation, word::words};

/// The patient, or one of the contacts.
#[derive(Clone, Debug)]
pub struct LadderContact {
    /// `None`: the patient.
    pub contact: Option<ContactId>,
    pub relation: Relation,
    /// 知情家属: knows what the patient has.
    pub informed: bool,
    pub numbers: Vec<LadderNumber>,
}

#[derive(Clone, Debug)]
pub struct LadderNumber {
    pub id: NumberId,
    pub e164: E164,
    pub kind: NumberKind,
    pub state: NumberState,
    pub valid_until: Option<NaiveDate>,
    pub last_answered_on: Option<NaiveDate>,
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct LadderPolicy {
    /// Below this age the ladder begins with the guardian (rules.md §2).
    pub guardian_under_years: u16,
    /// They may say when the patient can be reached; they hear nothing of his health.
    pub uninformed_relatives: bool,
    pub neighbours_and_others: bool,
}

impl Default for LadderPolicy {
    fn default() -> Self {
        Self { guardian_under_years: 14, uninformed_relatives: true, neighbours_and_others: false }
    }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Skip {
    PatientOnly,
    NotInformed,
    NotARelative,
    NoNumber,
    Invalid,
    Blocked,
    Expired,
    /// 400 and the like: nobody lives there.
    ServiceNumber,
    /// Stands higher on the ladder already.
    SameNumber,
}

words! { Skip, "a reason to skip somebody",
    PatientOnly = "patient_only",
    NotInformed = "not_informed",
    NotARelative = "not_a_relative",
    NoNumber = "no_number",
    Invalid = "invalid",
    Blocked = "blocked",
    Expired = "expired",
    ServiceNumber = "service_number",
    SameNumber = "same_number",
}

impl Skip {
    pub const fn zh(self) -> &'static str {
        match self {
            Self::PatientOnly => "仅限本人,不联系其他人",
            Self::NotInformed => "家属不知情",
            Self::NotARelative => "不是亲属",
            Self::NoNumber => "没有号码",
            Self::Invalid => "号码无效",
            Self::Blocked => "号码已停用(对方说打错了)",
            Self::Expired => "临时号码已过期",
            Self::ServiceNumber => "服务号码",
            Self::SameNumber => "与前面的号码相同",
        }
    }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Rung {
    pub contact: Option<ContactId>,
    pub number: NumberId,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Skipped {
    pub contact: Option<ContactId>,
    /// `None`: the whole contact.
    pub number: Option<NumberId>,
    pub why: Skip,
}

#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Ladder {
    pub rungs: Vec<Rung>,
    pub skipped: Vec<Skipped>,
}

impl LadderPolicy {
    /// `contacts` in the order in which the patient named them. An unknown age is an
    /// adult's. `patient_only` stands above everything: for a child too.
    pub fn ladder(
        &self,
        contacts: &[LadderContact],
        age_years: Option<u16>,
        patient_only: bool,
        today: NaiveDate,
    ) -> Ladder {
        let is_child = age_years.is_some_and(|age| age < self.guardian_under_years);
        let mut ordered: Vec<&LadderContact> = contacts.iter().collect();
        ordered.sort_by_key(|contact| contact.place(is_child));
        let mut ladder = Ladder::default();
        let mut dialled: Vec<&E164> = Vec::new();
        for contact in ordered {
            if let Some(why) = self.leaves_out(contact, is_child, patient_only) {
                ladder.skip(contact, None, why);
                continue;
            }
            let mut numbers: Vec<&LadderNumber> = contact.numbers.iter().collect();
            numbers.sort_by_key(|number| number.place());
            for number in numbers {
                let same = dialled.contains(&&number.e164).then_some(Skip::SameNumber);
                match number.fault(today).or(same) {
                    Some(why) => ladder.skip(contact, Some(number.id), why),
                    None => {
                        dialled.push(&number.e164);
                        let (contact, number) = (contact.contact, number.id);
                        ladder.rungs.push(Rung { contact, number });
                    }
                }
            }
        }
        ladder
    }

    fn leaves_out(
        &self,
        contact: &LadderContact,
        is_child: bool,
        patient_only: bool,
    ) -> Option<Skip> {
        if contact.contact.is_some() && patient_only {
            return Some(Skip::PatientOnly);
        }
        if contact.numbers.is_empty() {
            return Some(Skip::NoNumber);
        }
        match contact.circle(is_child) {
            Circle::Uninformed if !self.uninformed_relatives => Some(Skip::NotInformed),
            Circle::Other if !self.neighbours_and_others => Some(Skip::NotARelative),
            _ => None,
        }
    }
}

/// In the order of the ladder; a child's guardian comes before the child.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Circle {
    ChildsGuardian,
    Patient,
    Informed,
    Uninformed,
    Other,
}

impl LadderContact {
    fn circle(&self, is_child: bool) -> Circle {
        use Relation::*;
        match (self.contact, self.relation) {
            (None, _) => Circle::Patient,
            (_, Guardian | Parent) if is_child => Circle::ChildsGuardian,
            (_, Neighbour | Other) if !self.informed => Circle::Other,
            _ if self.informed => Circle::Informed,
            _ => Circle::Uninformed,
        }
    }

    /// Of a child's people the guardian of record comes before the other parent.
    fn place(&self, is_child: bool) -> (Circle, bool) {
        (self.circle(is_child), self.relation != Relation::Guardian)
    }
}

impl LadderNumber {
    fn fault(&self, today: NaiveDate) -> Option<Skip> {
        match self.state {
            NumberState::Invalid => Some(Skip::Invalid),
            NumberState::Blocked => Some(Skip::Blocked),
            _ if self.valid_until.is_some_and(|until| until < today) => Some(Skip::Expired),
            _ if self.kind == NumberKind::Service => Some(Skip::ServiceNumber),
            _ => None,
        }
    }

    /// The best evidence first; then who answered last, and a mobile before a landline.
    fn place(&self) -> (u8, std::cmp::Reverse<Option<NaiveDate>>, bool) {
        let evidence = match self.state {
            NumberState::Valid => 0,
            NumberState::Unverified => 1,
            NumberState::Suspect => 2,
            NumberState::Invalid | NumberState::Blocked => 3,
        };
        let mobile = self.kind == NumberKind::Mobile;
        (evidence, std::cmp::Reverse(self.last_answered_on), !mobile)
    }
}

impl Ladder {
    fn skip(&mut self, contact: &LadderContact, number: Option<NumberId>, why: Skip) {
        self.skipped.push(Skipped { contact: contact.contact, number, why });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Id;
    use uuid::Uuid;

    fn id<T>(n: u128) -> Id<T> {
        Id::from_uuid(Uuid::from_u128(n))
    }

    fn number(n: u32) -> LadderNumber {
        LadderNumber {
            id: id(n.into()),
            e164: format!("+86138001380{n:02}").parse().unwrap(),
            kind: NumberKind::Mobile,
            state: NumberState::Unverified,
            valid_until: None,
            last_answered_on: None,
        }
    }

    fn person(n: u128, relation: Relation, informed: bool, number: LadderNumber) -> LadderContact {
        let contact = (relation != Relation::Own).then(|| id(n));
        LadderContact { contact, relation, informed, numbers: vec![number] }
    }

    fn today() -> NaiveDate {
        "2026-11-25".parse().unwrap()
    }

    /// Rungs and what was skipped, by the numbers' ids: `1 2; 3 invalid`.
    fn said(ladder: &Ladder) -> String {
        let last = |id: &Uuid| id.as_u128().to_string();
        let rungs: Vec<_> = ladder.rungs.iter().map(|rung| last(rung.number.as_uuid())).collect();
        let skipped = ladder.skipped.iter().map(|skipped| {
            let number = skipped.number.map(|id| last(id.as_uuid()));
            format!("; {} {}", number.unwrap_or_else(|| "all".to_owned()), skipped.why)
        });
        rungs.join(" ") + &skipped.collect::<String>()
    }

    #[track_caller]
    fn check(policy: LadderPolicy, age: u16, patient_only: bool, expected: &str) {
        let contacts = [
            person(9, Relation::Neighbour, false, number(5)),
            person(8, Relation::Sibling, false, number(4)),
            person(7, Relation::Parent, true, number(3)),
            person(6, Relation::Guardian, true, number(2)),
            person(0, Relation::Own, true, number(1)),
        ];
        assert_eq!(said(&policy.ladder(&contacts, Some(age), patient_only, today())), expected);
    }

    #[test]
    fn the_patient_comes_first_then_who_knows_then_others_by_rule() {
        let usual = LadderPolicy::default();
        let strict = LadderPolicy { uninformed_relatives: false, ..usual };
        let wide = LadderPolicy { neighbours_and_others: true, ..usual };
        check(usual, 74, false, "1 2 3 4; all not_a_relative");
        check(strict, 74, false, "1 2 3; all not_informed; all not_a_relative");
        check(wide, 74, false, "1 2 3 4 5");
    }

    #[test]
    fn under_14_the_guardian_comes_first() {
        let usual = LadderPolicy::default();
        check(usual, 13, false, "2 3 1 4; all not_a_relative");
        check(usual, 14, false, "1 2 3 4; all not_a_relative");
        check(
            LadderPolicy { guardian_under_years: 18, ..usual },
            17,
            false,
            "2 3 1 4; all not_a_relative",
        );
    }

    #[test]
    fn patient_only_means_nobody_else() {
        let all = "1; all patient_only; all patient_only; all patient_only; all patient_only";
        check(LadderPolicy::default(), 74, true, all);
        let child = "; all patient_only; all patient_only; all patient_only; all patient_only";
        check(LadderPolicy::default(), 13, true, &format!("1{child}"));
    }

    #[test]
    fn the_number_with_the_best_evidence_is_dialled_first() {
        let numbers = vec![
            LadderNumber { state: NumberState::Suspect, ..number(1) },
            LadderNumber { state: NumberState::Invalid, ..number(2) },
            LadderNumber { kind: NumberKind::Landline, ..number(3) },
            number(4),
            LadderNumber { last_answered_on: Some(today()), ..number(5) },
            LadderNumber { state: NumberState::Valid, kind: NumberKind::Landline, ..number(6) },
            LadderNumber { state: NumberState::Blocked, ..number(7) },
            LadderNumber { valid_until: today().pred_opt(), ..number(8) },
            LadderNumber { valid_until: Some(today()), state: NumberState::Valid, ..number(9) },
            LadderNumber { kind: NumberKind::Service, ..number(10) },
            LadderNumber { id: id(11), ..number(4) },
        ];
        let patient = LadderContact { numbers, ..person(0, Relation::Own, true, number(1)) };
        let ladder = LadderPolicy::default().ladder(&[patient], None, false, today());
        assert_eq!(
            said(&ladder),
            "9 6 5 4 3 1; 8 expired; 11 same_number; 10 service_number; 2 invalid; 7 blocked"
        );
    }

    #[test]
    fn a_family_with_one_telephone_is_rung_once() {
        let own = person(0, Relation::Own, true, number(1));
        let spouse = person(2, Relation::Spouse, true, LadderNumber { id: id(2), ..number(1) });
        let none = LadderContact { numbers: vec![], ..person(3, Relation::Child, true, number(3)) };
        let ladder = LadderPolicy::default().ladder(&[own, spouse, none], Some(50), false, today());
        assert_eq!(said(&ladder), "1; 2 same_number; all no_number");
    }
}
