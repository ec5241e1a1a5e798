use super::*;

#[track_caller]
fn check(found: &VisitJudgement, class: VisitClass, next: NextStep) {
    assert_eq!((found.class, found.next), (class, next), "{:?}", found.reasons);
}

const SOON: NextStep = NextStep::Within { days: 14 };
const REFER: NextStep = NextStep::Refer { then_within_days: 14 };

#[test]
fn blood_pressure_is_judged_at_each_of_its_limits() {
    use VisitClass::*;
    let limits = HypertensionLimits::default();
    for (systolic, diastolic, age_years, class, next) in [
        (139.0, 89.0, 64, Controlled, NextStep::AsPlanned),
        (140.0, 89.0, 64, NotControlled, SOON),
        (139.0, 90.0, 64, NotControlled, SOON),
        (149.0, 89.0, 65, Controlled, NextStep::AsPlanned),
        (150.0, 89.0, 65, NotControlled, SOON),
        (149.0, 90.0, 65, NotControlled, SOON),
        (179.0, 109.0, 50, NotControlled, SOON),
        (180.0, 80.0, 50, Urgent, REFER),
        (120.0, 110.0, 50, Urgent, REFER),
    ] {
        let (systolic, diastolic) = (Some(systolic), Some(diastolic));
        let visit = HypertensionVisit { systolic, diastolic, age_years, ..Default::default() };
        check(&limits.judge(&visit), class, next);
    }
}

#[test]
fn the_course_of_hypertension_decides_when_and_who() {
    use VisitClass::*;
    let limits = HypertensionLimits::default();
    let good = HypertensionVisit {
        systolic: Some(130.0),
        diastolic: Some(80.0),
        age_years: 50,
        ..Default::default()
    };
    let high = HypertensionVisit { systolic: Some(150.0), ..good };
    let twice = Control::NotControlled;
    for (visit, class, next) in [
        (good, Controlled, NextStep::AsPlanned),
        (HypertensionVisit { before: twice, ..good }, Controlled, NextStep::AsPlanned),
        (HypertensionVisit { before: Control::Controlled, ..high }, NotControlled, SOON),
        (HypertensionVisit { before: twice, ..high }, NotControlledTwice, REFER),
        (HypertensionVisit { drug_reaction: true, ..good }, DrugReaction, SOON),
        (
            HypertensionVisit { drug_reaction: true, before: Control::DrugReaction, ..good },
            NotControlledTwice,
            REFER,
        ),
        (
            HypertensionVisit { drug_reaction: true, before: twice, ..high },
            NotControlledTwice,
            REFER,
        ),
        (HypertensionVisit { complication_new_or_worse: true, ..good }, Complication, REFER),
        (
            HypertensionVisit { pregnant_or_lactating: true, ..good },
            Controlled,
            NextStep::AsPlanned,
        ),
        (HypertensionVisit { pregnant_or_lactating: true, ..high }, Urgent, REFER),
        (HypertensionVisit { systolic: None, ..good }, NotMeasured, SOON),
        (HypertensionVisit { diastolic: None, ..high }, NotControlled, SOON),
        (
            HypertensionVisit { signs: &[DangerSign::KetoticBreath], ..good },
            Controlled,
            NextStep::AsPlanned,
        ),
    ] {
        check(&limits.judge(&visit), class, next);
    }
    for sign in DangerSign::HYPERTENSION {
        let signs = &[*sign];
        check(&limits.judge(&HypertensionVisit { signs, ..good }), Urgent, REFER);
    }
}

#[test]
fn diabetes_is_judged_at_each_of_its_limits() {
    use VisitClass::*;
    let limits = DiabetesLimits::default();
    let good = DiabetesVisit { fasting_glucose: Some(6.9), ..Default::default() };
    let with = |fasting_glucose| DiabetesVisit { fasting_glucose: Some(fasting_glucose), ..good };
    let twice = Control::NotControlled;
    for (visit, class, next) in [
        (good, Controlled, NextStep::AsPlanned),
        (with(7.0), NotControlled, SOON),
        (DiabetesVisit { before: twice, ..with(7.0) }, NotControlledTwice, REFER),
        (with(16.6), NotControlled, SOON),
        (with(16.7), Urgent, REFER),
        (with(4.0), Controlled, NextStep::AsPlanned),
        (with(3.9), Urgent, REFER),
        (DiabetesVisit { systolic: Some(180.0), ..good }, Urgent, REFER),
        (DiabetesVisit { systolic: Some(179.0), diastolic: Some(110.0), ..good }, Urgent, REFER),
        (DiabetesVisit { heart_rate: Some(100.0), ..good }, Controlled, NextStep::AsPlanned),
        (DiabetesVisit { heart_rate: Some(101.0), ..good }, Urgent, REFER),
        (DiabetesVisit { temperature: Some(39.0), ..good }, Controlled, NextStep::AsPlanned),
        (DiabetesVisit { temperature: Some(39.1), ..good }, Urgent, REFER),
        (DiabetesVisit { drug_reaction: true, ..good }, DrugReaction, SOON),
        (DiabetesVisit { complication_new_or_worse: true, ..good }, Complication, REFER),
        (DiabetesVisit { pregnant_or_lactating: true, ..with(7.0) }, Urgent, REFER),
        (DiabetesVisit { fasting_glucose: None, ..good }, NotMeasured, SOON),
    ] {
        check(&limits.judge(&visit), class, next);
    }
    for sign in DangerSign::DIABETES {
        check(&limits.judge(&DiabetesVisit { signs: &[*sign], ..good }), Urgent, REFER);
    }
}

