use std::fmt;

use rand::{Rng, rngs::StdRng};

use super::{Algorithm, Proof};
use crate::sip::message::{AuthParams, Request, Response, name, split_challenges};

#[derive(Clone, Eq, PartialEq)]
pub struct Credentials {
    pub username: String,
    pub password: String,
    /// Only a challenge of this realm is answered; `None`: of any.
    pub realm: Option<String>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(_)")
    }
}

/// Answers challenges, and signs later requests with the last nonce.
#[derive(Clone, Debug)]
pub struct ClientAuth {
    credentials: Option<Credentials>,
    nonce_count: u32,
    last_nonce: String,
}

impl ClientAuth {
    pub fn new(credentials: Option<Credentials>) -> Self {
        Self { credentials, nonce_count: 0, last_nonce: String::new() }
    }

    /// Puts credentials into `request`, which was answered by `response` (401, 407).
    /// `tries` counts what was answered for this request so far. False when there is
    /// nothing to answer with, or the peer has seen it and was not pleased.
    pub fn answer(
        &mut self,
        request: &mut Request,
        response: &Response,
        tries: u8,
        rng: &mut StdRng,
    ) -> bool {
        let (challenge_name, answer_name) = match response.status {
            401 => (name::WWW_AUTHENTICATE, name::AUTHORIZATION),
            407 => (name::PROXY_AUTHENTICATE, name::PROXY_AUTHORIZATION),
            _ => return false,
        };
        let Some(credentials) = self.credentials.clone() else { return false };
        let Some(challenge) = best(response, challenge_name, credentials.realm.as_deref()) else {
            return false;
        };
        let is_stale = challenge.get("stale").is_some_and(|s| s.eq_ignore_ascii_case("true"));
        // Many proxies forget to say that a nonce has run out, and only give a fresh one.
        let is_fresh = challenge.get("nonce") != Some(self.last_nonce.as_str());
        let answered_before = request.headers.has(answer_name);
        if tries >= TRIES_MAX || answered_before && !is_stale && !is_fresh {
            return false;
        }
        let Some(value) = self.sign(&challenge, &credentials, request, rng) else { return false };
        request.headers.set(answer_name, value);
        true
    }

    fn sign(
        &mut self,
        challenge: &AuthParams,
        credentials: &Credentials,
        request: &Request,
        rng: &mut StdRng,
    ) -> Option<String> {
        let algorithm = Algorithm::from_name(challenge.get("algorithm"))?;
        let (realm, nonce) = (challenge.get("realm")?, challenge.get("nonce")?);
        if nonce != self.last_nonce {
            self.nonce_count = 0;
            nonce.clone_into(&mut self.last_nonce);
        }
        self.nonce_count += 1;
        let (uri, nc) = (request.uri.to_string(), format!("{:08x}", self.nonce_count));
        let cnonce = format!("{:016x}", rng.random::<u64>());
        let offers_auth = challenge.get("qop").is_some_and(offers_auth);
        let ha1 = algorithm.ha1(&credentials.username, realm, &credentials.password);
        let response = Proof {
            algorithm,
            ha1: &ha1,
            method: request.method.as_str(),
            uri: &uri,
            nonce,
            qop: offers_auth.then_some((nc.as_str(), cnonce.as_str())),
        }
        .response();
        let mut value = format!(
            "Digest username={}, realm={}, nonce={}, uri=\"{uri}\", response=\"{response}\"",
            quoted(&credentials.username),
            quoted(realm),
            quoted(nonce)
        );
        if challenge.get("algorithm").is_some() {
            value += &format!(", algorithm={}", algorithm.name());
        }
        if let Some(opaque) = challenge.get("opaque") {
            value += &format!(", opaque={}", quoted(opaque));
        }
        if offers_auth {
            value += &format!(", qop=auth, nc={nc}, cnonce=\"{cnonce}\"");
        }
        Some(value)
    }
}

/// The strongest challenge that we can answer (RFC 8760 §2.4).
fn best(response: &Response, header: &'static str, realm: Option<&str>) -> Option<AuthParams> {
    let all = response.headers.all(header).flat_map(split_challenges);
    let usable = all.filter_map(|challenge| {
        let algorithm = Algorithm::from_name(challenge.get("algorithm"))?;
        let ours = realm.is_none_or(|realm| challenge.get("realm") == Some(realm));
        let qop = challenge.get("qop").is_none_or(|qop| qop.is_empty() || offers_auth(qop));
        let digest = challenge.scheme.eq_ignore_ascii_case("Digest");
        (digest && ours && qop && challenge.get("nonce").is_some())
            .then_some((algorithm, challenge))
    });
    // Of equals, the first.
    usable.reduce(|a, b| if b.0 > a.0 { b } else { a }).map(|(_, challenge)| challenge)
}

fn offers_auth(qop: &str) -> bool {
    qop.split(',').any(|word| word.trim().eq_ignore_ascii_case("auth"))
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// One with the first nonce, one more when that was stale or another hop asks too.
const TRIES_MAX: u8 = 2;
