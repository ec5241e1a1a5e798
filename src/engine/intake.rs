//! The hospital's messages: TCP in, MLLP frames, one answer each. What they mean is `app`'s.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    time,
};
use tracing::{debug, info, warn};

use super::Core;
use crate::{
    domain::Calendar,
    his::hl7::{
        Acknowledger, Fault, FaultCode, MllpFrame, MllpReader, answer_batch, frame, split_batch,
    },
};

/// Bound before the database is up, so that a port that is taken is told at once.
pub(super) async fn bind_intake(at: Option<SocketAddr>) -> io::Result<Option<TcpListener>> {
    match at {
        Some(at) => TcpListener::bind(at).await.map(Some),
        None => Ok(None),
    }
}

/// Takes connections of known senders until the server drains.
pub(super) async fn run_intake(core: Arc<Core>, listener: TcpListener) {
    let seats = Arc::new(Semaphore::new(core.config().hl7.connections_max));
    loop {
        let (stream, from) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of files, mostly: others must end first.
                warn!(%error, "a connection of the HL7 intake could not be taken");
                time::sleep(AGAIN).await;
                continue;
            }
        };
        if core.is_draining() {
            return;
        }
        let is_known = core.config().hl7.allow.contains(&from.ip().to_canonical());
        let seat = Arc::clone(&seats).try_acquire_owned();
        let Some(seat) = seat.ok().filter(|_| is_known) else {
            // Dropped, the sender tries again; a stranger learns nothing.
            warn!(%from, is_known, "a connection of the HL7 intake was refused");
            continue;
        };
        let core = Arc::clone(&core);
        tokio::spawn(async move {
            if let Err(error) = converse(&core, stream).await {
                info!(%from, %error, "an HL7 connection has ended");
            }
            drop(seat);
        });
    }
}

async fn converse(core: &Core, mut stream: TcpStream) -> io::Result<()> {
    let limits = core.config().hl7.clone();
    let _ = stream.set_nodelay(true);
    let mut reader = MllpReader::new(limits.message_max_kib * 1024);
    let mut buffer = vec![0; READ_AT_ONCE];
    loop {
        let idle = Duration::from_secs(limits.idle_s);
        let patience = if reader.is_mid_message() { MID_MESSAGE.min(idle) } else { idle };
        let read = time::timeout(patience, stream.read(&mut buffer)).await;
        let count = read.map_err(|_| io::Error::new(io::ErrorKind::TimedOut, "silent"))??;
        if count == 0 {
            return Ok(());
        }
        for frame in reader.handle_input(&buffer[..count]) {
            if core.is_draining() {
                // Not answered, it is sent again when we are back.
                return Ok(());
            }
            answer(core, &mut stream, frame).await?;
        }
    }
}

async fn answer(core: &Core, stream: &mut TcpStream, received: MllpFrame) -> io::Result<()> {
    let answer = match received {
        MllpFrame::Message(bytes) => {
            let mut answers = Vec::new();
            // An empty frame, or an envelope without a message, is answered too.
            let messages = split_batch(&bytes);
            let messages = if messages.is_empty() { vec![bytes] } else { messages };
            for message in messages {
                answers.push(take(core, &message).await);
            }
            answer_batch(&answers)
        }
        MllpFrame::TooLong { start } => refuse(core, &start, "消息太长 / the message is too long"),
        MllpFrame::CutShort { start } => {
            refuse(core, &start, "消息没有传完 / the message was cut short")
        }
    };
    let sent = time::timeout(MID_MESSAGE, stream.write_all(&frame(&answer))).await;
    sent.map_err(|_| io::Error::new(io::ErrorKind::TimedOut, "it does not take our answer"))?
}

async fn take(core: &Core, message: &[u8]) -> Vec<u8> {
    let config = core.config();
    let at = core.clock.wall();
    let since = core.clock.instant();
    let calendar = Calendar::always(config.hospital.timezone);
    let area = &config.hospital.area_code;
    let fault = match core.app.take_message(message, &calendar, area, at).await {
        Ok(taken) => taken.fault,
        Err(error) => {
            warn!(%error, "a message of the hospital waits for the database");
            let what = "数据库暂时不可用,请稍后重发 / the database is not there; send it again";
            Some(Fault::reject("MSH", 0, FaultCode::Internal, what))
        }
    };
    let took_ms = (core.clock.instant() - since).as_millis();
    match &fault {
        None => debug!(took_ms, "a message was taken"),
        // Segment and field; never what stands in them.
        Some(fault) => info!(segment = fault.segment, field = fault.field, "a message was refused"),
    }
    written(core, message, fault.as_ref())
}

/// What was not received whole is not kept: its sender still has it.
fn refuse(core: &Core, start: &[u8], what: &str) -> Vec<u8> {
    let fault = Fault::reject("MSH", 0, FaultCode::Internal, what);
    written(core, start, Some(&fault))
}

fn written(core: &Core, message: &[u8], fault: Option<&Fault>) -> Vec<u8> {
    let at = core.clock.wall();
    let local = at.with_timezone(&core.config().hospital.timezone).naive_local();
    let our_id = crate::base::ImportId::new(at).to_string();
    // MSH-10 holds 20 characters before version 2.7.
    let our_id: String = our_id.chars().filter(|c| *c != '-').take(20).collect();
    Acknowledger::new(message).answer(fault, local, &our_id)
}

const READ_AT_ONCE: usize = 64 * 1024;

/// Whoever stops in the middle of a message holds a seat.
const MID_MESSAGE: Duration = Duration::from_secs(30);
const AGAIN: Duration = Duration::from_millis(200);
