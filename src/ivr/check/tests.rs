use super::*;
use crate::ivr::library::{Source, shipped};

#[test]
fn the_shipped_content_has_no_finding() {
    let found: Vec<_> = shipped::library().check().iter().map(Finding::to_string).collect();
    assert_eq!(found, [""; 0]);
}

/// The shipped texts and opening, and one file that is broken: what is found in it.
fn findings(name: &str, text: &str) -> Vec<String> {
    let wanted = ["texts.toml", "never_spoken.toml", "opening.toml"];
    let mut sources = shipped::sources();
    sources.retain(|source| wanted.iter().any(|name| source.name.ends_with(name)));
    if name == "dialplans/texts.toml" {
        sources.retain(|source| source.name != name);
    }
    sources.push(Source { name: name.to_owned(), text: text.to_owned() });
    let library = Arc::new(Library::read(&sources).unwrap());
    let found = library.check().into_iter().filter(|finding| finding.file == name);
    found.map(|finding| format!("{}: {}", finding.line, finding.what)).collect()
}

fn check(name: &str, text: &str, expected: &str) {
    let found = findings(name, text);
    assert!(found.iter().any(|found| found == expected), "{expected} is not among {found:#?}");
}

const FORM: &str = r#"id = "f"
version = 1
title = { zh = "x", en = "x" }
opening = "opening"
"#;

const FIRST: &str = r#"[[item]]
linkId = "a"
type = "choice"
text = "甲"
say = { zh = "好,请按1。不好,请按2。", en = "Good 1. Bad 2." }
answerOption = [
    { key = "1", code = "good", zh = "好", en = "good" },
    { key = "2", code = "bad", zh = "不好", en = "bad" },
]
"#;

#[test]
fn a_sound_form_has_no_finding() {
    assert_eq!(findings("dialplans/questionnaires/f.toml", &format!("{FORM}{FIRST}")), [""; 0]);
}

