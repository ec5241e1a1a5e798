use super::*;

const KEY_30: [u8; 30] = [
    0xE1, 0xF9, 0x7A, 0x0D, 0x3E, 0x01, 0x8B, 0xE0, 0xD6, 0x4F, 0xA3, 0x2C, 0x06, 0xDE, 0x41, 0x39,
    0x0E, 0xC6, 0x75, 0xAD, 0x49, 0x8A, 0xFE, 0xEB, 0xB6, 0x96, 0x0B, 0x3A, 0xAB, 0xE6,
];
const MASTER: MasterKey = MasterKey(KEY_30);
const SUITES: [SrtpSuite; 2] = [SrtpSuite::AesCm128HmacSha1_80, SrtpSuite::AesCm128HmacSha1_32];

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
    let pair = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(pair).collect()
}

/// RFC 3711 B.2.
#[test]
fn the_key_stream_is_that_of_the_rfc() {
    let key: [u8; 16] = bytes("2B7E151628AED2A6ABF7158809CF4F3C").try_into().unwrap();
    let salt: [u8; 14] = bytes("F0F1F2F3F4F5F6F7F8F9FAFBFCFD").try_into().unwrap();
    let mut all = vec![0; 0xFF02 * 16];
    stream(&Aes128::new(&key.into()), &counter(&salt, 0, 0), &mut all);
    for (block, expected) in [
        (0x0000, "E03EAD0935C95E80E166B16DD92B4EB4"),
        (0x0001, "D23513162B02D0F72A43A2FE4A5F97AB"),
        (0x0002, "41E95B3BB0A2E8DD477901E4FCA894C0"),
        (0xFEFF, "EC8CDF7398607CB0F2D21675EA9EA1E4"),
        (0xFF00, "362B7C3C6773516318A077D7FC5073AE"),
        (0xFF01, "6A2CC3787889374FBEB4C81B17BA6C44"),
    ] {
        assert_eq!(all[block * 16..][..16], bytes(expected), "{block:x}");
    }
}

/// RFC 3711 B.3.
#[test]
fn session_keys_are_derived_as_in_the_rfc() {
    let (key, salt) = KEY_30.split_at(16);
    let cipher = Aes128::new(&<[u8; 16]>::try_from(key).unwrap().into());
    let salt: [u8; 14] = salt.try_into().unwrap();
    for (label, expected) in [
        (0, "C61E7A93744F39EE10734AFE3FF7A087"),
        (2, "30CBBC08863D8C85D49DB34A9AE1"),
        (
            1,
            "CEBE321F6FF7716B6FD4AB49AF256A156D38BAA48F0A0ACF3C34E2359E6CDBCE\
             E049646C43D9327AD175578EF72270986371C10C9A369AC2F94A8C5FBCDDDC25\
             6D6E919A48B610EF17C2041E47403576 6B68642C59BBFC2F34DB60DBDFB2DC68",
        ),
    ] {
        let expected = bytes(expected);
        let mut derived = vec![0; expected.len()];
        derive(&cipher, salt, label, &mut derived);
        assert_eq!(derived, expected, "{label}");
    }
}

/// Of whole packets, as another implementation makes them (libsrtp's own tests).
#[test]
fn packets_of_another_implementation_are_opened_and_made_alike() {
    let open = bytes("800f1234decafbadcafebabe abababababababababababababababab");
    let sealed =
        bytes("800f1234decafbadcafebabe 4e55dc4ce79978d88ca4d215949d2402 b78d6acc99ea179b8dbb");
    let suite = SrtpSuite::AesCm128HmacSha1_80;
    assert_eq!(Opener::new(suite, &MASTER).open_rtp(&sealed).unwrap(), open);
    let mut buffer = [0; 64];
    buffer[..open.len()].copy_from_slice(&open);
    let length = Sealer::new(suite, &MASTER).seal_rtp(&mut buffer, open.len()).unwrap();
    assert_eq!(buffer[..length], sealed);

    let open = bytes("81c8000bcafebabe abababababababababababababababab");
    let sealed =
        bytes("81c8000bcafebabe 7128035be487b9bdbef89041f977a5a8 80000001 993e08cd54d6c1230798");
    for suite in SUITES {
        assert_eq!(Opener::new(suite, &MASTER).open_rtcp(&sealed).unwrap(), open);
    }
}

