//! A40: what is kept under another number belongs to this person.

use serde_json::json;

use super::{
    hl7::{Applied, Telling},
    person_of_message::Ids,
};
use crate::{
    app::{Change, EndReason, note, plans::stop_person},
    base::PersonId,
    domain::Sex,
    his::hl7::PatientId,
    store::{self, Scope, person::NewPerson},
};

pub(super) async fn into(
    scope: &mut Scope,
    telling: &Telling<'_>,
    survivor: PersonId,
    name: &str,
    from: &[PatientId],
) -> Applied<()> {
    for id in from {
        let Some(Ids { record_no, id_card }) = Ids::read(std::slice::from_ref(id)) else {
            continue;
        };
        let (no, card) = (record_no.as_str(), id_card.as_deref());
        let found = store::person::find_all(scope, &[Some(no)], &[card]).await?;
        let other = match found.first() {
            Some((_, other)) if *other == survivor => continue,
            Some((_, other)) => *other,
            // What comes late under the old number must find its way, too.
            None => stub(scope, telling, name, no).await?,
        };
        merge(scope, telling, other, survivor).await?;
    }
    Ok(())
}

async fn stub(
    scope: &mut Scope,
    telling: &Telling<'_>,
    name: &str,
    record_no: &str,
) -> Applied<PersonId> {
    let id = PersonId::new(telling.at);
    let new = NewPerson {
        id,
        record_no: Some(record_no),
        id_card: None,
        name: if name.is_empty() { record_no } else { name },
        sex: Sex::Unknown.as_str(),
        birth_date: None,
        home_address: None,
        language: "zh-CN",
    };
    store::person::insert_all(scope, &[new], telling.at).await?;
    Ok(id)
}

async fn merge(
    scope: &mut Scope,
    telling: &Telling<'_>,
    from: PersonId,
    into: PersonId,
) -> Applied<()> {
    let had_died = store::told::lock_person(scope, from).await?.died;
    let has_died = store::told::lock_person(scope, into).await?.died;
    store::merge::merge(scope, from, into, telling.at).await?;
    let change = Change {
        did: "merged",
        subject: "person",
        subject_id: into.to_string(),
        reason: Some("A40"),
        department: None,
        body: json!({ "person_id": into, "from": from }),
    };
    note(scope, telling.by, &change, telling.at).await?;
    if had_died || has_died {
        stop_person(scope, telling.by, into, EndReason::Died, telling.at).await?;
    }
    Ok(())
}
