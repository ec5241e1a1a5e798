//! Guessing is slow: wrong proofs are counted by account and by source, and whoever has made
//! too many is not looked at for a while; the answer stays the same. A device that has proven
//! itself before is never locked out by somebody else's guesses.

use std::{
    collections::HashMap,
    hash::Hash,
    net::{IpAddr, SocketAddr},
    time::{Duration, Instant},
};

use crate::base::{Breakage, broken};

#[derive(Debug, Default)]
pub struct Guard {
    accounts: HashMap<String, Tries>,
    sources: HashMap<IpAddr, Tries>,
    devices: HashMap<(String, IpAddr), Device>,
}

#[derive(Debug, Default)]
struct Tries {
    wrong: u32,
    last_at: Option<Instant>,
    locked_until: Option<Instant>,
}

/// Where an account has proven itself.
#[derive(Debug)]
struct Device {
    port: u16,
    /// Guesses from the same address, another port.
    tries: Tries,
    seen_at: Instant,
}

impl Guard {
    /// Is a proof of this account from there to be looked at?
    pub fn may_try(&self, account: &str, from: SocketAddr, now: Instant) -> bool {
        if broken(Breakage::GuessesFree) {
            return true;
        }
        if let Some(device) = self.devices.get(&(account.to_owned(), from.ip())) {
            return device.port == from.port() || !device.tries.is_locked(now);
        }
        let is_locked = |tries: Option<&Tries>| tries.is_some_and(|tries| tries.is_locked(now));
        !is_locked(self.accounts.get(account)) && !is_locked(self.sources.get(&from.ip()))
    }

    /// The proof was made for a nonce of ours, and is wrong. `exists`: there is nothing to
    /// guess of an account that is not there.
    pub fn wrong(&mut self, account: &str, exists: bool, from: SocketAddr, now: Instant) {
        if let Some(device) = self.devices.get_mut(&(account.to_owned(), from.ip())) {
            return device.tries.wrong(FREE_TRIES, now);
        }
        if exists
            && let Some(tries) =
                entry(&mut self.accounts, account.to_owned(), |tries| tries.is_forgotten(now))
        {
            tries.wrong(FREE_TRIES, now);
        }
        if let Some(tries) = entry(&mut self.sources, from.ip(), |tries| tries.is_forgotten(now)) {
            tries.wrong(FREE_TRIES_OF_A_SOURCE, now);
        }
    }

    pub fn right(&mut self, account: &str, from: SocketAddr, now: Instant) {
        let key = (account.to_owned(), from.ip());
        if self.devices.len() >= KEPT_MAX && !self.devices.contains_key(&key) {
            self.devices.retain(|_, device| now < device.seen_at + REMEMBERED);
            if self.devices.len() >= KEPT_MAX {
                return;
            }
        }
        let fresh = || Device { port: from.port(), tries: Tries::default(), seen_at: now };
        let device = self.devices.entry(key).or_insert_with(fresh);
        (device.port, device.seen_at) = (from.port(), now);
    }

    /// Its secret was changed: guesses at the old one count no more.
    pub fn forget(&mut self, account: &str) {
        self.accounts.remove(account);
        self.devices.retain(|(of, _), _| of != account);
    }
}

/// `None`: the table is full of others, each of whom is still waited for.
fn entry<K: Eq + Hash>(
    table: &mut HashMap<K, Tries>,
    key: K,
    is_over: impl Fn(&Tries) -> bool,
) -> Option<&mut Tries> {
    if table.len() >= KEPT_MAX && !table.contains_key(&key) {
        table.retain(|_, tries| !is_over(tries));
        if table.len() >= KEPT_MAX {
            return None;
        }
    }
    Some(table.entry(key).or_default())
}

impl Tries {
    fn is_locked(&self, now: Instant) -> bool {
        self.locked_until.is_some_and(|until| now < until)
    }

    fn is_forgotten(&self, now: Instant) -> bool {
        self.last_at.is_none_or(|at| now >= at + FORGOTTEN_AFTER)
    }

    fn wrong(&mut self, free: u32, now: Instant) {
        if self.is_forgotten(now) {
            *self = Self::default();
        }
        self.wrong = self.wrong.saturating_add(1);
        self.last_at = Some(now);
        if self.wrong >= free {
            let doublings = (self.wrong - free).min(8);
            let wait = (LOCK_MIN * 2_u32.pow(doublings)).min(LOCK_MAX);
            self.locked_until = Some(now + wait);
        }
    }
}