fn rtp(sequence: u16, ssrc: u32, payload: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x80, 8];
    packet.extend(sequence.to_be_bytes());
    packet.extend([0, 0, 0, 1]);
    packet.extend(ssrc.to_be_bytes());
    packet.extend(payload);
    packet
}

fn seal(sealer: &mut Sealer, packet: &[u8]) -> Vec<u8> {
    let mut buffer = vec![0; packet.len() + 16];
    buffer[..packet.len()].copy_from_slice(packet);
    let length = sealer.seal_rtp(&mut buffer, packet.len()).unwrap();
    buffer.truncate(length);
    buffer
}

#[test]
fn what_is_sealed_opens_again_and_only_with_its_key() {
    let other = MasterKey([7; 30]);
    for suite in SUITES {
        let mut sealer = Sealer::new(suite, &MASTER);
        let mut opener = Opener::new(suite, &MASTER);
        let mut stranger = Opener::new(suite, &other);
        for sequence in 0..500 {
            let packet = rtp(sequence, 9, &[0xD5; 160]);
            let sealed = seal(&mut sealer, &packet);
            assert_eq!(sealed.len(), packet.len() + suite.tag());
            assert_eq!(sealed[..12], packet[..12], "the header stays in clear");
            assert_ne!(sealed[12..172], packet[12..172]);
            assert_eq!(stranger.open_rtp(&sealed), Err(SrtpError::Forged));
            assert_eq!(opener.open_rtp(&sealed).unwrap(), packet);
        }
    }
}

#[test]
fn each_changed_bit_is_noticed_and_costs_the_next_packet_nothing() {
    for suite in SUITES {
        let mut sealer = Sealer::new(suite, &MASTER);
        let mut opener = Opener::new(suite, &MASTER);
        let sealed = seal(&mut sealer, &rtp(1, 9, &[1, 2, 3, 4]));
        for bit in 0..sealed.len() * 8 {
            let mut changed = sealed.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(opener.open_rtp(&changed).is_err(), "bit {bit}");
        }
        for length in 0..sealed.len() {
            assert!(opener.open_rtp(&sealed[..length]).is_err(), "{length} bytes");
        }
        assert!(opener.open_rtp(&sealed).is_ok());
    }
}

#[test]
fn a_packet_is_taken_once_in_any_order_within_the_window() {
    let suite = SUITES[0];
    let mut sealer = Sealer::new(suite, &MASTER);
    let mut opener = Opener::new(suite, &MASTER);
    let sealed: Vec<_> = (0..100).map(|n| seal(&mut sealer, &rtp(n, 9, &[5; 20]))).collect();
    for (n, expected) in [
        (0, Ok(())),
        (0, Err(SrtpError::Replayed)),
        (3, Ok(())),
        (1, Ok(())),
        (1, Err(SrtpError::Replayed)),
        (2, Ok(())),
        (3, Err(SrtpError::Replayed)),
        (70, Ok(())),
        (7, Ok(())),
        (7, Err(SrtpError::Replayed)),
        // 64 behind: nobody knows any more whether it has come.
        (6, Err(SrtpError::Replayed)),
        (99, Ok(())),
        (70, Err(SrtpError::Replayed)),
    ] {
        assert_eq!(opener.open_rtp(&sealed[n]).map(drop), expected, "{n}");
    }
}

/// §3.3.1: the sequence number has 16 bits, the key stream counts on.
#[test]
fn the_round_of_the_sequence_number_is_followed_through_loss_and_disorder() {
    let suite = SUITES[0];
    let mut sealer = Sealer::new(suite, &MASTER);
    let mut opener = Opener::new(suite, &MASTER);
    let all: Vec<_> =
        (32_000..200_000_u32).step_by(25).map(|n| rtp(n as u16, 9, &n.to_be_bytes())).collect();
    // Every seventh is lost, and of the others each two change places.
    let mut sealed: Vec<_> = all.iter().map(|packet| (packet, seal(&mut sealer, packet))).collect();
    let mut at = 0;
    sealed.retain(|_| {
        at += 1;
        at % 7 != 0
    });
    sealed.chunks_exact_mut(2).for_each(|pair| pair.swap(0, 1));
    for (packet, sealed) in &sealed {
        let round = sealer.rollovers;
        assert_eq!(opener.open_rtp(sealed).unwrap(), *packet, "{round}");
    }
    assert_eq!(sealer.rollovers, 3);
}

