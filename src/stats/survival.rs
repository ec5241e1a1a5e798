//! 存活率 (F128): the product-limit estimate of Kaplan and Meier (J Am Stat Assoc 1958), Greenwood's
//! variance with the log and the log-log interval as R's `survival` prints them, and the
//! log-rank test (Mantel 1966; Peto and Peto 1972) for two or more groups.

use std::collections::BTreeMap;

use super::{Span, proportion::Z_95};

mod chi_square;

use chi_square::upper_tail;

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Observation {
    /// Days from the start to the event or to the last time the patient was known of.
    pub days: u32,
    /// Died; otherwise censored (失访, or still followed up).
    pub event: bool,
    pub group: u16,
}

/// Of the curve at one time at which something happened.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepPoint {
    pub days: u32,
    pub at_risk: u64,
    pub events: u64,
    pub censored: u64,
    pub survival: f64,
    /// Greenwood's sum: the variance of ln S.
    variance_log: f64,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Band {
    /// R's default: S·exp(±z·se).
    Log,
    /// Stays within 0 and 1: S^exp(±z·se/ln S).
    LogLog,
}

#[derive(Clone, Debug, PartialEq)]
pub struct SurvivalCurve {
    pub n: u64,
    pub events: u64,
    pub points: Vec<StepPoint>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LogRank {
    pub chi_square: f64,
    pub degrees: usize,
    pub p: f64,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum SurvivalFault {
    #[error("nobody was observed")]
    Empty,
    #[error("more than {GROUPS_MAX} groups cannot be compared")]
    TooManyGroups,
    #[error("fewer than two groups have somebody at risk, or nobody died")]
    NothingToCompare,
}

/// # Errors
/// When there is nobody.
pub fn kaplan_meier(observations: &[Observation]) -> Result<SurvivalCurve, SurvivalFault> {
    if observations.is_empty() {
        return Err(SurvivalFault::Empty);
    }
    let mut times: BTreeMap<u32, (u64, u64)> = BTreeMap::new();
    for seen in observations {
        let (events, censored) = times.entry(seen.days).or_default();
        *(if seen.event { events } else { censored }) += 1;
    }
    let n = observations.len() as u64;
    let (mut at_risk, mut survival, mut variance_log) = (n, 1.0, 0.0);
    let mut points = Vec::with_capacity(times.len());
    for (days, (events, censored)) in times {
        let (risk, died) = (at_risk as f64, events as f64);
        survival *= (risk - died) / risk;
        variance_log +=
            if events < at_risk { died / (risk * (risk - died)) } else { f64::INFINITY };
        points.push(StepPoint { days, at_risk, events, censored, survival, variance_log });
        at_risk -= events + censored;
    }
    let events = points.iter().map(|point| point.events).sum();
    Ok(SurvivalCurve { n, events, points })
}

impl SurvivalCurve {
    /// S(t): the share that lives longer than so many days.
    pub fn at(&self, days: u32) -> f64 {
        self.point_at(days).map_or(1.0, |point| point.survival)
    }

    /// The 95 % interval at a time. `None` before the first event and where nobody is
    /// left: the formula says nothing there.
    pub fn interval(&self, days: u32, band: Band) -> Option<Span> {
        self.point_at(days)?.interval(band)
    }

    /// The first day on which no more than half live; the middle of the step where the
    /// curve lies on one half exactly, as R has it. `None`: more than half live on.
    pub fn median(&self) -> Option<f64> {
        let below = self.points.iter().position(|point| point.survival <= 0.5 + ROUNDING)?;
        let point = &self.points[below];
        let exactly_half = (point.survival - 0.5).abs() < ROUNDING;
        let next = self.points[below..].iter().find(|later| later.survival < 0.5 - ROUNDING);
        match next {
            Some(next) if exactly_half => Some(f64::midpoint(point.days.into(), next.days.into())),
            _ => Some(point.days.into()),
        }
    }

    fn point_at(&self, days: u32) -> Option<&StepPoint> {
        self.points.iter().rev().find(|point| point.days <= days)
    }
}

impl StepPoint {
    pub fn interval(&self, band: Band) -> Option<Span> {
        let s = self.survival;
        if !(s > 0.0 && s < 1.0) {
            return None;
        }
        let error = self.variance_log.sqrt() * Z_95;
        let (low, high) = match band {
            Band::Log => (s * (-error).exp(), (s * error.exp()).min(1.0)),
            Band::LogLog => {
                let power = (error / s.ln().abs()).exp();
                (s.powf(power), s.powf(power.recip()))
            }
        };
        Some(Span { low, high })
    }
}

/// Do the groups die alike? Observed against expected deaths.
///
/// # Errors
/// When there is nothing to compare, or too many groups.
pub fn log_rank(observations: &[Observation]) -> Result<LogRank, SurvivalFault> {
    let mut groups: Vec<u16> = observations.iter().map(|seen| seen.group).collect();
    groups.sort_unstable();
    groups.dedup();
    if groups.len() > GROUPS_MAX {
        return Err(SurvivalFault::TooManyGroups);
    }
    if groups.len() < 2 {
        return Err(SurvivalFault::NothingToCompare);
    }
    // The last group follows from the others.
    let degrees = groups.len() - 1;
    let (excess, covariance) = excess_and_covariance(observations, &groups);
    let solved = solve(covariance, excess[..degrees].to_vec());
    let solved = solved.ok_or(SurvivalFault::NothingToCompare)?;
    let chi_square = solved.iter().zip(&excess).map(|(x, u)| x * u).sum();
    Ok(LogRank { chi_square, degrees, p: upper_tail(chi_square, degrees) })
}

/// Observed less expected deaths by group, and the hypergeometric covariance of all but
/// the last.
fn excess_and_covariance(
    observations: &[Observation],
    groups: &[u16],
) -> (Vec<f64>, Vec<Vec<f64>>) {
    let place = |group: u16| groups.binary_search(&group).unwrap_or_default();
    let mut at_risk = vec![0.0; groups.len()];
    let mut times: BTreeMap<u32, Vec<(f64, f64)>> = BTreeMap::new();
    for seen in observations {
        let of_time = times.entry(seen.days).or_insert_with(|| vec![(0.0, 0.0); groups.len()]);
        let cell = &mut of_time[place(seen.group)];
        *(if seen.event { &mut cell.0 } else { &mut cell.1 }) += 1.0;
        at_risk[place(seen.group)] += 1.0;
    }
    let degrees = groups.len() - 1;
    let mut excess = vec![0.0; groups.len()];
    let mut covariance = vec![vec![0.0; degrees]; degrees];
    for of_time in times.values() {
        let died: f64 = of_time.iter().map(|(events, _)| events).sum();
        let risk: f64 = at_risk.iter().sum();
        let spread = if risk > 1.0 { died * (risk - died) / (risk - 1.0) } else { 0.0 };
        for one in 0..groups.len() {
            let share = at_risk[one] / risk;
            excess[one] += of_time[one].0 - died * share;
            for other in 0..if one < degrees { degrees } else { 0 } {
                let same = if one == other { share } else { 0.0 };
                covariance[one][other] += spread * (same - share * at_risk[other] / risk);
            }
        }
        for (risk, (events, censored)) in at_risk.iter_mut().zip(of_time) {
            *risk -= events + censored;
        }
    }
    (excess, covariance)
}

/// Gauss with partial pivoting; `None` when the matrix is singular.
fn solve(mut matrix: Vec<Vec<f64>>, mut right: Vec<f64>) -> Option<Vec<f64>> {
    let size = right.len();
    for column in 0..size {
        let largest =
            |a: &usize, b: &usize| matrix[*a][column].abs().total_cmp(&matrix[*b][column].abs());
        let pivot = (column..size).max_by(largest)?;
        if matrix[pivot][column].abs() < ROUNDING {
            return None;
        }
        matrix.swap(column, pivot);
        right.swap(column, pivot);
        let (done, below) = matrix.split_at_mut(column + 1);
        let pivot = &done[column];
        for (row, cells) in (column + 1..).zip(below) {
            let factor = cells[column] / pivot[column];
            for (cell, above) in cells.iter_mut().zip(pivot).skip(column) {
                *cell -= factor * above;
            }
            right[row] -= factor * right[column];
        }
    }
    let mut solved = vec![0.0; size];
    for row in (0..size).rev() {
        let known: f64 = (row + 1..size).map(|at| matrix[row][at] * solved[at]).sum();
        solved[row] = (right[row] - known) / matrix[row][row];
    }
    Some(solved)
}

/// Products of fractions miss one half by this much at most.
const ROUNDING: f64 = 1e-9;

/// A page with more curves cannot be read.
const GROUPS_MAX: usize = 20;

#[cfg(test)]
mod tests;
