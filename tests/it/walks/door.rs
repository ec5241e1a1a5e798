//! Scanners, floods and guesses at the door, and those who are let in all the while.

use std::{net::UdpSocket, time::Duration};

use suifang::{
    base::Pii,
    engine::{Clock, SystemClock},
    sim::{Behaviour, Dial},
    store::Principal,
};

use crate::support::{RawPhone, dial, hospital::Hospital, until};

/// Two seconds of a flood, faster than any hospital is called; meanwhile a patient calls in.
#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_strangers_leaves_patients_their_calls_and_nothing_behind() {
    let hospital = Hospital::open("flood", "2025-01-08T10:00").await;
    let carrier = hospital.carrier(vec![]).await;
    let server = hospital.sip();
    let flood = std::thread::spawn(move || {
        let sockets = (0..50).map(|_| UdpSocket::bind("127.0.66.1:0").unwrap()).collect::<Vec<_>>();
        sockets[0].set_read_timeout(Some(Duration::from_millis(1))).unwrap();
        let (began, mut sent) = (SystemClock.instant(), 0);
        while sent < FLOOD {
            let due = ((SystemClock.instant() - began).as_secs_f64() * FLOOD_PER_S) as usize;
            while sent < due.min(FLOOD) {
                let socket = &sockets[sent % sockets.len()];
                let at = socket.local_addr().unwrap();
                // What the machine has no room for is lost, as on any network.
                drop(socket.send_to(invite(&at.to_string(), sent).as_bytes(), server));
                sent += 1;
            }
            // A millisecond, or one of the answers.
            drop(sockets[0].recv(&mut [0; 2048]));
        }
    });
    let keys = vec!["#".to_owned()];
    let impatient = Dial { keys, hangs_up_after: Some(1), ..dial(Behaviour::Answer) };
    let call = carrier.call_in("13800000001", server, "05925027064", impatient).await;
    assert!(call.is_some_and(|how| how != "lost"), "{call:?}");
    flood.join().unwrap();
    let signalling = &hospital.server.core.signalling;
    let (refused, dropped) = signalling.doors().turned_away();
    assert!(dropped > FLOOD as u64 / 2, "{refused} refused, {dropped} dropped");
    assert!(refused > 0 && refused < 2_000, "{refused} refused");
    // Nobody but the patient has a call in the record.
    assert_eq!(hospital.sql("select count(*) from call"), "1");
}

const FLOOD: usize = 10_000;
const FLOOD_PER_S: f64 = 5_000.0;

fn invite(at: &str, n: usize) -> String {
    format!(
        "INVITE sip:1000@hospital SIP/2.0\r\nVia: SIP/2.0/UDP {at};branch=z9hG4bK{n};rport\r\n\
         Max-Forwards: 70\r\nFrom: <sip:u{n}@{at}>;tag={n}\r\nTo: <sip:1000@hospital>\r\n\
         Call-ID: {n}@{at}\r\nCSeq: 1 INVITE\r\nContact: <sip:u@{at}>\r\nContent-Length: 0\r\n\r\n"
    )
}

/// The word of a list that is right is not reached; the phone itself is let in.
#[tokio::test(flavor = "multi_thread")]
async fn guesses_of_a_phones_secret_end_after_five_and_the_phone_is_let_in() {
    let hospital = Hospital::open("guesses", "2025-01-08T10:00").await;
    let (app, by) = (&hospital.server.core.app, Principal::System("test"));
    let realm = hospital.server.core.config().sip.realm.clone();
    let secret = Pii::new("right".to_owned());
    app.put_phone(&by, &realm, "8001", &secret, hospital.clock.wall()).await.unwrap();
    let phone = RawPhone::at("127.0.9.1:0", hospital.sip(), "8001");
    tokio::task::block_in_place(|| {
        // The server learns of a new phone within some seconds.
        assert!(until(Duration::from_secs(60), || phone.sign_in("right") == 200));
        let cracker = RawPhone::at("127.0.66.1:0", hospital.sip(), "8001");
        for guess in ["1", "2", "3", "4", "5", "right", "right"] {
            assert_eq!(cracker.sign_in(guess), 401, "{guess}");
        }
        // From the phone's own address, too.
        let near = RawPhone::at("127.0.9.1:0", hospital.sip(), "8001");
        for guess in ["1", "2", "3", "4", "5", "right"] {
            assert_eq!(near.sign_in(guess), 401, "{guess}");
        }
        assert_eq!(phone.sign_in("right"), 200);
        // Nobody learns which accounts there are.
        let scanner = RawPhone::at("127.0.67.1:0", hospital.sip(), "7999");
        assert_eq!(scanner.sign_in("right"), 401);
    });
}
