//! Scales that the server scores itself, so that no form does sums (rules.md §4). A total
//! is only given when every item was answered: six kinds of blank are not zero.

use super::word::words;

#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ScoreFault {
    #[error("item {item} is {value}, not 0 to {max}")]
    OutOfRange { item: usize, value: u8, max: u8 },
    #[error("{0} is not one of the eleven levels 0, 10 … 100")]
    NotALevel(u16),
}

#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Severity {
    Minimal,
    Mild,
    Moderate,
    ModeratelySevere,
    Severe,
}

words! { Severity, "a severity",
    Minimal = "minimal",
    Mild = "mild",
    Moderate = "moderate",
    ModeratelySevere = "moderately_severe",
    Severe = "severe",
}

/// Kroenke, Spitzer, Williams: The PHQ-9, J Gen Intern Med 2001;16:606–613.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Phq9 {
    pub total: Option<u8>,
    pub severity: Option<Severity>,
    /// Thoughts of death or self-harm: a person at once, whatever the total, and also when
    /// other items are missing.
    pub item9: bool,
}

/// Kroenke, Spitzer, Williams: The PHQ-2, Med Care 2003;41:1284–1292.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Phq2 {
    pub total: Option<u8>,
    /// The other seven items are asked.
    pub positive: bool,
}

/// Spitzer et al.: The GAD-7, Arch Intern Med 2006;166:1092–1097.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Gad7 {
    pub total: Option<u8>,
    pub severity: Option<Severity>,
}

/// # Errors
/// When an answer is not 0 to 3.
pub fn phq2(items: [Option<u8>; 2]) -> Result<Phq2, ScoreFault> {
    let total = total(&items)?;
    Ok(Phq2 { total, positive: total.is_some_and(|total| total >= PHQ2_POSITIVE) })
}

/// # Errors
/// When an answer is not 0 to 3.
pub fn phq9(items: [Option<u8>; 9]) -> Result<Phq9, ScoreFault> {
    let total = total(&items)?;
    let severity = total.map(|total| severity(total, &PHQ9_BANDS));
    Ok(Phq9 { total, severity, item9: items[8].is_some_and(|value| value > 0) })
}

/// # Errors
/// When an answer is not 0 to 3.
pub fn gad7(items: [Option<u8>; 7]) -> Result<Gad7, ScoreFault> {
    let total = total(&items)?;
    Ok(Gad7 { total, severity: total.map(|total| severity(total, &GAD7_BANDS)) })
}

fn total(items: &[Option<u8>]) -> Result<Option<u8>, ScoreFault> {
    for (item, value) in (1..).zip(items) {
        if let Some(value) = value.filter(|value| *value > ITEM_MAX) {
            return Err(ScoreFault::OutOfRange { item, value, max: ITEM_MAX });
        }
    }
    Ok(items.iter().copied().sum())
}

fn severity(total: u8, bands: &[(u8, Severity)]) -> Severity {
    let reached = bands.iter().rev().find(|(from, _)| total >= *from);
    reached.map_or(Severity::Minimal, |(_, severity)| *severity)
}

/// What a pain on the numeric scale of 0 to 10 asks for.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum PainAction {
    Nothing,
    Act,
    Urgent,
}

words! { PainAction, "an action on pain", Nothing = "nothing", Act = "act", Urgent = "urgent", }

/// # Errors
/// When the answer is over 10.
pub const fn pain(nrs: u8) -> Result<PainAction, ScoreFault> {
    match nrs {
        0..=3 => Ok(PainAction::Nothing),
        4..=6 => Ok(PainAction::Act),
        7..=10 => Ok(PainAction::Urgent),
        _ => Err(ScoreFault::OutOfRange { item: 1, value: nrs, max: 10 }),
    }
}

/// 一般情况: the eleven levels of Karnofsky and Burchenal (1949), with the words of the
/// source's form. 0 is stored by a person only.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Karnofsky(u8);

impl Karnofsky {
    /// # Errors
    /// When the score is not one of the eleven.
    pub fn new(score: u16) -> Result<Self, ScoreFault> {
        let level = u8::try_from(score).ok().filter(|score| *score <= 100 && score % 10 == 0);
        level.map(Self).ok_or(ScoreFault::NotALevel(score))
    }

    /// From 100 down.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..=10).rev().map(|tens| Self(tens * 10))
    }

    pub const fn score(self) -> u8 {
        self.0
    }

    pub fn zh(self) -> &'static str {
        let row = |line: &'static str| {
            let (score, zh) = line.split_once('\t')?;
            (score.parse() == Ok(self.0)).then_some(zh)
        };
        KARNOFSKY.lines().find_map(row).unwrap_or_default()
    }
}

/// The LACE index of death or unplanned readmission within 30 days: van Walraven et al.,
/// CMAJ 2010;182:551–557.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Lace {
    pub stay_days: u16,
    pub acute: bool,
    /// The Charlson comorbidity index, as that paper weights it.
    pub charlson: u8,
    /// Visits to an emergency department in the six months before.
    pub emergency_visits: u16,
}

/// The four parts, so that the page can show the sum.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct LaceScore {
    pub length: u8,
    pub acuity: u8,
    pub comorbidity: u8,
    pub emergency: u8,
}

impl Lace {
    pub fn score(self) -> LaceScore {
        LaceScore {
            length: match self.stay_days {
                0 => 0,
                1 => 1,
                2 => 2,
                3 => 3,
                4..=6 => 4,
                7..=13 => 5,
                14.. => 7,
            },
            acuity: if self.acute { 3 } else { 0 },
            comorbidity: if self.charlson >= 4 { 5 } else { self.charlson },
            emergency: u8::try_from(self.emergency_visits.min(4)).unwrap_or(4),
        }
    }
}

