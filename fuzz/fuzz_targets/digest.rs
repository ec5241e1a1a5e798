//! A challenge that we answer, and credentials that we judge.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rand::{SeedableRng, rngs::StdRng};
use suifang::{
    engine::{Clock, SystemClock},
    sip::{
        auth::{Authenticator, ClientAuth, Credentials, Ha1, Verdict},
        message::{Headers, Method, Request, Response, name},
    },
};

fuzz_target!(|data: &[u8]| {
    let Ok(value) = std::str::from_utf8(data) else { return };
    let uri = || "sip:8001@ward.example".parse().expect("a SIP address");
    let mut request = Request::new(Method::Register, uri());
    let mut challenge = Response::to_request(&Headers::default(), 401, "tag");
    challenge.headers.add(name::WWW_AUTHENTICATE, value.to_owned());
    let credentials =
        Credentials { username: "8001".to_owned(), password: "secret".to_owned(), realm: None };
    let mut rng = StdRng::seed_from_u64(1);
    ClientAuth::new(Some(credentials)).answer(&mut request, &challenge, 0, &mut rng);

    let now = SystemClock.instant();
    let authenticator = Authenticator::new("ward", [7; 32], now);
    let mut claim = Request::new(Method::Register, uri());
    claim.headers.add(name::AUTHORIZATION, value.to_owned());
    // A secret that no input can hold: the proof cannot be right.
    let secret = || Ha1 { md5: "\u{1}".repeat(32), sha256: "\u{1}".repeat(64) };
    let verdict = authenticator.check(&claim, |_| Some(secret()), now);
    assert!(matches!(verdict, Verdict::Challenge(_)), "somebody came in");
});
