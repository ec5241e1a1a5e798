//! `carrier.toml`: who picks up, what they press, and what the record must say at the
//! end (docs/CARRIER.md).

use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf};

use serde::{Deserialize, Serialize};

use crate::{base::E164, domain::Outcome};

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Truth {
    /// Of everything that is left to chance.
    #[serde(default)]
    pub seed: u64,
    /// Where the carrier waits for calls.
    pub listen: SocketAddr,
    /// Each INVITE and each end, one JSON line each.
    pub log: Option<PathBuf>,
    /// Challenge every INVITE and REGISTER with these.
    pub username: Option<String>,
    pub password: Option<String>,
    /// What happens to a number that no patient has: `vacant`.
    #[serde(rename = "patient", default)]
    pub patients: Vec<Patient>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Patient {
    /// `+86…`; the carrier finds it however the trunk writes it.
    pub number: String,
    /// What happens the first time the number is dialled, the second time, …; the last
    /// one repeats.
    #[serde(rename = "dial")]
    pub dials: Vec<Dial>,
    /// What the record must say when the run has ended.
    pub truth: Option<Expected>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Dial {
    pub does: Behaviour,
    /// Rings this long before anything else happens.
    #[serde(default = "ring_s")]
    pub ring_s: f64,
    /// One entry a question. `~` before it: waits until the question has been asked to
    /// its end; without it: presses a second after the voice began. `tone 700 2.5`
    /// is no key: the patient sings 700 Hz for 2.5 s.
    #[serde(default)]
    pub keys: Vec<String>,
    /// Thinks this long before each entry.
    #[serde(default)]
    pub thinks_s: f64,
    /// Hangs up after so many entries.
    pub hangs_up_after: Option<usize>,
    /// Speaks this long after each question instead of pressing.
    #[serde(default)]
    pub speaks_s: f64,
    /// Hums at this pitch from the moment of picking up, and presses nothing: a voice that can
    /// be told from another's.
    #[serde(default)]
    pub hums_hz: Option<f64>,
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Behaviour {
    /// Picks up and presses `keys`.
    Answer,
    /// A gateway answers at once; the ringing is sound; then as `answer`.
    GatewayAnswer,
    Busy,
    /// Rings until the caller gives up.
    NoAnswer,
    Decline,
    /// 183 with "the number does not exist", then 404.
    Vacant,
    /// 183 with "is switched off", then 480 with cause 20.
    PoweredOff,
    /// 503 with cause 34.
    TrunkFault,
    /// Nothing at all.
    Silent,
}

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    /// A word of the outcomes, of the last dial.
    pub outcome: String,
    /// `linkId` → the option's code, or the number.
    #[serde(default)]
    pub answers: BTreeMap<String, String>,
    /// How often the number is dialled, when that is certain.
    pub dials: Option<usize>,
}

#[derive(Debug, thiserror::Error)]
#[error("{file}:{line}: {what}")]
pub struct TruthError {
    pub file: String,
    pub line: usize,
    pub what: String,
}

impl Truth {
    /// # Errors
    /// The first mistake, with file and line.
    pub fn parse(text: &str, file: &str) -> Result<Self, TruthError> {
        let wrong = |at: usize, what: String| TruthError {
            file: file.to_owned(),
            line: text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1,
            what,
        };
        let truth: Self = toml::from_str(text).map_err(|error| {
            wrong(error.span().map_or(0, |span| span.start), error.message().replace('\n', " "))
        })?;
        for patient in &truth.patients {
            let at = text.find(&patient.number).unwrap_or(0);
            if let Err(error) = patient.number.parse::<E164>() {
                return Err(wrong(at, format!("number {:?} {error}", patient.number)));
            }
            if patient.dials.is_empty() {
                return Err(wrong(at, format!("{} has no [[patient.dial]]", patient.number)));
            }
            for dial in &patient.dials {
                dial.check().map_err(|what| wrong(at, format!("{}: {what}", patient.number)))?;
            }
            let outcome = patient.truth.as_ref().map(|truth| truth.outcome.parse::<Outcome>());
            if let Some(Err(what)) = outcome {
                return Err(wrong(at, format!("{}: truth: {what}", patient.number)));
            }
        }
        Ok(truth)
    }

    /// The patient whose number this is, however the trunk wrote it.
    pub fn find(&self, dialled: &str) -> Option<usize> {
        let digits: String = dialled.chars().filter(char::is_ascii_digit).collect();
        let plain = digits.trim_start_matches('0');
        self.patients.iter().position(|patient| {
            let number = patient.number.trim_start_matches('+');
            let national = number.strip_prefix("86").unwrap_or(number);
            plain == number || plain == national
        })
    }
}

impl Dial {
    /// Nothing but this.
    pub const fn of(does: Behaviour) -> Self {
        let keys = Vec::new();
        Self {
            does,
            ring_s: 0.0,
            keys,
            thinks_s: 0.0,
            hangs_up_after: None,
            speaks_s: 0.0,
            hums_hz: None,
        }
    }

    /// The entries up to the birthday (four digits): what each call asks anew.
    pub(super) fn opening(&self) -> usize {
        let birthday = |entry: &String| {
            let keys = entry.trim_start_matches('~');
            keys.len() == 4 && keys.bytes().all(|b| b.is_ascii_digit())
        };
        self.keys.iter().position(birthday).map_or(0, |at| at + 1)
    }

    /// This dial after a call that was cut when so many entries had been taken; and how
    /// many are left out.
    pub(super) fn taken_up(mut self, taken: Option<usize>) -> (Self, usize) {
        let opening = self.opening();
        let mut from = taken.unwrap_or(0).min(self.keys.len());
        // A number counts once its read-back is confirmed (by a plain `1` after it).
        let is_unconfirmed = |at: usize| self.keys[at - 1].ends_with('#') && self.keys[at] == "1";
        if from > 0 && from < self.keys.len() && is_unconfirmed(from) {
            from -= 1;
        }
        let Some(skipped) = from.checked_sub(opening).filter(|skipped| *skipped > 0) else {
            return (self, 0);
        };
        self.keys.drain(opening..from);
        if let Some(next) = self.keys.get_mut(opening).filter(|keys| !keys.starts_with('~')) {
            next.insert(0, '~');
        }
        let fewer = |after: usize| after.saturating_sub(skipped).max(opening);
        self.hangs_up_after = self.hangs_up_after.map(fewer);
        (self, skipped)
    }

    fn check(&self) -> Result<(), String> {
        for entry in &self.keys {
            let keys = entry.trim_start_matches('~');
            if let Some(tone) = keys.strip_prefix("tone ") {
                let numbers: Vec<_> = tone.split_whitespace().map(str::parse::<f32>).collect();
                if !matches!(numbers[..], [Ok(_), Ok(_)]) {
                    return Err(format!("keys {entry:?}: a tone is hertz and seconds"));
                }
                continue;
            }
            if let Some(odd) = keys.chars().find(|c| !"0123456789*#".contains(*c)) {
                return Err(format!("keys {entry:?}: {odd:?} is not a key"));
            }
        }
        if !(0.0..=120.0).contains(&self.ring_s) || !(0.0..=120.0).contains(&self.thinks_s) {
            return Err("ring_s and thinks_s are 0 to 120 seconds".to_owned());
        }
        Ok(())
    }
}

/// Two rings: most people.
const fn ring_s() -> f64 {
    2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistake_in_a_truth_file_is_told_with_its_line() {
        let head = "listen = '127.0.0.1:5070'\n[[patient]]\nnumber = '+8613800138000'\n";
        for (tail, expected) in [
            ("[[patient.dial]]\ndoes = 'answr'", "t.toml:5: unknown variant `answr`"),
            ("[[patient.dial]]\ndoes = 'answer'\nkeys = ['x']", "t.toml:3: +8613800138000: keys"),
            (
                "[[patient.dial]]\ndoes = 'answer'\nkeys = ['~tone 700']",
                "t.toml:3: +8613800138000: keys \"~tone 700\": a tone is",
            ),
            ("dial = []", "t.toml:3: +8613800138000 has no [[patient.dial]]"),
            (
                "[[patient.dial]]\ndoes = 'busy'\n[patient.truth]\noutcome = 'buzy'",
                "t.toml:3: +8613800138000: truth: \"buzy\" is not an outcome",
            ),
        ] {
            let error = Truth::parse(&format!("{head}{tail}"), "t.toml").unwrap_err().to_string();
            assert!(error.starts_with(expected), "{error}");
        }
    }

    #[test]
    fn a_patient_whose_call_was_cut_goes_on_where_it_stood() {
        let keys = ["~1", "1", "0815", "~1", "365#", "1", "2"];
        for (taken, expected) in [
            (None, "~1 1 0815 ~1 365# 1 2"),
            (Some(0), "~1 1 0815 ~1 365# 1 2"),
            (Some(2), "~1 1 0815 ~1 365# 1 2"),
            (Some(4), "~1 1 0815 ~365# 1 2"),
            // The read-back was not answered: the number is asked again.
            (Some(5), "~1 1 0815 ~365# 1 2"),
            (Some(6), "~1 1 0815 ~2"),
            (Some(7), "~1 1 0815"),
        ] {
            let dial = Dial {
                does: Behaviour::Answer,
                ring_s: 0.0,
                keys: keys.map(str::to_owned).to_vec(),
                thinks_s: 0.0,
                hangs_up_after: None,
                speaks_s: 0.0,
                hums_hz: None,
            };
            let (dial, skipped) = dial.taken_up(taken);
            assert_eq!(dial.keys.join(" "), expected, "{taken:?}");
            assert_eq!(skipped + dial.keys.len(), keys.len());
        }
    }

    #[test]
    fn a_number_is_found_however_the_trunk_writes_it() {
        let text = "listen = '127.0.0.1:5070'\n[[patient]]\nnumber = '+865925027064'\n\
                    [[patient.dial]]\ndoes = 'busy'";
        let truth = Truth::parse(text, "t.toml").unwrap();
        for dialled in ["05925027064", "+865925027064", "5925027064"] {
            assert_eq!(truth.find(dialled), Some(0), "{dialled}");
        }
        assert_eq!(truth.find("5027064"), None);
    }
}
