use super::*;
use crate::engine::{Repaired, repair};
use scratch::Scratch;

fn frame(left: i16, right: i16) -> StereoFrame {
    std::array::from_fn(|n| if n % 2 == 0 { left } else { right })
}

fn samples(path: &Path) -> Vec<i16> {
    let bytes = fs::read(path).unwrap();
    let data = bytes.windows(4).position(|tag| tag == b"data").unwrap() + 8;
    let size = u32::from_le_bytes(bytes[data - 4..data].try_into().unwrap()) as usize;
    assert_eq!(bytes.len(), data + size, "the header tells the truth");
    bytes[data..].chunks_exact(2).map(|two| i16::from_le_bytes([two[0], two[1]])).collect()
}

#[test]
fn a_recording_is_a_stereo_file_and_its_folders_are_made() {
    let recorder = Recorder::start(1).unwrap();
    let folder = Scratch::new("plain");
    let path = folder.join("2026/01/02/call.wav");
    let (recording, mut feed) = recorder.record(&path).unwrap();
    for _ in 0..100 {
        feed.push(&frame(1, -2));
    }
    drop(feed);
    let done = recording.done.blocking_recv().unwrap();
    assert_eq!((done.duration_ms, done.dropped_frames, done.error), (2000, 0, None));
    assert_eq!(done.bytes, fs::metadata(&path).unwrap().len());
    assert_eq!(samples(&path), [1, -2].repeat(16_000));
}

#[test]
fn frames_that_found_no_room_are_silence_in_their_place() {
    let metrics = RecorderMetrics::default();
    let folder = Scratch::new("gaps");
    let path = folder.join("call.wav");
    let (blocks, queue) = sync_channel(2);
    let (done, ended) = oneshot::channel();
    let marks = Arc::new(Marks::default());
    let mut feed = RecordingFeed::new(blocks, marks.clone(), Arc::default());
    let mut writing =
        Writing::new(Job { path: path.clone(), blocks: queue, done, marks }, &metrics);
    let losses: Vec<usize> = (0..20).filter(|_| feed.push(&frame(7, 7))).collect();
    assert_eq!(losses, [14], "said once, when the third block of five has no room");
    assert!(writing.drain(&metrics));
    feed.push(&frame(7, 7));
    drop(feed);
    assert!(!writing.drain(&metrics));
    writing.finish(&metrics);
    let done = ended.blocking_recv().unwrap();
    assert_eq!((done.duration_ms, done.dropped_frames), (21 * 20, 10));
    let expected = [[7; 3200].as_slice(), &[0; 3200], &[7; 320]].concat();
    assert_eq!(samples(&path), expected);
}

#[test]
fn nothing_stays_of_an_empty_or_a_destroyed_recording() {
    let recorder = Recorder::start(2).unwrap();
    for (name, frames, is_destroyed) in [("empty", 0, false), ("destroyed", 50, true)] {
        let folder = Scratch::new(name);
        let path = folder.join("call.wav");
        let (recording, mut feed) = recorder.record(&path).unwrap();
        for _ in 0..frames {
            feed.push(&frame(1, 1));
        }
        if is_destroyed {
            recording.destroy();
        }
        drop(feed);
        let done = recording.done.blocking_recv().unwrap();
        assert_eq!((done.bytes, done.error, path.exists()), (0, None, false), "{name}");
    }
}

#[test]
fn a_disk_that_refuses_is_reported_and_the_feed_goes_on() {
    let recorder = Recorder::start(1).unwrap();
    let folder = Scratch::new("refused");
    fs::write(folder.join("file"), b"").unwrap();
    let (recording, mut feed) = recorder.record(&folder.join("file/call.wav")).unwrap();
    for _ in 0..500 {
        feed.push(&frame(1, 1));
    }
    drop(feed);
    let done = recording.done.blocking_recv().unwrap();
    assert!(done.error.is_some() && done.bytes == 0);
    assert_eq!(recorder.metrics().failed.load(Relaxed), 1);
}

/// As a killed process leaves it: the header as of the last flush, the last sample torn.
#[test]
fn a_recording_cut_off_anywhere_is_mended_or_removed() {
    let folder = Scratch::new("killed");
    let whole = folder.join("whole.wav");
    let mut file = create(&whole).unwrap();
    for n in 0..16_000 {
        file.write_sample(n as i16).unwrap();
        if n == 7999 {
            file.flush().unwrap();
        }
    }
    file.flush().unwrap();
    let mut bytes = fs::read(&whole).unwrap();
    drop(file);
    let start = bytes.len() - 32_000;
    assert_eq!(repair(&whole).unwrap(), Repaired::Whole { duration_ms: 1000 });
    // Sizes of an earlier flush, or of none.
    for stale in [0_u32, 16_000] {
        bytes[start - 4..start].copy_from_slice(&stale.to_le_bytes());
        for cut in [start + 16_003, start + 16_001, start + 4, bytes.len(), bytes.len() - 1] {
            let path = folder.join("cut.wav");
            fs::write(&path, &bytes[..cut]).unwrap();
            let kept = (cut - start) / 4;
            let duration_ms = kept as u64 / 8;
            assert_eq!(repair(&path).unwrap(), Repaired::Mended { duration_ms }, "cut at {cut}");
            assert_eq!(samples(&path).len(), 2 * kept);
            assert_eq!(repair(&path).unwrap(), Repaired::Whole { duration_ms });
        }
        for cut in [0, 3, 20, start - 1, start, start + 3] {
            let path = folder.join("nothing.wav");
            fs::write(&path, &bytes[..cut]).unwrap();
            assert_eq!(repair(&path).unwrap(), Repaired::Removed, "cut at {cut}");
            assert!(!path.exists());
        }
    }
    fs::write(&whole, b"a letter to the editor").unwrap();
    assert!(repair(&whole).is_err() && whole.exists());
}

/// As much of it as the system has when the process is gone; nothing before it was begun.
fn kept_after_a_kill(path: &Path, copy: &Path) -> u64 {
    if fs::copy(path, copy).is_err() {
        return 0;
    }
    match repair(copy).unwrap() {
        Repaired::Whole { duration_ms } | Repaired::Mended { duration_ms } => duration_ms,
        Repaired::Removed => 0,
    }
}

#[test]
fn less_than_a_second_is_lost_when_the_server_is_killed() {
    let recorder = Recorder::start(1).unwrap();
    let folder = Scratch::new("alive");
    let path = folder.join("call.wav");
    let (recording, mut feed) = recorder.record(&path).unwrap();
    for n in 0..10 {
        for _ in 0..20 {
            feed.push(&frame(3, 3));
        }
        let fed_ms = (n + 1) * 400;
        let mut kept_ms = 0;
        // The writer's thread may be late; nothing more is fed to it meanwhile.
        for _ in 0..40 {
            thread::park_timeout(3 * PERIOD / 2);
            kept_ms = kept_after_a_kill(&path, &folder.join("copy.wav"));
            if fed_ms - kept_ms < 1000 {
                break;
            }
        }
        assert!(fed_ms - kept_ms < 1000, "{kept_ms} of {fed_ms} ms");
    }
    drop(feed);
    assert_eq!(recording.done.blocking_recv().unwrap().duration_ms, 4000);
}
