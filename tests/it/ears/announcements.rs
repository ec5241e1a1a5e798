//! Announcements before the answer, learnt from three calls a voice. The codecs, levels,
//! tunes and starts of the test never occur in learning.

use std::{collections::BTreeMap, sync::Arc};

use suifang::media::{
    Codec,
    announcement::{Heard, Library, Listener, Template, Verdict},
};

use super::corpus::{Coder, Dice, Line, Speaker, frames, music};
use crate::interop::installed;

/// What is learnt. Two pairs differ in one word.
const LEARNT: [(&str, &str); 10] = [
    ("空号", "nin2 hao3 nin2 bo1 da3 de5 hao4 ma3 shi4 kong1 hao4 qing3 he2 dui4 hou4 zai4 bo1"),
    ("停机", "nin2 hao3 nin2 bo1 da3 de5 dian4 hua4 yi3 ting2 ji1 qing3 shao1 hou4 zai4 bo1"),
    ("关机", "nin2 hao3 nin2 bo1 da3 de5 dian4 hua4 yi3 guan1 ji1 qing3 shao1 hou4 zai4 bo1"),
    (
        "正在通话中",
        "nin2 hao3 nin2 bo1 da3 de5 dian4 hua4 zheng4 zai4 tong1 hua4 zhong1 qing3 shao1 hou4 zai4 bo1",
    ),
    (
        "暂时无法接通",
        "dui4 bu5 qi3 nin2 bo1 da3 de5 dian4 hua4 zan4 shi2 wu2 fa3 jie1 tong1 qing3 shao1 hou4 zai4 bo1",
    ),
    (
        "暂时无法接听",
        "dui4 bu5 qi3 nin2 bo1 da3 de5 dian4 hua4 zan4 shi2 wu2 fa3 jie1 ting1 qing3 shao1 hou4 zai4 bo1",
    ),
    (
        "无人接听",
        "nin2 bo1 da3 de5 yong4 hu4 zan4 shi2 wu2 ren2 jie1 ting1 qing3 shao1 hou4 zai4 bo1",
    ),
    ("呼叫限制", "dui4 bu5 qi3 nin2 de5 hu1 jiao4 shou4 dao4 xian4 zhi4 bu4 neng2 bo1 da3"),
    ("网络忙", "dui4 bu5 qi3 wang3 luo4 zheng4 mang2 qing3 nin2 shao1 hou4 zai4 bo1"),
    (
        "语音信箱",
        "nin2 hao3 zhe4 li3 shi4 yu3 yin1 xin4 xiang1 qing3 zai4 di1 sheng1 hou4 liu2 yan2",
    ),
];

/// What nobody has labelled yet.
const NEVER: [&str; 6] = [
    "dui4 bu5 qi3 nin2 bo1 da3 de5 dian4 hua4 bu4 zai4 fu2 wu4 qu1 qing3 shao1 hou4 zai4 bo1",
    "nin2 hao3 nin2 bo1 da3 de5 hao4 ma3 cuo4 wu4 qing3 cha2 zheng4 hou4 zai4 bo1",
    "nin2 hao3 nin2 bo1 da3 de5 dian4 hua4 yi3 gai3 hao4 xin1 hao4 ma3 shi4 san1 liu4 ba1",
    "nin2 hao3 nin2 bo1 da3 de5 dian4 hua4 yi3 she4 zhi4 hu1 jiao4 zhuan3 yi2 qing3 bu2 yao4 gua4 ji1",
    "nin2 bo1 da3 de5 yong4 hu4 yi3 kai1 tong1 lai2 dian4 ti2 xing3 ye4 wu4",
    "nin2 de5 hua4 fei4 yu2 e2 bu4 zu2 qing3 jin4 kuai4 chong1 zhi2 xie4 xie5",
];

/// Ordinary talk is made of these, and of pieces that carriers say too.
const PIECES: [&str; 16] = [
    "wei2 ni3 hao3",
    "wo3 shi4 ta1 de5 er2 zi5",
    "nin2 bo1 da3 de5 dian4 hua4",
    "qing3 wen4 ni3 zhao3 shui2",
    "ta1 xian4 zai4 bu2 zai4 jia1",
    "qing3 shao1 hou4",
    "mei2 you3 fa1 shao1",
    "yao4 an4 shi2 chi1 le5",
    "zhe4 ge5 hao4 ma3 shi4 dui4 de5",
    "dui4 bu5 qi3 wo3 zai4 kai1 hui4",
    "ming2 tian1 zai4 da3 guo4 lai2 ba5",
    "shang1 kou3 bu4 teng2 le5",
    "wo3 men5 zheng4 zai4 chi1 fan4",
    "xie4 xie5 yi1 sheng1",
    "dian4 hua4 ting1 bu4 qing1 chu3",
    "zai4 jian4",
];

