use std::time::{Duration, Instant};

use rand::{SeedableRng, rngs::StdRng};

use super::*;
use crate::{
    base::epoch,
    sip::message::{Method, Request, Response, name},
};

/// RFC 2617 §3.5, and the same with SHA-256 as Python's hashlib has it.
#[test]
fn the_example_of_the_rfc_comes_out() {
    for (algorithm, expected) in [
        (Algorithm::Md5, "6629fae49393a05397450978507c4ef1"),
        (Algorithm::Sha256, "5abdd07184ba512a22c53f41470e5eea7dcaa3a93a59b630c13dfe0a5dc6e38b"),
    ] {
        let ha1 = algorithm.ha1("Mufasa", "testrealm@host.com", "Circle Of Life");
        let proof = Proof {
            algorithm,
            ha1: &ha1,
            method: "GET",
            uri: "/dir/index.html",
            nonce: "dcd98b7102dd2f0e8b11d0f600bfb0c093",
            qop: Some(("00000001", "0a4f113b")),
        };
        assert_eq!(proof.response(), expected);
    }
}

#[test]
fn the_strongest_challenge_of_our_realm_is_answered() {
    for (challenges, expected) in [
        (&["Digest realm=\"r\", nonce=\"1\""][..], "response without algorithm"),
        (&["Digest realm=\"r\", nonce=\"1\", algorithm=MD5, qop=\"auth,auth-int\""], "MD5 qop"),
        (
            &[
                "Digest realm=\"r\", nonce=\"1\", algorithm=MD5",
                "Digest realm=\"r\", nonce=\"2\", algorithm=SHA-256",
            ],
            "SHA-256",
        ),
        (
            &[
                "Digest realm=\"r\",nonce=\"1\",algorithm=MD5,Digest realm=\"r\",nonce=\"2\",algorithm=SHA-256",
            ],
            "SHA-256",
        ),
        (&["Digest realm=\"other\", nonce=\"1\""], "none"),
        (&["Digest realm=\"r\", nonce=\"1\", algorithm=SHA-512-256"], "none"),
        (&["Digest realm=\"r\", nonce=\"1\", qop=\"auth-int\""], "none"),
        (&["Basic realm=\"r\""], "none"),
        (&["Digest"], "none"),
        (&[""], "none"),
    ] {
        let mut request = request();
        let mut response = Response::to_request(&request.headers, 401, "t");
        for challenge in challenges {
            response.headers.add(name::WWW_AUTHENTICATE, (*challenge).to_owned());
        }
        let mut auth = client("secret");
        let answered = auth.answer(&mut request, &response, 0, &mut StdRng::seed_from_u64(1));
        let value = request.headers.text(name::AUTHORIZATION).unwrap_or_default();
        let seen = match () {
            () if !answered => "none",
            () if value.contains("SHA-256") => "SHA-256",
            () if value.contains("algorithm=MD5") && value.contains("qop=auth, nc=00000001") => {
                "MD5 qop"
            }
            () if !value.contains("algorithm") => "response without algorithm",
            () => "?",
        };
        assert_eq!(seen, expected, "{challenges:?}");
    }
}

#[test]
fn a_phone_is_let_in_by_its_password_only() {
    let now = epoch();
    let server = Authenticator::new("r", [1; 32], now);
    for (username, password, expected) in
        [("1001", "secret", "accepted"), ("1001", "guess", "wrong"), ("1002", "x", "wrong")]
    {
        assert_eq!(visit(&server, username, password, now, now), expected, "{username}");
    }
}

#[test]
fn an_old_or_foreign_nonce_tells_nothing_about_the_secret() {
    let now = epoch();
    let server = Authenticator::new("r", [1; 32], now);
    let later = now + Duration::from_secs(301);
    assert_eq!(visit(&server, "1001", "secret", now, later), "stale");
    assert_eq!(visit(&server, "1001", "guess", now, later), "stale");
    assert_eq!(visit(&server, "1002", "guess", now, later), "stale");
    let other = Authenticator::new("r", [2; 32], now);
    for password in ["secret", "guess"] {
        let mut request = request();
        challenge(&other, &mut request, "1001", password, now);
        // Of before a restart, or made up: asked again.
        assert_eq!(verdict(&server, &request, now), "stale");
    }
}

