//! What a run will ask, as it stands now: kept with the run, so that it stays readable.

use crate::{app::NewRun, base::ImportId, ivr::Library};
use std::sync::Arc;

/// # Errors
/// When the dialplan is not there, or asks a form that no doctor has signed, outside of
/// training.
pub fn new_run(
    library: &Arc<Library>,
    is_training: bool,
    name: &str,
    dialplan: &str,
    trunk: Option<String>,
    lines: Option<i32>,
    import: Option<ImportId>,
) -> Result<NewRun, String> {
    let kept = library
        .dialplan(dialplan)
        .ok_or_else(|| format!("没有语音流程 {dialplan} / there is no dialplan {dialplan}"))?;
    let program = library.program(dialplan)?;
    let mut contents =
        vec![("dialplan", dialplan.to_owned(), kept.sha256.clone(), kept.body.clone())];
    for form in program.forms() {
        let Some(kept) = library.questionnaire(&form.id) else { continue };
        let is_unsigned = form.clinical_review.is_none() && !form.is_opening();
        if is_unsigned && !is_training {
            return Err(format!(
                "问卷 {id} 没有医生审核(clinicalReview),只能在练习模式使用 / questionnaire {id} \
                 carries no clinicalReview: it may be asked only with hospital.training = true",
                id = form.id
            ));
        }
        contents.push(("questionnaire", form.id.clone(), kept.sha256.clone(), kept.body.clone()));
    }
    Ok(NewRun {
        name: name.to_owned(),
        dialplan: dialplan.to_owned(),
        dialplan_sha256: kept.sha256.clone(),
        contents,
        trunk,
        lines,
        import,
        admissions: None,
        is_standing: false,
    })
}
