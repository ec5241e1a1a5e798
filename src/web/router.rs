//! All addresses, and what holds for every answer.

use axum::{
    Json, Router,
    extract::{Request, State},
    http::{HeaderValue, header},
    middleware::{Next, from_fn_with_state},
    response::Response,
    routing::get,
};
use utoipa::{
    OpenApi,
    openapi::{self, Content, Ref, RefOr, ResponseBuilder, path::Operation},
};
use utoipa_axum::router::OpenApiRouter;

use super::{Shared, api, assets, auth, error::Problem, health, metrics};

pub(super) fn router(site: Shared) -> Router {
    let (api, openapi) = documented();
    let shown = Json(openapi);
    api.route("/metrics", get(metrics::metrics))
        .route("/api/openapi.json", get(move || async move { shown }))
        .fallback(assets::serve)
        .layer(from_fn_with_state(site.clone(), auth::own_page_only))
        .layer(from_fn_with_state(site.clone(), on_every_answer))
        .with_state(site)
}

/// The API and its description, which is made from the same handlers.
fn documented() -> (Router<Shared>, openapi::OpenApi) {
    let (router, mut openapi) = OpenApiRouter::with_openapi(Document::openapi())
        .merge(health::routes())
        .merge(api::routes())
        .split_for_parts();
    for item in openapi.paths.paths.values_mut() {
        let operations =
            [&mut item.get, &mut item.post, &mut item.put, &mut item.delete, &mut item.patch];
        operations.into_iter().flatten().for_each(complete);
    }
    (router, openapi)
}

#[derive(OpenApi)]
#[openapi(
    info(title = "Suifang", description = "随访外呼服务器的接口。写操作须带请求头 x-suifang: 1。"),
    components(schemas(Problem))
)]
struct Document;

/// Each operation has its own name, and any may fail in the same way.
fn complete(operation: &mut Operation) {
    let tag = operation.tags.iter().flatten().next();
    if let (Some(tag), Some(id)) = (tag, &operation.operation_id) {
        operation.operation_id = Some(format!("{tag}_{id}"));
    }
    let schema = Ref::from_schema_name("Problem");
    let problem = ResponseBuilder::new()
        .description("problem+json")
        .content("application/problem+json", Content::new(Some(schema)))
        .build();
    operation.responses.responses.insert("default".to_owned(), RefOr::T(problem));
}

async fn on_every_answer(State(site): State<Shared>, request: Request, next: Next) -> Response {
    let is_api = request.uri().path().starts_with("/api/");
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name.clone(), HeaderValue::from_static(value));
    }
    if is_api && !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    if site.is_secure {
        let year = HeaderValue::from_static("max-age=31536000");
        headers.insert(header::STRICT_TRANSPORT_SECURITY, year);
    }
    response
}

/// Nothing of the page comes from elsewhere, nothing frames it, no script stands in line.
/// Element Plus places its pop-ups by `style` attributes.
const HEADERS: &[(header::HeaderName, &str)] = &[
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
         media-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'self'; \
         frame-ancestors 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
];

#[cfg(test)]
mod tests {
    use super::*;

    /// `web/openapi.json` is what the page's types are generated from. To write it:
    /// `SUIFANG_WRITE=1 cargo test --lib openapi`, then `npm run types` in web/.
    #[test]
    fn the_openapi_document_beside_the_page_is_the_servers_own() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/web/openapi.json");
        let own = documented().1.to_pretty_json().unwrap() + "\n";
        if std::env::var_os("SUIFANG_WRITE").is_some() {
            std::fs::write(path, &own).unwrap();
        }
        let kept = std::fs::read_to_string(path).unwrap_or_default();
        assert!(kept == own, "web/openapi.json is old: see above how to write it");
    }
}
