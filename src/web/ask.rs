//! What a request says, with our own errors when it does not say it right.

use axum::{
    Json,
    extract::{FromRequest, FromRequestParts, Path, Query, Request},
    http::request::Parts,
};
use serde::de::DeserializeOwned;
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
