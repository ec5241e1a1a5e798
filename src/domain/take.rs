//! A nurse's reading of a sentence: good enough to be played to patients?

/// What was measured of it, silence at both ends cut.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Take {
    pub length_ms: u32,
    /// Of the voice; none: nothing was heard.
    pub level_dbm0: Option<f32>,
    /// Of the quietest part: what the room and the line bring.
    pub noise_dbm0: f32,
    /// Share of the samples that stand at the end of the scale.
    pub clipped: f32,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TakeFault {
    Silence,
    TooQuiet,
    Clipped,
    Noisy,
    TooShort,
    TooLong,
}

super::word::words! { TakeFault, "a fault of a take",
    Silence = "silence", TooQuiet = "too_quiet", Clipped = "clipped", Noisy = "noisy",
    TooShort = "too_short", TooLong = "too_long",
}

/// # Errors
/// The first thing that a nurse should change.
pub fn judge_take(take: &Take, expected_ms: u32) -> Result<(), TakeFault> {
    let Some(level) = take.level_dbm0 else { return Err(TakeFault::Silence) };
    let too_long = expected_ms * LONGEST_PERCENT / 100 + PAUSES_MS;
    let checks = [
        (take.clipped > CLIPPED_MAX, TakeFault::Clipped),
        (level < LEVEL_MIN_DBM0, TakeFault::TooQuiet),
        (level - take.noise_dbm0 < ABOVE_NOISE_DB, TakeFault::Noisy),
        (take.length_ms < expected_ms * SHORTEST_PERCENT / 100, TakeFault::TooShort),
        (take.length_ms > too_long, TakeFault::TooLong),
    ];
    checks.into_iter().find(|(is_wrong, _)| *is_wrong).map_or(Ok(()), |(_, fault)| Err(fault))
}

/// How long a text takes to be read, by its characters.
pub fn expected_ms(text: &str) -> u32 {
    let length = |c: char| match c {
        c if c.is_ascii_alphanumeric() => LETTER_MS,
        c if c.is_alphanumeric() => CHARACTER_MS,
        _ => 0,
    };
    text.chars().map(length).sum()
}

/// Four and a half syllables a second: a calm voice on the telephone.
const CHARACTER_MS: u32 = 220;
/// Fourteen letters a second.
const LETTER_MS: u32 = 70;

/// Half of a hurried reading, and two and a half times a calm one: people differ.
const SHORTEST_PERCENT: u32 = 40;
const LONGEST_PERCENT: u32 = 250;
/// A breath in the middle of a short sentence is none too long.
const PAUSES_MS: u32 = 1500;

/// What is below is raised by the loader, and its noise with it.
const LEVEL_MIN_DBM0: f32 = -36.0;
/// A ward in the background is heard above this.
const ABOVE_NOISE_DB: f32 = 20.0;
/// One sample in a thousand: a peak is none, a shout is.
const CLIPPED_MAX: f32 = 0.001;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_a_take_is_said() {
        let good =
            Take { length_ms: 2000, level_dbm0: Some(-20.0), noise_dbm0: -60.0, clipped: 0.0 };
        for (take, expected) in [
            (good, None),
            (Take { level_dbm0: None, ..good }, Some(TakeFault::Silence)),
            (
                Take { level_dbm0: Some(-36.1), noise_dbm0: -90.0, ..good },
                Some(TakeFault::TooQuiet),
            ),
            (Take { level_dbm0: Some(-36.0), noise_dbm0: -90.0, ..good }, None),
            (Take { clipped: 0.002, ..good }, Some(TakeFault::Clipped)),
            (Take { clipped: 0.001, ..good }, None),
            (Take { noise_dbm0: -39.0, ..good }, Some(TakeFault::Noisy)),
            (Take { noise_dbm0: -40.0, ..good }, None),
            (Take { length_ms: 799, ..good }, Some(TakeFault::TooShort)),
            (Take { length_ms: 800, ..good }, None),
            (Take { length_ms: 6500, ..good }, None),
            (Take { length_ms: 6501, ..good }, Some(TakeFault::TooLong)),
        ] {
            assert_eq!(judge_take(&take, 2000).err(), expected, "{take:?}");
        }
    }

    #[test]
    fn a_text_is_as_long_as_its_characters() {
        for (text, expected) in [("", 0), ("。!", 0), ("请按一。", 660), ("Press one.", 560)] {
            assert_eq!(expected_ms(text), expected, "{text}");
        }
    }
}
