//! What staff change of a patient by hand: with the old value, who, when and why.

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::json;

use super::{
    App, AppError, Change, Result,
    admission::{Admitting, admit_all},
    note,
    plans::{Noting, Rulebook, needs_reason},
};
use crate::{
    base::{AdmissionId, ContactId, NumberId, PersonId},
    domain::{Calendar, RawDischarge, Relation, RowFault, pinyin_keys, read_cell},
    store::{
        self, Principal, Scope,
        patient::{Changed, Edit},
    },
};

/// A number that somebody has told.
pub struct ToldNumber<'a> {
    pub relation: Relation,
    pub contact_name: Option<&'a str>,
    pub informed: bool,
    pub phone: &'a str,
    /// 住院证 入院评估单 患者 家属 HIS 补录.
    pub source: &'a str,
    pub valid_until: Option<NaiveDate>,
}

impl App {
    /// A patient typed by hand, checked as imported ones are (F018). `Err` holds the faults
    /// by field.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn type_in(
        &self,
        by: &Principal,
        raw: &RawDischarge,
        calendar: &Calendar,
        area_code: &str,
        at: DateTime<Utc>,
    ) -> Result<Result<(PersonId, AdmissionId), Vec<RowFault>>> {
        let discharge = match raw.check(calendar.local_date(at), area_code) {
            Ok(discharge) => discharge,
            Err(faults) => return Ok(Err(faults)),
        };
        let mut scope = self.scope(by).await?;
        let book = Rulebook::read(&mut scope).await?;
        let book = book.as_ref();
        let source = "import";
        let how = Admitting { by, book, noting: Noting::EachPlan, calendar, source, at };
        let admitted = admit_all(&mut scope, &how, &[discharge]).await?.pop();
        let admitted = admitted.ok_or(AppError::NotFound("admission"))?;
        if !admitted.is_new {
            let what = "这次住院已经登记过,请勿重复 / this admission is there already";
            return Err(AppError::Conflict(what.to_owned()));
        }
        note_person(&mut scope, by, "typed_in", admitted.person, None, at).await?;
        self.commit(scope).await?;
        Ok(Ok((admitted.person, admitted.admission)))
    }

    /// # Errors
    /// When there is no such person.
    pub async fn edit_person(
        &self,
        by: &Principal,
        person: PersonId,
        edit: &Edit<'_>,
        reason: Option<&str>,
        at: DateTime<Utc>,
    ) -> Result<()> {
        let mut scope = self.scope(by).await?;
        let before = store::patient::find(&mut scope, person).await?;
        let before = before.ok_or(AppError::NotFound("patient"))?;
        let only = before.patient_only.to_string();
        let new_only = edit.patient_only.map(|only| only.to_string());
        let fields = [
            ("name", Some(before.name.as_str()), edit.name),
            ("name_reading", before.name_reading.as_deref(), edit.name_reading),
            ("work_address", before.work_address.as_deref(), edit.work_address),
            ("home_address", before.home_address.as_deref(), edit.home_address),
            ("communication_mark", before.communication_mark.as_deref(), edit.communication_mark),
            ("language", Some(before.language.as_str()), edit.language),
            ("patient_only", Some(only.as_str()), new_only.as_deref()),
        ];
        for (what, old, new) in fields {
            if new.is_some() && new != old {
                let changed = Changed { what, old, new, reason };
                store::patient::add_history(&mut scope, person, by.name(), &changed, at).await?;
            }
        }
        store::patient::edit(&mut scope, person, edit, at).await?;
        if let Some(name) = edit.name {
            store::person::set_sounds(&mut scope, person, &pinyin_keys(name)).await?;
        }
        note_person(&mut scope, by, "changed", person, reason, at).await?;
        self.commit(scope).await
    }

    /// A new number becomes the first that is dialled; the old ones stay, with their
    /// source and time. Follow-ups that waited for a number go on (F019, F024).
    ///
    /// # Errors
    /// When the text is no number, or there is no such person.
    pub async fn tell_number(
        &self,
        by: &Principal,
        person: PersonId,
        told: &ToldNumber<'_>,
        area_code: &str,
        at: DateTime<Utc>,
    ) -> Result<u64> {
        let mut scope = self.scope(by).await?;
        store::patient::find(&mut scope, person).await?.ok_or(AppError::NotFound("patient"))?;
        let reopened = tell_number(&mut scope, by, person, told, area_code, at).await?;
        note_person(&mut scope, by, "number_told", person, None, at).await?;
        self.commit(scope).await?;
        Ok(reopened)
    }

    /// 作废号码, with a coded reason (F022); nobody dials it again for this patient.
    ///
    /// # Errors
    /// Without a reason, or when there is no such number.
    pub async fn block_number(
        &self,
        by: &Principal,
        number: NumberId,
        reason: &str,
        at: DateTime<Utc>,
    ) -> Result<()> {
        needs_reason(reason)?;
        let mut scope = self.scope(by).await?;
        let state = if reason == "wrong_number" { "blocked" } else { "invalid" };
        let person = store::patient::block_number(&mut scope, number, state, at).await?;
        let person = PersonId::from_uuid(person.ok_or(AppError::NotFound("number"))?);
        let (old, new) = (None, Some(state));
        let changed = Changed { what: "number_state", old, new, reason: Some(reason) };
        store::patient::add_history(&mut scope, person, by.name(), &changed, at).await?;
        note_person(&mut scope, by, "number_blocked", person, Some(reason), at).await?;
        self.commit(scope).await
    }

    /// 知情家属: may hear about health.
    ///
    /// # Errors
    /// When there is no such contact.
    pub async fn set_informed(
        &self,
        by: &Principal,
        person: PersonId,
        contact: ContactId,
        informed: bool,
        at: DateTime<Utc>,
    ) -> Result<()> {
        let mut scope = self.scope(by).await?;
        if !store::patient::set_informed(&mut scope, contact, informed).await? {
            return Err(AppError::NotFound("contact"));
        }
        let did = if informed { "contact_informed" } else { "contact_not_informed" };
        note_person(&mut scope, by, did, person, None, at).await?;
        self.commit(scope).await
    }
}

