//! SRTP and SRTCP (RFC 3711) with the transforms of RFC 4568 §6.2: AES-128 in counter mode and
//! HMAC-SHA1. Keys come from signalling; a context is for one direction.
//!
//! Nothing is allocated for a packet: ours are sealed where they lie, theirs are opened in a
//! buffer that lives as long as the leg.

use std::fmt;

use aes::Aes128;
use ctr::{
    CtrCore,
    cipher::{InnerIvInit, KeyInit as _, StreamCipherCore},
    flavors::Ctr128BE,
};
use hmac::{Hmac, Mac};
use sha1::Sha1;

use crate::base::{Breakage, broken};

/// Both ciphers are the same; the tags of RTP are 80 or 32 bits. SRTCP has 80 in both
/// (RFC 4568 §6.2.2).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SrtpSuite {
    AesCm128HmacSha1_80,
    AesCm128HmacSha1_32,
}

impl SrtpSuite {
    const fn tag(self) -> usize {
        match self {
            Self::AesCm128HmacSha1_80 => 10,
            Self::AesCm128HmacSha1_32 => 4,
        }
    }
}

/// 128 bits of key and 112 of salt, as they stand behind `inline:`.
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct MasterKey(pub [u8; KEY + SALT]);

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(…)")
    }
}

/// What offer and answer agreed on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Srtp {
    pub suite: SrtpSuite,
    /// With what we seal.
    pub local: MasterKey,
    /// With what the far side does.
    pub remote: MasterKey,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum SrtpError {
    #[error("shorter than a header and a tag")]
    Short,
    #[error("longer than a packet of sound may be")]
    Long,
    #[error("the tag is not that of the packet")]
    Forged,
    #[error("came before, or is too old to tell")]
    Replayed,
}

/// Seals what we send.
pub struct Sealer {
    tag: usize,
    rtp: Keys,
    rtcp: Keys,
    /// How often the sequence number has begun anew (§3.3.1).
    rollovers: u32,
    last_sequence: Option<u16>,
    srtcp_index: u32,
}

impl Sealer {
    pub fn new(suite: SrtpSuite, key: &MasterKey) -> Self {
        Self {
            tag: suite.tag(),
            rtp: Keys::derive(key, LABEL_RTP),
            rtcp: Keys::derive(key, LABEL_RTCP),
            rollovers: 0,
            last_sequence: None,
            srtcp_index: 0,
        }
    }

    /// Seals the RTP packet that fills the first `length` bytes; answers with its new length.
    ///
    /// # Errors
    /// When it is no packet, or the buffer has no room for the tag.
    pub fn seal_rtp(&mut self, buffer: &mut [u8], length: usize) -> Result<usize, SrtpError> {
        let room = buffer.get_mut(..length + self.tag).ok_or(SrtpError::Long)?;
        let (packet, tag) = room.split_at_mut(length);
        let Header { length: header, sequence, ssrc } = Header::read(packet)?;
        // Ours go out in order: a smaller number is the next round.
        if self.last_sequence.is_some_and(|last| sequence < last && last - sequence > HALF) {
            self.rollovers = self.rollovers.wrapping_add(1);
        }
        self.last_sequence = Some(sequence);
        let index = u64::from(self.rollovers) << 16 | u64::from(sequence);
        self.rtp.encrypt(ssrc, index, packet.get_mut(header..).unwrap_or_default());
        let whole = self.rtp.authenticate(packet, self.rollovers);
        tag.copy_from_slice(&whole[..self.tag]);
        Ok(length + self.tag)
    }

    /// The same for a compound RTCP packet (§3.4).
    ///
    /// # Errors
    /// As [`Self::seal_rtp`].
    pub fn seal_rtcp(&mut self, buffer: &mut [u8], length: usize) -> Result<usize, SrtpError> {
        let room = buffer.get_mut(..length + INDEX + RTCP_TAG).ok_or(SrtpError::Long)?;
        let (packet, rest) = room.split_at_mut(length);
        let (index, tag) = rest.split_at_mut(INDEX);
        let ssrc = number(packet, 4).ok_or(SrtpError::Short)?;
        let payload = packet.get_mut(RTCP_HEADER..).ok_or(SrtpError::Short)?;
        self.rtcp.encrypt(ssrc, self.srtcp_index.into(), payload);
        let word = ENCRYPTED | self.srtcp_index;
        index.copy_from_slice(&word.to_be_bytes());
        self.srtcp_index = (self.srtcp_index + 1) & !ENCRYPTED;
        let whole = self.rtcp.authenticate(packet, word);
        tag.copy_from_slice(&whole[..RTCP_TAG]);
        Ok(length + INDEX + RTCP_TAG)
    }
}

/// Opens what the far side has sealed.
pub struct Opener {
    tag: usize,
    rtp: Keys,
    rtcp: Keys,
    /// What came of each source; the longest known first.
    sources: Vec<Source>,
    buffer: [u8; PACKET_MAX],
}