const SPEAKERS: [Speaker; 6] = [
    Speaker { voice: "cmn-latn-pinyin", pitch: 50, pace: 190 },
    Speaker { voice: "cmn-latn-pinyin+f2", pitch: 60, pace: 200 },
    Speaker { voice: "cmn-latn-pinyin+m3", pitch: 35, pace: 180 },
    Speaker { voice: "cmn-latn-pinyin+f4", pitch: 75, pace: 210 },
    Speaker { voice: "cmn-latn-pinyin+m7", pitch: 20, pace: 170 },
    Speaker { voice: "cmn-latn-pinyin+f5", pitch: 45, pace: 185 },
];

struct Corpus {
    speakers: &'static [Speaker],
    coders: &'static [Coder],
    /// Calls of each class, speaker and codec.
    calls: usize,
    never_calls: usize,
    sentences: usize,
}

#[derive(Default)]
struct Results {
    /// For each class, what it was taken for.
    matrix: BTreeMap<(usize, Option<u16>), usize>,
    never: [usize; 2],
    ordinary: [usize; 2],
    /// 接听, where only its look-alike 接通 was learnt.
    look_alike: [usize; 2],
    after_ms: Vec<i64>,
}

/// A tune or silence, then the announcement, then silence; and where it begins.
fn call(said: &[i16], tune_s: f32, tune: u64, lead: usize) -> (Vec<i16>, usize) {
    let mut samples = match tune_s {
        seconds if seconds > 0.0 => {
            let mut tune = music(tune, seconds as usize + 1);
            tune.truncate((seconds * 8000.0) as usize);
            tune
        }
        _ => Vec::new(),
    };
    samples.extend(vec![0; lead]);
    let from = samples.len();
    samples.extend(said);
    samples.extend(vec![0; 4000]);
    (samples, from)
}

/// Three calls of each, by A-law, without loss; one of them behind a tune.
fn learn(said: &[Vec<Vec<i16>>], dice: &mut Dice) -> Arc<Library> {
    let mut templates = Vec::new();
    for (class, by_speaker) in said.iter().enumerate() {
        for said in by_speaker {
            let samples: Vec<Vec<i16>> = [(0.0, 0, 160), (-7.0, 0, 1333), (3.0, 2, 480)]
                .map(|(level_db, tune_s, lead)| {
                    let codec = Coder::Law(Codec::Pcma);
                    let line = Line { codec, level_db, loss_percent: 0, repeats: true };
                    let tune = 900_000 + dice.bits() % 1000;
                    let (samples, _) = call(said, tune_s as f32, tune, lead);
                    line.carries(&samples, dice)
                })
                .into();
            let template = Template::learn(&samples).expect("three calls are enough");
            templates.push((class as u16, template));
        }
    }
    Arc::new(Library::new(templates).expect("a small library"))
}

fn listen(library: &Arc<Library>, samples: &[i16]) -> Option<Verdict> {
    let mut listener = Listener::new(Arc::clone(library));
    let mut verdict = None;
    for frame in frames(samples) {
        match listener.push(&frame) {
            Some(Heard::Announced(heard)) => verdict = Some(heard),
            Some(Heard::TakenBack) => verdict = None,
            None => {}
        }
    }
    verdict
}

/// A line, a tune and a start that learning has never seen.
fn random_call(said: &[i16], codec: Coder, dice: &mut Dice) -> (Vec<i16>, usize) {
    let line = Line {
        codec,
        level_db: *dice.one(&[-15.0, -12.0, -9.5, -4.0, -1.5, 1.5, 4.5, 6.0]),
        loss_percent: dice.below(6),
        repeats: dice.below(2) == 0,
    };
    let tune_s = if dice.below(2) == 0 { 0.0 } else { dice.between(0.5, 6.0) };
    let (samples, from) = call(said, tune_s, dice.bits() % 800_000, dice.below(8000) | 1);
    (line.carries(&samples, dice), from)
}

