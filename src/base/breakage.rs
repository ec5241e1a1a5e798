//! Deliberate faults, so that it can be shown which test notices each: built only with the
//! feature `breakages`, and then one at a time, named by SUIFANG_BREAK. Without the feature
//! `broken` is false when it is compiled, and nothing of it is in the program.

macro_rules! breakages {
    ($($name:ident: $case:literal, $what:literal;)*) => {
        /// Each is a fault of another system, or of ours once (telephony.md, cases 1–24).
        #[derive(Clone, Copy, Debug, Eq, PartialEq)]
        pub enum Breakage { $(#[doc = $what] $name,)* }

        #[cfg(feature = "breakages")]
        impl Breakage {
            /// Name, case, what is broken.
            pub const ALL: &[(Self, &str, &str, &str)] =
                &[$((Self::$name, stringify!($name), $case, $what),)*];
        }
    };
}

breakages! {
    RingingAfterEarlyMediaLost: "1", "a 180 after a 183 is not told";
    PrackNotSent: "2", "a reliable provisional response gets no PRACK";
    EarlySoundIsRingback: "3", "a description without sound counts as ringback";
    EarlyUpdateRefused: "4", "an UPDATE in an early dialog is refused";
    PrackOfferUnanswered: "5", "an offer in a PRACK gets no answer";
    RingingWithSdpUnheard: "6", "the description of a 180 is passed over";
    RingTimeIsSilence: "7", "silence of RTP is counted from the first ringing";
    RefreshSilenceForgiven: "8", "a refresh that nobody answers ends nothing";
    ShortTimerTaken: "8", "a session timer under 90 s is taken";
    LongerTimerRefused: "8", "a 422 is not obeyed";
    KeyAtEachEnd: "9", "each end packet of a key is a key";
    EventsOfAnotherClock: "10", "telephone-events of 16 kHz are taken for those of 8 kHz";
    HoldByAddressMissed: "11", "c=0.0.0.0 is no hold";
    DirectionMissed: "11", "a=sendonly and its like are passed over";
    GlareNotRefused: "12", "an offer that crosses ours is taken";
    GlareNotWaitedOut: "12", "our offer that got 491 is not made again";
    ContactOfNatBelieved: "14", "requests go to the Contact of a phone behind NAT";
    RefusalNotAcked: "15", "a 486 gets no ACK";
    RegistrationGivesUp: "16", "registration ends after three failures";
    GrantedTimeIgnored: "16", "a registration is refreshed by what we asked for";
    SilentTrunkStaysAlive: "17", "unanswered OPTIONS mark no trunk as dead";
    NextTrunkAfterRinging: "17", "a dial goes on to the next trunk after an 18x";
    LateAnswerKept: "17", "a late answer of the first trunk is not ended";
    CancelledAnswerTaken: "19", "a 200 that crosses our CANCEL is a call";
    ForkLeftUp: "20", "the second answer of a fork gets no BYE";
    RepeatIsNew: "21", "a request that comes again is not known again";
    AckNotRepeated: "21", "a 200 that comes again gets no ACK";
    AnswerNotRepeated: "21", "our 200 is sent once";
    InviteNotRepeated: "21", "our INVITE is sent once";
    CancelNotSent: "22", "after our ring time-out the phone rings on";
    GateOpen: "23", "whatever arrives is read and answered";
    CredentialsShown: "24", "a trace shows credentials";
    NumbersShown: "24", "a trace shows whole telephone numbers";
    LostAckForgiven: "–", "a call whose ACK never comes stays up";
    ForeignTagTaken: "–", "a request with another tag is of this dialog";
    OldCseqTaken: "–", "an older request of the peer is obeyed";
    SilenceForgiven: "–", "silence of RTP in a call is not told";
    StrangerHeard: "–", "RTP of any address is heard";
    SealNotChecked: "–", "SRTP is opened whatever its tag";
    GuessesFree: "–", "a phone's secret may be guessed without end";
}

/// Is this the one that is to be broken now?
#[cfg(feature = "breakages")]
pub fn broken(which: Breakage) -> bool {
    static NOW: std::sync::OnceLock<Option<Breakage>> = std::sync::OnceLock::new();
    let now = NOW.get_or_init(|| {
        let wanted = std::env::var("SUIFANG_BREAK").ok()?;
        Breakage::ALL.iter().find(|(_, name, ..)| *name == wanted).map(|(one, ..)| *one)
    });
    *now == Some(which)
}

#[cfg(not(feature = "breakages"))]
pub const fn broken(_: Breakage) -> bool {
    false
}

#[cfg(all(test, feature = "breakages"))]
mod tests {
    use super::Breakage;

    /// For scripts/breakages: `name|case|what`.
    #[test]
    #[ignore = "prints, for scripts/breakages"]
    fn list() {
        for (_, name, case, what) in Breakage::ALL {
            println!("{name}|{case}|{what}");
        }
    }
}
