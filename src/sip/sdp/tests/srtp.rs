use super::*;

const K80: &str = "AES_CM_128_HMAC_SHA1_80 inline:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB";
const K32: &str = "AES_CM_128_HMAC_SHA1_32 inline:AgICAgICAgICAgICAgICAgICAgICAgICAgICAgIC";

fn local_with(srtp: Option<bool>) -> LocalMedia {
    let keys = [MasterKey([8; 30]), MasterKey([9; 30])];
    LocalMedia { srtp: srtp.map(|is_required| LocalSrtp { is_required, keys }), ..local() }
}

fn line(proto: &str, keys: &[&str]) -> String {
    let keys: String = keys.iter().map(|key| format!("a=crypto:{key}\r\n")).collect();
    format!("m=audio 6000 {proto} 8\r\n{keys}")
}

/// What we answer: protocols of the lines, the tag and suite of the key; or the error.
fn answered(srtp: Option<bool>, media: &str) -> String {
    let mut session = SdpSession::new(1, local_with(srtp));
    let offer = Description::parse(format!("{HEAD}{media}").as_bytes()).unwrap();
    match session.answer(&offer) {
        Err(error) => error.to_string(),
        Ok((text, agreed)) => shown(&text, &agreed),
    }
}

fn shown(text: &[u8], agreed: &Negotiated) -> String {
    let text = String::from_utf8(text.to_vec()).unwrap();
    let words = text.lines().filter_map(|line| {
        let mut words = line.split(' ');
        match words.next()? {
            "m=audio" if words.next()? == "0" => Some("declined".to_owned()),
            "m=audio" => words.next().map(str::to_owned),
            key if key.starts_with("a=crypto:") => {
                let short = words.next()?.ends_with("32");
                Some(format!("{}{}", &key[9..], if short { "/32" } else { "/80" }))
            }
            _ => None,
        }
    });
    let words: Vec<_> = words.collect();
    let keys = agreed.srtp.map(|srtp| (srtp.local.0[0], srtp.remote.0[0]));
    format!("{} {keys:?}", words.join(" "))
}

#[test]
fn an_offer_is_answered_as_the_policy_says() {
    const NO: Option<bool> = None;
    const OPTIONAL: Option<bool> = Some(false);
    const REQUIRED: Option<bool> = Some(true);
    const NONE: &str = "no key for SRTP that both sides know";
    let one = &*format!("1 {K80}");
    let two = &*format!("2 {K32}");
    for (srtp, media, expected) in [
        (NO, line("RTP/AVP", &[]), "RTP/AVP None"),
        (NO, line("RTP/AVP", &[one]), "RTP/AVP None"),
        (NO, line("RTP/SAVP", &[one]), "no audio stream over RTP/AVP"),
        (OPTIONAL, line("RTP/AVP", &[]), "RTP/AVP None"),
        (OPTIONAL, line("RTP/AVP", &[one]), "RTP/AVP 1/80 Some((8, 1))"),
        (OPTIONAL, line("RTP/SAVP", &[one]), "RTP/SAVP 1/80 Some((8, 1))"),
        (OPTIONAL, line("RTP/SAVPF", &[one]), "RTP/SAVPF 1/80 Some((8, 1))"),
        (OPTIONAL, line("RTP/SAVP", &[]), NONE),
        (REQUIRED, line("RTP/AVP", &[]), NONE),
        (REQUIRED, line("RTP/AVP", &[one]), "RTP/AVP 1/80 Some((8, 1))"),
        (REQUIRED, line("RTP/SAVP", &[one, two]), "RTP/SAVP 1/80 Some((8, 1))"),
        // The offerer's order counts.
        (REQUIRED, line("RTP/SAVP", &[two, one]), "RTP/SAVP 2/32 Some((9, 2))"),
        // Two lines, one of them in clear (as some PBXs say "optional").
        (
            OPTIONAL,
            line("RTP/AVP", &[]) + &line("RTP/SAVP", &[one]),
            "declined RTP/SAVP 1/80 Some((8, 1))",
        ),
        (REQUIRED, line("RTP/AVP", &[]) + &line("RTP/SAVP", &[]), NONE),
        (NO, line("RTP/SAVP", &[one]) + &line("RTP/AVP", &[]), "declined RTP/AVP None"),
    ] {
        assert_eq!(answered(srtp, &media), expected, "{srtp:?} {media}");
    }
}

