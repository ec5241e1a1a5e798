//! 床旁试拨: may a number be rung now, while its owner is here? Who asks for it stands beside
//! the patient, so the windows of the machine do not hold; the night's rest does.

use chrono::NaiveTime;
use serde::{Deserialize, Serialize};

use super::TollClass;

/// Part of the policy row `calling`.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct BedsidePolicy {
    /// Local time; the end is outside. The number may turn out to be somebody else's, at home.
    pub from: NaiveTime,
    pub to: NaiveTime,
    /// A number that does not answer thrice is put right on paper.
    pub rings_per_day_max: u32,
}

impl Default for BedsidePolicy {
    fn default() -> Self {
        let at = |hour| NaiveTime::from_hms_opt(hour, 0, 0).unwrap_or_default();
        Self { from: at(7), to: at(21), rings_per_day_max: 3 }
    }
}

/// What the record says of the number and of whose it is.
#[derive(Clone, Copy, Debug)]
pub struct Bedside {
    pub local_time: NaiveTime,
    pub died: bool,
    pub refused: bool,
    /// By a person who said so: another's number.
    pub blocked: bool,
    pub do_not_call: bool,
    /// Somebody talks with this person or on this number just now, or it rings.
    pub in_live_call: bool,
    pub rings_today: u32,
    pub needs: TollClass,
    /// Of the role of who asks.
    pub holds: TollClass,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum NotRung {
    #[error(
        "{}需要相应权限,本角色只能拨{};请找有权限的人代拨 / the role may not order such a call",
        .0.zh(),
        .1.zh()
    )]
    NoTollRight(TollClass, TollClass),
    #[error("患者已故,不能拨打 / the patient has died")]
    Died,
    #[error("患者已拒绝来电 / the patient has refused calls")]
    Refused,
    #[error("号码已停用:打错了 / the number is blocked: it is somebody else's")]
    Blocked,
    #[error("号码在免打扰名单上 / the number is on the do-not-call list")]
    DoNotCall,
    #[error("正在与该患者通话或正在呼叫 / there is a call to this person just now")]
    InLiveCall,
    #[error("现在是休息时间,请在 {from}–{to} 之间试拨 / ring between {from} and {to}")]
    NightsRest { from: NaiveTime, to: NaiveTime },
    #[error("今天已试拨 {0} 次,请核对号码 / rung {0} times today: put the number right")]
    TooOften(u32),
}

/// # Errors
/// The first reason against it; nothing rings then.
pub fn may_ring(policy: &BedsidePolicy, it: &Bedside) -> Result<(), NotRung> {
    let BedsidePolicy { from, to, rings_per_day_max } = *policy;
    let reasons = [
        (it.needs > it.holds, NotRung::NoTollRight(it.needs, it.holds)),
        (it.died, NotRung::Died),
        (it.refused, NotRung::Refused),
        (it.blocked, NotRung::Blocked),
        (it.do_not_call, NotRung::DoNotCall),
        (it.in_live_call, NotRung::InLiveCall),
        (it.local_time < from || it.local_time >= to, NotRung::NightsRest { from, to }),
        (it.rings_today >= rings_per_day_max, NotRung::TooOften(it.rings_today)),
    ];
    match reasons.into_iter().find(|(holds, _)| *holds) {
        Some((_, reason)) => Err(reason),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hour: u32, minute: u32) -> NaiveTime {
        NaiveTime::from_hms_opt(hour, minute, 0).unwrap()
    }

    #[test]
    fn a_number_is_rung_at_the_bedside_unless_something_forbids_it() {
        use TollClass::*;
        let policy = BedsidePolicy::default();
        let fine = Bedside {
            local_time: at(12, 30),
            died: false,
            refused: false,
            blocked: false,
            do_not_call: false,
            in_live_call: false,
            rings_today: 0,
            needs: LongDistance,
            holds: LongDistance,
        };
        let rest = NotRung::NightsRest { from: at(7, 0), to: at(21, 0) };
        let cases: [(&str, Bedside, Option<NotRung>); 13] = [
            ("in the midday break", fine, None),
            ("cheaper than the right", Bedside { needs: Local, ..fine }, None),
            ("the first minute", Bedside { local_time: at(7, 0), ..fine }, None),
            ("before it", Bedside { local_time: at(6, 59), ..fine }, Some(rest)),
            ("the last", Bedside { local_time: at(20, 59), ..fine }, None),
            ("after it", Bedside { local_time: at(21, 0), ..fine }, Some(rest)),
            (
                "dearer than the right",
                Bedside { needs: Abroad, ..fine },
                Some(NotRung::NoTollRight(Abroad, LongDistance)),
            ),
            ("died", Bedside { died: true, ..fine }, Some(NotRung::Died)),
            ("refused", Bedside { refused: true, ..fine }, Some(NotRung::Refused)),
            ("blocked", Bedside { blocked: true, ..fine }, Some(NotRung::Blocked)),
            ("do not call", Bedside { do_not_call: true, ..fine }, Some(NotRung::DoNotCall)),
            ("live", Bedside { in_live_call: true, ..fine }, Some(NotRung::InLiveCall)),
            ("thrice", Bedside { rings_today: 3, ..fine }, Some(NotRung::TooOften(3))),
        ];
        for (what, bedside, expected) in cases {
            assert_eq!(may_ring(&policy, &bedside).err(), expected, "{what}");
        }
    }
}
