//! The conversation in virtual time: each row is what the nurse does and what comes of it.

use super::*;
use crate::{base::epoch, ivr::text_sha256};

struct Booth {
    studio: Studio,
    now: Instant,
    said: Vec<String>,
    kept: Vec<usize>,
    last: Option<Progress>,
    takes: u32,
    is_over: bool,
}

const GOOD: Take =
    Take { length_ms: 1000, level_dbm0: Some(-18.0), noise_dbm0: -65.0, clipped: 0.0 };

fn line(text: &str) -> Line {
    let (written, spoken) = (text.to_owned(), text.to_owned());
    let (language, pause) = ("zh-CN".to_owned(), Duration::ZERO);
    let clip = Clip { written, spoken, language, personal: false, pause };
    Line { clip, text_sha256: text_sha256(text), places: Vec::new() }
}

impl Booth {
    fn open() -> Self {
        let lines = ["请按一。", "谢谢您。", "祝您健康。"].map(line).to_vec();
        let mut booth = Self {
            studio: Studio::new(lines, "zh-CN"),
            now: epoch(),
            said: Vec::new(),
            kept: Vec::new(),
            last: None,
            takes: 0,
            is_over: false,
        };
        booth.give(Input::Start);
        booth
    }

    fn give(&mut self, input: Input) {
        self.studio.handle_input(input, self.now);
        self.drain();
    }

    fn drain(&mut self) {
        while let Some(output) = self.studio.poll_output() {
            match output {
                Output::Say(parts) => self.said.extend(parts.into_iter().map(|part| match part {
                    Part::Clip(clip) => clip.spoken,
                    Part::Beep => "(beep)".to_owned(),
                    Part::Take => "(take)".to_owned(),
                })),
                Output::Keep(line) => self.kept.push(line),
                Output::Progress(progress) => self.last = Some(progress),
                Output::BeginTake => self.takes += 1,
                Output::HangUp => self.is_over = true,
                Output::StopSaying | Output::EndTake { .. } => {}
            }
        }
    }

    fn wait(&mut self, seconds: f64) {
        let until = self.now + Duration::from_secs_f64(seconds);
        while let Some(at) = self.studio.poll_timeout().filter(|at| *at <= until) {
            self.now = at;
            self.studio.handle_timeout(at);
            self.drain();
        }
        self.now = until;
    }

    /// One word a step: `said`, a key, `voice`/`quiet`, `good`, a fault, a wait in seconds.
    fn play(&mut self, steps: &str) {
        for step in steps.split_whitespace() {
            let faulty = |fault: TakeFault| match fault {
                TakeFault::Silence => Take { level_dbm0: None, ..GOOD },
                TakeFault::TooQuiet => Take { level_dbm0: Some(-50.0), noise_dbm0: -80.0, ..GOOD },
                TakeFault::Clipped => Take { clipped: 0.1, ..GOOD },
                TakeFault::Noisy => Take { noise_dbm0: -25.0, ..GOOD },
                TakeFault::TooShort => Take { length_ms: 50, ..GOOD },
                TakeFault::TooLong => Take { length_ms: 60_000, ..GOOD },
            };
            match step {
                "said" => self.give(Input::Said),
                "voice" => self.give(Input::SpeechStarted),
                "quiet" => self.give(Input::SpeechEnded),
                "good" => self.give(Input::Taken(GOOD)),
                "stored" => self.give(Input::Stored(true)),
                "unstored" => self.give(Input::Stored(false)),
                "stop" => self.give(Input::Stop),
                "gone" => self.give(Input::HungUp),
                _ => {
                    match (step.parse::<TakeFault>(), step.strip_prefix('+'), step.parse::<char>())
                    {
                        (Ok(fault), ..) => self.give(Input::Taken(faulty(fault))),
                        (_, Some(seconds), _) => self.wait(seconds.parse().unwrap()),
                        (_, _, Ok(key)) => self.give(Input::Key(Key::try_from(key).unwrap())),
                        _ => panic!("{step}"),
                    }
                }
            }
        }
    }
}

/// What was said last, the lines that were kept, the takes begun, whether it is over.
type Expected<'a> = (&'a str, &'a [usize], u32, bool);

const ONE: &str = "said voice quiet +1 good said 1 stored ";