#[test]
fn keys_that_we_cannot_use_are_passed_over() {
    let good = format!("7 {K80}");
    let shown = "RTP/SAVP 7/80 Some((8, 1))";
    for (key, is_good) in [
        (good.clone(), true),
        (format!("{good}|2^20"), true),
        (format!("{good}|1048576"), true),
        (format!("{good} WSH=128"), true),
        (format!("{good} -X=1"), true),
        (good.replace("inline", "INLINE"), true),
        // An MKI would stand in every packet.
        (format!("{good}|2^20|1:4"), false),
        (format!("{good}|1:4"), false),
        (format!("{good};inline:AQEB|2^20|2:4"), false),
        (format!("{good} UNENCRYPTED_SRTP"), false),
        (format!("{good} KDR=1"), false),
        (good.replace("_80", "_96"), false),
        (good.replace("AES_CM_128", "AES_256_CM"), false),
        (good.replace("inline", "other"), false),
        (good.replace("AQEB", "AQE"), false),
        (good.replace("inline:AQEB", "inline:"), false),
        (good.replace("7 ", "1234567890 "), false),
        ("7".to_owned(), false),
        (String::new(), false),
    ] {
        let expected = if is_good { shown } else { "no key for SRTP that both sides know" };
        assert_eq!(answered(Some(false), &line("RTP/SAVP", &[&key])), expected, "{key}");
    }
}

#[test]
fn our_offer_and_what_becomes_of_its_answer() {
    let first = &*format!("1 {K80}");
    let second = &*format!("2 {K32}");
    let other = &*format!("3 {K80}");
    let crossed = &*format!("1 {K32}");
    const NONE: Result<Option<u8>, SdpError> = Err(SdpError::NotSecure);
    for (required, answer, expected) in [
        (false, line("RTP/AVP", &[]), Ok(None)),
        (false, line("RTP/AVP", &[first]), Ok(Some(8))),
        (true, line("RTP/SAVP", &[first]), Ok(Some(8))),
        (true, line("RTP/SAVP", &[second]), Ok(Some(9))),
        (true, line("RTP/AVP", &[]), NONE),
        (true, line("RTP/SAVP", &[]), NONE),
        (true, line("RTP/SAVP", &[other]), NONE),
        (true, line("RTP/SAVP", &[crossed]), NONE),
    ] {
        let mut session = SdpSession::new(1, local_with(Some(required)));
        let offer = String::from_utf8(session.offer().to_vec()).unwrap();
        let proto = if required { "RTP/SAVP" } else { "RTP/AVP" };
        assert!(offer.contains(&format!("m=audio 40000 {proto} 8 0 101\r\n")), "{offer}");
        assert!(offer.contains("a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:CAgI"), "{offer}");
        assert!(offer.contains("a=crypto:2 AES_CM_128_HMAC_SHA1_32 inline:CQkJ"), "{offer}");
        let answer = Description::parse(format!("{HEAD}{answer}").as_bytes()).unwrap();
        let agreed = session.accept(&answer);
        let ours = agreed.map(|agreed| agreed.srtp.map(|srtp| srtp.local.0[0]));
        assert_eq!(ours, expected, "{answer:?}");
    }
    let mut without = SdpSession::new(1, local());
    assert!(!String::from_utf8(without.offer().to_vec()).unwrap().contains("crypto"));
}

/// A hold is another offer in the same dialog: what was agreed stays, and no key is new.
#[test]
fn what_is_agreed_stays_in_later_offers_of_either_side() {
    let mut caller = SdpSession::new(1, local_with(Some(false)));
    let keys = [MasterKey([1; 30]), MasterKey([2; 30])];
    let theirs = LocalMedia { srtp: Some(LocalSrtp { is_required: true, keys }), ..local() };
    let mut callee = SdpSession::new(2, theirs);
    let read = |text: &Bytes| Description::parse(text).unwrap();
    let (answer, at_callee) = callee.answer(&read(&caller.offer())).unwrap();
    let at_caller = caller.accept(&read(&answer)).unwrap();
    let (here, there) = (at_caller.srtp.unwrap(), at_callee.srtp.unwrap());
    assert_eq!((here.suite, here.local, here.remote), (there.suite, there.remote, there.local));
    caller.hold(true);
    let hold = caller.offer();
    let text = String::from_utf8(hold.to_vec()).unwrap();
    assert_eq!(text.matches("a=crypto:").count(), 1, "{text}");
    let (answer, again) = callee.answer(&read(&hold)).unwrap();
    assert_eq!(again.srtp, Some(there));
    assert_eq!(caller.accept(&read(&answer)).unwrap().srtp, Some(here));
    // And from the other side.
    let back = callee.offer();
    let (answer, again) = caller.answer(&read(&back)).unwrap();
    assert_eq!(again.srtp, Some(here));
    assert_eq!(callee.accept(&read(&answer)).unwrap().srtp, Some(there));
}

#[test]
fn keys_never_show_in_debug_output() {
    let offer = line("RTP/SAVP", &[&format!("1 {K80}")]);
    let offer = Description::parse(format!("{HEAD}{offer}").as_bytes()).unwrap();
    let mut session = SdpSession::new(1, local_with(Some(true)));
    let (_, agreed) = session.answer(&offer).unwrap();
    let debug = format!("{offer:?} {agreed:?}");
    assert!(!debug.contains("[1, 1") && !debug.contains("[8, 8"), "{debug}");
}
