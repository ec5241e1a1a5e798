//! Where the phones of this house are: published by the registrar, read by whoever calls
//! one.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use crate::sip::registrar::Binding;

/// As many accounts as the registrar takes.
#[derive(Debug, Default)]
pub struct PhoneBoard(Mutex<BTreeMap<String, Binding>>);

impl PhoneBoard {
    /// The phone to call first; `None`: it has gone.
    pub(super) fn set(&self, account: &str, phone: Option<Binding>) {
        let mut phones = self.phones();
        match phone {
            Some(phone) => phones.insert(account.to_owned(), phone),
            None => phones.remove(account),
        };
    }

    pub fn find(&self, account: &str, now: Instant) -> Option<Binding> {
        self.phones().get(account).filter(|phone| phone.expires_at > now).cloned()
    }

    /// Accounts with a phone that can be called now.
    pub fn reachable(&self, now: Instant) -> Vec<String> {
        let phones = self.phones();
        let alive = phones.iter().filter(|(_, phone)| phone.expires_at > now);
        alive.map(|(account, _)| account.clone()).collect()
    }

    fn phones(&self) -> MutexGuard<'_, BTreeMap<String, Binding>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
