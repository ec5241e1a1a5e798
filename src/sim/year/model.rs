//! The parameters of the simulated hospital, each with its source.

use std::collections::BTreeMap;

use serde::Deserialize;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameter {
    pub value: f64,
    /// A paper, a table, or the word `assumed`.
    pub source: String,
}

/// All of them, by name; each that is shipped must be there, and no other.
#[derive(Clone, Debug)]
pub struct Model {
    parameters: BTreeMap<String, Parameter>,
}

#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    #[error("{file}: {what}")]
    Unreadable { file: String, what: String },
    #[error("{file}: {name} is missing")]
    Missing { file: String, name: String },
    #[error("{file}: there is no parameter {name}")]
    Unknown { file: String, name: String },
    #[error("{file}: {name} is {value}, which must lie between {low} and {high}")]
    Range { file: String, name: String, value: f64, low: f64, high: f64 },
}

impl Model {
    pub fn shipped() -> Self {
        Self::parse(SHIPPED, "hospital.toml").expect("the shipped file is read by a test")
    }

    /// # Errors
    /// When a parameter is missing, unknown or out of its range, by name.
    pub fn parse(text: &str, file: &str) -> Result<Self, ModelError> {
        let read = |text: &str| -> Result<BTreeMap<String, Parameter>, ModelError> {
            toml::from_str(text).map_err(|error| ModelError::Unreadable {
                file: file.to_owned(),
                what: error.to_string(),
            })
        };
        let (parameters, shipped) = (read(text)?, read(SHIPPED)?);
        let file = || file.to_owned();
        if let Some(name) = shipped.keys().find(|name| !parameters.contains_key(*name)) {
            return Err(ModelError::Missing { file: file(), name: name.clone() });
        }
        for (name, parameter) in &parameters {
            let value = parameter.value;
            if !shipped.contains_key(name) {
                return Err(ModelError::Unknown { file: file(), name: name.clone() });
            }
            let (low, high) = range(name);
            if !(low..=high).contains(&value) {
                return Err(ModelError::Range {
                    file: file(),
                    name: name.clone(),
                    value,
                    low,
                    high,
                });
            }
        }
        Ok(Self { parameters })
    }

    pub fn get(&self, name: &str) -> f64 {
        self.parameters.get(name).map_or(0.0, |parameter| parameter.value)
    }

    pub fn count(&self, name: &str) -> u32 {
        self.get(name).round().max(0.0) as u32
    }

    pub fn parameters(&self) -> impl Iterator<Item = (&str, &Parameter)> {
        self.parameters.iter().map(|(name, parameter)| (name.as_str(), parameter))
    }

    /// Those that nobody has measured.
    pub fn assumed(&self) -> Vec<String> {
        let assumed = self.parameters.iter().filter(|(_, p)| p.source.starts_with("assumed"));
        assumed.map(|(name, _)| name.clone()).collect()
    }

    /// One parameter changed by this factor; a share stays a share.
    pub fn scaled(&self, name: &str, factor: f64) -> Self {
        let mut scaled = self.clone();
        let (low, high) = range(name);
        if let Some(parameter) = scaled.parameters.get_mut(name) {
            parameter.value = (parameter.value * factor).clamp(low, high);
        }
        scaled
    }
}

/// What makes sense at all.
fn range(name: &str) -> (f64, f64) {
    match name {
        "beds" => (1.0, 20_000.0),
        "stay_days" => (1.0, 100.0),
        "age_mean" => (5.0, 95.0),
        "deadline_days" => (1.0, 90.0),
        "manual_attempts" => (1.0, 10.0),
        "agents_calls_per_day" => (0.0, 10_000.0),
        "ward_finds_number_days" => (0.0, 14.0),
        "lines" => (1.0, 1000.0),
        _ => (0.0, 1.0),
    }
}

const SHIPPED: &str = include_str!("../hospital.toml");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shipped_parameter_has_a_source_and_a_wrong_file_says_what_is_wrong() {
        let model = Model::shipped();
        assert!(model.parameters().all(|(_, parameter)| parameter.source.len() > 5));
        assert!(model.assumed().len() > 10);
        for (change, expected) in [
            (("[beds]", "[bets]"), "beds is missing"),
            (("value = 0.90", "value = 1.90"), "occupancy is 1.9"),
            (("source = \"given: one E1\"", ""), "source"),
        ] {
            let text = SHIPPED.replacen(change.0, change.1, 1);
            let error = Model::parse(&text, "own.toml").unwrap_err().to_string();
            assert!(error.contains(expected) && error.starts_with("own.toml"), "{error}");
        }
        let extra = format!("{SHIPPED}\n[magic]\nvalue = 1\nsource = \"assumed\"\n");
        assert!(Model::parse(&extra, "x").unwrap_err().to_string().contains("no parameter magic"));
    }
}
