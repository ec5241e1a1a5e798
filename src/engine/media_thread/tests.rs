use std::path::Path;

use super::*;
use crate::{
    engine::{ManualClock, Recorder, RecordingDone, SystemClock, recorder::scratch::Scratch},
    media::{Codec, Prompt, RATE},
};

struct Call {
    threads: MediaThreads,
    ports: PortPool,
    legs: [MediaHandle; 2],
    news: [mpsc::Receiver<MediaEvent>; 2],
}

/// Each process its own, so that two test runs do not meet on a port.
fn loopback() -> IpAddr {
    let [_, a, b, c] = std::process::id().to_be_bytes();
    IpAddr::from([127, a | 1, b, c | 1])
}

fn remote(port: u16) -> Remote {
    Remote {
        codec: Codec::Pcma,
        payload_type: 8,
        event_payload_type: Some(101),
        rtp: SocketAddr::new(loopback(), port),
        rtcp: None,
        direction: Direction::SendRecv,
        srtp: None,
    }
}

fn open(
    threads: &MediaThreads,
    ports: &PortPool,
    beside: Option<&MediaHandle>,
    room: usize,
) -> (MediaHandle, mpsc::Receiver<MediaEvent>) {
    let (events, news) = mpsc::channel(room);
    let bind = loopback();
    let open = OpenLeg { bind, ports, learns_any: false, events, beside };
    (threads.open(open).unwrap(), news)
}

/// Two legs that talk to each other over the loopback.
fn call(range: std::ops::RangeInclusive<u16>, room: usize) -> Call {
    let clock = Arc::new(SystemClock);
    let settings = MediaSettings { legs_first: 0, ..MediaSettings::default() };
    let threads = MediaThreads::start(settings, clock).unwrap();
    let ports = PortPool::new(range);
    let (a, news_a) = open(&threads, &ports, None, room);
    let (b, news_b) = open(&threads, &ports, None, room);
    assert_ne!(a.thread, b.thread);
    a.configure(remote(b.rtp_port())).unwrap();
    b.configure(remote(a.rtp_port())).unwrap();
    Call { threads, ports, legs: [a, b], news: [news_a, news_b] }
}

async fn wait_for(news: &mut mpsc::Receiver<MediaEvent>, wanted: impl Fn(Event) -> bool) -> Event {
    loop {
        let news = tokio::time::timeout(Duration::from_secs(30), news.recv()).await;
        match news.expect("in half a minute").expect("the leg lives").event {
            LegEvent::Sound(event) if wanted(event) => return event,
            _ => {}
        }
    }
}

fn sine(hertz: f32, ms: usize) -> Prompt {
    let step = std::f32::consts::TAU * hertz / RATE as f32;
    Prompt::new((0..ms * 8).map(|n| (8000.0 * (step * n as f32).sin()) as i16).collect::<Vec<_>>())
}

/// One channel of a WAV file of ours.
fn channel(path: &Path, side: usize) -> Vec<i16> {
    let bytes = std::fs::read(path).unwrap();
    let data = bytes.windows(4).position(|tag| tag == b"data").unwrap() + 8;
    let samples = bytes[data..].chunks_exact(2).map(|two| i16::from_le_bytes([two[0], two[1]]));
    samples.skip(side).step_by(2).collect()
}

/// By counting where it rises through zero.
fn frequency(samples: &[i16]) -> f32 {
    let rises: Vec<usize> =
        (1..samples.len()).filter(|n| samples[n - 1] < 0 && samples[*n] >= 0).collect();
    let (first, last) = (rises[0], rises[rises.len() - 1]);
    (rises.len() - 1) as f32 * RATE as f32 / (last - first) as f32
}

#[tokio::test]
async fn a_tone_played_on_one_leg_is_in_the_recording_of_the_other() {
    let mut call = call(20_000..=20_199, 64);
    let recorder = Recorder::start(1).unwrap();
    let folder = Scratch::new("tone");
    let path = folder.join("2026/01/02/call.wav");
    let [a, b] = &call.legs;
    let began = SystemClock.instant();
    let recording = b.record(&recorder, &path).unwrap();
    a.play(PlayId(1), vec![sine(1000.0, 2000).into()], false).unwrap();
    let finished = |event| matches!(event, Event::PlayFinished { is_complete: true, .. });
    wait_for(&mut call.news[0], finished).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    b.stop_recording().unwrap();
    let done: RecordingDone = recording.done.await.unwrap();
    let most_ms = (SystemClock.instant() - began).as_millis() as u64 + 100;
    assert_eq!((done.dropped_frames, done.error), (0, None));
    let (far, ours) = (channel(&path, 0), channel(&path, 1));
    assert_eq!((far.len(), far.len() as u64 / 8), (ours.len(), done.duration_ms));
    assert!((2200..most_ms).contains(&done.duration_ms), "{} of {most_ms}", done.duration_ms);
    let loud: Vec<usize> = (0..far.len()).filter(|n| far[*n].abs() > 1000).collect();
    let (first, last) = (loud[0], loud[loud.len() - 1]);
    assert!((last - first).abs_diff(16_000) <= 320, "{} samples", last - first);
    let heard = frequency(&far[first..last]);
    assert!((heard - 1000.0).abs() < 5.0, "{heard} Hz");
    assert!(ours.iter().all(|sample| sample.abs() <= 8));
    assert_eq!(call.threads.metrics().send_errors.load(Relaxed), 0);
}

