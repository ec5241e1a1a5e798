//! `simulate`: a year of a hospital in memory, a month of one by real calls.

use std::{fs, path::Path, sync::Arc};

use suifang::{
    config::Log,
    domain::{Calendar, CallingPolicy, DayKind, shipped_holidays},
    engine::{Clock, SystemClock, load_library},
    ivr::Library,
    sim::{
        month::{Check, Month, MonthAsk, Verdict},
        year::{Model, Year, simulate},
    },
    stats::Waterfall,
};

use super::{Failure, args, serve::start_log, setting};

pub(super) fn year(ask: &args::SimulateYear) -> Result<(), Failure> {
    let model = read_model(ask.hospital.as_deref())?;
    let library = load_library(&ask.dialplans).map_err(Failure::usage)?;
    let calendar = calendar();
    let policy = read_policy(ask.policy.as_deref())?;
    let seeds = ask.seeds().map_err(Failure::usage)?;
    let mut years = Vec::new();
    for seed in seeds {
        let year = one(&model, seed, &library, &calendar, &policy, ask.days)?;
        println!("{}", line(&year));
        years.push(year);
    }
    if let [year] = years.as_slice() {
        print_year(year);
    }
    summary(&years);
    if ask.sensitivity {
        sensitivity(&model, &library, &calendar, &policy, ask)?;
    }
    match years.iter().map(|year| year.broken.len()).sum::<usize>() {
        0 => Ok(()),
        broken => {
            for (year, what) in years.iter().flat_map(|y| y.broken.iter().map(move |b| (y, b))) {
                println!("seed {}: {what}", year.seed);
            }
            Err(Failure::other(format!("{broken} rules were broken")))
        }
    }
}

fn one(
    model: &Model,
    seed: u64,
    library: &Arc<Library>,
    calendar: &Calendar,
    policy: &CallingPolicy,
    days: u64,
) -> Result<Year, Failure> {
    let began = SystemClock.instant();
    simulate(model, seed, library, calendar, policy, days, began).map_err(Failure::usage)
}

fn read_model(path: Option<&Path>) -> Result<Model, Failure> {
    let Some(path) = path else { return Ok(Model::shipped()) };
    let name = path.display().to_string();
    let text =
        fs::read_to_string(path).map_err(|error| Failure::usage(format!("{name}: {error}")))?;
    Model::parse(&text, &name).map_err(Failure::usage)
}

fn read_policy(path: Option<&Path>) -> Result<CallingPolicy, Failure> {
    let Some(path) = path else { return Ok(CallingPolicy::default()) };
    let wrong = |error: String| Failure::usage(format!("{}: {error}", path.display()));
    let text = fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))
}

/// The hospital's windows and China's holidays of 2025.
fn calendar() -> Calendar {
    let policy = CallingPolicy::default();
    let days = shipped_holidays().into_iter().map(|holiday| {
        let kind: DayKind = holiday.kind;
        (holiday.on, kind)
    });
    Calendar {
        windows: policy.windows,
        weekends: policy.weekends,
        days: days.collect(),
        ..Calendar::always(chrono_tz::Asia::Shanghai)
    }
}

fn line(year: &Year) -> String {
    let percent = |p: suifang::stats::Proportion| p.percent().unwrap_or_default();
    format!(
        "seed {:>3}  baseline {}  shipped {}  reachable {}  dials per completion {:.2} (by hand {:.2})  \
         by a person {}  broken {}  digest {}",
        year.seed,
        percent(year.baseline),
        percent(year.shipped),
        percent(year.reachable),
        year.dials_per_completion,
        year.baseline_dials_per_completion,
        year.by_person,
        year.broken.len(),
        &year.digest[..16]
    )
}

fn print_year(year: &Year) {
    println!(
        "{} discharges, {} dials, {} follow-ups completed",
        year.discharges, year.dials, year.completed
    );
    print_waterfall(&year.waterfall);
    for (outcome, count) in &year.outcomes {
        println!("  {outcome:<24} {count:>8}");
    }
}

fn print_waterfall(waterfall: &Waterfall) {
    for step in &waterfall.steps {
        let share = step.of_previous.percent().unwrap_or_default();
        println!("  {:<6} {:>8}  {share:>9} of the step before", step.stage.zh(), step.count);
    }
}