#[test]
fn every_mistake_of_an_item_is_found_at_its_line() {
    for (right, wrong, expected) in [
        (r#"key = "2""#, r#"key = "0""#, "12: a: 0 is always a person"),
        (r#"key = "2""#, r#"key = "*""#, "12: a: * always means again"),
        (r#"key = "2""#, r#"key = "1""#, "12: a: the key 1 stands twice"),
        (r#"key = "2""#, r#"key = "3""#, "12: a: the key 3 is not spoken"),
        (r#"en = "bad""#, r#"en = "x", next = "b""#, "12: a: there is no \"b\" to go to"),
        (r#"en = "bad""#, r#"en = "x", advice = "adv.b""#, "12: a: there is no advice \"adv.b\""),
        (r#"en = "bad""#, r#"en = "x", say = "no""#, "12: a: there is no text \"no\""),
        (
            r#"en = "bad""#,
            r#"en = "x", outcome = "won""#,
            "12: a: \"won\" of \"bad\" is no outcome",
        ),
        (
            r#"en = "bad""#,
            r#"en = "x", promise = "dawn""#,
            "12: a: \"dawn\" of \"bad\" is no part of the day",
        ),
        (
            r#"en = "bad""#,
            r#"en = "x", transfer = "moon""#,
            "12: a: \"moon\" of \"bad\" is no place to transfer to",
        ),
        (
            r#"en = "bad""#,
            r#"en = "x", respondent = "cat""#,
            "12: a: \"cat\" of \"bad\" is no respondent",
        ),
        (r#"en = "bad""#, r#"en = "x", status = "odd""#, "12: a: \"odd\" of \"bad\" is no blank"),
        (r#"en = "bad""#, r#"en = "x", sets = { z = 1 }"#, "12: a: sets \"z\", which is no item"),
        (", en = \"Good 1. Bad 2.\"", "", "6: a: nothing is said in \"en\""),
        ("Good 1.", "Good {sex} 1.", "9: a: {sex} is no variable"),
        ("好,请按1", "做手术好,请按1", "9: a: \"手术\" is never spoken"),
        ("Good 1", "Chemotherapy 1", "6: a: \"chemotherapy\" is never spoken"),
        (
            r#"{ zh = "好,请按1。不好,请按2。", en = "Good 1. Bad 2." }"#,
            r#"["gone"]"#,
            "9: a: there is no text \"gone\"",
        ),
        ("opening = \"opening\"", "opening = \"o\"", "1: there is no opening \"o\""),
        ("opening = \"opening\"", "", "6: a needs identity level 2, but only 0 is reached"),
        (
            "opening = \"opening\"",
            "identity = 0",
            "6: a is spoken before identity and is not marked neutral",
        ),
        ("text = \"甲\"", "text = \"甲\"\nonly = \"cat\"", "9: a: \"cat\" is nobody who answers"),
        (
            "text = \"甲\"",
            "text = \"甲\"\nenableWhen = [{ question = \"z\", operator = \"=\", answer = \"1\" }]",
            "9: a: enableWhen asks for \"z\", which is no item",
        ),
        (
            "text = \"甲\"",
            "text = \"甲\"\nenableWhen = [{ question = \"score:z\", operator = \"=\", answer = \"1\" }]",
            "9: a: there is no score \"z\"",
        ),
        (
            "text = \"甲\"",
            "text = \"甲\"\nenableWhen = [{ question = \"a\", operator = \"=\", answer = \"1\" }]",
            "6: a: enableWhen asks for \"a\", which comes later",
        ),
    ] {
        let form = format!("{FORM}{FIRST}").replacen(right, wrong, 1);
        check("dialplans/questionnaires/f.toml", &form, expected);
    }
}

#[test]
fn every_mistake_of_a_second_item_is_found() {
    let name = "dialplans/questionnaires/f.toml";
    for (second, expected) in [
        (FIRST.to_owned(), "15: the linkId \"a\" stands twice"),
        (
            "[[item]]\nlinkId = \"n\"\ntype = \"integer\"\ntext = \"数\"\nsay = { zh = \"数?\", en = \"n?\" }\n".to_owned(),
            "15: n: a number needs a range",
        ),
        (
            "[[item]]\nlinkId = \"n\"\ntype = \"integer\"\ntext = \"数\"\nrange = [9.0, 1.0]\nsay = { zh = \"数?\", en = \"n?\" }\n".to_owned(),
            "18: n: the range 9 to 1 holds nothing",
        ),
        (
            "[[item]]\nlinkId = \"n\"\ntype = \"integer\"\ntext = \"数\"\nrange = [1.0, 9.0]\nsay = { zh = \"数?\", en = \"n?\" }\npairWith = \"q\"\n".to_owned(),
            "20: n: there is no item \"q\"",
        ),
        (
            "[[item]]\nlinkId = \"m\"\ntype = \"attachment\"\ntext = \"话\"\nsay = { zh = \"说。\", en = \"Say.\" }\n".to_owned(),
            "15: m: a message needs maxSeconds",
        ),
        (
            FIRST.replace("\"a\"", "\"b\"").replace("text = \"甲\"", "text = \"乙\"\nenableWhen = [{ question = \"a\", operator = \"=\", answer = \"gone\" }]"),
            "18: b: \"gone\" is no answer to \"a\"",
        ),
        (
            format!("[[item]]\nlinkId = \"d\"\ntype = \"display\"\ntext = \"长\"\nsay = {{ zh = \"{}。\", en = \"x\" }}\n", "长".repeat(60)),
            "18: d: a sentence of 61 characters is too long, over 50",
        ),
        (
            format!("[[item]]\nlinkId = \"d\"\ntype = \"display\"\ntext = \"长\"\nsay = {{ zh = \"{}\", en = \"x\" }}\n", "很长很长。".repeat(30)),
            "15: d: 150 characters are too long, over 130",
        ),
        (
            "[[item]]\nlinkId = \"c\"\ntype = \"choice\"\ntext = \"选\"\nsay = { zh = \"1 2 3 4 5\", en = \"x\" }\nanswerOption = [{ key = \"1\", code = \"1\", zh = \"\", en = \"\" }, { key = \"2\", code = \"2\", zh = \"\", en = \"\" }, { key = \"3\", code = \"3\", zh = \"\", en = \"\" }, { key = \"4\", code = \"4\", zh = \"\", en = \"\" }, { key = \"5\", code = \"5\", zh = \"\", en = \"\" }]\n".to_owned(),
            "15: c: 5 choices in one breath, over 4",
        ),
        (
            "[[item]]\nlinkId = \"c\"\ntype = \"choice\"\ntext = \"选\"\nsay = { zh = \"x\", en = \"x\" }\nanswerOption = [{ code = \"1\", zh = \"\", en = \"\" }]\n".to_owned(),
            "15: c: no key leads on",
        ),
    ] {
        check(name, &format!("{FORM}{FIRST}{second}"), expected);
    }
}

const PLAN: &str = "id = \"p\"\nversion = 1\ntitle = { zh = \"x\", en = \"x\" }\n";
const HELLO: &str = "[[step]]\nid = \"a\"\ndo = \"say\"\nneutral = true\nsay = [\"greet\"]\n";

#[test]
fn every_mistake_of_a_step_is_found() {
    let end = "[[step]]\nid = \"z\"\ndo = \"hang_up\"\n";
    for (steps, expected) in [
        (format!("{end}{HELLO}"), "8: the step \"a\" is never reached"),
        (format!("{HELLO}{HELLO}"), "10: the step \"a\" stands twice"),
        (
            format!("{HELLO}[[step]]\nid = \"b\"\ndo = \"go_to\"\nstep = \"a\"\n"),
            "5: the step \"a\" runs in a circle that never waits for a key",
        ),
        (
            format!("{HELLO}[[step]]\nid = \"b\"\ndo = \"record\"\nneutral = true\ntask = \"t\"\nsay = [\"greet\"]\n[[step]]\nid = \"c\"\ndo = \"go_to\"\nstep = \"a\"\n"),
            "5: from the step \"a\" no end of the call is reached",
        ),
        (format!("{HELLO}[[step]]\nid = \"b\"\ndo = \"go_to\"\nstep = \"q\"\n"), "12: b: there is no \"q\" to go to"),
        (format!("{HELLO}[[step]]\nid = \"b\"\ndo = \"transfer\"\nto = \"moon\"\n"), "12: b: \"moon\" is no place to transfer to"),
        (format!("{HELLO}[[step]]\nid = \"b\"\ndo = \"ask\"\nquestionnaire = \"q\"\n"), "12: b: there is no questionnaire \"q\""),
        (HELLO.replace("greet", "gone"), "8: a: there is no text \"gone\""),
        (HELLO.replace("greet", "close"), "8: a: the text \"close\" is not neutral, and nobody is known yet"),
        (HELLO.replace("neutral = true\n", ""), "5: a is spoken before identity and is not marked neutral"),
        (HELLO.replace("[\"greet\"]", "{ zh = \"骨科来电。\", en = \"x\" }"), "8: a: \"骨科\" is never spoken"),
        (
            "[[step]]\nid = \"m\"\ndo = \"menu\"\nneutral = true\nsay = { zh = \"1\", en = \"1\" }\noption = [{ key = \"1\", code = \"1\", zh = \"\", en = \"\", next = \"q\" }]\n".to_owned(),
            "9: m: there is no \"q\" to go to",
        ),
    ] {
        check("dialplans/p.toml", &format!("{PLAN}{steps}"), expected);
    }
}

#[test]
fn every_mistake_of_a_shared_text_is_found() {
    let name = "dialplans/texts.toml";
    let sources = shipped::sources();
    let all = &sources.iter().find(|source| source.name == name).unwrap().text;
    let twice = all.lines().position(|line| line == "id = \"ring.person\"").unwrap() + 1;
    for (right, wrong, expected) in [
        (
            "id = \"stopped\"",
            "id = \"halted\"",
            "1: the text \"stopped\" is missing; every call may need it".to_owned(),
        ),
        (
            "id = \"ring.thanks\"",
            "id = \"ring.person\"",
            format!("{twice}: id = \"ring.person\" stands twice"),
        ),
        (
            "id = \"greet\"\nneutral = true",
            "id = \"greet\"\nneutral = true\nfr = \"Bonjour\"",
            "12: notice.recording: nothing is said in \"fr\"".to_owned(),
        ),
        (
            "id = \"silent.1\"\nneutral = true",
            "id = \"silent.1\"",
            "35: \"silent.1\" is said before identity and is not neutral".to_owned(),
        ),
    ] {
        check(name, &all.replacen(right, wrong, 1), &expected);
    }
}
