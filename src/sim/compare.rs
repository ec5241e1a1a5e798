//! The record against the truth.

use std::collections::BTreeMap;

use super::Truth;
use crate::store::{Database, Principal, StoreError, attempt};

#[derive(Clone, Debug, Default)]
pub struct Comparison {
    /// Patients whose truth is known and who were dialled to an end.
    pub compared: usize,
    pub not_dialled: usize,
    /// `number: what differs`.
    pub differences: Vec<String>,
}

/// # Errors
/// When the record cannot be read.
pub async fn compare(database: &Database, truth: &Truth) -> Result<Comparison, StoreError> {
    let mut scope = database.scope(&Principal::System("comparison")).await?;
    let mut result = Comparison::default();
    for patient in &truth.patients {
        let Some(expected) = &patient.truth else { continue };
        let dials = attempt::of_number(&mut scope, &patient.number).await?;
        let ended = dials.iter().rev().find(|dial| dial.state == "ended");
        let Some(last) = ended else {
            result.not_dialled += 1;
            continue;
        };
        result.compared += 1;
        let mut differ = |what: String| {
            result.differences.push(format!("{}: {what}", patient.number));
        };
        let outcome = last.outcome.as_deref().unwrap_or("none");
        if outcome != expected.outcome {
            differ(format!("outcome {outcome}, true is {}", expected.outcome));
        }
        if expected.dials.is_some_and(|wanted| wanted != dials.len()) {
            differ(format!("dialled {} times", dials.len()));
        }
        let given: BTreeMap<_, _> =
            attempt::answers_of_number(&mut scope, &patient.number).await?.into_iter().collect();
        for (item, code) in &expected.answers {
            match given.get(item) {
                Some(found) if same(found, code) => {}
                Some(found) => differ(format!("{item} is {found}, true is {code}")),
                None => differ(format!("{item} was not stored")),
            }
        }
    }
    Ok(result)
}

/// `36.50` and `36.5` are the same temperature.
fn same(found: &str, expected: &str) -> bool {
    found == expected
        || matches!((found.parse::<f64>(), expected.parse::<f64>()), (Ok(a), Ok(b)) if (a - b).abs() < 1e-9)
}
