//! Whatever bytes come over the wire, nobody panics and everybody gets an answer.

use rand::{Rng, SeedableRng, rngs::StdRng};

use super::{
    Acknowledger, Charset, Fault, Message, MllpFrame, MllpReader, frame, read_notice, split_batch,
};

const GOOD: &str = "MSH|^~\\&|HIS|H1|SF|SF|20251125101500||ADT^A03|7|P|2.5||||||UNICODE UTF-8\rEVN|A03|20251125\rPID|1||B1^^^HIS^MR~3502^^^M^NI||王\\T\\秀英||19520815|F|||路1号^^市^省||138^PRN~139\rPV1|1|I|病区^1^2||||D^陈|||科\rDG1|1||I50^心衰\rOBX|1|NM|1^x||1|\\XE5BCA0\\\rZZZ|1\r";

#[test]
fn a_hundred_thousand_mangled_messages_harm_nobody() {
    const SEED: u64 = 7_2575;
    let mut dice = StdRng::seed_from_u64(SEED);
    let at = "2026-11-25T10:00:00".parse().unwrap();
    let gb = Charset::Gb18030.encode(&GOOD.replace("UNICODE UTF-8", "GB 18030-2000"));
    for round in 0..100_000 {
        let mut bytes = if round % 2 == 0 { GOOD.as_bytes().to_vec() } else { gb.clone() };
        for _ in 0..dice.random_range(1..6) {
            mangle(&mut bytes, &mut dice);
        }
        for message in split_batch(&bytes).into_iter().chain([bytes]) {
            let fault = match Message::read(&message) {
                Err(error) => Some(Fault::from(error)),
                Ok(read) => read_notice(&read).err(),
            };
            let answer = Acknowledger::new(&message).answer(fault.as_ref(), at, "9");
            assert!(Message::read(&answer).is_ok(), "seed {SEED}, round {round}: no answer");
        }
    }
}

#[test]
fn a_mangled_stream_keeps_its_bounds_and_comes_back_to_its_senses() {
    const SEED: u64 = 2575;
    let mut dice = StdRng::seed_from_u64(SEED);
    for round in 0..2_000 {
        let mut reader = MllpReader::new(1000);
        let mut bytes = [frame(GOOD.as_bytes()), frame(GOOD.as_bytes())].concat();
        for _ in 0..dice.random_range(1..9) {
            mangle(&mut bytes, &mut dice);
        }
        for chunk in bytes.chunks(dice.random_range(1..64)) {
            for frame in reader.handle_input(chunk) {
                let size = match &frame {
                    MllpFrame::Message(bytes) => bytes.len(),
                    MllpFrame::TooLong { start } | MllpFrame::CutShort { start } => start.len(),
                };
                assert!(size <= 1000, "seed {SEED}, round {round}");
            }
        }
        // Ends whatever was open; the next one is whole.
        reader.handle_input(&[0x1C, 0x0D]);
        assert_eq!(
            reader.handle_input(&frame(b"MSH")),
            [MllpFrame::Message(b"MSH".to_vec())],
            "seed {SEED}, round {round}"
        );
    }
}

fn mangle(bytes: &mut Vec<u8>, dice: &mut StdRng) {
    const NASTY: &[u8] = b"|^~\\&\r\n\x0b\x1c\0\xff\x81\x30\xe5#\"";
    let at = dice.random_range(0..=bytes.len());
    match dice.random_range(0..6) {
        0 => bytes.truncate(at),
        1 => drop(bytes.drain(..at.min(bytes.len() / 4))),
        2 => bytes.insert(at, NASTY[dice.random_range(0..NASTY.len())]),
        3 => bytes.insert(at, dice.random()),
        4 if at < bytes.len() => bytes[at] = dice.random(),
        _ => {
            let copied: Vec<u8> =
                bytes.iter().skip(at).take(dice.random_range(0..40)).copied().collect();
            let to = dice.random_range(0..=bytes.len());
            bytes.splice(to..to, copied);
        }
    }
}