struct Source {
    ssrc: u32,
    rtp: Window,
    rtcp: Window,
}

impl Opener {
    pub fn new(suite: SrtpSuite, key: &MasterKey) -> Self {
        Self {
            tag: suite.tag(),
            rtp: Keys::derive(key, LABEL_RTP),
            rtcp: Keys::derive(key, LABEL_RTCP),
            sources: Vec::with_capacity(SOURCES_MAX),
            buffer: [0; PACKET_MAX],
        }
    }

    /// The RTP packet within.
    ///
    /// # Errors
    /// When it was not made with the key, or has come before.
    pub fn open_rtp(&mut self, sealed: &[u8]) -> Result<&[u8], SrtpError> {
        let length = sealed.len().checked_sub(self.tag).ok_or(SrtpError::Short)?;
        let (packet, tag) = sealed.split_at(length);
        let Header { length: header, sequence, ssrc } = Header::read(packet)?;
        let known = self.sources.iter().find(|source| source.ssrc == ssrc);
        let window = known.map(|source| source.rtp).unwrap_or_default();
        let guess = window.index_of(sequence);
        if window.has(guess) {
            return Err(SrtpError::Replayed);
        }
        // Whose first packets were lost may have begun its second round already.
        let second = (window.highest.is_none()).then_some(guess + ROUND);
        let authentic = [Some(guess), second].into_iter().flatten().find(|index| {
            let rollovers = (index >> 16) as u32;
            same(&self.rtp.authenticate(packet, rollovers)[..self.tag], tag)
        });
        let index = authentic.ok_or(SrtpError::Forged)?;
        let open = self.buffer.get_mut(..length).ok_or(SrtpError::Long)?;
        open.copy_from_slice(packet);
        self.rtp.encrypt(ssrc, index, open.get_mut(header..).unwrap_or_default());
        source(&mut self.sources, ssrc).rtp.note(index);
        Ok(&self.buffer[..length])
    }

    /// The compound RTCP packet within.
    ///
    /// # Errors
    /// As [`Self::open_rtp`].
    pub fn open_rtcp(&mut self, sealed: &[u8]) -> Result<&[u8], SrtpError> {
        let length = sealed.len().checked_sub(INDEX + RTCP_TAG).ok_or(SrtpError::Short)?;
        let (packet, rest) = sealed.split_at(length);
        let (word, tag) = (number(rest, 0).ok_or(SrtpError::Short)?, &rest[INDEX..]);
        let ssrc = number(packet, 4).ok_or(SrtpError::Short)?;
        if !same(&self.rtcp.authenticate(packet, word)[..RTCP_TAG], tag) {
            return Err(SrtpError::Forged);
        }
        let index = u64::from(word & !ENCRYPTED);
        let known = self.sources.iter().find(|source| source.ssrc == ssrc);
        if known.is_some_and(|source| source.rtcp.has(index)) {
            return Err(SrtpError::Replayed);
        }
        let open = self.buffer.get_mut(..length).ok_or(SrtpError::Long)?;
        open.copy_from_slice(packet);
        if word & ENCRYPTED != 0 {
            self.rtcp.encrypt(ssrc, index, open.get_mut(RTCP_HEADER..).unwrap_or_default());
        }
        source(&mut self.sources, ssrc).rtcp.note(index);
        Ok(&self.buffer[..length])
    }
}

/// Only for what has proved itself: a forged SSRC costs no place.
fn source(sources: &mut Vec<Source>, ssrc: u32) -> &mut Source {
    let at = sources.iter().position(|source| source.ssrc == ssrc);
    let at = at.unwrap_or_else(|| {
        if sources.len() == SOURCES_MAX {
            sources.remove(0);
        }
        sources.push(Source { ssrc, rtp: Window::default(), rtcp: Window::default() });
        sources.len() - 1
    });
    &mut sources[at]
}

/// Which of the last 64 packets have come (§3.3.2).
#[derive(Clone, Copy, Default)]
struct Window {
    highest: Option<u64>,
    /// Bit n: `highest - n` has come.
    seen: u64,
}

impl Window {
    /// Appendix A: the round in which this number is nearest to the highest one.
    fn index_of(&self, sequence: u16) -> u64 {
        let Some(highest) = self.highest else { return sequence.into() };
        let (round, last) = (highest & !(ROUND - 1), highest as u16);
        let ahead = sequence.wrapping_sub(last);
        let round = match () {
            () if ahead < HALF && sequence < last => round + ROUND,
            () if ahead >= HALF && sequence > last => round.saturating_sub(ROUND),
            () => round,
        };
        round | u64::from(sequence)
    }

    const fn has(&self, index: u64) -> bool {
        match self.highest {
            Some(highest) if index <= highest => {
                let age = highest - index;
                age >= 64 || self.seen >> age & 1 == 1
            }
            _ => false,
        }
    }

