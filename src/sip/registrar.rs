//! Phones that register with us (RFC 3261 §10.3).

use std::{
    collections::BTreeMap,
    fmt,
    time::{Duration, Instant},
};

use rand::{Rng, SeedableRng, rngs::StdRng};

use super::{
    auth::{Authenticator, Ha1, Verdict},
    endpoint::Flow,
    message::{NameAddr, Request, Response, Uri, name},
};

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct RegistrarConfig {
    pub min_expires_s: u32,
    pub max_expires_s: u32,
    /// For phones that ask for nothing.
    pub default_expires_s: u32,
}

/// Who is where. One account may have several phones.
pub struct Registrar {
    config: RegistrarConfig,
    auth: Authenticator,
    accounts: BTreeMap<String, Vec<Binding>>,
    rng: StdRng,
}

/// One phone of an account.
#[derive(Clone, Eq, PartialEq)]
pub struct Binding {
    /// The Request-URI of calls to it.
    pub contact: Uri,
    /// The way that its REGISTER came, which NAT keeps open.
    pub flow: Flow,
    pub expires_at: Instant,
    /// In thousandths: the higher is tried first.
    pub q: u16,
    pub path: Vec<NameAddr>,
    pub user_agent: String,
    call_id: String,
    seq: u32,
}

impl fmt::Debug for Binding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} over {:?}", self.contact, self.flow.transport)
    }
}

/// What a REGISTER changed.
#[derive(Debug)]
pub struct Outcome {
    pub response: Response,
    /// The account, when its bindings are not what they were.
    pub changed: Option<String>,
    /// The account whose secret was guessed, wrongly.
    pub guessed: Option<String>,
}

/// A REGISTER that asks for what cannot be.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Fault {
    Status(u16),
    TooBrief,
}

struct Wish {
    contact: Uri,
    expires_s: u32,
    q: u16,
}

impl Registrar {
    pub fn new(config: RegistrarConfig, auth: Authenticator, seed: u64) -> Self {
        Self { config, auth, accounts: BTreeMap::new(), rng: StdRng::seed_from_u64(seed) }
    }

    /// Answers a REGISTER. `lookup` knows an account's secret by its name, which is the
    /// user part of its address of record.
    pub fn handle(
        &mut self,
        request: &Request,
        flow: Flow,
        lookup: impl FnOnce(&str) -> Option<Ha1>,
        now: Instant,
    ) -> Outcome {
        let tag = format!("{:016x}", self.rng.random::<u64>());
        let respond = |status| Response::to_request(&request.headers, status, &tag);
        let unchanged = |response| Outcome { response, changed: None, guessed: None };
        let ask = |values: Vec<String>| {
            let mut response = respond(401);
            values.into_iter().for_each(|v| response.headers.add(name::WWW_AUTHENTICATE, v));
            unchanged(response)
        };
        let username = match self.auth.check(request, lookup, now) {
            Verdict::Accepted { username } => username,
            Verdict::Challenge(values) => return ask(values),
            Verdict::Wrong { username, values } => {
                return Outcome { guessed: Some(username), ..ask(values) };
            }
        };
        let aor = request.headers.to().ok().and_then(|to| to.uri.as_sip().and(to.uri.user()));
        let account = match aor {
            Some(user) if user == username => user,
            Some(_) => return unchanged(respond(403)),
            None => return unchanged(respond(404)),
        };
        let before = self.contacts_of(&account);
        match self.apply(&account, request, flow, now) {
            Ok(()) => {
                let mut response = respond(200);
                self.list(&account, &mut response, now);
                let changed = (self.contacts_of(&account) != before).then_some(account);
                Outcome { response, changed, guessed: None }
            }
            Err(Fault::Status(status)) => unchanged(respond(status)),
            Err(Fault::TooBrief) => {
                let mut response = respond(423);
                let min = self.config.min_expires_s.to_string();
                response.headers.add(name::MIN_EXPIRES, min);
                unchanged(response)
            }
        }
    }

    /// The phones of an account, the preferred first, of equals the latest.
    pub fn lookup(&self, account: &str, now: Instant) -> Vec<Binding> {
        let all = self.accounts.get(account).into_iter().flatten();
        let mut alive: Vec<_> = all.filter(|binding| binding.expires_at > now).cloned().collect();
        alive.sort_by(|a, b| b.q.cmp(&a.q).then(b.expires_at.cmp(&a.expires_at)));
        alive
    }

    /// A connection has closed: whoever was behind it has to register again.
    pub fn forget_flow(&mut self, flow: Flow) -> Vec<String> {
        self.retain(|binding| binding.flow != flow)
    }

    pub fn handle_timeout(&mut self, now: Instant) -> Vec<String> {
        self.retain(|binding| binding.expires_at > now)
    }

