//! A series' content: where it begins, what a draft must be to be kept, and how one more item
//! is added to it.

use serde_json::Value;

use super::{CloneAsk, VERSIONS_SHOWN};
use crate::{
    app::SeriesContent,
    ivr::{FormFault, Questionnaire, SERIES, form_json, read_series, text_sha256},
    store::series,
    web::{
        Shared,
        auth::Signed,
        error::{Problem, Result},
    },
};

/// The content to begin with, and where it came from.
pub(super) async fn cloned(
    site: &Shared,
    signed: &Signed,
    from: &CloneAsk,
) -> Result<(Value, Option<String>)> {
    let fault = |error: String| Problem::fault(&error);
    if let Some(id) = &from.questionnaire {
        let library = site.core.library();
        let kept = library.questionnaire(id).ok_or_else(|| Problem::not_found("questionnaire"))?;
        return Ok((form_json(&kept.body).map_err(fault)?, Some(format!("questionnaire:{id}"))));
    }
    let Some(code) = &from.series else {
        return Err(Problem::invalid("请写明复制自哪份问卷 / from where is it cloned?"));
    };
    let mut scope = signed.scope(site).await?;
    let rows = series::versions(&mut scope, code, from.version, VERSIONS_SHOWN).await?;
    let row = rows.into_iter().find(|row| from.version.is_some() || row.state == "published");
    let row = row.ok_or_else(|| Problem::not_found("series"))?;
    Ok((form_json(&row.body).map_err(fault)?, Some(format!("{SERIES}{code}/{}", row.version))))
}

/// Id, version and title are the record's; a signature is for one content, and no clone
/// inherits it.
pub(super) fn made_content(
    code: &str,
    name: Option<&str>,
    version: i32,
    mut content: Value,
    based_on: Option<String>,
) -> Result<SeriesContent> {
    let Some(map) = content.as_object_mut() else {
        return Err(Problem::invalid("内容应为一份问卷 / the content is a questionnaire"));
    };
    map.insert("id".to_owned(), format!("{SERIES}{code}").into());
    map.insert("version".to_owned(), version.into());
    if based_on.is_some() {
        for of_another in ["clinicalReview", "template", "note"] {
            map.remove(of_another);
        }
        if let (Some(name), Some(title)) =
            (name, map.get_mut("title").and_then(Value::as_object_mut))
        {
            title.insert("zh".to_owned(), name.into());
        }
    }
    let body = content.to_string();
    if body.len() > BODY_MAX {
        return Err(Problem::invalid("问卷太大 / the questionnaire is too large"));
    }
    read(code, &content)?;
    Ok(SeriesContent { sha256: text_sha256(&body), body, based_on })
}

pub(super) fn read(code: &str, content: &Value) -> Result<Questionnaire> {
    read_series(&format!("{SERIES}{code}"), content).map_err(|faults| refused(&faults))
}

pub(super) fn refused(faults: &[FormFault]) -> Problem {
    let told: Vec<_> =
        faults.iter().take(FAULTS_TOLD).map(|f| format!("{}: {}", f.path, f.what)).collect();
    Problem::invalid(format!("问卷有误 / the questionnaire is wrong: {}", told.join("; ")))
}

/// One more item at the end of a series' draft; without a draft, of a fresh one that begins
/// as the published version. Answers the draft and the item's name in it.
pub(in crate::web::api) async fn append(
    site: &Shared,
    signed: &Signed,
    code: &str,
    mut item: Value,
    reason: &str,
) -> Result<(i32, String)> {
    let (core, by) = (&site.core, &signed.0.principal);
    let version = core.app.next_version(by, code).await?;
    let mut scope = signed.scope(site).await?;
    let rows = series::versions(&mut scope, code, None, VERSIONS_SHOWN).await?;
    drop(scope);
    let row = rows.into_iter().next().ok_or_else(|| Problem::not_found("series"))?;
    let mut content = form_json(&row.body).map_err(|error| Problem::fault(&error))?;
    let items = content.get_mut("item").and_then(Value::as_array_mut);
    let items = items.ok_or_else(|| Problem::not_found("item"))?;
    let taken = |name: &str| items.iter().any(|item| item["linkId"] == name);
    let name = (1..).map(|number| format!("added.{number}")).find(|name| !taken(name));
    let name = name.unwrap_or_default();
    item["linkId"] = name.as_str().into();
    items.push(item);
    let made = made_content(code, None, version, content, None)?;
    core.app.put_draft(by, code, version, &made, reason, core.clock.wall()).await?;
    Ok((version, name))
}

/// The largest shipped form has 20 kB.
const BODY_MAX: usize = 256 * 1024;

/// More than that is not read at once.
const FAULTS_TOLD: usize = 20;
