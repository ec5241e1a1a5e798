//! Patients, bundles and outcomes.

use serde_json::{Value, json};

use super::FhirFault;

/// A patient as the hospital's own system knows one: names and numbers, no telephone.
pub struct Patient<'a> {
    pub id: String,
    pub name: &'a str,
    pub sex: &'a str,
    pub birth_date: Option<String>,
    pub died_on: Option<String>,
    pub record_no: Option<&'a str>,
    pub admission_nos: &'a [String],
}

pub fn patient(patient: &Patient<'_>) -> Value {
    let coded = |code: &str, system: &str, value: &str| {
        json!({ "system": system, "value": value, "type": { "coding": [{
            "system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": code }] } })
    };
    let record = patient.record_no.iter().map(|no| coded("MR", "urn:suifang:record-no", no));
    let visits = patient.admission_nos.iter().map(|no| coded("VN", ADMISSION_NO, no));
    let gender = if ["male", "female"].contains(&patient.sex) { patient.sex } else { "unknown" };
    let mut out = json!({
        "resourceType": "Patient",
        "id": patient.id,
        "identifier": record.chain(visits).collect::<Vec<_>>(),
        "name": [{ "text": patient.name }],
        "gender": gender,
    });
    if let Some(born) = &patient.birth_date {
        out["birthDate"] = json!(born);
    }
    if let Some(died) = &patient.died_on {
        out["deceasedDateTime"] = json!(died);
    }
    out
}

/// What a search found.
pub fn bundle(resources: Vec<Value>) -> Value {
    let entry = |resource: Value| {
        let kind = resource["resourceType"].as_str().unwrap_or_default();
        let id = resource["id"].as_str().unwrap_or_default();
        json!({ "fullUrl": format!("urn:suifang:{kind}:{id}"), "resource": resource,
            "search": { "mode": "match" } })
    };
    let total = resources.len();
    let entries: Vec<_> = resources.into_iter().map(entry).collect();
    let mut out = json!({ "resourceType": "Bundle", "type": "searchset", "total": total });
    // An empty list is no JSON of FHIR.
    if !entries.is_empty() {
        out["entry"] = Value::Array(entries);
    }
    out
}

/// Faults by their path, as FHIR tells them.
pub fn operation_outcome(severity: &str, code: &str, faults: &[FhirFault]) -> Value {
    let issue = |fault: &FhirFault| {
        json!({ "severity": severity, "code": code, "diagnostics": fault.what,
            "expression": [fault.path] })
    };
    let issues: Vec<_> = faults.iter().map(issue).collect();
    json!({ "resourceType": "OperationOutcome", "issue": issues })
}

/// What may be asked of us.
pub fn capability(date: &str, version: &str) -> Value {
    let search = |name: &str, kind: &str, documentation: &str| json!({ "name": name, "type": kind, "documentation": documentation });
    let by_admission = "住院号, with or without its system";
    json!({
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": date,
        "kind": "instance",
        "software": { "name": "Suifang", "version": version },
        "implementation": { "description": "Follow-ups after discharge" },
        "fhirVersion": "4.0.1",
        "format": ["application/fhir+json"],
        "rest": [{
            "mode": "server",
            "security": { "description": "Authorization: Bearer, a token of scope read" },
            "resource": [
                { "type": "Patient",
                  "interaction": [{ "code": "search-type" }, { "code": "read" }],
                  "searchParam": [search("identifier", "token", by_admission)] },
                { "type": "QuestionnaireResponse", "interaction": [{ "code": "search-type" }],
                  "searchParam": [search("identifier", "token", by_admission),
                      search("subject", "reference", "Patient/{id}")] },
                { "type": "Questionnaire",
                  "interaction": [{ "code": "search-type" }, { "code": "read" }] },
            ],
        }],
    })
}

pub(super) const ADMISSION_NO: &str = "urn:suifang:admission-no";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_bundle_has_no_entry_and_a_full_one_names_each() {
        assert!(bundle(Vec::new()).get("entry").is_none());
        let wang = Patient {
            id: "1".to_owned(),
            name: "王秀英",
            sex: "female",
            birth_date: Some("1952-08-15".to_owned()),
            died_on: None,
            record_no: None,
            admission_nos: &["Z1".to_owned()],
        };
        let found = bundle(vec![patient(&wang)]);
        assert_eq!(found["entry"][0]["fullUrl"], "urn:suifang:Patient:1");
        let resource = &found["entry"][0]["resource"];
        assert_eq!(resource["identifier"][0]["value"], "Z1");
        assert!(resource.get("deceasedDateTime").is_none(), "null is no JSON of FHIR");
    }
}
