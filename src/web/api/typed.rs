//! Typed answers of the page, read against their questionnaire as it stands.

use crate::{
    app::{FoundAlert, GivenAnswer, StaffAnswer},
    ivr::{Kept, Questionnaire, read_typed},
    web::error::{Problem, Result},
};

pub(super) struct TypedAnswer {
    pub(super) link_id: String,
    pub(super) value: Option<String>,
    pub(super) status: Option<String>,
}

pub(super) fn read(form: Option<&Kept<Questionnaire>>, told: &TypedAnswer) -> Result<StaffAnswer> {
    let form = form.ok_or_else(|| {
        Problem::invalid("有答案时请写明问卷 / answers need the name of their questionnaire")
    })?;
    let (link_id, value) = (&told.link_id, told.value.as_deref());
    let typed = read_typed(&form.value, link_id, value, told.status.as_deref())
        .map_err(Problem::invalid)?;
    let text = form.value.item(link_id).map(|item| item.text.clone()).unwrap_or_default();
    let advice = typed.advice.as_ref().and_then(|id| form.value.advice.get(id)?.get("zh"));
    let alert = typed.red_flag.map(|level| FoundAlert {
        questionnaire: form.value.id.clone(),
        link_id: link_id.clone(),
        item_text: text.clone(),
        level: level.as_str(),
        due_minutes: level.due_minutes(),
        advice: advice.cloned(),
    });
    let given = GivenAnswer {
        questionnaire: form.value.id.clone(),
        questionnaire_sha256: form.sha256.clone(),
        link_id: link_id.clone(),
        item_text: text,
        status: typed.status,
        option_code: typed.code,
        option_text: typed.label,
        value_number: typed.number,
        value_text: typed.text,
        unit: typed.unit,
        score: typed.score.map(|score| score.to_string()),
    };
    Ok(StaffAnswer { given, alert })
}
