//! A patient typed by hand (F018).

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    domain::{Calendar, RawDischarge, RawOperation},
    web::{
        Shared,
        ask::Body,
        auth::Signed,
        error::{Problem, Result},
    },
};

/// As text, the way a form has it; checked as an imported row is.
#[derive(Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[derive(Default)]
pub(super) struct TypedIn {
    name: String,
    sex: String,
    birth_date: String,
    id_card: String,
    record_no: String,
    admission_no: String,
    sequence: String,
    department: String,
    ward: String,
    admitted_on: String,
    discharged_on: String,
    disposition: String,
    phone: String,
    contact_name: String,
    contact_relation: String,
    contact_phone: String,
    diagnosis_icd: String,
    diagnosis_name: String,
    operation: String,
    operation_code: String,
    operation_name: String,
    operation_date: String,
    surgeon: String,
    new_technique: String,
    /// 入院途径: 1 急诊 2 门诊 3 转入 9 其他
    admission_route: String,
    ed_visits: String,
    disclosure: String,
    language: String,
    address: String,
    attending: String,
    responsible_nurse: String,
}

#[derive(Serialize, ToSchema)]
pub(super) struct TypedView {
    person_id: Uuid,
    admission_id: Uuid,
}

#[utoipa::path(post, path = "/api/patients", tag = "patients", request_body = TypedIn,
    responses((status = 201, body = TypedView)))]
pub(super) async fn type_in(
    State(site): State<Shared>,
    signed: Signed,
    Body(ask): Body<TypedIn>,
) -> Result<Response> {
    let config = site.core.config();
    let raw = RawDischarge {
        name: ask.name,
        sex: ask.sex,
        birth_date: ask.birth_date,
        id_card: ask.id_card,
        record_no: ask.record_no,
        admission_no: ask.admission_no,
        sequence: ask.sequence,
        department: ask.department,
        ward: ask.ward,
        admitted_on: ask.admitted_on,
        discharged_on: ask.discharged_on,
        disposition: ask.disposition,
        phone: ask.phone,
        contact_name: ask.contact_name,
        contact_relation: ask.contact_relation,
        contact_phone: ask.contact_phone,
        diagnosis_icd: ask.diagnosis_icd,
        diagnosis_name: ask.diagnosis_name,
        operation: ask.operation,
        disclosure: ask.disclosure,
        language: ask.language,
        address: ask.address,
        attending: ask.attending,
        responsible_nurse: ask.responsible_nurse,
        other_diagnoses: Vec::new(),
        operations: vec![RawOperation {
            code: ask.operation_code,
            name: ask.operation_name,
            performed_on: ask.operation_date,
            surgeon: ask.surgeon,
        }],
        new_technique: ask.new_technique,
        admission_route: ask.admission_route,
        ed_visits: ask.ed_visits,
    };
    let calendar = Calendar::always(config.hospital.timezone);
    let (by, area) = (&signed.0.principal, &config.hospital.area_code);
    let at = site.core.clock.wall();
    let (person, admission) =
        site.core.app.type_in(by, &raw, &calendar, area, at).await?.map_err(|faults| {
            let told: Vec<_> = faults.iter().map(|f| format!("{}:{}", f.column, f.what)).collect();
            Problem::invalid(told.join("; "))
        })?;
    let view = TypedView { person_id: *person.as_uuid(), admission_id: *admission.as_uuid() };
    Ok((StatusCode::CREATED, Json(view)).into_response())
}
