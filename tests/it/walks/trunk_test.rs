//! `suifang trunk test`, as the hospital's IT types it.

use suifang::sim::{Behaviour, Dial, Patient};

use crate::support::{Stage, dial, number, said};

fn colleague(n: usize, keys: &[&str]) -> Patient {
    let keys = keys.iter().map(|keys| (*keys).to_owned()).collect();
    Patient {
        number: number(n),
        dials: vec![Dial { keys, ..dial(Behaviour::Answer) }],
        truth: None,
    }
}

/// The trunk's own half first, then what a colleague heard, keyed and saw; a bad finding
/// says what to ask the carrier for, and the command fails.
#[tokio::test(flavor = "multi_thread")]
async fn f028_a_trunk_is_tested_with_a_colleague_and_each_finding_says_what_to_ask() {
    let mut stage = Stage::new("trunk_test", "lines = 2\ncalls_per_s = 10.0");
    let busy = Patient { dials: vec![dial(Behaviour::Busy)], ..colleague(3, &[]) };
    let colleagues =
        vec![colleague(1, &["1", "1", "7064#"]), colleague(2, &["2", "1", "1234#"]), busy];
    let carrier = stage.carrier(colleagues).await;
    stage.start();
    let test = |more: &[&str]| {
        let done = stage.run(&[&["trunk", "test"], more].concat());
        (done.status.code(), said(&done))
    };
    let (code, text) = test(&["elsewhere"]);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("没有线路 \"elsewhere\",有的是:sim"), "{text}");

    let (code, text) = test(&["sim"]);
    assert_eq!(code, Some(0), "{text}");
    assert_eq!(text.trim(), "✓ 注册: 这条线路不用注册\n✓ 询问(OPTIONS): 有回应,状态码 200");

    let (code, text) = test(&["sim", "13800000001", "--english"]);
    assert_eq!(code, Some(0), "{text}");
    for line in [
        "✓ call: answered, PCMA",
        "✓ sound from us: heard clearly",
        "✓ keys: received, by RFC 4733",
        "✓ number shown: ends in 7064, as it should",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
    assert!(text.contains(" sound to us: ") && !text.contains("no packet"), "{text}");

    let (code, text) = test(&["sim", "13800000002"]);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("✗ 声音:我方到对方: 同事说听不清楚\n    → "), "{text}");
    assert!(
        text.contains("✗ 来电显示: 后4位 1234,应为 7064\n    → 请运营商核对主叫号码透传"),
        "{text}"
    );
    assert!(text.contains("2 findings"), "{text}");

    let (code, text) = test(&["sim", "13800000003"]);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("✗ 呼叫: 没有接通,状态码 486\n    → 电话没有接或占线"), "{text}");
    // Nobody's task, nobody's number: no attempt stands in the record.
    let stopped = stage.run(&["stop-all", "--reason", "test"]);
    assert!(stopped.status.success(), "{}", said(&stopped));
    let (code, text) = test(&["sim", "13800000001"]);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("全部停呼中"), "{text}");
    drop(carrier);
}
