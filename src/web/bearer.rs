//! Systems that show a token instead of a person's session. A wrong one learns nothing,
//! and may not try for long.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use axum::http::{HeaderMap, header};
use uuid::Uuid;

use super::{
    Site,
    auth::From,
    error::{Problem, Result},
};
use crate::app::{TokenHolder, TokenUse};

/// Addresses that need a token, and no header of our page.
pub(super) fn is_for_systems(path: &str) -> bool {
    path.starts_with("/api/door/") || path.starts_with("/api/fhir/")
}

pub(super) fn token(headers: &HeaderMap) -> Option<&str> {
    let text = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = text.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

impl Site {
    pub(super) async fn holder(
        &self,
        from: &From,
        headers: &HeaderMap,
        wanted: TokenUse<'_>,
    ) -> Result<TokenHolder> {
        let core = &self.core;
        let (at, now) = (core.clock.wall(), core.clock.instant());
        let found = match token(headers) {
            Some(token) => core.app.token_holder(token, wanted, at).await?,
            None => None,
        };
        let Some(holder) = found else {
            let may = self.token_tries.may(from.0, now);
            return Err(if may { Problem::no_token() } else { Problem::too_often() });
        };
        if !self.paces.may(holder.token, now) {
            return Err(Problem::too_often());
        }
        Ok(holder)
    }
}

/// How often each token may knock.
#[derive(Debug, Default)]
pub(super) struct Paces(Mutex<HashMap<Uuid, (Instant, u32)>>);

impl Paces {
    /// Counts a request; answers whether it is allowed.
    pub(super) fn may(&self, token: Uuid, now: Instant) -> bool {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, count) = all.entry(token).or_insert((now, 0));
        if now.duration_since(*since) >= MINUTE {
            (*since, *count) = (now, 0);
        }
        *count += 1;
        *count <= REQUESTS_A_MINUTE
    }
}

/// A system that sends each discharge by itself on the busiest morning.
const REQUESTS_A_MINUTE: u32 = 120;
const MINUTE: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Clock, ManualClock};

    #[test]
    fn a_token_knocks_a_hundred_and_twenty_times_a_minute() {
        let clock = ManualClock::starting_at(chrono::DateTime::UNIX_EPOCH);
        let (paces, start) = (Paces::default(), clock.instant());
        let (one, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        assert!((0..120).all(|_| paces.may(one, start)));
        assert!(!paces.may(one, start + Duration::from_secs(59)));
        assert!(paces.may(other, start));
        assert!(paces.may(one, start + Duration::from_secs(60)));
    }

    #[test]
    fn a_token_stands_behind_its_scheme() {
        for (text, expected) in [
            ("Bearer abc", Some("abc")),
            ("bearer  abc ", Some("abc")),
            ("Basic abc", None),
            ("abc", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::AUTHORIZATION, text.parse().unwrap());
            assert_eq!(token(&headers), expected, "{text}");
        }
    }
}
