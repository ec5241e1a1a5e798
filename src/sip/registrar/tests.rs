use super::*;
use crate::{
    base::epoch,
    sip::{
        auth::{Algorithm, ClientAuth, Credentials},
        endpoint::InterfaceId,
        message::{Message, Method, Transport, datagram},
    },
};

#[test]
fn phones_come_and_go() {
    check(&[
        ("m: <sip:1001@10.0.0.5>;expires=120", 200, "10.0.0.5"),
        ("m: <sip:1001@10.0.0.6>;expires=120;q=0.5", 200, "10.0.0.5 10.0.0.6"),
        ("", 200, "10.0.0.5 10.0.0.6"),
        ("m: <sip:1001@10.0.0.5>;expires=0", 200, "10.0.0.6"),
        ("m: <sip:1001@10.0.0.7>\r\nExpires: 90", 200, "10.0.0.7 10.0.0.6"),
        ("m: *\r\nExpires: 0", 200, ""),
    ]);
}

#[test]
fn what_cannot_be_changes_nothing() {
    check(&[
        ("m: <sip:1001@10.0.0.5>;expires=120", 200, "10.0.0.5"),
        ("m: <sip:1001@10.0.0.6>;expires=30", 423, "10.0.0.5"),
        ("m: *\r\nExpires: 60", 400, "10.0.0.5"),
        ("m: *, <sip:1001@10.0.0.6>\r\nExpires: 0", 400, "10.0.0.5"),
        ("m: <name:John_Smith>", 400, "10.0.0.5"),
        ("m: <sip:1001@10.0.0.6>;q=7", 400, "10.0.0.5"),
        ("m: <sip:1001@10.0.0.6>, <mailto:a@b>", 400, "10.0.0.5"),
    ]);
}

#[test]
fn a_binding_ends_with_its_time_and_its_connection() {
    let now = epoch();
    let mut registrar = registrar(now);
    assert_eq!(register(&mut registrar, 1, "m: <sip:1001@10.0.0.5>;expires=120", now), 200);
    let end = now + Duration::from_secs(120);
    assert_eq!(registrar.poll_timeout(), Some(end));
    assert!(registrar.lookup("1001", end).is_empty());
    assert_eq!(registrar.handle_timeout(end), ["1001"]);
    assert_eq!(register(&mut registrar, 2, "m: <sip:1001@10.0.0.5>;expires=120", now), 200);
    assert_eq!(registrar.forget_flow(flow()), ["1001"]);
}

#[test]
fn an_older_register_of_the_same_boot_is_not_obeyed() {
    let now = epoch();
    let mut registrar = registrar(now);
    let contact = "m: <sip:1001@10.0.0.5>;expires=120";
    assert_eq!(register(&mut registrar, 5, contact, now), 200);
    assert_eq!(register(&mut registrar, 4, "m: *\r\nExpires: 0", now), 500);
    assert_eq!(registrar.lookup("1001", now).len(), 1);
}

#[test]
fn nobody_registers_for_somebody_else() {
    let now = epoch();
    let mut registrar = registrar(now);
    let request = request(1, "1002", "m: <sip:1002@10.0.0.5>");
    assert_eq!(answer(&mut registrar, request, now), 403);
}

/// Each row is one REGISTER: its headers, the status, and who is there after it.
#[track_caller]
fn check(rows: &[(&str, u16, &str)]) {
    let now = epoch();
    let mut registrar = registrar(now);
    for (number, (headers, status, contacts)) in (1..).zip(rows) {
        assert_eq!(register(&mut registrar, number, headers, now), *status, "{headers}");
        let found = registrar.lookup("1001", now);
        let hosts: Vec<_> =
            found.iter().map(|binding| binding.contact.host().unwrap().to_string()).collect();
        assert_eq!(hosts.join(" "), *contacts, "{headers}");
    }
}

fn registrar(now: Instant) -> Registrar {
    let config = RegistrarConfig { min_expires_s: 60, max_expires_s: 3600, default_expires_s: 600 };
    Registrar::new(config, Authenticator::new("hospital", [7; 32], now), 1)
}

fn register(registrar: &mut Registrar, number: u32, headers: &str, now: Instant) -> u16 {
    answer(registrar, request(number, "1001", headers), now)
}

/// Lets itself be challenged first.
fn answer(registrar: &mut Registrar, mut request: Request, now: Instant) -> u16 {
    let lookup = |user: &str| {
        (user == "1001").then(|| Ha1 {
            md5: Algorithm::Md5.ha1("1001", "hospital", "secret"),
            sha256: Algorithm::Sha256.ha1("1001", "hospital", "secret"),
        })
    };
    let challenge = registrar.handle(&request, flow(), lookup, now).response;
    assert_eq!(challenge.status, 401);
    let (username, password) = ("1001".to_owned(), "secret".to_owned());
    let mut auth = ClientAuth::new(Some(Credentials { username, password, realm: None }));
    assert!(auth.answer(&mut request, &challenge, 0, &mut StdRng::seed_from_u64(1)));
    registrar.handle(&request, flow(), lookup, now).response.status
}

fn flow() -> Flow {
    let remote = "10.0.0.5:5060".parse().unwrap();
    Flow { transport: Transport::Udp, interface: InterfaceId(0), remote }
}

fn request(number: u32, user: &str, headers: &str) -> Request {
    let headers = if headers.is_empty() { String::new() } else { format!("{headers}\r\n") };
    let text = format!(
        "REGISTER sip:hospital SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.5;branch=z9hG4bK{number}\r\n\
         From: <sip:{user}@hospital>;tag=1\r\nTo: <sip:{user}@hospital>\r\nCall-ID: boot\r\n\
         CSeq: {number} REGISTER\r\n{headers}\r\n"
    );
    match datagram(&text.into()) {
        Ok(Some(Message::Request(request))) if request.method == Method::Register => request,
        other => panic!("{other:?}"),
    }
}
