use std::time::Instant;

use super::{super::library::shipped, run_script};

/// Every script under `dialplans/scripts` names its dialplan in its first line.
#[test]
fn every_shipped_script_comes_to_what_it_expects() {
    let library = shipped::library();
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("dialplans/scripts");
    let mut played = 0;
    for entry in std::fs::read_dir(root).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let dialplan = text.lines().next().unwrap().trim_start_matches('#').trim();
        let run = run_script(&library, dialplan, &text, begin());
        assert!(run.is_ok(), "{}: {}", path.display(), run.unwrap_err());
        played += 1;
    }
    assert!(played > 5, "only {played} scripts");
}

#[test]
fn a_failed_expectation_names_its_line_and_the_reason() {
    for (script, expected) in [
        (
            "key 3\nexpect outcome completed",
            "line 2: the outcome should be completed, but is wrong_number",
        ),
        ("key 1\n\nnobody", "line 3: no call is being transferred"),
        ("key 3\nkey 1", "line 2: the call has ended"),
        ("key x", "line 1: 'x' is not a key of a telephone"),
        ("dance", "line 1: \"dance\" is no word of a script"),
        ("key 3\nexpect said 早日康复", "line 2: 早日康复 was not said"),
        ("key 3\npatient age=80", "line 2: who is called must stand before the first key"),
    ] {
        let failed = run_script(&shipped::library(), "followup", script, begin()).unwrap_err();
        assert_eq!(failed.to_string(), expected);
    }
}

#[test]
fn the_path_can_be_read_by_a_nurse() {
    let script = "key 3";
    let path = run_script(&shipped::library(), "followup", script, begin()).unwrap();
    for line in [
        "1.0  说 您好!这里是市第三医院的回访电话。本次通话会录音。",
        "按键 3",
        "回答 open.who(接听人身份)= wrong_number 打错了,不认识",
        "effect wrong_number",
        "结果 wrong_number",
    ] {
        assert!(path.contains(line), "{line} is missing in\n{path}");
    }
}

/// Virtual time has to begin somewhere; nothing reads the clock after it.
#[expect(clippy::disallowed_methods, reason = "an Instant cannot be made of nothing")]
pub(in crate::ivr) fn begin() -> Instant {
    Instant::now()
}
