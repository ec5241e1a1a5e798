use super::*;

/// A ramp, so that each sample tells where it was.
fn octet(stamp: u32) -> u8 {
    Codec::Pcmu.encode(((stamp % 4000) * 4) as i16 + 1000)
}

fn packet(stamp: u32, length: u32) -> Vec<u8> {
    (0..length).map(|offset| octet(stamp.wrapping_add(offset))).collect()
}

#[derive(Clone, Copy)]
struct Stream {
    ptime: u32,
    /// Samples of ours for 10 000 of the sender's.
    rate: u32,
    first: u32,
    lose_each: u32,
    swap_each: u32,
    /// How late every packet of an odd second is, in ticks.
    late: u32,
}

const PLAIN: Stream =
    Stream { ptime: 160, rate: 10_000, first: 0, lose_each: 0, swap_each: 0, late: 0 };

/// Runs a minute; returns the buffer and the frames in which something was heard.
fn run(stream: Stream) -> (JitterBuffer, u32) {
    let mut buffer = JitterBuffer::default();
    let (mut sent, mut heard) = (0_u32, 0);
    let mut waiting: Vec<(u32, u32)> = Vec::new();
    for tick in 0..3000_u32 {
        let until = u64::from(tick + 1) * 160 * 10_000 / u64::from(stream.rate);
        while u64::from((sent + 1) * stream.ptime) <= until {
            let late = if tick / 50 % 2 == 1 { stream.late } else { 0 };
            let swap =
                u32::from(stream.swap_each > 0 && sent.is_multiple_of(stream.swap_each.max(1)));
            waiting.push((tick + late + swap, stream.first.wrapping_add(sent * stream.ptime)));
            sent += 1;
        }
        for (_, stamp) in waiting.extract_if(.., |(due, _)| *due <= tick) {
            let number = stamp.wrapping_sub(stream.first) / stream.ptime;
            if stream.lose_each == 0 || !number.is_multiple_of(stream.lose_each) {
                buffer.push(stamp, &packet(stamp, stream.ptime), Codec::Pcmu);
            }
        }
        heard += u32::from(buffer.pull().1);
        assert!(buffer.depth().unsigned_abs() as usize <= JUMP + PACKET_MAX, "tick {tick}");
    }
    (buffer, heard)
}

#[test]
fn a_minute_comes_out_whatever_the_network_does() {
    for (name, stream, heard_min, late_max) in [
        ("plain", PLAIN, 2998, 0),
        ("10 ms", Stream { ptime: 80, ..PLAIN }, 2998, 0),
        ("30 ms", Stream { ptime: 240, ..PLAIN }, 2997, 1),
        ("40 ms", Stream { ptime: 320, ..PLAIN }, 2996, 1),
        ("60 ms", Stream { ptime: 480, ..PLAIN }, 2995, 2),
        ("stamp wraps", Stream { first: u32::MAX - 99_999, ..PLAIN }, 2998, 0),
        ("reordered", Stream { swap_each: 7, ..PLAIN }, 2998, 0),
        ("one in 20 lost", Stream { lose_each: 20, ..PLAIN }, 2848, 0),
        ("late in odd seconds", Stream { late: 4, ..PLAIN }, 2850, 60),
        ("sender 1 % fast", Stream { rate: 9_900, ..PLAIN }, 2990, 5),
        ("sender 1 % slow", Stream { rate: 10_100, ..PLAIN }, 2940, 60),
    ] {
        let (buffer, heard) = run(stream);
        assert!(heard >= heard_min, "{name}: heard {heard}");
        assert!(buffer.counts().late <= late_max, "{name}: {:?}", buffer.counts());
        assert!(buffer.depth() <= 1200, "{name}: depth {}", buffer.depth());
    }
}

#[test]
fn a_jump_of_the_timestamp_costs_a_frame_not_the_call() {
    for jump in [4_001, 1_000_000, u32::MAX / 2, u32::MAX - 8_000] {
        let mut buffer = JitterBuffer::default();
        let mut heard = 0;
        for n in 0..100 {
            let stamp = if n < 50 { n * 160 } else { (n * 160_u32).wrapping_add(jump) };
            buffer.push(stamp, &packet(stamp, 160), Codec::Pcmu);
            heard += u32::from(buffer.pull().1);
        }
        assert!(heard >= 97, "{jump}: {heard}");
    }
}

#[test]
fn a_lost_frame_is_the_last_one_fading_and_a_long_loss_is_silence() {
    let mut buffer = JitterBuffer::default();
    buffer.push(0, &[Codec::Pcma.encode(8000); 160], Codec::Pcma);
    let levels: Vec<i16> = (0..7).map(|_| buffer.pull().0[0]).collect();
    assert_eq!(levels[0], 0);
    assert!(levels[1] > 7900);
    assert!(levels[2] > levels[3] && levels[3] > levels[4] && levels[4] > 0, "{levels:?}");
    assert_eq!(levels[5..], [0, 0]);
}

#[test]
fn a_packet_longer_than_sense_is_cut_and_an_empty_one_is_nothing() {
    let mut buffer = JitterBuffer::default();
    buffer.push(0, &[], Codec::Pcma);
    assert!(!buffer.pull().1);
    buffer.push(0, &[0; 60_000], Codec::Pcma);
    assert!((0..12).filter(|_| buffer.pull().1).count() == 10);
}