impl LaceScore {
    pub const fn total(self) -> u8 {
        self.length + self.acuity + self.comorbidity + self.emergency
    }

    pub const fn is_high(self) -> bool {
        self.total() >= LACE_HIGH
    }

    /// `LACE 14 = 住院天数 4 + 急诊入院 3 + 合并症 5 + 急诊就诊 2`
    pub fn words(self) -> String {
        let Self { length, acuity, comorbidity, emergency } = self;
        format!(
            "LACE {} = 住院天数 {length} + 急诊入院 {acuity} + 合并症 {comorbidity} + 急诊就诊 {emergency}",
            self.total()
        )
    }
}

const KARNOFSKY: &str = include_str!("data/karnofsky.tsv");

/// The published cut-offs: parts of the instruments, not settings of a hospital.
const ITEM_MAX: u8 = 3;
const PHQ2_POSITIVE: u8 = 3;
const PHQ9_BANDS: [(u8, Severity); 4] = [
    (5, Severity::Mild),
    (10, Severity::Moderate),
    (15, Severity::ModeratelySevere),
    (20, Severity::Severe),
];
const GAD7_BANDS: [(u8, Severity); 3] =
    [(5, Severity::Mild), (10, Severity::Moderate), (15, Severity::Severe)];
const LACE_HIGH: u8 = 10;

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers of 0 to 3 that add up to `total`.
    fn items<const N: usize>(mut total: u8) -> [Option<u8>; N] {
        std::array::from_fn(|_| {
            let value = total.min(3);
            total -= value;
            Some(value)
        })
    }

    #[test]
    fn each_band_of_the_phq9_begins_at_its_cut_off() {
        use Severity::*;
        for (total, expected) in [
            (0, Minimal),
            (4, Minimal),
            (5, Mild),
            (9, Mild),
            (10, Moderate),
            (14, Moderate),
            (15, ModeratelySevere),
            (19, ModeratelySevere),
            (20, Severe),
            (27, Severe),
        ] {
            let found = phq9(items(total)).unwrap();
            assert_eq!((found.total, found.severity), (Some(total), Some(expected)), "{total}");
        }
    }

    #[test]
    fn item_9_counts_even_when_others_are_blank() {
        let answered = |value| {
            let mut items = [None; 9];
            items[8] = value;
            phq9(items).unwrap()
        };
        assert_eq!(answered(Some(1)), Phq9 { total: None, severity: None, item9: true });
        assert!(!answered(Some(0)).item9);
        assert!(!answered(None).item9);
    }

    #[test]
    fn three_points_of_the_phq2_ask_for_the_phq9() {
        for (items, total, positive) in [
            ([Some(0), Some(0)], Some(0), false),
            ([Some(0), Some(2)], Some(2), false),
            ([Some(1), Some(2)], Some(3), true),
            ([Some(3), Some(3)], Some(6), true),
            ([Some(3), None], None, false),
        ] {
            assert_eq!(phq2(items), Ok(Phq2 { total, positive }), "{items:?}");
        }
        let fault = ScoreFault::OutOfRange { item: 2, value: 4, max: 3 };
        assert_eq!(phq2([Some(0), Some(4)]), Err(fault));
    }

    #[test]
    fn each_band_of_the_gad7_begins_at_its_cut_off() {
        use Severity::*;
        for (total, expected) in [
            (0, Minimal),
            (4, Minimal),
            (5, Mild),
            (9, Mild),
            (10, Moderate),
            (14, Moderate),
            (15, Severe),
            (21, Severe),
        ] {
            assert_eq!(gad7(items(total)).unwrap().severity, Some(expected), "{total}");
        }
    }

    #[test]
    fn pain_is_acted_on_from_4_and_urgent_from_7() {
        use PainAction::*;
        for (nrs, expected) in
            [(0, Nothing), (3, Nothing), (4, Act), (6, Act), (7, Urgent), (10, Urgent)]
        {
            assert_eq!(pain(nrs), Ok(expected), "{nrs}");
        }
        assert!(pain(11).is_err());
    }

    /// F080.
    #[test]
    fn the_general_status_has_eleven_levels_and_the_sources_three_sentences() {
        let levels: Vec<_> = Karnofsky::all().map(|level| (level.score(), level.zh())).collect();
        assert_eq!(levels.len(), 11);
        assert!(levels.iter().all(|(_, zh)| !zh.is_empty()), "{levels:?}");
        for expected in [
            (100, "正常,无任何症状"),
            (90, "可以进行正常活动,有轻微症状或体征"),
            (20, "病重,需要住院及积极支持治疗"),
        ] {
            assert!(levels.contains(&expected), "{expected:?}");
        }
        for score in [5, 110, 300] {
            assert_eq!(Karnofsky::new(score), Err(ScoreFault::NotALevel(score)));
        }
        assert_eq!(Karnofsky::new(70).unwrap().score(), 70);
    }

    /// The first two rows are the examples of rules.md §4.
    #[test]
    fn lace_adds_up_as_published() {
        for (stay_days, acute, charlson, emergency_visits, total, high) in [
            (5, true, 5, 2, 14, true),
            (2, false, 0, 0, 2, false),
            (0, false, 0, 0, 0, false),
            (1, false, 1, 1, 3, false),
            (3, false, 2, 4, 9, false),
            (3, false, 3, 4, 10, true),
            (4, false, 3, 0, 7, false),
            (6, false, 4, 0, 9, false),
            (7, false, 4, 0, 10, true),
            (13, true, 4, 0, 13, true),
            (14, true, 4, 5, 19, true),
            (400, true, 37, 60, 19, true),
        ] {
            let score = Lace { stay_days, acute, charlson, emergency_visits }.score();
            assert_eq!((score.total(), score.is_high()), (total, high), "{}", score.words());
        }
    }
}
