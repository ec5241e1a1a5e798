//! What happens, as it happens (Server-Sent Events): `change` for each committed event,
//! `live` when a call moved, `desk` when the own state or call did, `reload` when the browser
//! has missed something.

use std::{convert::Infallible, time::Duration};

use axum::{
    extract::State,
    http::HeaderMap,
    response::sse::{Event, KeepAlive, Sse},
};
use futures_util::stream::{self, Stream};
use serde::Serialize;
use tokio::{
    sync::{broadcast::error::RecvError, mpsc, watch},
    time,
};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{desk::desk_view, live::live_views};
use crate::{
    domain::acd::{self, AgentState},
    store::event,
    web::{
        Shared,
        auth::{self, Signed},
        error::Result,
    },
};

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(events))
}

#[derive(Serialize)]
struct ChangeView<'a> {
    kind: &'a str,
    at: chrono::DateTime<chrono::Utc>,
    body: &'a serde_json::Value,
}

#[utoipa::path(get, path = "/api/events", tag = "events",
    params(("Last-Event-ID" = Option<i64>, Header)),
    responses((status = 200, body = String, content_type = "text/event-stream")))]
async fn events(
    State(site): State<Shared>,
    signed: Signed,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>> {
    let last = headers.get("last-event-id").and_then(|value| value.to_str().ok()?.parse().ok());
    let (send, receive) = mpsc::channel(AHEAD);
    let token = auth::token(&headers, &site).unwrap_or_default().to_owned();
    tokio::spawn(async move {
        // The browser comes back by itself, and is asked for its session again.
        let _ = time::timeout(STREAM_MAX, tell(site, signed, token, last, send)).await;
    });
    let stream = stream::unfold(receive, |mut receive| async move {
        receive.recv().await.map(|event| (Ok(event), receive))
    });
    Ok(Sse::new(stream).keep_alive(KeepAlive::new().interval(HEARTBEAT)))
}

/// Until the browser has gone.
async fn tell(
    site: Shared,
    signed: Signed,
    token: String,
    last: Option<i64>,
    send: mpsc::Sender<Event>,
) -> Option<()> {
    // Listening comes before looking back: nothing falls between the two.
    let mut hub = site.core.app.hub().subscribe();
    let mut live = site.core.live.watch();
    let mut desk = signed.0.modules.iter().any(|own| own == "desk").then(|| site.core.acd.watch());
    let mut position = 0;
    if let Some(last) = last {
        position = replay(&site, &signed, last, &send).await?;
    }
    live.mark_changed();
    desk.iter_mut().for_each(watch::Receiver::mark_changed);
    let mut leases = time::interval(LEASE_EVERY);
    let mut every = time::interval(LIVE_EVERY);
    every.set_missed_tick_behavior(time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            next = hub.recv() => match next {
                Ok(event) if event.event_id <= position => {}
                Ok(event) => send_change(&signed, &event, &send).await?,
                Err(RecvError::Lagged(_)) => {
                    send.send(Event::default().event("reload").data("1")).await.ok()?;
                }
                Err(RecvError::Closed) => return None,
            },
            _ = every.tick() => {
                if let Some(desk) = &mut desk
                    && desk.has_changed().ok()?
                {
                    desk.mark_unchanged();
                    let event = Event::default().event("desk");
                    send.send(event.json_data(desk_view(&site, &signed)).ok()?).await.ok()?;
                }
                if live.has_changed().ok()? {
                    live.mark_unchanged();
                    let views = live_views(&site, &signed, |_| true).await.ok()?;
                    let event = Event::default().event("live").json_data(views).ok()?;
                    send.send(event).await.ok()?;
                }
            },
            _ = leases.tick() => {
                // Signed out, locked, or without its role: nothing more is told.
                let now = site.core.app.signed_in(&token, site.core.clock.wall()).await.ok()??;
                if now.role != signed.0.role || auth::has_left(&site, &now, &token).await.ok()? {
                    return None;
                }
                stay(&site, &signed);
            }
        }
    }
}

/// An agent whose page is open is there; who has left is not brought back by a page.
fn stay(site: &Shared, signed: &Signed) {
    let (core, user) = (&site.core, signed.0.user);
    let seat = core.acd.seat(user, core.clock.instant());
    if seat.is_some_and(|seat| seat.state != AgentState::Offline) {
        core.acd_tell(acd::Input::Lease(user));
    }
}

/// What a browser has missed; more than it can take in: it loads everything anew.
async fn replay(
    site: &Shared,
    signed: &Signed,
    last: i64,
    send: &mpsc::Sender<Event>,
) -> Option<i64> {
    let mut scope = signed.scope(site).await.ok()?;
    let missed = event::after(&mut scope, last, REPLAY_MAX).await.ok()?;
    drop(scope);
    if i64::try_from(missed.len()).ok()? == REPLAY_MAX {
        send.send(Event::default().event("reload").data("1")).await.ok()?;
        return Some(0);
    }
    for event in &missed {
        send_change(signed, event, send).await?;
    }
    Some(missed.last().map_or(last, |event| event.event_id))
}

async fn send_change(
    signed: &Signed,
    event: &event::Event,
    send: &mpsc::Sender<Event>,
) -> Option<()> {
    if !signed.sees(event.department_id) {
        return Some(());
    }
    let view = ChangeView { kind: &event.kind, at: event.at, body: &event.body };
    let told = Event::default().event("change").id(event.event_id.to_string());
    send.send(told.json_data(view).ok()?).await.ok()
}

/// A browser that takes no more is waited for; the hub then tells that it fell behind.
const AHEAD: usize = 32;

const HEARTBEAT: Duration = Duration::from_secs(15);
const STREAM_MAX: Duration = Duration::from_secs(15 * 60);

/// Four pictures a second are as many as an eye follows.
const LIVE_EVERY: Duration = Duration::from_millis(250);
const REPLAY_MAX: i64 = 500;

/// An agent counts as there for 35 s after the last word of the page.
const LEASE_EVERY: Duration = Duration::from_secs(10);
