use std::time::Duration;

use super::{DutyAlert, DutyPhone, Input, Output, Taken};
use crate::{
    base::{Key, Machine as _, Pii},
    domain::DutyOutcome,
    ivr::library::shipped,
};

const PATIENT: [&str; 4] = ["王女士", "一病区", "血痰", "有血丝"];

fn alert() -> Box<DutyAlert> {
    Box::new(DutyAlert {
        ward: PATIENT[1].to_owned(),
        call_name: Pii::new(PATIENT[0].to_owned()),
        item_text: format!("{}(CT)", PATIENT[2]),
        said: Pii::new(PATIENT[3].to_owned()),
        advice: Some("马上联系患者。".to_owned()),
    })
}

/// Plays a line of steps and answers what happened: what is said, by the first words of
/// each text; `check 0101`, `take 0101`, `hang up`. Staff number 0101 is right. Whatever is
/// said ends at once, unless the step is `quiet`.
fn play(language: &str, steps: &str) -> (Vec<String>, Vec<(String, bool)>, DutyOutcome) {
    let mut now = crate::base::epoch();
    let mut phone = DutyPhone::new(shipped::library(), language);
    let (mut seen, mut said) = (Vec::new(), Vec::new());
    phone.handle_input(Input::Start, now);
    let mut inputs: Vec<Input> = Vec::new();
    for step in std::iter::once("").chain(steps.split_whitespace()) {
        match step.split_once(':') {
            Some(("wait", seconds)) => {
                now += Duration::from_secs(seconds.parse().unwrap());
                phone.handle_timeout(now);
            }
            Some(("taken", "before")) => phone.handle_input(Input::Taken(Taken::Before), now),
            Some(("taken", "lost")) => phone.handle_input(Input::Taken(Taken::NotStored), now),
            _ if step == "stop" => phone.handle_input(Input::Stop, now),
            _ if step == "hang-up" => phone.handle_input(Input::HungUp, now),
            _ => {
                for key in step.chars() {
                    phone.handle_input(Input::Key(Key::try_from(key).unwrap()), now);
                }
            }
        }
        loop {
            while let Some(output) = phone.poll_output() {
                match output {
                    Output::Say(clips) => {
                        seen.push(format!("say {}", clips.len()));
                        said.extend(clips.into_iter().map(|c| (c.spoken, c.personal)));
                        inputs.push(Input::Said);
                    }
                    Output::Check(staff_no) => {
                        seen.push(format!("check {staff_no}"));
                        inputs.push(Input::Checked((staff_no == "0101").then(alert)));
                    }
                    Output::Take(staff_no) => {
                        seen.push(format!("take {staff_no}"));
                        if !steps.contains("taken:") {
                            inputs.push(Input::Taken(Taken::Now));
                        }
                    }
                    Output::HangUp => seen.push("hang up".to_owned()),
                    Output::StopSaying => {}
                }
            }
            if inputs.is_empty() {
                break;
            }
            phone.handle_input(inputs.remove(0), now);
        }
    }
    (seen, said, phone.outcome())
}

#[test]
fn f109_a_duty_phone_is_told_the_alert_after_the_staff_number_and_takes_it_with_one() {
    for (name, steps, expected, outcome) in [
        ("taken", "0101# 1", "say 2/check 0101/say 4/take 0101/say 3/hang up", "acknowledged"),
        (
            "without its #",
            "0101 wait:6 1",
            "say 2/check 0101/say 4/take 0101/say 3/hang up",
            "acknowledged",
        ),
        (
            "again, twice",
            "0101# 2 * 1",
            "say 2/check 0101/say 4/say 4/say 4/take 0101/say 3/hang up",
            "acknowledged",
        ),
        (
            "* begins anew",
            "99*0101# 1",
            "say 2/say 2/check 0101/say 4/take 0101/say 3/hang up",
            "acknowledged",
        ),
        (
            "wrong once",
            "0102# 0101# 1",
            "say 2/check 0102/say 2/check 0101/say 4/take 0101/say 3/hang up",
            "acknowledged",
        ),
        (
            "wrong three times",
            "1# 2# 3#",
            "say 2/check 1/say 2/check 2/say 2/check 3/say 2/hang up",
            "wrong_staff_no",
        ),
        ("only #", "# # #", "say 2/say 2/say 2/say 2/hang up", "wrong_staff_no"),
        (
            "nobody there",
            "wait:12 wait:12 wait:12",
            "say 2/say 2/say 2/say 2/hang up",
            "not_confirmed",
        ),
        (
            "heard, not taken",
            "0101# wait:10 wait:10 wait:10",
            "say 2/check 0101/say 4/say 4/say 4/say 2/hang up",
            "not_confirmed",
        ),
        ("hangs up after the alert", "0101# hang-up 1", "say 2/check 0101/say 4", "not_confirmed"),
        (
            "somebody was quicker",
            "0101# 1 taken:before",
            "say 2/check 0101/say 4/take 0101/say 2/hang up",
            "acknowledged",
        ),
        (
            "not stored",
            "0101# 1 taken:lost",
            "say 2/check 0101/say 4/take 0101/say 3/hang up",
            "not_confirmed",
        ),
        ("the time is up", "01 stop", "say 2/say 2/hang up", "not_confirmed"),
    ] {
        let (seen, _, found) = play("zh-CN", steps);
        assert_eq!(seen.join("/"), expected, "{name}");
        assert_eq!(found.as_str(), outcome, "{name}");
    }
}

#[test]
fn f109_nothing_of_a_patient_is_said_before_the_staff_number_is_right() {
    for language in ["zh-CN", "en"] {
        for steps in ["", "* *", "1# 2# 3#", "9", "wait:12 wait:12 wait:12", "1 stop"] {
            let (_, said, _) = play(language, steps);
            assert!(!said.is_empty());
            for (sentence, personal) in said {
                assert!(!personal, "{sentence}");
                assert!(PATIENT.iter().all(|word| !sentence.contains(word)), "{sentence}");
            }
        }
        let (_, said, _) = play(language, "0101#");
        let all: String = said.iter().map(|(sentence, _)| sentence.as_str()).collect();
        assert!(PATIENT.iter().all(|word| all.contains(word)), "{all}");
        assert!(said.iter().any(|(_, personal)| *personal));
        assert!(!all.contains("CT"), "{all}");
    }
}