#[tokio::test]
async fn keys_go_both_ways_and_none_is_lost_on_a_task_that_is_busy() {
    // Room for one event: the rest waits its turn.
    let mut call = call(20_200..=20_399, 1);
    let keys = |faces: &str| faces.chars().map(|c| Key::try_from(c).unwrap()).collect::<Vec<_>>();
    call.legs[0].press(keys("1234#")).unwrap();
    call.legs[1].press(keys("5678*")).unwrap();
    tokio::time::sleep(Duration::from_millis(1200)).await;
    for (news, expected) in call.news.iter_mut().zip(["5678*", "1234#"]) {
        let mut heard = String::new();
        while heard.len() < 5 {
            let event = wait_for(news, |event| matches!(event, Event::Key(..))).await;
            if let Event::Key(key, _) = event {
                heard.push(key.as_char());
            }
        }
        assert_eq!(heard, expected);
    }
}

#[tokio::test]
async fn joined_legs_hear_each_other() {
    let settings = MediaSettings { legs_first: 0, ..MediaSettings::default() };
    let threads = MediaThreads::start(settings, Arc::new(SystemClock)).unwrap();
    let ports = PortPool::new(20_400..=20_599);
    // Patient and agent outside, their legs with us inside.
    let (patient, _news) = open(&threads, &ports, None, 64);
    let (agent, mut agent_news) = open(&threads, &ports, None, 64);
    let (leg_of_patient, _news) = open(&threads, &ports, None, 64);
    let (leg_of_agent, _news) = open(&threads, &ports, Some(&leg_of_patient), 64);
    for (one, other) in [(&patient, &leg_of_patient), (&agent, &leg_of_agent)] {
        one.configure(remote(other.rtp_port())).unwrap();
        other.configure(remote(one.rtp_port())).unwrap();
    }
    assert!(matches!(patient.join(&agent), Err(MediaError::OtherThread)));
    leg_of_patient.join(&leg_of_agent).unwrap();
    agent.detect_tones(true).unwrap();
    patient.play_tone(Some(Tone::Busy)).unwrap();
    let heard = wait_for(&mut agent_news, |event| matches!(event, Event::ToneHeard(_))).await;
    assert_eq!(heard, Event::ToneHeard(Tone::Busy));
}

