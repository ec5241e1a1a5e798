use super::*;
use crate::domain::NetworkTone;

/// The explanation names no other row than the one that has judged.
#[test]
fn the_rule_that_is_named_is_the_rule_that_judges() {
    let statuses = (100..700).map(Some).chain([None]);
    let talks = Conversation::ALL.iter().copied().map(Some).chain([None]);
    let talks: Vec<_> = talks.collect();
    for sip_status in statuses {
        for q850 in (0..=127).map(Some).chain([None]) {
            for bits in 0..8_u8 {
                let facts = DialFacts {
                    sip_status,
                    q850,
                    rang: bits & 1 > 0,
                    answered: bits & 2 > 0,
                    we_cancelled: bits & 4 > 0,
                    early_media: None,
                    tone: None,
                };
                let talk = talks[usize::from(bits) % talks.len()];
                assert_eq!(rule(&facts, talk).1, facts.outcome(talk), "{facts:?} {talk:?}");
            }
        }
    }
    for announcement in Announcement::ALL {
        let facts = DialFacts { early_media: Some(*announcement), ..DialFacts::default() };
        assert_eq!(rule(&facts, None).1, facts.outcome(None));
    }
    // What was heard beside each code: the ear decides only where the code leaves it open.
    for sip_status in (100..700).map(Some).chain([None]) {
        for q850 in [None, Some(1), Some(16), Some(17), Some(21), Some(31)] {
            for tone in NetworkTone::ALL {
                let tone = Some(*tone);
                let facts = DialFacts { sip_status, q850, tone, ..DialFacts::default() };
                assert_eq!(rule(&facts, None).1, facts.outcome(None), "{facts:?}");
                let early_media = Some(Announcement::PoweredOff);
                let facts = DialFacts { early_media, ..facts };
                assert_eq!(rule(&facts, None).1, facts.outcome(None), "{facts:?}");
            }
        }
    }
    for talk in talks {
        let facts = DialFacts { answered: true, ..DialFacts::default() };
        assert_eq!(rule(&facts, talk).1, facts.outcome(talk));
    }
}

#[test]
fn a_busy_line_is_explained_from_its_code_to_the_next_dial() {
    let facts = DialFacts { sip_status: Some(486), q850: Some(17), ..DialFacts::default() };
    let call = CallFacts {
        is_outbound: true,
        is_over: true,
        end_why: Some("they".to_owned()),
        tried: vec![("first".to_owned(), Some(503))],
        dial: Some(DialRecord { facts, outcome: Some(Outcome::Busy), ..DialRecord::default() }),
        task: Some(TaskRecord {
            state: TaskState::WaitingRetry,
            until: DateTime::from_timestamp(1_736_129_700, 0),
            because: None,
        }),
        ..CallFacts::default()
    };
    let told = explain(&call, Tz::Asia__Shanghai);
    let english: Vec<_> = told.facts.iter().map(|said| said.en.as_str()).collect();
    assert_eq!(
        english,
        [
            "we called out",
            "trunk first carried it to nobody (SIP 503); the next one took it",
            "the last response: SIP 486",
            "Q.850 cause 17 (user busy)",
            "it was not heard to ring",
            "not answered",
            "they hung up",
        ]
    );
    assert_eq!(told.rule.unwrap().zh, "486/600 或原因 17：忙");
    assert_eq!(told.outcome.unwrap().zh, "忙");
    assert_eq!(told.next.unwrap().en, "to be dialled again, not before 2025-01-06 10:15");
}

#[test]
fn what_a_carrier_or_a_person_has_judged_is_said_to_be_so() {
    let facts = DialFacts { sip_status: Some(480), ..DialFacts::default() };
    let dial = |outcome| DialRecord { facts, outcome: Some(outcome), ..DialRecord::default() };
    for (outcome, begins) in [
        (Outcome::Unreachable, "480 or 502"),
        (Outcome::NoAnswer, "judged by the trunk's own profile"),
        (Outcome::SystemFault, "a fault of ours"),
        (Outcome::Uncertain, "the server stopped"),
    ] {
        let said = rule_said(&dial(outcome), outcome);
        assert!(said.en.starts_with(begins), "{outcome:?}: {}", said.en);
    }
    let inbound = explain(&CallFacts::default(), Tz::Asia__Shanghai);
    assert_eq!((inbound.rule, inbound.outcome, inbound.next), (None, None, None));
}