#[test]
fn a_nurse_reads_hears_and_keeps() {
    check(&[
        ("announces", "", ("(beep)", &[], 0, false)),
        ("the beep ends: it records", "said", ("(beep)", &[], 1, false)),
        ("quiet ends the take", "said voice +20 quiet +0.9 good", ("保留请按一", &[], 1, false)),
        ("a breath does not", "said voice quiet +0.5 voice +0.5 good", ("(beep)", &[], 1, false)),
        ("hash ends the take", "said voice # good", ("保留请按一", &[], 1, false)),
        ("one keeps", ONE, ("(beep)", &[0], 1, false)),
        ("while it is played too", "said voice # good 1 stored", ("(beep)", &[0], 1, false)),
        ("two records again", "said voice # good said 2 said", ("(beep)", &[], 2, false)),
        ("three skips", "said voice # good said 3", ("(beep)", &[], 1, false)),
        ("three skips while announced", "3 3 3", ("保留了零句", &[], 0, false)),
        ("star reads it again", "said voice # good said *", ("保留请按一", &[], 1, false)),
        ("star while it is announced", "* * said", ("(beep)", &[], 1, false)),
        ("all three", &ONE.repeat(3), ("保留了三句", &[0, 1, 2], 3, false)),
        ("and it hangs up", &(ONE.repeat(3) + "said"), ("再见", &[0, 1, 2], 3, true)),
    ]);
}

#[test]
fn what_goes_wrong_in_the_booth_has_an_end() {
    check(&[
        ("not stored", "said voice # good said 1 unstored", ("没有存上", &[0], 1, false)),
        (
            "not stored, once more",
            "said voice # good said 1 unstored said 1 stored",
            ("(beep)", &[0, 0], 1, false),
        ),
        ("nothing is said", "said +6 silence", ("(beep)", &[], 1, false)),
        (
            "nobody chooses",
            "said voice # good said +10 said +10 said +10",
            ("录音到此结束", &[], 1, false),
        ),
        ("stop", "said voice stop", ("录音到此结束", &[], 1, false)),
        ("a late take", "said voice # stop good", ("录音到此结束", &[], 1, false)),
        (
            "hang-up keeps what was kept",
            &(ONE.to_owned() + "said gone"),
            ("(beep)", &[0], 2, false),
        ),
    ]);
}

#[track_caller]
fn check(rows: &[(&str, &str, Expected<'_>)]) {
    for (name, steps, (said, kept, takes, is_over)) in rows {
        let mut booth = Booth::open();
        booth.play(steps);
        let last = booth.said.last().cloned().unwrap_or_default();
        assert!(last.contains(said), "{name}: {last}");
        let found = (booth.kept.as_slice(), booth.takes, booth.is_over);
        assert_eq!(found, (*kept, *takes, *is_over), "{name}");
    }
}

#[test]
fn what_is_wrong_is_said_in_words_and_it_is_recorded_again() {
    for (fault, words) in [
        ("silence", "没有听到声音"),
        ("too_quiet", "声音太小"),
        ("clipped", "声音太大"),
        ("noisy", "周围太吵"),
        ("too_short", "太短"),
        ("too_long", "太长"),
    ] {
        let mut booth = Booth::open();
        booth.play("said voice #");
        booth.said.clear();
        booth.play(fault);
        assert!(booth.said[0].contains(words), "{fault}: {:?}", booth.said);
        assert_eq!(booth.said[1..], ["请再读一遍。", "请按一。", "(beep)"], "{fault}");
        assert_eq!(booth.last.and_then(|last| last.fault), fault.parse().ok());
        booth.play("said voice # good said 1 stored");
        assert_eq!(booth.kept, [0], "{fault}");
        assert_eq!(booth.last.and_then(|last| last.fault), None);
    }
}

#[test]
fn after_five_refusals_the_next_sentence_comes() {
    let mut booth = Booth::open();
    booth.play(&"said voice # noisy ".repeat(5));
    assert_eq!(booth.last.map(|last| (last.at, last.skipped)), Some((1, 1)));
    booth.play("said voice # good said 1 stored");
    assert_eq!(booth.kept, [1]);
}

#[test]
fn the_page_sees_how_far_it_is() {
    let mut booth = Booth::open();
    booth.play("said voice # good said 1 stored 3");
    let expected = Progress { at: 2, kept: 1, skipped: 1, doing: Doing::Announcing, fault: None };
    assert_eq!(booth.last, Some(expected));
    booth.play("gone");
    assert_eq!(booth.last.map(|last| last.doing), Some(Doing::Ended));
}

/// A room in which somebody always speaks: the take has an end all the same.
#[test]
fn every_wait_has_an_end() {
    let mut booth = Booth::open();
    booth.play("said voice +60");
    assert_eq!(booth.studio.poll_timeout(), None, "it is judged");
    booth.play("too_long said +6");
    assert_eq!(booth.takes, 2);
}
