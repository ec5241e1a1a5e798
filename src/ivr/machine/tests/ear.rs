//! How long it takes, how long it waits, and what a voice is given.

use std::{fs, process::Command, time::Duration};

use super::*;
use crate::ivr::{Clip, Saying, script::command::somebody};

fn outputs(machine: &mut Machine) -> Vec<Output> {
    std::iter::from_fn(|| machine.poll_output()).collect()
}

fn sayings(machine: &mut Machine) -> Vec<Saying> {
    let said = outputs(machine).into_iter().filter_map(|output| match output {
        Output::Say(saying) => Some(saying),
        _ => None,
    });
    said.collect()
}

fn opened(dialplan: &str, age: i32) -> (Machine, Instant) {
    let library = shipped::library();
    let mut context = somebody();
    context.age = Some(age);
    let machine = Machine::new(Arc::new(library.program(dialplan).unwrap()), context);
    (machine, begin())
}

#[test]
fn who_is_old_has_half_as_long_again() {
    for (age, first, later, digits) in [(64, 15.0, 10.0, 6.0), (65, 22.5, 15.0, 9.0)] {
        let (mut machine, now) = opened("followup", age);
        let wait = |machine: &Machine| (machine.poll_timeout().unwrap() - now).as_secs_f64();
        machine.handle_input(Input::Start, now);
        machine.handle_input(Input::Said, now);
        assert_eq!(machine.poll_timeout(), None, "it speaks");
        machine.handle_input(Input::Said, now);
        assert!((wait(&machine) - first).abs() < 0.01);
        let one = Key::try_from('1').unwrap();
        machine.handle_input(Input::Key(one), now);
        machine.handle_input(Input::Said, now);
        machine.handle_input(Input::Said, now);
        assert!((wait(&machine) - later).abs() < 0.01);
        machine.handle_input(Input::Key(one), now);
        machine.handle_input(Input::Said, now);
        machine.handle_input(Input::Key(one), now);
        assert!((wait(&machine) - digits).abs() < 0.01);
    }
}

/// A second of silence, the greeting and the notice, and the pause before the question.
#[test]
fn the_first_question_comes_within_8_seconds_by_the_count() {
    let (mut machine, now) = opened("followup", 50);
    machine.handle_input(Input::Start, now);
    let greeting: Duration = sayings(&mut machine).iter().map(seconds).sum();
    machine.handle_input(Input::Said, now);
    let pause = sayings(&mut machine)[0].clips[0].pause;
    let whole = Duration::from_secs(1) + greeting + pause;
    assert!(whole < Duration::from_secs(8), "{whole:?}");
}

#[test]
fn the_first_question_comes_within_8_seconds_as_espeak_says_it() {
    let (mut machine, now) = opened("followup", 50);
    machine.handle_input(Input::Start, now);
    let clips: Vec<Clip> =
        sayings(&mut machine).into_iter().flat_map(|saying| saying.clips).collect();
    machine.handle_input(Input::Said, now);
    let pause = sayings(&mut machine)[0].clips[0].pause;
    let mut whole = 1.0 + pause.as_secs_f64();
    for clip in clips {
        let Some(spoken) = rendered_seconds(&clip.spoken) else {
            println!("NOT RUN: espeak-ng is not installed");
            return;
        };
        whole += clip.pause.as_secs_f64() + spoken;
    }
    println!("the first question comes after {whole:.2} s");
    assert!(whole <= 8.0, "{whole} s");
}

fn rendered_seconds(text: &str) -> Option<f64> {
    let path = std::env::temp_dir().join(format!("suifang-ear-{}.wav", std::process::id()));
    let run = Command::new("espeak-ng")
        .args(["-v", "cmn-latn-pinyin", "-s", "175", "-w"])
        .arg(&path)
        .arg(text)
        .status();
    run.ok().filter(std::process::ExitStatus::success)?;
    let wav = fs::read(&path).unwrap();
    fs::remove_file(&path).unwrap();
    // RIFF as espeak writes it: the rate at 24, samples of 16 bits from 44.
    let rate = f64::from(u32::from_le_bytes(wav[24..28].try_into().unwrap()));
    let samples: Vec<_> =
        wav[44..].chunks_exact(2).map(|two| i16::from_le_bytes([two[0], two[1]])).collect();
    // The loader of prompts cuts the silence that espeak puts at both ends.
    let loud = |sample: &i16| sample.unsigned_abs() > 300;
    let first = samples.iter().position(loud).unwrap();
    let last = samples.iter().rposition(loud).unwrap();
    Some(f64::from(u32::try_from(last - first).unwrap()) / rate)
}

#[test]
fn no_digit_and_no_brace_is_left_in_what_a_voice_says() {
    for sentence in every_sentence() {
        let wrong = sentence.chars().find(|c| c.is_ascii_alphanumeric() || matches!(c, '{' | '}'));
        assert_eq!(wrong, None, "{sentence}");
    }
}

/// `(en)` in the phonemes is a character read as English.
#[test]
fn espeak_reads_every_sentence_as_chinese() {
    let sentences: Vec<_> = every_sentence().into_iter().collect();
    let path = std::env::temp_dir().join(format!("suifang-ear-{}.txt", std::process::id()));
    fs::write(&path, sentences.join("\n\n")).unwrap();
    let run = Command::new("espeak-ng")
        .args(["-q", "-v", "cmn-latn-pinyin", "-x", "-f"])
        .arg(&path)
        .output();
    fs::remove_file(&path).unwrap();
    let Ok(run) = run else {
        println!("NOT RUN: espeak-ng is not installed");
        return;
    };
    let phonemes = String::from_utf8_lossy(&run.stdout);
    assert!(phonemes.lines().count() >= sentences.len() / 2, "{phonemes}");
    let english: Vec<_> = phonemes.lines().filter(|line| line.contains("(en)")).collect();
    assert_eq!(english, [""; 0]);
}

/// As a voice is given it, all variables filled in.
fn every_sentence() -> std::collections::BTreeSet<String> {
    let library = shipped::library();
    let mut context = somebody();
    context.visit_date = chrono::NaiveDate::from_ymd_opt(2026, 12, 1);
    let program = Arc::new(library.program("followup").unwrap());
    let mut found = std::collections::BTreeSet::new();
    for who in [Respondent::Patient, Respondent::Guardian] {
        let mut machine = Machine::new(Arc::clone(&program), context.clone());
        machine.respondent = Some(who);
        let extra = [
            ("value", "36.5"),
            ("sys", "138"),
            ("dia", "88"),
            ("position", "3"),
            ("agent_no", "1023"),
        ];
        let mut add = |words: &crate::ivr::questionnaire::Words| {
            found.extend(machine.words(words, &extra).into_iter().map(|clip| clip.spoken));
        };
        for text in library.texts.values() {
            add(&text.words);
        }
        for kept in library.questionnaires() {
            crate::ivr::check::each_words(&kept.value, &mut |_, words| add(words));
        }
        for kept in library.dialplans() {
            crate::ivr::check::each_step_words(&kept.value, &mut |_, words| add(words));
        }
    }
    assert!(found.len() > 250, "only {} sentences", found.len());
    found
}