#[test]
fn credentials_are_good_for_one_request_uri_only() {
    let now = epoch();
    let server = Authenticator::new("r", [1; 32], now);
    for (method, made_for, used_for, expected) in [
        (Method::Invite, "sip:1000@a.example", "sip:1000@a.example", "accepted"),
        (Method::Invite, "sip:1000@a.example", "sip:1000@a.example:5080;x=1", "accepted"),
        // As sipp and some gateways write it.
        (Method::Invite, "sip:a.example:5080", "sip:1000@a.example:5080", "accepted"),
        (Method::Invite, "sip:1000@a.example", "sip:1001@a.example", "wrong"),
        (Method::Invite, "sip:1000@a.example", "sip:1000@b.example", "wrong"),
        (Method::Register, "sip:1001@a.example", "sip:a.example", "accepted"),
        (Method::Register, "sip:a.example", "sip:b.example", "wrong"),
    ] {
        let mut request = Request::new(method, made_for.parse().unwrap());
        challenge(&server, &mut request, "1001", "secret", now);
        request.uri = used_for.parse().unwrap();
        assert_eq!(verdict(&server, &request, now), expected, "{made_for} for {used_for}");
    }
}

fn visit(
    server: &Authenticator,
    username: &str,
    password: &str,
    asked: Instant,
    now: Instant,
) -> &'static str {
    let mut request = request();
    challenge(server, &mut request, username, password, asked);
    verdict(server, &request, now)
}

fn challenge(
    server: &Authenticator,
    request: &mut Request,
    username: &str,
    password: &str,
    now: Instant,
) {
    let Verdict::Challenge(values) = server.check(request, lookup, now) else { panic!() };
    let mut response = Response::to_request(&request.headers, 401, "t");
    values.into_iter().for_each(|value| response.headers.add(name::WWW_AUTHENTICATE, value));
    let mut auth = ClientAuth::new(Some(Credentials {
        username: username.to_owned(),
        password: password.to_owned(),
        realm: None,
    }));
    assert!(auth.answer(request, &response, 0, &mut StdRng::seed_from_u64(1)));
}

fn verdict(server: &Authenticator, request: &Request, now: Instant) -> &'static str {
    match server.check(request, lookup, now) {
        Verdict::Accepted { .. } => "accepted",
        Verdict::Challenge(values) if values.iter().all(|v| v.contains("stale=true")) => "stale",
        Verdict::Challenge(_) => "challenge",
        Verdict::Wrong { .. } => "wrong",
    }
}

fn lookup(username: &str) -> Option<Ha1> {
    (username == "1001").then(|| Ha1 {
        md5: Algorithm::Md5.ha1("1001", "r", "secret"),
        sha256: Algorithm::Sha256.ha1("1001", "r", "secret"),
    })
}

fn client(password: &str) -> ClientAuth {
    let realm = Some("r".to_owned());
    let (username, password) = ("1001".to_owned(), password.to_owned());
    ClientAuth::new(Some(Credentials { username, password, realm }))
}

fn request() -> Request {
    Request::new(Method::Register, "sip:hospital.example".parse().unwrap())
}

#[test]
fn an_older_phone_sees_no_algorithm_that_it_does_not_know() {
    let now = epoch();
    let server = Authenticator::new("r", [1; 32], now).for_older_phones();
    let request = Request::new(Method::Register, "sip:r".parse().unwrap());
    let Verdict::Challenge(values) = server.check(&request, |_| None, now) else {
        panic!("accepted without credentials")
    };
    assert_eq!(values.len(), 1);
    assert!(values[0].contains("algorithm=MD5"));
}
