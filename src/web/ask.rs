//! What a request says, with our own errors when it does not say it right.

use std::time::Duration;

use axum::{
    Json,
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Path, Query, Request},
    http::request::Parts,
};
use futures_util::StreamExt as _;
use serde::de::DeserializeOwned;
use tokio::time::timeout;
use uuid::Uuid;

use super::error::Problem;

/// A JSON body.
pub(super) struct Body<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let Json(body) = Json::<T>::from_request(request, state).await?;
        Ok(Self(body))
    }
}

/// All bytes of a body. One that is too large is heard out, as far as a slip may go: who is
/// answered while still sending sees a broken connection and not the reason.
pub(super) async fn whole(body: axum::body::Body, max: usize) -> Result<Bytes, Problem> {
    let mut frames = body.into_data_stream();
    let (mut kept, mut heard) = (Vec::new(), 0_usize);
    let listening = async {
        while let Some(frame) = frames.next().await {
            let Ok(frame) = frame else { return heard = usize::MAX };
            heard = heard.saturating_add(frame.len());
            if heard > HEARD_OUT_MAX {
                return;
            }
            if heard <= max {
                kept.extend_from_slice(&frame);
            } else {
                kept = Vec::new();
            }
        }
    };
    let in_time = timeout(SENDING_MAX, listening).await.is_ok();
    if in_time && heard <= max { Ok(kept.into()) } else { Err(Problem::too_large(max)) }
}

/// Four times the largest body: a wrong file, not an attack.
const HEARD_OUT_MAX: usize = 64 * 1024 * 1024;

/// The largest body over the slowest line of a hospital, 2 Mbit/s.
const SENDING_MAX: Duration = Duration::from_secs(120);

/// What stands behind the `?`.
pub(super) struct Terms<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Terms<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Query(terms) = Query::<T>::from_request_parts(parts, state).await?;
        Ok(Self(terms))
    }
}

/// The id in the path.
pub(super) struct Key(pub(super) Uuid);

impl<S: Send + Sync> FromRequestParts<S> for Key {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Path(id) = Path::<Uuid>::from_request_parts(parts, state).await?;
        Ok(Self(id))
    }
}

/// A page of a list.
#[derive(Clone, Copy, Debug, serde::Deserialize, utoipa::IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(super) struct Window {
    /// At most 200.
    pub(super) limit: i64,
    pub(super) offset: i64,
}

impl Default for Window {
    fn default() -> Self {
        Self { limit: 50, offset: 0 }
    }
}

impl Window {
    pub(super) fn limit(self) -> i64 {
        self.limit.clamp(1, LIST_MAX)
    }

    pub(super) fn offset(self) -> i64 {
        self.offset.max(0)
    }
}

/// One more than is shown is asked for: is there a next page?
pub(super) fn page<T>(mut items: Vec<T>, limit: i64) -> (Vec<T>, bool) {
    let limit = usize::try_from(limit).unwrap_or_default();
    let has_more = items.len() > limit;
    items.truncate(limit);
    (items, has_more)
}

/// More rows than anybody reads at once.
const LIST_MAX: i64 = 200;