/// A finger that slips, on a phone that asks again by itself.
const FREE_TRIES: u32 = 5;
/// Some phones stand behind one NAT.
const FREE_TRIES_OF_A_SOURCE: u32 = 20;
/// Doubling from here: some fifteen guesses in the first hour, four in each that follows.
const LOCK_MIN: Duration = Duration::from_secs(30);
const LOCK_MAX: Duration = Duration::from_secs(900);
const FORGOTTEN_AFTER: Duration = Duration::from_secs(3600);
/// A phone on holiday.
const REMEMBERED: Duration = Duration::from_secs(30 * 24 * 3600);
/// As many as the registrar takes accounts; a wrong proof costs its maker a round trip, so
/// nobody fills this with forged addresses.
const KEPT_MAX: usize = 10_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::epoch;

    const PHONE: &str = "10.0.9.1:5060";
    const CRACKER: &str = "10.0.66.1:5070";

    fn at(address: &str) -> SocketAddr {
        address.parse().unwrap()
    }

    /// How many guesses of one a second are looked at.
    fn guesses(guard: &mut Guard, from: &str, seconds: u32, since: Instant) -> u32 {
        (0..seconds)
            .filter(|second| {
                let now = since + Duration::from_secs(1) * *second;
                let looked_at = guard.may_try("8001", at(from), now);
                if looked_at {
                    guard.wrong("8001", true, at(from), now);
                }
                looked_at
            })
            .count() as u32
    }

    #[test]
    fn an_hour_of_guesses_is_fifteen_and_a_known_device_is_let_in_all_the_while() {
        let mut guard = Guard::default();
        let now = epoch();
        guard.right("8001", at(PHONE), now);
        let looked_at = guesses(&mut guard, CRACKER, 3600, now);
        assert!((5..=15).contains(&looked_at), "{looked_at}");
        let later = now + Duration::from_secs(3600);
        assert!(guard.may_try("8001", at(PHONE), later));
        assert!(!guard.may_try("8001", at("10.0.77.1:5060"), now + Duration::from_secs(5)));
    }

    #[test]
    fn who_guesses_from_the_phones_own_address_locks_itself_out_only() {
        let mut guard = Guard::default();
        let now = epoch();
        guard.right("8001", at(PHONE), now);
        let looked_at = guesses(&mut guard, "10.0.9.1:40000", 3600, now);
        assert!(looked_at <= 15, "{looked_at}");
        let later = now + Duration::from_secs(6);
        assert!(!guard.may_try("8001", at("10.0.9.1:40001"), later));
        assert!(guard.may_try("8001", at(PHONE), later));
    }

    #[test]
    fn a_source_that_tries_many_accounts_is_locked_and_others_are_not() {
        let mut guard = Guard::default();
        let now = epoch();
        for n in 0..20 {
            let account = format!("80{n:02}");
            assert!(guard.may_try(&account, at(CRACKER), now), "{n}");
            guard.wrong(&account, n % 2 == 0, at(CRACKER), now);
        }
        assert!(!guard.may_try("8099", at(CRACKER), now));
        assert!(guard.may_try("8000", at("10.0.77.1:5060"), now));
    }

    #[test]
    fn a_new_secret_and_an_hour_of_quiet_open_the_account_again() {
        let mut guard = Guard::default();
        let now = epoch();
        guesses(&mut guard, CRACKER, 10, now);
        let other = at("10.0.77.1:5060");
        assert!(!guard.may_try("8001", other, now + Duration::from_secs(10)));
        guard.forget("8001");
        assert!(guard.may_try("8001", other, now + Duration::from_secs(10)));
        guesses(&mut guard, "10.0.78.1:5060", 10, now);
        let quiet = now + Duration::from_secs(4000);
        assert_eq!(guesses(&mut guard, "10.0.79.1:5060", 5, quiet), 5);
    }

    #[test]
    fn the_tables_have_an_end() {
        let mut guard = Guard::default();
        let now = epoch();
        for n in 0..11_000_u32 {
            let from = SocketAddr::from((std::net::Ipv4Addr::from(0x0b00_0000 + n), 5060));
            guard.wrong(&n.to_string(), true, from, now);
            guard.right(&n.to_string(), from, now);
        }
        assert!(guard.accounts.len() <= KEPT_MAX && guard.sources.len() <= KEPT_MAX);
        assert!(guard.devices.len() <= KEPT_MAX);
    }
}
