//! Recordings for the player: bytes by range, and the picture. Who listens is written
//! down before the first byte.

use std::{
    io::SeekFrom,
    ops::RangeInclusive,
    path::{Component, Path, PathBuf},
};

use axum::{
    Json,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use futures_util::stream;
use tokio::{
    fs::File,
    io::{AsyncReadExt, AsyncSeekExt},
    task::spawn_blocking,
};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{
    base::RecordingId,
    store::recording,
    web::{
        Shared,
        ask::Key,
        auth::Signed,
        error::{Problem, Result},
        range::{Wanted, wanted},
        waveform::{WaveformView, peaks},
    },
};

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(audio)).routes(routes!(waveform))
}

/// Where a finished recording is; that it is asked for stands in the audit then.
async fn open(site: &Shared, signed: &Signed, id: Uuid, did: &str) -> Result<PathBuf> {
    let mut scope = signed.scope(site).await?;
    let found = recording::find(&mut scope, RecordingId::from_uuid(id)).await?;
    drop(scope);
    open_found(site, signed, found, did).await
}

/// The same of one that was looked for.
pub(super) async fn open_found(
    site: &Shared,
    signed: &Signed,
    found: Option<recording::Recording>,
    did: &str,
) -> Result<PathBuf> {
    let found = found.ok_or_else(|| Problem::not_found("recording"))?;
    if !matches!(found.state.as_str(), "finished" | "repaired") {
        let what = "录音还没有完成或已销毁 / the recording is not finished, or destroyed";
        return Err(Problem::conflict(what));
    }
    let path = below(&site.core.recordings(), &found.path)
        .ok_or_else(|| Problem::fault(&"a recording's path leads out of paths.recordings"))?;
    let (app, at) = (&site.core.app, site.core.clock.wall());
    let id = found.recording_id.to_string();
    app.audit_access(&signed.0.principal, did, "recording", &id, at).await?;
    Ok(path)
}

/// Only plain names: nothing leads up or away.
fn below(folder: &Path, relative: &str) -> Option<PathBuf> {
    let relative = Path::new(relative);
    let plain = relative.components().all(|part| matches!(part, Component::Normal(_)));
    (plain && !relative.as_os_str().is_empty()).then(|| folder.join(relative))
}

#[utoipa::path(get, path = "/api/recordings/{id}/audio", tag = "recordings",
    params(("id" = Uuid, Path), ("Range" = Option<String>, Header)),
    responses((status = 200, body = Vec<u8>, content_type = "audio/wav"),
        (status = 206, body = Vec<u8>, content_type = "audio/wav")))]
async fn audio(
    State(site): State<Shared>,
    signed: Signed,
    Key(id): Key,
    headers: HeaderMap,
) -> Result<Response> {
    let path = open(&site, &signed, id, "listened").await?;
    play(&path, &headers).await
}

/// A WAV file, or the part of it that is asked for.
pub(super) async fn play(path: &Path, headers: &HeaderMap) -> Result<Response> {
    let file = File::open(path).await.map_err(|_| missing())?;
    let len = file.metadata().await.map_err(|error| Problem::fault(&error))?.len();
    let asked = headers.get(header::RANGE).and_then(|value| value.to_str().ok());
    let (status, part) = match wanted(asked, len) {
        Wanted::Whole => (StatusCode::OK, 0..=len.saturating_sub(1)),
        Wanted::Part(part) => (StatusCode::PARTIAL_CONTENT, part),
        Wanted::Outside => {
            let range = [(header::CONTENT_RANGE, format!("bytes */{len}"))];
            return Ok((range, Problem::range()).into_response());
        }
    };
    let (first, last) = (*part.start(), *part.end());
    let size = if len == 0 { 0 } else { last - first + 1 };
    let mut response = (status, send(file, part).await?).into_response();
    let about = response.headers_mut();
    let mut put = |name, value: String| {
        if let Ok(value) = value.parse() {
            about.insert(name, value);
        }
    };
    put(header::CONTENT_TYPE, "audio/wav".to_owned());
    put(header::ACCEPT_RANGES, "bytes".to_owned());
    put(header::CONTENT_LENGTH, size.to_string());
    if status == StatusCode::PARTIAL_CONTENT {
        put(header::CONTENT_RANGE, format!("bytes {first}-{last}/{len}"));
    }
    Ok(response)
}

async fn send(mut file: File, part: RangeInclusive<u64>) -> Result<Body> {
    let seek = file.seek(SeekFrom::Start(*part.start())).await;
    seek.map_err(|error| Problem::fault(&error))?;
    let left = part.end() - part.start() + 1;
    let chunks = stream::try_unfold(file.take(left), |mut file| async move {
        let mut chunk = vec![0; CHUNK];
        let read = file.read(&mut chunk).await?;
        chunk.truncate(read);
        Ok::<_, std::io::Error>((read > 0).then(|| (Bytes::from(chunk), file)))
    });
    Ok(Body::from_stream(chunks))
}

#[utoipa::path(get, path = "/api/recordings/{id}/waveform", tag = "recordings",
    params(("id" = Uuid, Path)), responses((status = 200, body = WaveformView)))]
async fn waveform(
    State(site): State<Shared>,
    signed: Signed,
    Key(id): Key,
) -> Result<Json<WaveformView>> {
    let path = open(&site, &signed, id, "viewed").await?;
    let read = spawn_blocking(move || std::fs::read(path).map(|wav| peaks(&wav, STEPS))).await;
    let read = read.map_err(|error| Problem::fault(&error))?.map_err(|_| missing())?;
    read.map(Json).ok_or_else(|| Problem::fault(&"a recording is not a WAV file"))
}

fn missing() -> Problem {
    tracing::error!("a recording's file is not there");
    Problem::not_found("recording")
}

const CHUNK: usize = 64 * 1024;

/// As many as the player is wide.
const STEPS: usize = 600;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_outside_the_recordings_is_read() {
        let folder = Path::new("/rec");
        for (relative, expected) in [
            ("2026/11/23/a.wav", Some("/rec/2026/11/23/a.wav")),
            ("../etc/passwd", None),
            ("2026/../../etc/passwd", None),
            ("/etc/passwd", None),
            ("", None),
        ] {
            assert_eq!(below(folder, relative).as_deref(), expected.map(Path::new), "{relative}");
        }
    }
}
