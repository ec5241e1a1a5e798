//! An answer that a person typed into the form: the same options, ranges and red flags as
//! the telephone's.

use super::questionnaire::{Item, Level, Questionnaire, RedFlag};

/// One of the six blanks instead of an answer.
const BLANKS: [&str; 6] =
    ["not_asked", "no_answer", "declined", "unknown", "not_applicable", "not_measured"];

#[derive(Clone, Debug, PartialEq)]
pub struct Typed {
    pub status: &'static str,
    pub code: Option<String>,
    pub label: Option<String>,
    pub number: Option<String>,
    pub text: Option<String>,
    pub unit: Option<String>,
    pub score: Option<f64>,
    pub red_flag: Option<Level>,
    pub advice: Option<String>,
}

/// # Errors
/// In words for the page: an item that is not there, a code that is no option, a number
/// outside its plausible range.
pub fn read_typed(
    form: &Questionnaire,
    link_id: &str,
    value: Option<&str>,
    status: Option<&str>,
) -> Result<Typed, String> {
    let item = form.item(link_id).ok_or_else(|| {
        format!("{link_id}:问卷里没有这一题 / {link_id} is not an item of the questionnaire")
    })?;
    let Some(value) = value.map(str::trim).filter(|value| !value.is_empty()) else {
        return blank(link_id, status);
    };
    if status.is_some_and(|status| status != "answered") {
        return Err(format!("{link_id}:有答案就不能留空 / a value and a blank at once"));
    }
    match item.kind {
        kind if kind.is_choice() => choice(item, value),
        kind if kind.is_number() => number(item, value),
        _ => Ok(Typed { text: Some(value.to_owned()), ..empty("answered") }),
    }
}

fn empty(status: &'static str) -> Typed {
    Typed {
        status,
        code: None,
        label: None,
        number: None,
        text: None,
        unit: None,
        score: None,
        red_flag: None,
        advice: None,
    }
}

fn blank(link_id: &str, status: Option<&str>) -> Result<Typed, String> {
    let known = BLANKS.iter().find(|blank| Some(**blank) == status);
    known.map(|blank| empty(blank)).ok_or_else(|| {
        format!(
            "{link_id}:没有答案时请选 未问 未答 拒答 不详 不适用 未测 / which kind of blank is it?"
        )
    })
}

fn choice(item: &Item, value: &str) -> Result<Typed, String> {
    let option =
        item.answer_option.iter().find(|option| option.code == value).ok_or_else(|| {
            let codes: Vec<_> =
                item.answer_option.iter().map(|option| option.code.as_str()).collect();
            format!("{}:应为 {} / one of them", item.link_id, codes.join(" "))
        })?;
    let as_blank = option.status.as_deref();
    let status = BLANKS.iter().find(|blank| Some(**blank) == as_blank);
    Ok(Typed {
        code: Some(option.code.clone()),
        label: Some(option.zh.clone()),
        score: option.score,
        red_flag: option.red_flag,
        advice: option.advice.clone(),
        ..empty(status.copied().unwrap_or("answered"))
    })
}

fn number(item: &Item, value: &str) -> Result<Typed, String> {
    let unit = item.unit.as_deref().unwrap_or_default();
    let found: f64 = value
        .parse()
        .ok()
        .filter(|number: &f64| number.is_finite())
        .ok_or_else(|| format!("{}:不是数 / not a number", item.link_id))?;
    if let Some((low, high)) = item.range
        && !(low..=high).contains(&found)
    {
        return Err(format!(
            "{}:应在 {low} 到 {high} {unit} 之间 / must lie between {low} and {high} {unit}",
            item.link_id
        ));
    }
    let flag = worst(&item.red_flag, found);
    Ok(Typed {
        number: Some(value.to_owned()),
        unit: item.unit.clone(),
        red_flag: flag.map(|flag| flag.level),
        advice: flag.and_then(|flag| flag.advice.clone()),
        ..empty("answered")
    })
}

/// A limit that holds only by a fact is left to the telephone and to the doctor.
fn worst(flags: &[RedFlag], value: f64) -> Option<&RedFlag> {
    let holds =
        |flag: &&RedFlag| flag.when_fact.is_empty() && flag.operator.holds(value, flag.value);
    flags.iter().filter(holds).min_by_key(|flag| flag.level.due_minutes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form() -> Questionnaire {
        let name = "dialplans/questionnaires/t.toml".to_owned();
        let text = r#"
id = "t"
            version = 1
            title = { zh = "t", en = "t" }
            [[item]]
            linkId = "pain"
            type = "integer"
            text = "疼痛"
            unit = "分"
            range = [0, 10]
            redFlag = [{ operator = ">=", value = 7, level = "urgent" }]
            [[item]]
            linkId = "cough"
            type = "choice"
            text = "咳嗽"
            answerOption = [
                { key = "1", code = "no", zh = "无", en = "no" },
                { key = "2", code = "blood", zh = "血痰", en = "blood", redFlag = "emergency" },
                { code = "na", zh = "不适用", en = "n/a", status = "not_applicable" },
            ]
        "#;
        let source = crate::ivr::Source { name, text: text.to_owned() };
        let library = crate::ivr::Library::read(&[source]).unwrap();
        library.questionnaire("t").unwrap().value.as_ref().clone()
    }

    #[test]
    fn what_is_typed_is_judged_as_what_is_keyed() {
        let flag = |item: &str, value: &str| {
            read_typed(&form(), item, Some(value), None).map(|typed| typed.red_flag)
        };
        for (item, value, expected) in [
            ("pain", "6", Ok(None)),
            ("pain", "7", Ok(Some(Level::Urgent))),
            ("cough", "blood", Ok(Some(Level::Emergency))),
            ("cough", "no", Ok(None)),
        ] {
            assert_eq!(flag(item, value), expected, "{item} {value}");
        }
        for (item, value) in [("pain", "11"), ("pain", "NaN"), ("cough", "yes"), ("none", "1")] {
            assert!(flag(item, value).is_err(), "{item} {value}");
        }
    }

    #[test]
    fn six_blanks_are_six_different_things() {
        for status in BLANKS {
            let typed = read_typed(&form(), "pain", None, Some(status)).unwrap();
            assert_eq!((typed.status, typed.number), (status, None));
        }
        assert!(read_typed(&form(), "pain", None, None).is_err());
        assert!(read_typed(&form(), "pain", Some("3"), Some("declined")).is_err());
        let typed = read_typed(&form(), "cough", Some("na"), None).unwrap();
        assert_eq!(typed.status, "not_applicable");
    }
}
