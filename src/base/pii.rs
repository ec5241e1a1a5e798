use std::fmt;

use serde::Deserialize;

/// Something about a patient. It prints as `<redacted>`, so a log line can hold
/// it by accident and nobody is harmed; [`reveal`](Self::reveal) is the one way
/// out, and easy to grep for.
#[derive(Clone, Default, Deserialize, Eq, Hash, PartialEq)]
#[serde(transparent)]
pub struct Pii<T>(T);

impl<T> Pii<T> {
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    pub const fn reveal(&self) -> &T {
        &self.0
    }
}

impl<T> fmt::Debug for Pii<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<redacted>")
    }
}
