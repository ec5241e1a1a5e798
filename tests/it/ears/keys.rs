//! Keys in the sound: what is no key presses none ("talk-off").

use suifang::media::{Codec, KeyDetector};

use super::corpus::{Dice, Speaker, frames, gain, music, through};
use crate::interop::installed;

/// Enough different words that an hour of them is not one minute sixty times.
const LANGUAGES: [(&str, &str); 12] = [
    (
        "cmn-latn-pinyin",
        "nin2 hao3 wo3 men5 shi4 yi1 yuan4 de5 sui2 fang3 zhong1 xin1 qing3 wen4 \
        zui4 jin4 shen1 ti3 zen3 me5 yang4 yao4 an4 shi2 chi1 le5 ma5 shang1 kou3 teng2 bu4 xue4 \
        ya1 gao1 di1 shui4 jiao4 chi1 fan4 xia4 ci4 fu4 cha2 ri4 qi1 xie4 xie5 zai4 jian4",
    ),
    (
        "en-gb",
        "good morning this is the hospital calling about your stay with us last week how \
        are you feeling today did you take the tablets every evening with water please wait",
    ),
    (
        "en-us",
        "the doctor would like to know whether the wound hurts when you move around or \
        climb stairs thank you very much for your patience have a nice afternoon goodbye",
    ),
    (
        "de",
        "guten tag hier spricht das krankenhaus wir wollten fragen wie es ihnen seit der \
        entlassung geht haben sie noch schmerzen oder fieber vielen dank und auf wiederhoeren",
    ),
    (
        "fr",
        "bonjour ici l hopital nous voulons savoir comment vous allez depuis votre sortie \
        avez vous encore mal prenez vous bien vos medicaments merci beaucoup et au revoir",
    ),
    (
        "es",
        "buenos dias le llamamos del hospital para saber como se encuentra despues de la \
        operacion tiene usted fiebre o dolor tome las pastillas por la noche muchas gracias",
    ),
    (
        "it",
        "buongiorno chiamiamo dall ospedale per sapere come sta dopo la visita ha preso le \
        medicine ogni giorno ha dolore alla gamba grazie mille e arrivederci a presto",
    ),
    (
        "ru",
        "dobry den eto bolnitsa my hotim uznat kak vy sebya chuvstvuete posle operatsii \
        prinimayte lekarstva kazhdy vecher spasibo bolshoe do svidaniya",
    ),
    (
        "pt",
        "bom dia aqui fala o hospital queremos saber como esta depois da alta tomou os \
        comprimidos todos os dias obrigado e ate logo",
    ),
    (
        "nl",
        "goedemorgen u spreekt met het ziekenhuis hoe gaat het met u na de operatie heeft u \
        nog pijn neem de tabletten elke avond in dank u wel en tot ziens",
    ),
    ("vi", "xin chao chung toi goi tu benh vien hom nay ban cam thay the nao cam on rat nhieu"),
    (
        "id",
        "selamat pagi kami dari rumah sakit ingin tahu bagaimana keadaan anda setelah pulang \
        apakah masih sakit minum obat setiap malam terima kasih sampai jumpa",
    ),
];

/// Some 20 seconds of somebody, through one of the laws, at a level of the network.
fn talk(dice: &mut Dice) -> Vec<i16> {
    let (voice, words) = dice.one(&LANGUAGES);
    let words: Vec<&str> = words.split_whitespace().collect();
    let said: Vec<&str> = (0..50).map(|_| *dice.one(&words)).collect();
    let (pitch, pace) = (dice.below(100) as u32, 120 + dice.below(120) as u32);
    let mut samples = Speaker { voice, pitch, pace }.says(&said.join(" "));
    gain(&mut samples, dice.between(-15.0, 6.0));
    through(*dice.one(&[Codec::Pcma, Codec::Pcmu]), &mut samples);
    samples
}

/// Seconds that were heard, and the keys that nobody pressed.
fn keys_in(seconds: usize, mut next: impl FnMut() -> Vec<i16>) -> (usize, String) {
    let (mut detector, mut heard, mut samples) = (KeyDetector::default(), String::new(), 0);
    while samples < seconds * 8000 {
        let more = next();
        samples += more.len();
        let keys = frames(&more).filter_map(|frame| detector.push(&frame));
        heard.extend(keys.map(suifang::base::Key::as_char));
    }
    (samples / 8000, heard)
}

fn speech_presses_no_key(seconds: usize) {
    if !installed("espeak-ng", 1) {
        return;
    }
    let mut dice = Dice::new(11);
    let (heard_s, keys) = keys_in(seconds, || talk(&mut dice));
    println!("{heard_s} s of speech: {} false keys", keys.len());
    assert_eq!(keys, "", "false keys in {heard_s} s of speech");
}

fn music_presses_no_key(seconds: usize) {
    let mut seed = 0;
    let (heard_s, keys) = keys_in(seconds, || {
        seed += 1;
        let mut samples = music(seed, 20);
        through(Codec::Pcma, &mut samples);
        samples
    });
    println!("{heard_s} s of music: {} false keys", keys.len());
    assert_eq!(keys, "", "false keys in {heard_s} s of music");
}

#[test]
fn two_minutes_of_speech_in_twelve_languages_press_no_key() {
    speech_presses_no_key(120);
}

#[test]
fn two_minutes_of_music_press_no_key() {
    music_presses_no_key(120);
}

#[test]
#[ignore = "an hour of speech; for make torture"]
fn an_hour_of_speech_presses_no_key() {
    speech_presses_no_key(3600);
}

#[test]
#[ignore = "an hour of music; for make torture"]
fn an_hour_of_music_presses_no_key() {
    music_presses_no_key(3600);
}
