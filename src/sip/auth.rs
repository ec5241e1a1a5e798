//! Digest authentication (RFC 3261 §22, RFC 7616, RFC 8760), MD5 and SHA-256, qop=auth
//! or none.

mod client;
mod guard;
mod server;

use md5::Md5;
use sha2::{Digest, Sha256};

pub use client::{ClientAuth, Credentials};
pub use guard::Guard;
pub use server::{Authenticator, Ha1, Verdict};

#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Algorithm {
    Md5,
    Sha256,
}

impl Algorithm {
    fn name(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Sha256 => "SHA-256",
        }
    }

    /// A challenge without a word about it means MD5 (RFC 7616 §3.3).
    fn from_name(name: Option<&str>) -> Option<Self> {
        match name {
            None => Some(Self::Md5),
            Some(name) if name.eq_ignore_ascii_case("MD5") => Some(Self::Md5),
            Some(name) if name.eq_ignore_ascii_case("SHA-256") => Some(Self::Sha256),
            Some(_) => None,
        }
    }

    fn hash(self, parts: &[&str]) -> String {
        let text = parts.join(":");
        match self {
            Self::Md5 => hex(&Md5::digest(text)),
            Self::Sha256 => hex(&Sha256::digest(text)),
        }
    }

    /// What stands for the password: H(user:realm:password).
    pub fn ha1(self, username: &str, realm: &str, password: &str) -> String {
        self.hash(&[username, realm, password])
    }
}

/// The parts of a `response` that both sides know.
struct Proof<'a> {
    algorithm: Algorithm,
    ha1: &'a str,
    method: &'a str,
    uri: &'a str,
    nonce: &'a str,
    /// `nc` and `cnonce`, with qop=auth.
    qop: Option<(&'a str, &'a str)>,
}

impl Proof<'_> {
    fn response(&self) -> String {
        let ha2 = self.algorithm.hash(&[self.method, self.uri]);
        match self.qop {
            Some((nc, cnonce)) => {
                self.algorithm.hash(&[self.ha1, self.nonce, nc, cnonce, "auth", &ha2])
            }
            None => self.algorithm.hash(&[self.ha1, self.nonce, &ha2]),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;