fn summary(years: &[Year]) {
    let all = |of: fn(&Year) -> suifang::stats::Proportion| {
        let (part, whole) =
            years.iter().map(of).fold((0, 0), |(part, whole), p| (part + p.part, whole + p.whole));
        suifang::stats::Proportion { part, whole }
    };
    for (name, of) in [
        ("baseline", (|y: &Year| y.baseline) as fn(&Year) -> suifang::stats::Proportion),
        ("shipped", |y| y.shipped),
        ("shipped, of the reachable", |y| y.reachable),
    ] {
        let rate = all(of);
        let span = rate.wilson_95().unwrap_or(suifang::stats::Span { low: 0.0, high: 0.0 });
        let shares: Vec<f64> = years.iter().filter_map(|year| of(year).value()).collect();
        let (low, high) = shares
            .iter()
            .fold((1.0_f64, 0.0_f64), |(low, high), share| (low.min(*share), high.max(*share)));
        println!(
            "{name}: {} (95 % {:.2}–{:.2} %; seeds {:.2}–{:.2} %)",
            rate.percent().unwrap_or_default(),
            100.0 * span.low,
            100.0 * span.high,
            100.0 * low,
            100.0 * high
        );
    }
}

/// Each assumed parameter at 0.7 and 1.3 of its value: the shipped policy must stay above.
fn sensitivity(
    model: &Model,
    library: &Arc<Library>,
    calendar: &Calendar,
    policy: &CallingPolicy,
    ask: &args::SimulateYear,
) -> Result<(), Failure> {
    let seed = ask.seeds().map_err(Failure::usage)?.start().to_owned();
    let mut below = 0;
    println!("parameter                      factor  baseline    shipped   reachable  dials");
    for name in model.assumed() {
        for factor in [0.7, 1.3] {
            let changed = model.scaled(&name, factor);
            let year = one(&changed, seed, library, calendar, policy, ask.days)?;
            let percent = |p: suifang::stats::Proportion| p.percent().unwrap_or_default();
            let is_above = year.shipped.value() > year.baseline.value();
            below += usize::from(!is_above);
            println!(
                "{name:<30} {factor:>6}  {:>8}  {:>9}  {:>9}  {:>5.2}{}",
                percent(year.baseline),
                percent(year.shipped),
                percent(year.reachable),
                year.dials_per_completion,
                if is_above { "" } else { "  BELOW" }
            );
        }
    }
    if below > 0 {
        return Err(Failure::other(format!(
            "the shipped policy is below the baseline {below} times"
        )));
    }
    Ok(())
}

pub(super) fn month(ask: &args::SimulateMonth) -> Result<(), Failure> {
    start_log(&Log { filter: "error".to_owned(), ..Log::default() })?;
    let model = read_model(ask.hospital.as_deref())?;
    let factor = f64::from(ask.beds) / model.get("beds");
    let model = model.scaled("beds", factor).scaled("agents_calls_per_day", factor);
    let temporary = std::env::temp_dir().join(format!("suifang-month-{}", std::process::id()));
    let wanted = MonthAsk {
        seed: ask.seed,
        days: ask.days,
        speed: ask.speed,
        model,
        dialplans: ask.dialplans.clone(),
        folder: ask.keep.clone().unwrap_or_else(|| temporary.clone()),
    };
    let began = SystemClock.instant();
    let played = setting::runtime()?.block_on(suifang::sim::month::simulate(&wanted));
    if ask.keep.is_none() {
        // What cannot be removed is temporary all the same.
        let _ = fs::remove_dir_all(&temporary);
    }
    let month = played.map_err(|error| Failure::other(format!("seed {}: {error}", ask.seed)))?;
    print_month(&month, (SystemClock.instant() - began).as_secs());
    match month.checks.iter().filter(|check| !check.holds()).count() {
        0 => Ok(()),
        broken => Err(Failure::other(format!("seed {}: {broken} rules were broken", month.seed))),
    }
}

fn print_month(month: &Month, seconds: u64) {
    println!(
        "seed {}  {} INVITEs, {} answered, {} jumps, {seconds} s",
        month.seed, month.dials, month.answered, month.jumps
    );
    print_waterfall(&month.waterfall);
    println!(
        "followed up within the deadline: {} ({} of {} whose deadline has passed)",
        month.followed_up.percent().unwrap_or_default(),
        month.followed_up.part,
        month.followed_up.whole
    );
    println!(
        "{} follow-ups completed, {:.2} dials each; {} of them by nurses, who called {} times",
        month.completed, month.dials_per_completion, month.by_nurses, month.calls_by_nurses
    );
    for (outcome, count) in &month.outcomes {
        println!("  {outcome:<24} {count:>8}");
    }
    month.checks.iter().for_each(print_check);
}

fn print_check(check: &Check) {
    let remark = check.remark.as_ref().map(|remark| format!("; {remark}")).unwrap_or_default();
    let what = format!("{} ({} looked at{remark})", check.rule, check.looked_at);
    match &check.verdict {
        Verdict::Holds => println!("holds   {what}"),
        Verdict::Broken(how) => {
            println!("BROKEN  {what}");
            how.iter().for_each(|how| println!("        {how}"));
        }
    }
}
