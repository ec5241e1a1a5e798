//! The people around a patient, and their numbers, in the order in which they were named.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{
    app::Result,
    base::{ContactId, NumberId, PersonId},
    domain::{Discharge, NextOfKin, Relation},
    store::{
        self, Scope,
        person::{NewContact, NewNumber},
    },
};

/// Contacts and numbers that are not known yet; the known ones stay as they are, with all
/// that was learnt of them.
pub(super) async fn add(
    scope: &mut Scope,
    told: &[(PersonId, &Discharge)],
    source: &str,
    at: DateTime<Utc>,
) -> Result<()> {
    let own = |discharge: &Discharge| NextOfKin {
        name: None,
        relation: Relation::Own,
        numbers: discharge.numbers.clone(),
        raw_phone: discharge.raw_phone.clone(),
    };
    let mut all = Vec::with_capacity(2 * told.len());
    for (person, discharge) in told {
        all.push((*person, own(discharge)));
        all.extend(discharge.contact.iter().map(|kin| (*person, kin.clone())));
    }
    add_kin(scope, &all, source, at).await
}

pub(super) async fn add_kin(
    scope: &mut Scope,
    told: &[(PersonId, NextOfKin)],
    source: &str,
    at: DateTime<Utc>,
) -> Result<()> {
    let contacts = contacts(scope, told, at).await?;
    let ids: Vec<Uuid> = contacts.iter().map(|id| *id.as_uuid()).collect();
    let (mut next, mut seen) = (HashMap::new(), HashSet::new());
    for row in store::contact::numbers_of(scope, &ids).await? {
        next.insert(row.contact_id, row.position + 1);
        seen.insert((row.contact_id, row.e164));
    }
    let mut new = Vec::new();
    for (contact, (_, kin)) in contacts.iter().zip(told) {
        for number in &kin.numbers {
            let id = *contact.as_uuid();
            if !seen.insert((id, number.e164.as_str().to_owned())) {
                continue;
            }
            let position = next.entry(id).or_insert(0_i16);
            let row = NewNumber {
                id: NumberId::new(at),
                contact: *contact,
                e164: &number.e164,
                extension: number.extension.as_deref(),
                kind: number.kind.as_str(),
                raw: &kin.raw_phone,
                source,
            };
            new.push((row, *position));
            *position = position.saturating_add(1);
        }
    }
    Ok(store::contact::insert_numbers(scope, &new, at).await?)
}

/// The contact of each, made where it is not there.
async fn contacts(
    scope: &mut Scope,
    told: &[(PersonId, NextOfKin)],
    at: DateTime<Utc>,
) -> Result<Vec<ContactId>> {
    let people: Vec<Uuid> = told.iter().map(|(person, _)| *person.as_uuid()).collect();
    let (mut next, mut known) = (HashMap::new(), HashMap::new());
    for row in store::contact::of_people(scope, &people).await? {
        next.insert(row.person_id, row.position + 1);
        let contact = ContactId::from_uuid(row.contact_id);
        known.entry((row.person_id, row.relation, row.name)).or_insert(contact);
    }
    let mut new = Vec::new();
    let mut contacts = Vec::with_capacity(told.len());
    for (person, kin) in told {
        let key = (*person.as_uuid(), kin.relation.as_str().to_owned(), kin.name.clone());
        let contact = *known.entry(key).or_insert_with(|| {
            let position = next.entry(*person.as_uuid()).or_insert(0_i16);
            let row = NewContact {
                id: ContactId::new(at),
                person: *person,
                relation: kin.relation.as_str(),
                name: kin.name.as_deref(),
                informed: false,
            };
            let id = row.id;
            new.push((row, *position));
            *position = position.saturating_add(1);
            id
        });
        contacts.push(contact);
    }
    store::contact::insert_all(scope, &new, at).await?;
    Ok(contacts)
}