fn measure(corpus: &Corpus) -> Results {
    let mut dice = Dice::new(5);
    let says = |text: &str| -> Vec<Vec<i16>> {
        corpus.speakers.iter().map(|speaker| speaker.says(text)).collect()
    };
    let said: Vec<_> = LEARNT.iter().map(|(_, text)| says(text)).collect();
    let library = learn(&said, &mut dice);
    let mut results = Results::default();
    for (class, by_speaker) in said.iter().enumerate() {
        for (said, codec) in pairs(by_speaker, corpus.coders) {
            for _ in 0..corpus.calls {
                let (samples, from) = random_call(said, codec, &mut dice);
                let verdict = listen(&library, &samples);
                *results.matrix.entry((class, verdict.map(|it| it.class))).or_default() += 1;
                if let Some(verdict) = verdict {
                    results.after_ms.push(i64::from(verdict.at_ms) - from as i64 / 8);
                }
            }
        }
    }
    let (mut without, twin) = (said.clone(), 5);
    without.remove(twin);
    let without = learn(&without, &mut dice);
    for (said, codec) in pairs(&said[twin], corpus.coders) {
        for _ in 0..corpus.never_calls {
            let (samples, _) = random_call(said, codec, &mut dice);
            results.look_alike[usize::from(listen(&without, &samples).is_some())] += 1;
        }
    }
    for text in NEVER {
        for (said, codec) in pairs(&says(text), corpus.coders) {
            for _ in 0..corpus.never_calls {
                let (samples, _) = random_call(said, codec, &mut dice);
                results.never[usize::from(listen(&library, &samples).is_some())] += 1;
            }
        }
    }
    for n in 0..corpus.sentences {
        let pieces: Vec<&str> = (0..5).map(|_| *dice.one(&PIECES)).collect();
        let said = corpus.speakers[n % corpus.speakers.len()].says(&pieces.join(" "));
        let codec = *dice.one(corpus.coders);
        let (samples, _) = random_call(&said, codec, &mut dice);
        results.ordinary[usize::from(listen(&library, &samples).is_some())] += 1;
    }
    results
}

fn pairs<'a>(
    said: &'a [Vec<i16>],
    coders: &'a [Coder],
) -> impl Iterator<Item = (&'a [i16], Coder)> {
    said.iter().flat_map(move |said| coders.iter().map(move |codec| (said.as_slice(), *codec)))
}

impl Results {
    /// Right, wrong, unknown.
    fn counts(&self) -> [usize; 3] {
        let mut counts = [0; 3];
        for ((class, taken_for), calls) in &self.matrix {
            let place = match taken_for {
                Some(taken_for) if usize::from(*taken_for) == *class => 0,
                Some(_) => 1,
                None => 2,
            };
            counts[place] += calls;
        }
        counts
    }

    fn median_ms(&mut self) -> i64 {
        self.after_ms.sort_unstable();
        self.after_ms.get(self.after_ms.len() / 2).copied().unwrap_or_default()
    }

    /// As in docs/EARS.md.
    fn print(&mut self) {
        println!("| said | {} | unknown |", LEARNT.map(|(name, _)| name).join(" | "));
        for (class, (name, _)) in LEARNT.iter().enumerate() {
            let of = |taken_for| self.matrix.get(&(class, taken_for)).copied().unwrap_or_default();
            let row: Vec<String> =
                (0..LEARNT.len() as u16).map(|n| of(Some(n)).to_string()).collect();
            println!("| {name} | {} | {} |", row.join(" | "), of(None));
        }
        println!("never learnt: {} unknown, {} taken for one", self.never[0], self.never[1]);
        println!("ordinary: {} unknown, {} taken for one", self.ordinary[0], self.ordinary[1]);
        let [unknown, taken] = self.look_alike;
        println!("a look-alike of one that was learnt: {unknown} unknown, {taken} taken for it");
        let [right, wrong, unknown] = self.counts();
        println!("{right} right, {wrong} wrong, {unknown} unknown");
        println!("median time to verdict {} ms", self.median_ms());
    }

    fn holds(&mut self) {
        self.print();
        let [right, wrong, unknown] = self.counts();
        let all = right + wrong + unknown;
        assert!(right * 100 >= 98 * all, "{right} of {all} right");
        assert!(wrong * 200 <= all, "{wrong} of {all} wrong");
        for [stayed, taken] in [self.never, self.ordinary] {
            assert!(stayed * 100 >= 99 * (stayed + taken), "{taken} of {}", stayed + taken);
        }
        assert!(self.median_ms() < 3000, "{} ms", self.median_ms());
    }
}

#[test]
fn announcements_are_known_by_another_codec_level_tune_and_start_than_they_were_learnt_by() {
    if !installed("espeak-ng", 1) {
        return;
    }
    const CODERS: [Coder; 2] = [Coder::Law(Codec::Pcmu), Coder::Narrow];
    let corpus = Corpus {
        speakers: &SPEAKERS[..2],
        coders: &CODERS,
        calls: 1,
        never_calls: 1,
        sentences: 10,
    };
    measure(&corpus).holds();
}

#[test]
#[ignore = "some thousand calls; for make torture"]
fn some_thousand_announcements_of_six_voices_are_known_by_four_codecs() {
    if !installed("espeak-ng", 1) || !installed("sox", 1) {
        return;
    }
    const CODERS: [Coder; 4] = [Coder::Law(Codec::Pcmu), Coder::Narrow, Coder::Gsm, Coder::Amr];
    let corpus =
        Corpus { speakers: &SPEAKERS, coders: &CODERS, calls: 3, never_calls: 2, sentences: 300 };
    measure(&corpus).holds();
}
