//! How long a thing takes, beside a yardstick that was measured in the same run: figures
//! of two machines cannot be compared, ratios can.

use std::time::Duration;

use suifang::engine::{Clock, SystemClock};

/// Seconds for one call of `work`: the best of some rounds, for others disturb, and
/// nobody helps.
pub(crate) fn seconds(mut work: impl FnMut()) -> f64 {
    let clock = SystemClock;
    let mut best = f64::MAX;
    let mut times = 1_u32;
    for _ in 0..ROUNDS {
        loop {
            let began = clock.instant();
            for _ in 0..times {
                work();
            }
            let took = clock.instant() - began;
            best = best.min(took.as_secs_f64() / f64::from(times));
            if took >= ROUND {
                break;
            }
            times = times.saturating_mul(2);
        }
    }
    best
}

/// One line: what, how fast, and how many yardsticks it costs.
pub(crate) fn tell(what: &str, rate: f64, unit: &str, ours: f64, yardstick: (&str, f64)) {
    let (name, other) = yardstick;
    println!("{what:<44} {rate:>12.0} {unit:<12} {:>7.2} × {name}", ours / other);
}

const ROUNDS: usize = 7;
const ROUND: Duration = Duration::from_millis(150);
