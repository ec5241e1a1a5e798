use super::*;

fn refer(value: &str) -> Request {
    let mut refer = Request::new(Method::Refer, "sip:us@h".parse().unwrap());
    refer.headers.add(REFER_TO, value.to_owned());
    refer
}

#[test]
fn a_refer_says_whom_and_whose_call() {
    for (value, expected) in [
        ("<sip:1002@h>", Some(("sip:1002@h", None))),
        ("sip:1002@h", Some(("sip:1002@h", None))),
        ("<tel:1002>", Some(("tel:1002", None))),
        ("<sip:1002@h;method=INVITE>", Some(("sip:1002@h", None))),
        (
            "<sip:1002@h?Replaces=a%40b%3Bto-tag%3D1%3Bfrom-tag%3D2>",
            Some(("sip:1002@h", Some("a@b;to-tag=1;from-tag=2"))),
        ),
        ("<sip:1002@h?Replaces=a%40b>", None),
        ("<sip:1002@h;method=BYE>", None),
        ("<sip:1002@h", None),
    ] {
        let found = ReferTo::of(&refer(value)).ok();
        let found = found.map(|f| (f.target.to_string(), f.replaces.map(|r| r.to_value())));
        let expected = expected.map(|(t, r)| (t.to_owned(), r.map(str::to_owned)));
        assert_eq!(found, expected, "{value}");
    }
}

#[test]
fn what_we_ask_for_is_read_as_it_was_meant() {
    let replaces = Replaces {
        call_id: "x@h;1".replace(';', ""),
        to_tag: "1".to_owned(),
        from_tag: "2".to_owned(),
        early_only: false,
    };
    let target: Uri = "sip:1002@h".parse().unwrap();
    let ours = ReferTo { target, replaces: Some(replaces) };
    let refer = ours.request(&"sip:1001@h".parse().unwrap());
    assert_eq!(ReferTo::of(&refer).unwrap(), ours);
}

#[test]
fn progress_travels_in_a_notify() {
    for (status, state) in [(100, "active;expires=180"), (200, "terminated;reason=noresource")] {
        let notify = progress(status, "x");
        assert_eq!(progress_of(&notify), Some(status));
        assert_eq!(notify.headers.text("Subscription-State").unwrap(), state);
    }
}
