//! Values that a patient keys in: are they possible, and do they ask for somebody?

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::domain::word::words;

#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Quantity {
    Temperature,
    Systolic,
    Diastolic,
    OxygenSaturation,
    HeartRate,
    Respiration,
    Weight,
    Height,
    FastingGlucose,
    AlbuminCreatinine,
    Pain,
    GeneralStatus,
}

words! { Quantity, "a quantity",
    Temperature = "temperature",
    Systolic = "systolic",
    Diastolic = "diastolic",
    OxygenSaturation = "oxygen_saturation",
    HeartRate = "heart_rate",
    Respiration = "respiration",
    Weight = "weight",
    Height = "height",
    FastingGlucose = "fasting_glucose",
    AlbuminCreatinine = "albumin_creatinine",
    Pain = "pain",
    GeneralStatus = "general_status",
}

#[derive(Clone, Debug, PartialEq)]
pub struct PlausibleRange {
    pub quantity: Quantity,
    pub unit: String,
    pub from: f64,
    pub to: f64,
}

/// Ask again, and say which way it was off.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Implausible {
    TooLow,
    TooHigh,
    /// 138 must stand before 88.
    NotAbove,
}

/// 危急提醒 levels.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertLevel {
    Prompt,
    Urgent,
    Emergency,
}

words! { AlertLevel, "an alert level",
    Prompt = "prompt",
    Urgent = "urgent",
    Emergency = "emergency",
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Comparison {
    Below,
    AtMost,
    AtLeast,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Threshold {
    quantity: Quantity,
    comparison: Comparison,
    value: f64,
    pub level: AlertLevel,
    /// Only for patients with this mark, such as `immunosuppressed`.
    only_for: Option<String>,
}

impl Threshold {
    /// `pain,>=,7,urgent,`
    ///
    /// # Errors
    /// What is wrong with the row.
    pub fn read(row: &str) -> Result<Self, String> {
        let cells: Vec<&str> = row.split(',').map(str::trim).collect();
        let &[quantity, comparison, value, level, only_for] = cells.as_slice() else {
            return Err(format!("{row:?}: five cells are expected"));
        };
        let comparison = match comparison {
            "<" => Comparison::Below,
            "<=" => Comparison::AtMost,
            ">=" => Comparison::AtLeast,
            other => return Err(format!("{other:?} is not one of < <= >=")),
        };
        Ok(Self {
            quantity: quantity.parse()?,
            comparison,
            value: read_number(value)?,
            level: level.parse()?,
            only_for: (!only_for.is_empty()).then(|| only_for.to_owned()),
        })
    }

    fn fits(&self, value: f64, marks: &[&str]) -> bool {
        let holds = match self.comparison {
            Comparison::Below => value < self.value,
            Comparison::AtMost => value <= self.value,
            Comparison::AtLeast => value >= self.value,
        };
        holds && self.only_for.as_deref().is_none_or(|mark| marks.contains(&mark))
    }

    /// `pain >= 7`
    pub fn words(&self) -> String {
        let sign = match self.comparison {
            Comparison::Below => "<",
            Comparison::AtMost => "≤",
            Comparison::AtLeast => "≥",
        };
        format!("{} {sign} {}", self.quantity, self.value)
    }
}

impl PlausibleRange {
    /// `temperature,°C,34,43`
    ///
    /// # Errors
    /// What is wrong with the row.
    pub fn read(row: &str) -> Result<Self, String> {
        let cells: Vec<&str> = row.split(',').map(str::trim).collect();
        let &[quantity, unit, from, to] = cells.as_slice() else {
            return Err(format!("{row:?}: four cells are expected"));
        };
        let (from, to) = (read_number(from)?, read_number(to)?);
        Ok(Self { quantity: quantity.parse()?, unit: unit.to_owned(), from, to })
    }
}

fn read_number(text: &str) -> Result<f64, String> {
    let number = text.parse().ok().filter(|number: &f64| number.is_finite());
    number.ok_or_else(|| format!("{text:?} is not a number"))
}

/// The shipped ranges; a broken row would be a broken build, and a test reads them all.
pub fn plausible_ranges() -> Vec<PlausibleRange> {
    rows(include_str!("../data/plausible.csv"))
        .filter_map(|r| PlausibleRange::read(r).ok())
        .collect()
}

pub fn shipped_thresholds() -> Vec<Threshold> {
    rows(include_str!("../data/thresholds.csv"))
        .filter_map(|row| Threshold::read(row).ok())
        .collect()
}

pub(super) fn rows(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty())
}

/// # Errors
/// When nobody has such a value. A quantity without a range is taken as it is.
pub fn check_value(
    ranges: &[PlausibleRange],
    quantity: Quantity,
    value: f64,
) -> Result<(), Implausible> {
    match ranges.iter().find(|range| range.quantity == quantity) {
        Some(range) if value > range.to => Err(Implausible::TooHigh),
        Some(range) if value < range.from || value.is_nan() => Err(Implausible::TooLow),
        _ => Ok(()),
    }
}

/// # Errors
/// Which of both is off, or that the lower one was keyed first.
pub fn check_pressure(
    ranges: &[PlausibleRange],
    systolic: f64,
    diastolic: f64,
) -> Result<(), Implausible> {
    check_value(ranges, Quantity::Systolic, systolic)?;
    check_value(ranges, Quantity::Diastolic, diastolic)?;
    if systolic > diastolic { Ok(()) } else { Err(Implausible::NotAbove) }
}

/// Who keys over 1.6 times the last weight may have meant 斤, half a kilogram: ask
/// 公斤 or 斤 (rules.md §4).
pub fn is_jin_likely(keyed_kg: f64, last_kg: Option<f64>) -> bool {
    // In tenths: 1.6 × 50 is not 80 in binary fractions.
    last_kg.is_some_and(|last| keyed_kg * 10.0 > last * 16.0)
}

/// The highest level that the value reaches, and by which threshold.
pub fn judge_value<'a>(
    thresholds: &'a [Threshold],
    quantity: Quantity,
    value: f64,
    marks: &[&str],
) -> Option<&'a Threshold> {
    let of_quantity = thresholds.iter().filter(|threshold| threshold.quantity == quantity);
    of_quantity.filter(|threshold| threshold.fits(value, marks)).max_by_key(|hit| hit.level)
}

/// Heart failure: so many kilograms more within so many days are water. Readings in any
/// order; the last day's is held against each of the days before it.
pub fn weight_gain(readings: &[(NaiveDate, f64)], gain_kg: f64, within_days: u16) -> bool {
    let Some(&(today, now)) = readings.iter().max_by_key(|(day, _)| *day) else { return false };
    readings.iter().any(|(day, before)| {
        let days = (today - *day).num_days();
        // Scales show tenths; the difference of two must not miss by a binary fraction.
        let gained = ((now - before) * 10.0).round() >= (gain_kg * 10.0).round();
        (1..=i64::from(within_days)).contains(&days) && gained
    })
}
