//! The one thread on which a month's time passes: it moves the clock and steps the sound of
//! both ends. As fast as it was asked to, and never while somebody works.

use std::{
    io,
    sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    thread,
    time::Duration,
};

use crate::engine::{Clock as _, MediaStepper, PacedClock};

/// Dropping it ends the thread.
pub(super) struct Pacer {
    _stop: SyncSender<()>,
}

impl Pacer {
    /// # Errors
    /// When there is no thread to be had.
    pub(super) fn start(
        clock: PacedClock,
        steppers: Vec<MediaStepper>,
        speed: f64,
    ) -> io::Result<Self> {
        // Nothing is ever sent.
        let (stop, stopped) = sync_channel(0);
        thread::Builder::new()
            .name("month".to_owned())
            .spawn(move || pass(&clock, steppers, speed, &stopped))?;
        Ok(Self { _stop: stop })
    }
}

fn pass(clock: &PacedClock, mut steppers: Vec<MediaStepper>, speed: f64, stopped: &Receiver<()>) {
    let pause = STEP.div_f64(speed.clamp(SPEED_MIN, SPEED_MAX));
    loop {
        let went = clock.advance(STEP);
        let now = clock.instant();
        for stepper in &mut steppers {
            // Also while the clock stands: orders are obeyed, only nothing is due.
            stepper.step(now);
        }
        let wait = if went { pause } else { pause.min(LOOK) };
        if stopped.recv_timeout(wait) != Err(RecvTimeoutError::Timeout) {
            return;
        }
    }
}

/// Half a tick of sound: no leg is later than that.
const STEP: Duration = Duration::from_millis(10);

/// Who holds the clock is soon done.
const LOOK: Duration = Duration::from_micros(200);

const SPEED_MIN: f64 = 0.1;

/// A step takes longer than that by itself.
const SPEED_MAX: f64 = 1000.0;
