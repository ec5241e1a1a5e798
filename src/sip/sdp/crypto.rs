//! Keys for SRTP in session descriptions (RFC 4568), as far as the peers of a hospital use
//! them: one key a suite, no MKI, no session parameter that would weaken anything.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};

/// §6.2. The strongest first.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Suite {
    AesCm128HmacSha1_80,
    AesCm128HmacSha1_32,
}

impl Suite {
    pub(super) const ALL: [Self; 2] = [Self::AesCm128HmacSha1_80, Self::AesCm128HmacSha1_32];

    const fn name(self) -> &'static str {
        match self {
            Self::AesCm128HmacSha1_80 => "AES_CM_128_HMAC_SHA1_80",
            Self::AesCm128HmacSha1_32 => "AES_CM_128_HMAC_SHA1_32",
        }
    }
}

/// Master key and salt.
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct MasterKey(pub [u8; 30]);

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(…)")
    }
}

/// How we want it, and our keys for as long as the dialog lives.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct LocalSrtp {
    /// Rather no call than one in clear.
    pub is_required: bool,
    /// Random; one for each of the suites, as each line of an offer has its own (§6.1).
    pub keys: [MasterKey; 2],
}

impl LocalSrtp {
    pub(super) fn key(&self, suite: Suite) -> MasterKey {
        let [long, short] = self.keys;
        match suite {
            Suite::AesCm128HmacSha1_80 => long,
            Suite::AesCm128HmacSha1_32 => short,
        }
    }

    /// A line of our description.
    pub(super) fn attribute(&self, tag: u32, suite: Suite) -> String {
        let key = STANDARD.encode(self.key(suite).0);
        format!("a=crypto:{tag} {} inline:{key}\r\n", suite.name())
    }
}

/// What both sides agreed on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct NegotiatedSrtp {
    pub suite: Suite,
    pub local: MasterKey,
    pub remote: MasterKey,
}

/// A line of the peer's description that we can use.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Crypto {
    pub(super) tag: u32,
    pub(super) suite: Suite,
    pub(super) key: MasterKey,
}

impl Crypto {
    /// `1 AES_CM_128_HMAC_SHA1_80 inline:KEY|2^20`; `None` for one that we cannot use.
    pub(super) fn parse(value: &str) -> Option<Self> {
        let mut words = value.split_ascii_whitespace();
        let tag = words.next().filter(|tag| tag.len() <= TAG_DIGITS_MAX)?.parse().ok()?;
        let name = words.next()?;
        let suite = Suite::ALL.into_iter().find(|s| s.name().eq_ignore_ascii_case(name))?;
        let method = words.next()?;
        let (scheme, key) = method.split_once(':')?;
        // Of several keys, an MKI in each packet tells which: we read none.
        if !scheme.eq_ignore_ascii_case("inline") || key.contains(';') {
            return None;
        }
        let mut parts = key.split('|');
        let key = STANDARD.decode(parts.next()?).ok()?;
        // The lifetime is 2^48 packets if nothing is said, and never below hours; behind a
        // colon would be an MKI.
        if parts.any(|part| part.contains(':')) {
            return None;
        }
        // §6.3.7: who does not know a parameter does not take the line. A window's size is a
        // hint, and `-` marks what may be ignored.
        let may_ignore = |word: &str| word.starts_with('-') || word.starts_with("WSH=");
        words.all(may_ignore).then_some(())?;
        Some(Self { tag, suite, key: MasterKey(key.try_into().ok()?) })
    }
}

/// §9.1.
const TAG_DIGITS_MAX: usize = 9;