pub(super) async fn tell_number(
    scope: &mut Scope,
    by: &Principal,
    person: PersonId,
    told: &ToldNumber<'_>,
    area_code: &str,
    at: DateTime<Utc>,
) -> Result<u64> {
    let numbers = read_cell(told.phone, area_code)
        .map_err(|fault| AppError::Invalid(format!("电话 / phone: {fault}")))?;
    let new = store::person::NewContact {
        id: ContactId::new(at),
        person,
        relation: told.relation.as_str(),
        name: told.contact_name,
        informed: told.informed,
    };
    let contact = store::person::contact(scope, &new, at).await?;
    // The first of a cell is the first to be dialled: told last.
    for number in numbers.iter().rev() {
        let row = store::person::NewNumber {
            id: NumberId::new(at),
            contact,
            e164: &number.e164,
            extension: number.extension.as_deref(),
            kind: number.kind.as_str(),
            raw: told.phone,
            source: told.source,
        };
        store::person::add_number(scope, &row, at).await?;
        let (e164, until) = (number.e164.as_str(), told.valid_until);
        store::patient::tell_again(scope, contact, e164, told.source, until, at).await?;
        store::patient::put_first(scope, contact, e164).await?;
    }
    let (old, new) = (None, Some(told.relation.as_str()));
    let changed = Changed { what: "number", old, new, reason: Some(told.source) };
    store::patient::add_history(scope, person, by.name(), &changed, at).await?;
    Ok(store::patient::reopen_repaired(scope, person, by.name(), at).await?)
}

pub(super) async fn note_person(
    scope: &mut Scope,
    by: &Principal,
    did: &str,
    person: PersonId,
    reason: Option<&str>,
    at: DateTime<Utc>,
) -> Result<()> {
    let change = Change {
        did,
        subject: "person",
        subject_id: person.to_string(),
        reason,
        department: None,
        body: json!({ "person_id": person }),
    };
    note(scope, by, &change, at).await
}
