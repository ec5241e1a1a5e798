//! Patients found by what is known of them.

use axum::{Json, extract::State};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::today;
use crate::{
    domain::{plain_query, read_cell},
    store::patient,
    web::{
        Shared,
        api::tasks::age,
        ask::{Terms, Window, page},
        auth::Signed,
        error::Result,
    },
};

#[derive(Clone, Debug, Default, Deserialize, Serialize, utoipa::IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(in crate::web::api) struct SearchTerms {
    /// Name, pinyin, initials, admission or record number, telephone number.
    search: String,
    /// The beginning of an ICD code, or a part of a diagnosis, others included.
    diagnosis: Option<String>,
    sex: Option<String>,
    age_from: Option<u32>,
    age_to: Option<u32>,
    discharged_from: Option<NaiveDate>,
    discharged_to: Option<NaiveDate>,
    department_id: Option<Uuid>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct FoundView {
    person_id: Uuid,
    name: String,
    sex: String,
    age: Option<u32>,
    record_no: Option<String>,
    admission_no: Option<String>,
    department: Option<String>,
    discharged_on: Option<NaiveDate>,
    died_on: Option<NaiveDate>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct FoundListView {
    items: Vec<FoundView>,
    has_more: bool,
}

#[utoipa::path(get, path = "/api/patients", tag = "patients", params(SearchTerms, Window),
    responses((status = 200, body = FoundListView)))]
pub(super) async fn search(
    State(site): State<Shared>,
    signed: Signed,
    Terms(ask): Terms<SearchTerms>,
    Terms(window): Terms<Window>,
) -> Result<Json<FoundListView>> {
    let today = today(&site);
    let limit = window.limit();
    let terms = ask.terms(&site, limit + 1, window.offset());
    let mut scope = signed.scope(&site).await?;
    let (rows, has_more) = page(patient::search(&mut scope, &terms).await?, limit);
    let view = |row: patient::Found| FoundView {
        age: row.birth_date.and_then(|born| age(born, today)),
        person_id: row.person_id,
        name: row.name,
        sex: row.sex,
        record_no: row.record_no,
        admission_no: row.admission_no,
        department: row.department,
        discharged_on: row.discharged_on,
        died_on: row.died_on,
    };
    Ok(Json(FoundListView { items: rows.into_iter().map(view).collect(), has_more }))
}

impl SearchTerms {
    /// As the store asks for them.
    pub(in crate::web::api) fn terms(
        self,
        site: &Shared,
        limit: i64,
        offset: i64,
    ) -> patient::Terms {
        let ask = self;
        let today = today(site);
        let area = &site.core.config().hospital.area_code;
        let text = ask.search.trim().to_owned();
        let years = |years: u32| today.checked_sub_months(chrono::Months::new(12 * years));
        patient::Terms {
            e164: read_cell(&text, area)
                .ok()
                .and_then(|n| Some(n.first()?.e164.as_str().to_owned())),
            sound: sound(&text),
            search: text,
            diagnosis: ask.diagnosis,
            sex: ask.sex,
            born_to: ask.age_from.map(old).and_then(years),
            born_from: ask
                .age_to
                .and_then(|age| years(old(age) + 1))
                .and_then(|day| day.succ_opt()),
            discharged_from: ask.discharged_from,
            discharged_to: ask.discharged_to,
            department: ask.department_id,
            limit,
            offset,
        }
    }
}

/// What was typed in Latin letters may be a name's sound.
pub(in crate::web::api) fn sound(text: &str) -> Option<String> {
    let plain = plain_query(text);
    plain.bytes().any(|byte| byte.is_ascii_alphabetic()).then_some(plain)
}

/// Nobody is older, and no calendar goes back to the year before the first.
fn old(age: u32) -> u32 {
    age.min(AGE_MAX)
}

const AGE_MAX: u32 = 200;