#[tokio::test]
async fn a_closed_and_a_dropped_leg_both_give_their_ports_back() {
    let Call { threads, ports, legs: [a, b], mut news } = call(20_600..=20_799, 64);
    assert_eq!(ports.in_use(), 2);
    wait_for(&mut news[0], |event| event == Event::FirstRtp).await;
    let stats = a.close().await.unwrap();
    assert!(stats.sent > 0 && stats.received > 0, "{stats:?}");
    wait_for(&mut news[1], |event| event == Event::RemoteBye).await;
    drop(b);
    assert_eq!(news[1].recv().await, None);
    // The ports go back with the sockets, just after the leg's voice is gone.
    let left = || (ports.in_use(), threads.metrics().legs.load(Relaxed));
    for _ in 0..600 {
        if left() == (0, 0) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(left(), (0, 0));
}

#[tokio::test]
async fn a_port_that_another_program_holds_is_passed_over() {
    let threads = MediaThreads::start(MediaSettings::default(), Arc::new(SystemClock)).unwrap();
    let _taken = UdpSocket::bind((loopback(), 20_803)).unwrap();
    let ports = PortPool::new(20_800..=20_805);
    let (a, _news) = open(&threads, &ports, None, 64);
    let (b, _news) = open(&threads, &ports, None, 64);
    let mut open_ports = [a.rtp_port(), b.rtp_port()];
    open_ports.sort_unstable();
    assert_eq!(open_ports, [20_800, 20_804]);
}

#[tokio::test]
async fn one_thread_is_filled_before_the_next_is_used() {
    let settings = MediaSettings { legs_first: 2, ..MediaSettings::default() };
    let threads = MediaThreads::start(settings, Arc::new(SystemClock)).unwrap();
    let ports = PortPool::new(24_100..=24_199);
    let mut legs: Vec<_> = (0..6).map(|_| open(&threads, &ports, None, 64).0).collect();
    let of = |legs: &[MediaHandle]| legs.iter().map(|leg| leg.thread).collect::<Vec<_>>();
    assert_eq!(of(&legs), [0, 0, 1, 1, 0, 1]);
    // Beside another it is where that is, full or not.
    legs.push(open(&threads, &ports, Some(&legs[0]), 64).0);
    assert_eq!(legs[6].thread, 0);
    for leg in legs.drain(..).rev() {
        leg.close().await.unwrap();
    }
    assert_eq!(open(&threads, &ports, None, 64).0.thread, 0);
}

#[tokio::test]
async fn a_leg_moves_to_another_thread_and_loses_nothing() {
    let mut call = call(20_900..=20_999, 64);
    wait_for(&mut call.news[1], |event| event == Event::FirstRtp).await;
    let [a, b] = &mut call.legs;
    for _ in 0..5 {
        let (one, _news) = open(&call.threads, &call.ports, None, 64);
        let (two, _news) = open(&call.threads, &call.ports, None, 64);
        let before = a.thread;
        a.move_beside(if one.thread == before { &two } else { &one }).await.unwrap();
        assert_ne!(a.thread, before);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    a.press("12".chars().map(|c| Key::try_from(c).unwrap()).collect()).unwrap();
    wait_for(&mut call.news[1], |event| matches!(event, Event::Key(..))).await;
    let stats = b.stats().await.unwrap();
    assert_eq!((stats.lost, stats.playout.restarts, stats.strangers), (0, 0, 0), "{stats:?}");
}

/// Not a benchmark: that a full thread keeps its time is what matters.
#[tokio::test]
#[ignore = "takes a machine for itself"]
async fn five_hundred_legs_with_prompts_are_in_time() {
    let threads = MediaThreads::start(MediaSettings::default(), Arc::new(SystemClock)).unwrap();
    let ports = PortPool::new(21_000..=22_999);
    let prompt = sine(700.0, 1000);
    let legs: Vec<_> = (0..500).map(|_| open(&threads, &ports, None, 64)).collect();
    for pair in legs.chunks(2) {
        for (one, other) in [(&pair[0].0, &pair[1].0), (&pair[1].0, &pair[0].0)] {
            one.configure(remote(other.rtp_port())).unwrap();
            one.detect_keys_in_band(true).unwrap();
            one.detect_tones(true).unwrap();
            one.play(PlayId(1), vec![prompt.clone().into()], true).unwrap();
        }
    }
    tokio::time::sleep(Duration::from_secs(10)).await;
    let metrics = threads.metrics();
    eprintln!("{metrics:?} {:?}", legs[0].0.stats().await.unwrap());
    assert!(metrics.late_ticks.load(Relaxed) * 1000 < metrics.packets_sent.load(Relaxed));
}

#[tokio::test]
async fn by_hand_a_minute_takes_a_moment_and_every_tick_is_there() {
    let clock = Arc::new(ManualClock::starting_at(chrono::DateTime::UNIX_EPOCH));
    let settings = MediaSettings { threads: 1, ..MediaSettings::default() };
    let (threads, mut steppers) = MediaThreads::by_hand(settings, clock.clone());
    let ports = PortPool::new(23_000..=23_099);
    let (a, mut news) = open(&threads, &ports, None, 64);
    let (b, _news) = open(&threads, &ports, None, 64);
    a.configure(remote(b.rtp_port())).unwrap();
    b.configure(remote(a.rtp_port())).unwrap();
    a.play(PlayId(7), vec![sine(500.0, 60_000).into()], false).unwrap();
    let mut step = |ms: u64| {
        for _ in 0..ms {
            clock.advance(Duration::from_millis(1));
            steppers[0].step(clock.instant());
        }
    };
    step(60_040);
    let finished = wait_for(&mut news, |event| matches!(event, Event::PlayFinished { .. })).await;
    let expected = Event::PlayFinished { id: PlayId(7), is_complete: true, played_ms: 60_000 };
    assert_eq!(finished, expected);
    let closing = tokio::spawn(b.close());
    tokio::task::yield_now().await;
    step(1);
    let stats = closing.await.unwrap().unwrap();
    assert!(stats.sent.abs_diff(3001) <= 1 && stats.lost == 0, "{stats:?}");
    assert!(stats.received.abs_diff(3001) <= 2, "{stats:?}");
    assert_eq!(stats.playout.late, 0);
}
