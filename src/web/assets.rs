//! The page itself, inside the binary: `web/dist` as it was when the binary was built.

use axum::{
    http::{HeaderMap, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use rust_embed::RustEmbed;

use super::error::Problem;

#[derive(RustEmbed)]
#[folder = "web/dist"]
struct Dist;

/// A file of the page; every other address is one of the page's own views.
pub(super) async fn serve(uri: Uri, headers: HeaderMap) -> Response {
    let path = uri.path().trim_start_matches('/');
    if path.starts_with("api/") {
        return Problem::no_page().into_response();
    }
    if let Some(file) = Dist::get(path).filter(|_| !path.is_empty()) {
        return send(path, file, &headers);
    }
    if path.starts_with("assets/") {
        return Problem::no_page().into_response();
    }
    match Dist::get("index.html") {
        Some(index) => send("index.html", index, &headers),
        None => (StatusCode::OK, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], NOT_BUILT)
            .into_response(),
    }
}

fn send(path: &str, file: rust_embed::EmbeddedFile, headers: &HeaderMap) -> Response {
    let hash = file.metadata.sha256_hash();
    let tag: String = hash[..16].iter().map(|byte| format!("{byte:02x}")).collect();
    let tag = format!("\"{tag}\"");
    // Names below assets/ carry the content's hash.
    let cache = if path.starts_with("assets/") {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    let fresh = headers.get(header::IF_NONE_MATCH).is_some_and(|known| known == tag.as_str());
    let about = [(header::ETAG, tag), (header::CACHE_CONTROL, cache.to_owned())];
    if fresh {
        return (StatusCode::NOT_MODIFIED, about).into_response();
    }
    let kind = [(header::CONTENT_TYPE, content_type(path))];
    (about, kind, file.data.into_owned()).into_response()
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "json" => "application/json",
        "woff2" => "font/woff2",
        _ => "application/octet-stream",
    }
}

const NOT_BUILT: &str = "<!doctype html><html lang=\"zh-CN\"><meta charset=\"utf-8\">\
    <title>随访</title><body><h1>页面尚未构建</h1>\
    <p>请在 web/ 下运行 <code>npm ci</code> 和 <code>npm run build</code>,再编译 suifang。</p>\
    <h1 lang=\"en\">The page is not built</h1>\
    <p lang=\"en\">Run <code>npm ci</code> and <code>npm run build</code> in web/, \
    then build suifang again. The API works: <a href=\"/api/openapi.json\">/api/openapi.json</a>.</p>";
