//! A peer's session description, as an offer and as an answer to ours.
#![no_main]

use libfuzzer_sys::fuzz_target;
use suifang::sip::sdp::{Codec, Description, LocalMedia, SdpSession};

fuzz_target!(|data: &[u8]| {
    let Ok(description) = Description::parse(data) else { return };
    let media = LocalMedia {
        rtp: ([192, 0, 2, 1], 20_000).into(),
        rtcp: Some(([192, 0, 2, 1], 20_001).into()),
        codecs: vec![Codec::Pcma, Codec::Pcmu],
        telephone_event: Some(101),
        ptime_ms: 20,
    };
    if let Ok((answer, _)) = SdpSession::new(1, media.clone()).answer(&description) {
        Description::parse(&answer).expect("our own answer is a description");
    }
    let mut ours = SdpSession::new(1, media);
    ours.offer();
    let _ = ours.accept(&description);
});
