use std::{
    fmt,
    time::{Duration, Instant},
};

use sha2::{Digest, Sha256};

use super::{Algorithm, Proof, hex};
use crate::sip::message::{Method, Request, Uri, name, split_challenges};

/// H(user:realm:password) for each algorithm: the password itself is not kept.
#[derive(Clone, Eq, PartialEq)]
pub struct Ha1 {
    pub md5: String,
    pub sha256: String,
}

impl fmt::Debug for Ha1 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ha1(_)")
    }
}

/// Challenges, and judges the answers. A nonce carries its own time and a proof that we
/// made it, so nothing is remembered between two requests.
pub struct Authenticator {
    realm: String,
    secret: [u8; 32],
    since: Instant,
    /// What is offered, the preferred first.
    offered: Vec<Algorithm>,
}

#[derive(Debug, Eq, PartialEq)]
pub enum Verdict {
    Accepted {
        username: String,
    },
    /// Send 401 with these WWW-Authenticate values: no credentials, or a nonce that has aged;
    /// a caller cannot tell an unknown user from a wrong password.
    Challenge(Vec<String>),
    /// The same answer, to who guessed: the proof was made for a nonce of ours.
    Wrong {
        username: String,
        values: Vec<String>,
    },
}

impl Authenticator {
    pub fn new(realm: &str, secret: [u8; 32], now: Instant) -> Self {
        // The stronger first (RFC 8760 §2.3).
        let offered = vec![Algorithm::Sha256, Algorithm::Md5];
        Self { realm: realm.replace(['"', '\\', '\r', '\n'], ""), secret, since: now, offered }
    }

    /// MD5 alone: many desk phones (libre 1.1 among them) give up when they see an
    /// algorithm that they do not know, wherever it stands.
    pub fn for_older_phones(self) -> Self {
        Self { offered: vec![Algorithm::Md5], ..self }
    }

    pub fn check(
        &self,
        request: &Request,
        lookup: impl FnOnce(&str) -> Option<Ha1>,
        now: Instant,
    ) -> Verdict {
        let given = request.headers.all(name::AUTHORIZATION).flat_map(split_challenges);
        let given = given.into_iter().find(|a| a.get("realm") == Some(self.realm.as_str()));
        let Some(given) = given else { return self.challenge(false, now) };
        // An aged nonce (or one of before a restart) is asked for anew whatever was proven with
        // it: otherwise it would tell right guesses from wrong ones, uncounted.
        if !given.get("nonce").is_some_and(|nonce| self.is_fresh(nonce, now)) {
            return self.challenge(true, now);
        }
        let Some(username) = given.get("username") else { return self.challenge(false, now) };
        let (known, username) = (lookup(username), username.to_owned());
        match self.is_proven(request, &given, known.as_ref()) && known.is_some() {
            true => Verdict::Accepted { username },
            false => Verdict::Wrong { username, values: self.values(false, now) },
        }
    }

    fn is_proven(
        &self,
        request: &Request,
        given: &crate::sip::message::AuthParams,
        known: Option<&Ha1>,
    ) -> bool {
        let fields = (given.get("nonce"), given.get("uri"), given.get("response"));
        let (Some(nonce), Some(uri), Some(response)) = fields else { return false };
        let Some(algorithm) = Algorithm::from_name(given.get("algorithm")) else { return false };
        if !is_of(request, uri) {
            return false;
        }
        let ha1 = match (algorithm, known) {
            (Algorithm::Md5, Some(known)) => &known.md5,
            (Algorithm::Sha256, Some(known)) => &known.sha256,
            // The same work for an unknown user.
            (_, None) => "",
        };
        let qop = match given.get("qop") {
            None => None,
            Some(qop) if qop.eq_ignore_ascii_case("auth") => {
                Some((given.get("nc").unwrap_or_default(), given.get("cnonce").unwrap_or_default()))
            }
            Some(_) => return false,
        };
        let method = request.method.as_str();
        let expected = Proof { algorithm, ha1, method, uri, nonce, qop }.response();
        same(&expected, &response.to_ascii_lowercase())
    }

    fn challenge(&self, is_stale: bool, now: Instant) -> Verdict {
        Verdict::Challenge(self.values(is_stale, now))
    }

    fn values(&self, is_stale: bool, now: Instant) -> Vec<String> {
        let nonce = self.nonce(now.saturating_duration_since(self.since).as_secs());
        let stale = if is_stale { ", stale=true" } else { "" };
        let values = self.offered.iter().map(|algorithm| {
            format!(
                "Digest realm=\"{}\", nonce=\"{nonce}\", algorithm={}, qop=\"auth\"{stale}",
                self.realm,
                algorithm.name()
            )
        });
        values.collect()
    }

    fn nonce(&self, at_s: u64) -> String {
        let mut hash = Sha256::new();
        hash.update(self.secret);
        hash.update(at_s.to_be_bytes());
        let inner = hash.finalize();
        // Twice, with the secret in front each time, so that it cannot be extended.
        let mut outer = Sha256::new();
        outer.update(self.secret);
        outer.update(inner);
        format!("{at_s:x}-{}", hex(&outer.finalize()[..16]))
    }

    fn is_fresh(&self, nonce: &str, now: Instant) -> bool {
        let at_s = nonce.split('-').next().and_then(|at| u64::from_str_radix(at, 16).ok());
        let Some(at_s) = at_s.filter(|at_s| same(&self.nonce(*at_s), nonce)) else { return false };
        let age = now.saturating_duration_since(self.since).as_secs().checked_sub(at_s);
        age.is_some_and(|age| age <= NONCE_LIFE.as_secs())
    }
}

/// Credentials for one URI are not good for another.
fn is_of(request: &Request, uri: &str) -> bool {
    let Ok(uri) = uri.parse::<Uri>() else { return false };
    // A phone may leave out port, parameters or user, or write the user for a REGISTER.
    match (uri.host(), request.uri.host()) {
        (Some(a), Some(b)) => {
            let user = uri.user().filter(|_| request.method != Method::Register);
            a == b && (user.is_none() || user == request.uri.user())
        }
        _ => uri == request.uri,
    }
}

/// In the same time wherever they differ.
fn same(a: &str, b: &str) -> bool {
    a.len() == b.len() && a.bytes().zip(b.bytes()).fold(0, |d, (a, b)| d | (a ^ b)) == 0
}

/// Longer than any retransmission, shorter than a leaked trace is useful.
const NONCE_LIFE: Duration = Duration::from_secs(300);