/// Its first packets were lost, and with them the end of the first round.
#[test]
fn who_is_heard_first_in_the_second_round_is_understood() {
    let suite = SUITES[0];
    let mut sealer = Sealer::new(suite, &MASTER);
    let mut opener = Opener::new(suite, &MASTER);
    seal(&mut sealer, &rtp(65_535, 9, &[1]));
    for n in 0..3 {
        let packet = rtp(n, 9, &[2]);
        assert_eq!(opener.open_rtp(&seal(&mut sealer, &packet)).unwrap(), packet);
    }
}

#[test]
fn sources_have_their_own_numbers_and_the_oldest_is_forgotten() {
    let suite = SUITES[0];
    let mut opener = Opener::new(suite, &MASTER);
    let mut first = Vec::new();
    for ssrc in 0..20 {
        let mut sealer = Sealer::new(suite, &MASTER);
        let sealed = seal(&mut sealer, &rtp(1, ssrc, &[3; 8]));
        assert!(opener.open_rtp(&sealed).is_ok(), "{ssrc}");
        assert_eq!(opener.open_rtp(&sealed), Err(SrtpError::Replayed), "{ssrc}");
        first.push(sealed);
    }
    assert_eq!(opener.sources.len(), SOURCES_MAX);
    assert_eq!(opener.sources.capacity(), SOURCES_MAX, "nothing was allocated");
    assert_eq!(opener.open_rtp(&first[19]), Err(SrtpError::Replayed));
}

#[test]
fn reports_are_sealed_with_their_own_count() {
    for suite in SUITES {
        let mut sealer = Sealer::new(suite, &MASTER);
        let mut opener = Opener::new(suite, &MASTER);
        let report = bytes("80c80001 00000009 0102030405060708");
        let mut last = Vec::new();
        for index in 0..100_u32 {
            let mut buffer = [0; 64];
            buffer[..report.len()].copy_from_slice(&report);
            let length = sealer.seal_rtcp(&mut buffer, report.len()).unwrap();
            assert_eq!(length, report.len() + 14, "the tag has 80 bits in both suites");
            assert_eq!(buffer[16..20], (1 << 31 | index).to_be_bytes());
            assert_ne!(buffer[8..16], report[8..16]);
            let mut changed = buffer;
            changed[16] ^= 0x80;
            assert_eq!(opener.open_rtcp(&changed[..length]), Err(SrtpError::Forged), "the E bit");
            assert_eq!(opener.open_rtcp(&buffer[..length]).unwrap(), report);
            last = buffer[..length].to_vec();
            assert_eq!(opener.open_rtcp(&last), Err(SrtpError::Replayed));
        }
        for length in 0..last.len() {
            assert!(Opener::new(suite, &MASTER).open_rtcp(&last[..length]).is_err());
        }
    }
}

#[test]
fn a_buffer_without_room_and_odd_headers_are_refused() {
    let mut sealer = Sealer::new(SUITES[0], &MASTER);
    let packet = rtp(1, 9, &[0; 20]);
    let mut tight = packet.clone();
    assert_eq!(sealer.seal_rtp(&mut tight, packet.len()), Err(SrtpError::Long));
    for odd in ["80", "8f080001 00000001 00000009", "90080001 00000001 00000009 bede00ff 00"] {
        let odd = bytes(odd);
        let mut buffer = vec![0; odd.len() + 10];
        buffer[..odd.len()].copy_from_slice(&odd);
        assert_eq!(sealer.seal_rtp(&mut buffer, odd.len()), Err(SrtpError::Short));
    }
    let mut opener = Opener::new(SUITES[0], &MASTER);
    let mut long = Sealer::new(SUITES[0], &MASTER);
    let sealed = seal(&mut long, &rtp(1, 9, &[0; 2100]));
    assert_eq!(opener.open_rtp(&sealed), Err(SrtpError::Long));
}

#[test]
fn keys_never_show_in_debug_output() {
    let srtp = Srtp { suite: SUITES[0], local: MASTER, remote: MASTER };
    assert!(!format!("{srtp:?}").contains("225"));
}
