//! A few days of a small hospital by real calls: what `suifang simulate month` does at length.

use suifang::sim::{
    month::{MonthAsk, Verdict, simulate},
    year::Model,
};

use crate::support::manifest;

/// Ten beds, seven days, so that first contacts fall due, are retried, and some are
/// completed. Every rule holds, on the wire and in the record.
#[tokio::test(flavor = "multi_thread")]
async fn a_few_days_of_real_calls_in_virtual_time_break_no_rule() {
    let folder = std::env::temp_dir().join(format!("suifang-month-it-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    let model = Model::shipped();
    let ask = MonthAsk {
        seed: 7,
        days: 7,
        speed: 20.0,
        model: model.scaled("beds", 10.0 / model.get("beds")),
        dialplans: manifest().join("dialplans"),
        folder: folder.clone(),
    };
    let month = simulate(&ask).await.unwrap_or_else(|error| panic!("seed {}: {error}", ask.seed));
    for check in &month.checks {
        assert_eq!(check.verdict, Verdict::Holds, "seed {}: {}", month.seed, check.rule);
    }
    assert!(month.dials > 3 && month.answered > 0, "{} {}", month.dials, month.answered);
    std::fs::remove_dir_all(&folder).unwrap();
}