#[test]
fn the_reason_names_value_and_limit() {
    let visit = HypertensionVisit {
        systolic: Some(182.0),
        diastolic: Some(80.0),
        signs: &[DangerSign::EyePain],
        ..Default::default()
    };
    let reasons = HypertensionLimits::default().judge(&visit).reasons;
    assert_eq!(reasons, ["收缩压 182 ≥ 180", "危急症状 eye_pain"]);
}

#[test]
fn a_keyed_value_outside_its_range_is_asked_again() {
    use Quantity::*;
    let ranges = plausible_ranges();
    for (quantity, low, from, to, high) in [
        (Temperature, 33.9, 34.0, 43.0, 43.1),
        (Systolic, 59.0, 60.0, 260.0, 261.0),
        (Diastolic, 29.0, 30.0, 160.0, 161.0),
        (OxygenSaturation, 49.0, 50.0, 100.0, 101.0),
        (HeartRate, 29.0, 30.0, 220.0, 221.0),
        (Respiration, 4.0, 5.0, 60.0, 61.0),
        (Weight, 1.9, 2.0, 300.0, 300.1),
        (Height, 29.0, 30.0, 250.0, 251.0),
        (FastingGlucose, 0.9, 1.0, 40.0, 40.1),
        (AlbuminCreatinine, -1.0, 0.0, 5000.0, 5001.0),
    ] {
        for (value, expected) in [
            (low, Err(Implausible::TooLow)),
            (from, Ok(())),
            (to, Ok(())),
            (high, Err(Implausible::TooHigh)),
            (f64::NAN, Err(Implausible::TooLow)),
        ] {
            assert_eq!(check_value(&ranges, quantity, value), expected, "{quantity} {value}");
        }
    }
    for (systolic, diastolic, expected) in [
        (138.0, 88.0, Ok(())),
        (88.0, 138.0, Err(Implausible::NotAbove)),
        (90.0, 90.0, Err(Implausible::NotAbove)),
        (300.0, 90.0, Err(Implausible::TooHigh)),
    ] {
        assert_eq!(check_pressure(&ranges, systolic, diastolic), expected, "{systolic}");
    }
}

#[test]
fn a_weight_over_1_6_times_the_last_may_be_in_jin() {
    for (keyed, last, expected) in
        [(80.0, Some(50.0), false), (80.1, Some(50.0), true), (120.0, None, false)]
    {
        assert_eq!(is_jin_likely(keyed, last), expected, "{keyed} after {last:?}");
    }
}

#[test]
fn a_value_raises_the_highest_level_that_it_reaches() {
    use AlertLevel::*;
    use Quantity::*;
    let thresholds = shipped_thresholds();
    let none: &[&str] = &[];
    let weak: &[&str] = &["immunosuppressed"];
    for (quantity, value, marks, expected) in [
        (Pain, 3.0, none, None),
        (Pain, 4.0, none, Some(Prompt)),
        (Pain, 6.0, none, Some(Prompt)),
        (Pain, 7.0, none, Some(Urgent)),
        (Temperature, 34.9, none, Some(Prompt)),
        (Temperature, 35.0, none, None),
        (Temperature, 37.9, weak, None),
        (Temperature, 38.0, none, Some(Prompt)),
        (Temperature, 38.0, weak, Some(Urgent)),
        (Temperature, 38.9, none, Some(Prompt)),
        (Temperature, 39.0, none, Some(Urgent)),
        (Systolic, 179.0, none, None),
        (Systolic, 180.0, none, Some(Urgent)),
        (Diastolic, 110.0, none, Some(Urgent)),
        (FastingGlucose, 3.9, none, Some(Urgent)),
        (FastingGlucose, 4.0, none, None),
        (FastingGlucose, 16.7, none, Some(Urgent)),
        (GeneralStatus, 40.0, none, None),
        (GeneralStatus, 30.0, none, Some(Urgent)),
        (GeneralStatus, 20.0, none, Some(Emergency)),
        (Temperature, f64::NAN, none, None),
    ] {
        let found = judge_value(&thresholds, quantity, value, marks).map(|hit| hit.level);
        assert_eq!(found, expected, "{quantity} {value} {marks:?}");
    }
}

#[test]
fn two_kilograms_in_three_days_are_water() {
    let day = |text: &str| format!("2026-11-{text}").parse().unwrap();
    for (readings, expected) in [
        (vec![], false),
        (vec![("20", 70.0)], false),
        (vec![("20", 70.0), ("23", 72.0)], true),
        (vec![("20", 70.1), ("23", 72.1)], true),
        (vec![("20", 70.0), ("23", 71.9)], false),
        (vec![("19", 70.0), ("23", 74.0)], false),
        (vec![("23", 72.0), ("22", 69.0)], true),
        (vec![("20", 72.0), ("23", 70.0)], false),
    ] {
        let dated: Vec<_> = readings.iter().map(|(text, kg)| (day(text), *kg)).collect();
        assert_eq!(weight_gain(&dated, 2.0, 3), expected, "{readings:?}");
    }
}

#[test]
fn the_shipped_rows_are_all_read_and_a_bad_row_says_why() {
    let count = |text: &str| quantity::rows(text).count();
    assert_eq!(plausible_ranges().len(), count(include_str!("../data/plausible.csv")));
    assert_eq!(shipped_thresholds().len(), count(include_str!("../data/thresholds.csv")));
    for row in [
        "pain,>=,7",
        "pain,>,7,urgent,",
        "pain,>=,x,urgent,",
        "pains,>=,7,urgent,",
        "pain,>=,NaN,urgent,",
    ] {
        assert!(Threshold::read(row).is_err(), "{row}");
    }
    assert_eq!(shipped_thresholds()[0].words(), "pain ≥ 4");
}
