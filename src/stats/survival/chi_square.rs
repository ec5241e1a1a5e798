//! The upper tail of the χ² distribution: the regularised incomplete gamma function Q(a, x),
//! by its series below a + 1 and by Lentz's continued fraction above (Abramowitz and
//! Stegun, 6.5.29 and 6.5.31).

pub(super) fn upper_tail(chi_square: f64, degrees: usize) -> f64 {
    let (a, x) = (degrees as f64 / 2.0, chi_square / 2.0);
    if x <= 0.0 || x.is_nan() {
        return 1.0;
    }
    let scale = (a * x.ln() - x - ln_gamma_half(degrees)).exp();
    if x < a + 1.0 { 1.0 - scale * series(a, x) } else { scale * fraction(a, x) }
}

/// ln Γ(n/2), exactly by Γ(a + 1) = a Γ(a).
fn ln_gamma_half(n: usize) -> f64 {
    let even = n.is_multiple_of(2);
    let start = if even { 0.0 } else { std::f64::consts::PI.sqrt().ln() };
    let first = if even { 2 } else { 1 };
    (first..n).step_by(2).map(|twice| (twice as f64 / 2.0).ln()).sum::<f64>() + start
}

fn series(a: f64, x: f64) -> f64 {
    let (mut term, mut sum) = (a.recip(), a.recip());
    for step in 1..STEPS_MAX {
        term *= x / (a + f64::from(step));
        sum += term;
        if term < sum * PRECISION {
            break;
        }
    }
    sum
}

fn fraction(a: f64, x: f64) -> f64 {
    let mut b = x + 1.0 - a;
    let mut c = TINY.recip();
    let mut d = b.recip();
    let mut value = d;
    for step in 1..STEPS_MAX {
        let step = f64::from(step);
        let numerator = -step * (step - a);
        b += 2.0;
        d = away_from_zero(numerator * d + b).recip();
        c = away_from_zero(b + numerator / c);
        value *= c * d;
        if (c * d - 1.0).abs() < PRECISION {
            break;
        }
    }
    value
}

fn away_from_zero(value: f64) -> f64 {
    if value.abs() < TINY { TINY } else { value }
}

const TINY: f64 = 1e-300;
const PRECISION: f64 = 1e-15;
const STEPS_MAX: u32 = 1000;

#[cfg(test)]
mod tests {
    use super::*;

    /// Tables of the χ² distribution.
    #[test]
    fn the_tail_is_that_of_the_tables() {
        for (chi_square, degrees, expected) in [
            (0.0, 1, 1.0),
            (3.841_459, 1, 0.05),
            (6.634_897, 1, 0.01),
            (10.827_566, 1, 0.001),
            (0.015_791, 1, 0.9),
            (5.991_465, 2, 0.05),
            (11.070_498, 5, 0.05),
            (2.674_607, 5, 0.75),
            (30.143_527, 19, 0.05),
            (f64::NAN, 1, 1.0),
        ] {
            let found = upper_tail(chi_square, degrees);
            assert!((found - expected).abs() < 1e-6, "{chi_square} {degrees}: {found}");
        }
    }
}