    const fn note(&mut self, index: u64) {
        match self.highest {
            Some(highest) if index <= highest => {
                let age = highest - index;
                if age < 64 {
                    self.seen |= 1 << age;
                }
            }
            Some(highest) => {
                let step = index - highest;
                self.seen = if step < 64 { self.seen << step | 1 } else { 1 };
                self.highest = Some(index);
            }
            None => (self.highest, self.seen) = (Some(index), 1),
        }
    }
}

/// The session keys of RTP, or of RTCP (§4.3).
struct Keys {
    cipher: Aes128,
    mac: Hmac<Sha1>,
    salt: [u8; SALT],
}

impl Keys {
    fn derive(MasterKey(master): &MasterKey, label: u8) -> Self {
        let (key, salt) = master.split_at(KEY);
        let mut master_key = [0; KEY];
        master_key.copy_from_slice(key);
        let master_cipher = Aes128::new(&master_key.into());
        let mut master_salt = [0; SALT];
        master_salt.copy_from_slice(salt);
        let (mut key, mut mac, mut salt) = ([0; KEY], [0; MAC_KEY], [0; SALT]);
        derive(&master_cipher, master_salt, label, &mut key);
        derive(&master_cipher, master_salt, label + 1, &mut mac);
        derive(&master_cipher, master_salt, label + 2, &mut salt);
        let mac = hmac::KeyInit::new_from_slice(&mac).expect("HMAC takes a key of any length");
        Self { cipher: Aes128::new(&key.into()), mac, salt }
    }

    /// And decrypts: counter mode is its own inverse.
    fn encrypt(&self, ssrc: u32, index: u64, bytes: &mut [u8]) {
        stream(&self.cipher, &counter(&self.salt, ssrc, index), bytes);
    }

    fn authenticate(&self, packet: &[u8], word: u32) -> [u8; MAC_KEY] {
        let mut mac = self.mac.clone();
        mac.update(packet);
        mac.update(&word.to_be_bytes());
        mac.finalize().into_bytes().into()
    }
}

/// §4.3.1, with a key derivation rate of 0: the label stands alone.
fn derive(cipher: &Aes128, mut salt: [u8; SALT], label: u8, into: &mut [u8]) {
    salt[7] ^= label;
    stream(cipher, &counter(&salt, 0, 0), into);
}

/// §4.1.1.
fn counter(salt: &[u8; SALT], ssrc: u32, index: u64) -> [u8; KEY] {
    let salted = salt.iter().fold(0_u128, |all, byte| all << 8 | u128::from(*byte)) << 16;
    (salted ^ u128::from(ssrc) << 64 ^ u128::from(index) << 16).to_be_bytes()
}

/// Over zeros it is the key stream itself.
fn stream(cipher: &Aes128, counter: &[u8; KEY], bytes: &mut [u8]) {
    CtrCore::<_, Ctr128BE>::inner_iv_init(cipher, counter.into())
        .apply_keystream_partial(bytes.into());
}

/// In a time that does not tell how much of it is right.
fn same(ours: &[u8], theirs: &[u8]) -> bool {
    let differs = ours.iter().zip(theirs).fold(0, |all, (a, b)| all | (a ^ b));
    let is_same = ours.len() == theirs.len() && std::hint::black_box(differs) == 0;
    is_same || broken(Breakage::SealNotChecked)
}

struct Header {
    length: usize,
    sequence: u16,
    ssrc: u32,
}

impl Header {
    /// RFC 3550 §5.1, §5.3.1: CSRCs and the extension stay in clear.
    fn read(packet: &[u8]) -> Result<Self, SrtpError> {
        let &[first, _, high, low, ..] = packet else { return Err(SrtpError::Short) };
        let ssrc = number(packet, 8).ok_or(SrtpError::Short)?;
        let mut length = 12 + 4 * usize::from(first & 0x0F);
        if first & 0x10 != 0 {
            let words = number(packet, length).ok_or(SrtpError::Short)? & 0xFFFF;
            length += 4 + 4 * words as usize;
        }
        if length > packet.len() {
            return Err(SrtpError::Short);
        }
        Ok(Self { length, sequence: u16::from_be_bytes([high, low]), ssrc })
    }
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|four| u32::from_be_bytes(*four))
}

const KEY: usize = 16;
const SALT: usize = 14;
const MAC_KEY: usize = 20;

/// §4.3.2: key, authentication and salt follow each other.
const LABEL_RTP: u8 = 0;
const LABEL_RTCP: u8 = 3;

const RTCP_HEADER: usize = 8;
/// E bit and index.
const INDEX: usize = 4;
const ENCRYPTED: u32 = 1 << 31;
const RTCP_TAG: usize = 10;

const ROUND: u64 = 1 << 16;
const HALF: u16 = 1 << 15;

/// As long as the buffer that the socket is read into.
const PACKET_MAX: usize = 2048;

/// A far side changes its SSRC when it is transferred, a few times a call. What was forgotten
/// could be played to us again.
const SOURCES_MAX: usize = 8;

#[cfg(test)]
mod tests;
