//! What the studio says to the nurse: for staff, so not in the texts that hospitals change.

use std::time::Duration;

use super::{Clip, reading};
use crate::domain::TakeFault;

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Phrase {
    Welcome(usize),
    Number(usize),
    Menu,
    Again,
    Kept,
    NotStored,
    Skipped,
    GaveUp,
    Fault(TakeFault),
    Done(usize),
    Stopped,
}

impl Phrase {
    pub(super) fn clip(self, language: &str) -> Clip {
        let is_english = language.starts_with("en");
        let (zh, en) = self.words();
        let number = match self {
            Self::Welcome(n) | Self::Number(n) | Self::Done(n) => Some(n.to_string()),
            _ => None,
        };
        let text = if is_english { en } else { zh };
        let spoken = match (&number, is_english) {
            (Some(n), false) => text.replace("{n}", &reading::number(n)),
            (Some(n), true) => text.replace("{n}", n),
            (None, _) => text.to_owned(),
        };
        let written = number.map_or_else(|| text.to_owned(), |n| text.replace("{n}", &n));
        // A nurse who records Minnan is spoken to in Mandarin.
        let language = if is_english { language } else { "zh-CN" };
        let (language, personal) = (language.to_owned(), false);
        Clip { written, spoken, language, personal, pause: BEFORE }
    }

    const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Welcome(_) => (
                "提示音录音,一共{n}句。每句先听示范,听到嘀声后照着读,读完按井号键。",
                "Recording of {n} sentences. Listen to each, read it after the beep, then press hash.",
            ),
            Self::Number(_) => ("第{n}句。", "Number {n}."),
            Self::Menu => (
                "保留请按一,重录请按二,跳过请按三,再听示范请按星号键。",
                "To keep it press one, again press two, skip press three, hear the model press star.",
            ),
            Self::Again => ("请再读一遍。", "Please read it again."),
            Self::Kept => ("已保留。", "Kept."),
            Self::NotStored => {
                ("没有存上。请再按一试一次。", "It could not be stored. Press one to try again.")
            }
            Self::Skipped => ("跳过。", "Skipped."),
            Self::GaveUp => ("这一句先跳过。", "We leave this one for another day."),
            Self::Fault(fault) => fault_words(fault),
            Self::Done(_) => {
                ("录完了,保留了{n}句。谢谢,再见。", "That was all; {n} kept. Thank you, goodbye.")
            }
            Self::Stopped => (
                "录音到此结束,保留过的都在。再见。",
                "The recording ends here; what was kept is kept. Goodbye.",
            ),
        }
    }
}

const fn fault_words(fault: TakeFault) -> (&'static str, &'static str) {
    match fault {
        TakeFault::Silence => ("没有听到声音。", "Nothing was heard."),
        TakeFault::TooQuiet => {
            ("声音太小,请靠近话筒。", "Too quiet; please come closer to the microphone.")
        }
        TakeFault::Clipped => (
            "声音太大,有爆音,请离话筒远一点。",
            "Too loud, it crackles; please hold the microphone further away.",
        ),
        TakeFault::Noisy => {
            ("周围太吵,请换个安静的地方。", "There is too much noise; please find a quiet place.")
        }
        TakeFault::TooShort => {
            ("太短了,可能没有读完整。", "Too short; perhaps it was not read to the end.")
        }
        TakeFault::TooLong => {
            ("太长了,可能多了别的话。", "Too long; perhaps something else was said.")
        }
    }
}

const BEFORE: Duration = Duration::from_millis(250);