    pub fn poll_timeout(&self) -> Option<Instant> {
        self.accounts.values().flatten().map(|binding| binding.expires_at).min()
    }

    /// All of the request or nothing of it (§10.3 step 7).
    fn apply(
        &mut self,
        account: &str,
        request: &Request,
        flow: Flow,
        now: Instant,
    ) -> Result<(), Fault> {
        let headers = &request.headers;
        let call_id = headers.call_id().map_err(|_| Fault::Status(400))?;
        let seq = headers.cseq().map_err(|_| Fault::Status(400))?.number;
        let known = self.accounts.get(account).cloned().unwrap_or_default();
        if known.iter().any(|binding| binding.call_id == call_id && binding.seq >= seq) {
            return Err(Fault::Status(500));
        }
        if headers.list(name::CONTACT).any(|contact| contact == b"*") {
            let alone = headers.list(name::CONTACT).count() == 1;
            if !alone || headers.number(name::EXPIRES) != Ok(Some(0)) {
                return Err(Fault::Status(400));
            }
            self.accounts.remove(account);
            return Ok(());
        }
        let mut bindings = known;
        let path = headers.routes("Path").map_err(|_| Fault::Status(400))?;
        for wish in self.wishes(request)? {
            bindings.retain(|binding| !binding.contact.same_account(&wish.contact));
            if wish.expires_s > 0 {
                bindings.push(Binding {
                    contact: wish.contact,
                    flow,
                    expires_at: now + Duration::from_secs(wish.expires_s.into()),
                    q: wish.q,
                    path: path.clone(),
                    user_agent: headers.text(name::USER_AGENT).unwrap_or_default(),
                    call_id: call_id.clone(),
                    seq,
                });
            }
        }
        bindings.retain(|binding| binding.expires_at > now);
        let is_new = !self.accounts.contains_key(account);
        if bindings.len() > BINDINGS_MAX || is_new && self.accounts.len() >= ACCOUNTS_MAX {
            return Err(Fault::Status(403));
        }
        match bindings.is_empty() {
            true => drop(self.accounts.remove(account)),
            false => drop(self.accounts.insert(account.to_owned(), bindings)),
        }
        Ok(())
    }

    fn wishes(&self, request: &Request) -> Result<Vec<Wish>, Fault> {
        let bad = Fault::Status(400);
        let for_all = request.headers.number(name::EXPIRES).unwrap_or_default();
        let contacts = request.headers.contacts().map_err(|_| bad)?;
        let wish = |contact: NameAddr| {
            // §10.3 step 6: what cannot be read counts as not said.
            let own = contact.params.get("expires").and_then(|text| text.parse::<u64>().ok());
            let own = own.map(|s| u32::try_from(s).unwrap_or(u32::MAX));
            let expires_s = own.or(for_all).unwrap_or(self.config.default_expires_s);
            if contact.uri.as_sip().is_none() {
                return Err(bad);
            }
            if expires_s > 0 && expires_s < self.config.min_expires_s {
                return Err(Fault::TooBrief);
            }
            let expires_s = expires_s.min(self.config.max_expires_s);
            let q = contact.params.get("q").map_or(Some(1000), |q| thousandths(&q)).ok_or(bad)?;
            Ok(Wish { contact: contact.uri, expires_s, q })
        };
        contacts.into_iter().map(wish).collect()
    }

    fn list(&self, account: &str, response: &mut Response, now: Instant) {
        for binding in self.accounts.get(account).into_iter().flatten() {
            let left = binding.expires_at.saturating_duration_since(now).as_secs();
            let q = f32::from(binding.q) / 1000.0;
            let value = format!("<{}>;expires={left};q={q}", binding.contact);
            response.headers.add(name::CONTACT, value);
        }
    }

    fn contacts_of(&self, account: &str) -> Vec<(String, Flow)> {
        let all = self.accounts.get(account).into_iter().flatten();
        all.map(|binding| (binding.contact.to_string(), binding.flow)).collect()
    }

    fn retain(&mut self, keep: impl Fn(&Binding) -> bool) -> Vec<String> {
        let mut changed = Vec::new();
        self.accounts.retain(|account, bindings| {
            let before = bindings.len();
            bindings.retain(&keep);
            if bindings.len() != before {
                changed.push(account.clone());
            }
            !bindings.is_empty()
        });
        changed
    }
}

/// `0.7` is 700 (§20.10); no more than three digits behind the point.
fn thousandths(text: &str) -> Option<u16> {
    let value = text.parse::<f32>().ok().filter(|q| (0.0..=1.0).contains(q))?;
    format!("{:.0}", value * 1000.0).parse().ok()
}

/// A desk phone, a soft phone, a spare: more is a mistake.
const BINDINGS_MAX: usize = 8;

/// A large hospital's phones, twice over.
const ACCOUNTS_MAX: usize = 10_000;

#[cfg(test)]
mod tests;
