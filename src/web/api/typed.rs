//! Typed answers of the page, read against their questionnaire.

use crate::{
    app::{FoundAlert, GivenAnswer, StaffAnswer},
    ivr::{Questionnaire, Typed, read_typed, read_typed_all, typed_in_order},
    web::error::{Problem, Result},
};

pub(super) struct TypedAnswer {
    pub(super) link_id: String,
    pub(super) value: Option<String>,
    pub(super) status: Option<String>,
}

pub(super) fn read(form: &Questionnaire, sha256: &str, told: &TypedAnswer) -> Result<StaffAnswer> {
    let (link_id, value) = (&told.link_id, told.value.as_deref());
    let typed =
        read_typed(form, link_id, value, told.status.as_deref()).map_err(Problem::invalid)?;
    Ok(staff_answer(form, sha256, link_id, typed))
}

/// A whole form: a pair in one cell, and values that stand in an order.
pub(super) fn read_all(
    form: &Questionnaire,
    sha256: &str,
    told: &[TypedAnswer],
) -> Result<Vec<StaffAnswer>> {
    let mut all: Vec<(String, Typed)> = Vec::with_capacity(told.len());
    for TypedAnswer { link_id, value, status } in told {
        let found = read_typed_all(form, link_id, value.as_deref(), status.as_deref());
        all.extend(found.map_err(Problem::invalid)?);
    }
    typed_in_order(form, &all).map_err(Problem::invalid)?;
    Ok(all.into_iter().map(|(id, typed)| staff_answer(form, sha256, &id, typed)).collect())
}

pub(super) fn no_form() -> Problem {
    Problem::invalid("有答案时请写明问卷 / answers need the name of their questionnaire")
}

fn staff_answer(form: &Questionnaire, sha256: &str, link_id: &str, typed: Typed) -> StaffAnswer {
    let text = form.item(link_id).map(|item| item.text.clone()).unwrap_or_default();
    let advice = typed.advice.as_ref().and_then(|id| form.advice.get(id)?.get("zh"));
    let alert = typed.red_flag.map(|level| FoundAlert {
        questionnaire: form.id.clone(),
        link_id: link_id.to_owned(),
        item_text: text.clone(),
        level: level.as_str(),
        due_minutes: level.due_minutes(),
        advice: advice.cloned(),
    });
    let given = GivenAnswer {
        questionnaire: form.id.clone(),
        questionnaire_sha256: sha256.to_owned(),
        link_id: link_id.to_owned(),
        item_text: text,
        status: typed.status,
        option_code: typed.code,
        option_text: typed.label,
        value_number: typed.number,
        value_text: typed.text,
        unit: typed.unit,
        score: typed.score.map(|score| score.to_string()),
        advice: advice.cloned(),
    };
    StaffAnswer { given, alert }
}
