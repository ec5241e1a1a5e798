//! Two thousand calls of nonsense: none panics, all end, none tells a secret.

use std::{collections::BTreeSet, time::Duration};

use super::*;
use crate::domain::Conversation;
use crate::ivr::{
    check::each_step_words,
    questionnaire::{Say, Words},
    script::command::somebody,
    sentences,
};

const DIALPLANS: &[&str] =
    &["followup", "htn", "dm", "phq", "satisfaction", "inbound", "ring_test", "rate", "line_test"];
const CALLS: u64 = 2000;
/// The first twelve are what a willing caller presses.
const KEYS: &str = "1111112223#512223456789*0#";
const INPUTS_MAX: usize = 400;

/// xorshift: a failure prints its seed, and the seed is the whole call.
struct Chance(u64);

impl Chance {
    fn next(&mut self, below: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % below
    }
}

#[derive(Default)]
struct Watch {
    asked: BTreeSet<String>,
    known: bool,
    hung_up: bool,
}

impl Watch {
    fn see(&mut self, neutral: &Neutral, output: &Output, seed: u64) {
        match output {
            Output::Asking { link_id, .. } => {
                self.asked.insert(link_id.clone());
            }
            Output::Answer(given) => {
                let id = &given.link_id;
                self.known |= given.code.as_deref() == Some("confirmed");
                let follows = id == "pain.nrs" || id == "bp.dia" || id == "bp.sys";
                let was_asked = self.asked.remove(id);
                assert!(was_asked || follows, "seed {seed}: {id} is answered twice");
            }
            Output::Say(saying) if !self.known => {
                for clip in &saying.clips {
                    let text = &clip.written;
                    assert!(neutral.has(text), "seed {seed}: {text} before identity");
                }
            }
            Output::HangUp => self.hung_up = true,
            _ => {}
        }
    }
}

/// What anybody may hear: how each sentence begins and ends around what is filled in.
struct Neutral(Vec<(String, String)>);

impl Neutral {
    fn of(library: &Library) -> Self {
        let mut ends = Vec::new();
        let mut add = |words: &Words| {
            for part in words.get("zh").into_iter().flat_map(|text| sentences(text)) {
                let head = part.split('{').next().unwrap_or_default();
                let tail = part.rsplit('}').next().unwrap_or_default();
                ends.push((head.to_owned(), tail.to_owned()));
            }
        };
        let texts = library.texts.values().filter(|text| text.neutral);
        texts.for_each(|text| add(&text.words));
        let items = library.questionnaires().flat_map(|kept| &kept.value.items);
        let says = items.filter(|item| item.neutral).flat_map(|item| [&item.say, &item.on_wrong]);
        for say in says.flatten() {
            if let Say::Words(words) = say {
                add(words);
            }
        }
        for kept in library.dialplans() {
            each_step_words(&kept.value, &mut |_, words| add(words));
        }
        Self(ends)
    }

    fn has(&self, said: &str) -> bool {
        self.0.iter().any(|(head, tail)| said.starts_with(head) && said.ends_with(tail))
    }
}

/// Whether the caller was known, and the questionnaire came to its end.
fn play(library: &Arc<Library>, neutral: &Neutral, seed: u64) -> (bool, bool) {
    let mut chance = Chance(seed * 0x9E37_79B9 + 1);
    let dialplan = DIALPLANS[usize::try_from(chance.next(DIALPLANS.len() as u64)).unwrap()];
    let casting = Casting {
        open_task: (chance.next(2) == 0).then(|| "discharge_general".to_owned()),
        guardian: chance.next(5) == 0,
    };
    let mut context = somebody();
    for fact in ["had_operation", "person_on_duty", "night", "evening", "open_task"] {
        if chance.next(2) == 0 {
            context.facts.insert(fact.to_owned());
        }
    }
    let program = library.program_for(dialplan, &casting).unwrap();
    let mut machine = Machine::new(Arc::new(program), context);
    let willing = chance.next(2) == 0;
    let mut watch = Watch::default();
    let mut now = begin();
    let mut birthday = Vec::new();
    machine.handle_input(Input::Start, now);
    for _ in 0..INPUTS_MAX {
        while let Some(output) = machine.poll_output() {
            if matches!(&output, Output::Asking { link_id, .. } if link_id == "open.identity") {
                birthday = "5180".chars().filter(|_| willing || chance.next(4) > 0).collect();
            }
            watch.see(neutral, &output, seed);
        }
        if machine.has_ended() {
            break;
        }
        now += Duration::from_millis(chance.next(3000));
        // Half the callers mean well: they listen first, and mostly press what there is.
        let throw = match (willing, machine.poll_timeout()) {
            (true, None) if chance.next(12) > 0 => 4,
            (true, Some(_)) if chance.next(12) > 0 => 19,
            _ => chance.next(20),
        };
        match throw {
            0 => now += Duration::from_secs(30),
            1 => machine.handle_input(Input::Speech, now),
            2 => machine.handle_input(Input::NobodyThere, now),
            3 => machine.handle_input(Input::Recorded, now),
            4..=9 => machine.handle_input(Input::Said, now),
            _ => {
                let any = KEYS
                    .chars()
                    .nth(usize::try_from(chance.next(if willing { 12 } else { 26 })).unwrap());
                let key = birthday.pop().or(any).unwrap();
                machine.handle_input(Input::Key(Key::try_from(key).unwrap()), now);
            }
        }
        if machine.poll_timeout().is_some_and(|at| at <= now) {
            machine.handle_timeout(now);
        }
    }
    if !machine.has_ended() {
        machine.handle_input(Input::Stop, now);
        machine.handle_input(Input::Said, now);
        while let Some(output) = machine.poll_output() {
            watch.see(neutral, &output, seed);
        }
        assert!(watch.hung_up, "seed {seed}: {dialplan} does not stop");
    }
    assert!(machine.has_ended() && machine.poll_timeout().is_none(), "seed {seed}");
    let completed = machine.verdict().conversation == Some(Conversation::Completed);
    (watch.known, completed)
}

#[test]
fn nonsense_never_panics_never_tells_and_always_ends() {
    let library = shipped::library();
    let neutral = Neutral::of(&library);
    let played: Vec<_> = (1..=CALLS).map(|seed| play(&library, &neutral, seed)).collect();
    // Nonsense that never gets past the birthday would prove little.
    let known = played.iter().filter(|(known, _)| *known).count();
    let completed = played.iter().filter(|(_, completed)| *completed).count();
    assert!(known > 100 && completed > 10, "{known} known, {completed} completed");
    println!("{known} of {CALLS} were known, {completed} came to the end");
}

/// Who only ever waits is handed to a person and, when nobody comes, let go.
#[test]
fn a_telephone_left_on_the_table_is_hung_up() {
    let library = shipped::library();
    for dialplan in DIALPLANS {
        let program = library.program(dialplan).unwrap();
        let mut machine = Machine::new(Arc::new(program), somebody());
        let mut now = begin();
        machine.handle_input(Input::Start, now);
        for _ in 0..60 {
            machine.handle_input(Input::Said, now);
            now += Duration::from_secs(60);
            machine.handle_timeout(now);
            machine.handle_input(Input::NobodyThere, now);
            machine.handle_input(Input::Recorded, now);
        }
        assert!(machine.has_ended(), "{dialplan}");
    }
}
