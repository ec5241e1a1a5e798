use super::*;

/// NCCTG lung cancer, by sex; see tests/data/README.md.
fn lung() -> Vec<Observation> {
    let rows = include_str!("../../../tests/data/lung.csv").lines().skip(1);
    let row = |line: &str| {
        let cells: Vec<u32> = line.split(',').map(|cell| cell.parse().unwrap()).collect();
        let group = u16::try_from(cells[2]).unwrap();
        Observation { days: cells[0], event: cells[1] == 1, group }
    };
    rows.map(row).collect()
}

#[track_caller]
fn near(found: f64, expected: f64, digits: f64) {
    assert!((found - expected).abs() < digits / 2.0, "{found} is not {expected}");
}

/// rules.md §5, equal to R's `survival` to four digits.
#[test]
fn the_lung_data_give_the_published_curve() {
    let curve = kaplan_meier(&lung()).unwrap();
    assert_eq!((curve.n, curve.events, curve.median()), (228, 165, Some(310.0)));
    for (days, expected) in [(180, 0.7217), (365, 0.4092), (730, 0.1157)] {
        near(curve.at(days), expected, 0.0001);
    }
    let log = curve.interval(365, Band::Log).unwrap();
    near(log.low, 0.3447, 0.0001);
    near(log.high, 0.4858, 0.0001);
}

/// lifelines 0.30.3 computes the log-log band ("exponential Greenwood").
#[test]
fn the_log_log_band_is_that_of_lifelines_and_stays_inside() {
    let curve = kaplan_meier(&lung()).unwrap();
    for (days, low, high) in [(180, 0.6583, 0.7753), (365, 0.3387, 0.4784), (730, 0.0676, 0.1778)] {
        let band = curve.interval(days, Band::LogLog).unwrap();
        near(band.low, low, 0.0001);
        near(band.high, high, 0.0001);
    }
    for point in &curve.points {
        if let Some(band) = point.interval(Band::LogLog) {
            assert!(0.0 <= band.low && band.low <= point.survival, "{point:?}");
            assert!(point.survival <= band.high && band.high <= 1.0, "{point:?}");
        }
    }
}

#[test]
fn the_lung_data_by_sex_differ_as_published() {
    let lung = lung();
    for (sex, median) in [(1, 270.0), (2, 426.0)] {
        let group: Vec<_> = lung.iter().copied().filter(|seen| seen.group == sex).collect();
        assert_eq!(kaplan_meier(&group).unwrap().median(), Some(median), "{sex}");
    }
    let found = log_rank(&lung).unwrap();
    assert_eq!(found.degrees, 1);
    near(found.chi_square, 10.3267, 0.0001);
    near(found.p, 0.00131, 0.00001);
}

#[test]
fn a_curve_by_hand() {
    let seen = |days, event| Observation { days, event, group: 0 };
    // 1 of 4 dies on day 1, one is lost on day 2, one of the two left dies on day 3.
    let curve =
        kaplan_meier(&[seen(1, true), seen(2, false), seen(3, true), seen(5, false)]).unwrap();
    let steps: Vec<_> =
        curve.points.iter().map(|p| (p.days, p.at_risk, p.events, p.censored)).collect();
    assert_eq!(steps, [(1, 4, 1, 0), (2, 3, 0, 1), (3, 2, 1, 0), (5, 1, 0, 1)]);
    for (days, expected) in [(0, 1.0), (1, 0.75), (2, 0.75), (3, 0.375), (9, 0.375)] {
        near(curve.at(days), expected, 1e-12);
    }
    assert_eq!(curve.interval(0, Band::Log), None);
    // On one half exactly: between the two steps.
    let half = kaplan_meier(&[seen(10, true), seen(20, true), seen(30, true), seen(40, true)]);
    assert_eq!(half.unwrap().median(), Some(25.0));
    assert_eq!(kaplan_meier(&[seen(10, false)]).unwrap().median(), None);
    let all_dead = kaplan_meier(&[seen(10, true)]).unwrap();
    assert_eq!((all_dead.at(10), all_dead.interval(10, Band::Log)), (0.0, None));
}

#[test]
fn three_groups_are_compared_at_once_and_like_groups_do_not_differ() {
    let mut all = lung();
    let women: Vec<_> = all.iter().copied().filter(|seen| seen.group == 2).collect();
    let alike: Vec<_> = women
        .iter()
        .copied()
        .chain(women.iter().map(|seen| Observation { group: 3, ..*seen }))
        .collect();
    let found = log_rank(&alike).unwrap();
    near(found.chi_square, 0.0, 1e-9);
    near(found.p, 1.0, 1e-6);
    all.extend(women.iter().map(|seen| Observation { group: 3, ..*seen }));
    let three = log_rank(&all).unwrap();
    assert_eq!(three.degrees, 2);
    // lifelines: multivariate_logrank_test on the same rows.
    near(three.chi_square, 16.2453, 0.0001);
    near(three.p, 0.000297, 0.000001);
}

#[test]
fn what_cannot_be_compared_says_so() {
    let seen = |group, event| Observation { days: 10, event, group };
    for (observations, expected) in [
        (vec![], SurvivalFault::NothingToCompare),
        (vec![seen(1, true), seen(1, true)], SurvivalFault::NothingToCompare),
        (vec![seen(1, false), seen(2, false)], SurvivalFault::NothingToCompare),
        ((0..21).map(|group| seen(group, true)).collect(), SurvivalFault::TooManyGroups),
    ] {
        assert_eq!(log_rank(&observations), Err(expected));
    }
    assert_eq!(kaplan_meier(&[]), Err(SurvivalFault::Empty));
}
