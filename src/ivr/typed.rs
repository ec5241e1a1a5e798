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
        kind if kind.is_choice() && item.repeats => choices(item, value),
        kind if kind.is_choice() => choice(item, value),
        kind if kind.is_number() => number(item, value),
        _ if value.chars().count() > TEXT_MAX => {
            Err(format!("{link_id}:不超过 {TEXT_MAX} 字 / at most {TEXT_MAX} characters"))
        }
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

/// `138*88` answers two items at once, as on the telephone; `138/88` is how it is written.
///
/// # Errors
/// As [`read_typed`], by the item that is wrong.
pub fn read_typed_all(
    form: &Questionnaire,
    link_id: &str,
    value: Option<&str>,
    status: Option<&str>,
) -> Result<Vec<(String, Typed)>, String> {
    let pair = form.item(link_id).and_then(|item| item.pair_with.clone());
    if let (Some(other), Some(value)) = (pair, value)
        && let Some((first, second)) = value.split_once(['*', '/'])
    {
        return [(link_id, first), (other.as_str(), second)]
            .into_iter()
            .map(|(id, part)| Ok((id.to_owned(), read_typed(form, id, Some(part), None)?)))
            .collect();
    }
    Ok(vec![(link_id.to_owned(), read_typed(form, link_id, value, status)?)])
}

/// # Errors
/// Where a value that must be the lesser one is not: 舒张压 below 收缩压.
pub fn typed_in_order(form: &Questionnaire, all: &[(String, Typed)]) -> Result<(), String> {
    let number = |id: &str| {
        let found = all.iter().find(|(known, _)| known == id);
        found.and_then(|(_, typed)| typed.number.as_ref()?.parse::<f64>().ok())
    };
    for item in &form.items {
        let Some(upper) = &item.less_than else { continue };
        if let (Some(low), Some(high)) = (number(&item.link_id), number(upper))
            && low >= high
        {
            let id = &item.link_id;
            return Err(format!("{id}:{low} 应小于 {upper} 的 {high} / must be less than {upper}"));
        }
    }
    Ok(())
}

/// Several at once, separated by commas: each an option, none twice.
fn choices(item: &Item, value: &str) -> Result<Typed, String> {
    let mut found: Vec<Typed> = Vec::new();
    for code in value.split(',').map(str::trim) {
        let one = choice(item, code)?;
        if found.iter().all(|known| known.code != one.code) {
            found.push(one);
        }
    }
    let joined = |part: fn(&Typed) -> Option<&String>, by: &str| {
        let parts: Vec<_> = found.iter().filter_map(part).map(String::as_str).collect();
        (!parts.is_empty()).then(|| parts.join(by))
    };
    let worst = found.iter().filter(|one| one.red_flag.is_some()).max_by_key(|one| one.red_flag);
    Ok(Typed {
        code: joined(|one| one.code.as_ref(), ","),
        label: joined(|one| one.label.as_ref(), "、"),
        score: found.iter().map(|one| one.score).sum(),
        red_flag: worst.and_then(|one| one.red_flag),
        advice: worst.or(found.first()).and_then(|one| one.advice.clone()),
        ..empty("answered")
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

/// A page of writing; a history does not belong into one answer.
const TEXT_MAX: usize = 2000;

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

    /// F091, F081: a pair in one cell, both in range and in order; several codes at once.
    #[test]
    fn a_pressure_is_typed_as_it_is_keyed_and_several_codes_in_one_cell() {
        let text = r#"
            id = "v"
            version = 1
            title = { zh = "v", en = "v" }
            [[item]]
            linkId = "sys"
            type = "integer"
            text = "收缩压"
            unit = "mmHg"
            range = [60, 260]
            pairWith = "dia"
            [[item]]
            linkId = "dia"
            type = "integer"
            text = "舒张压"
            unit = "mmHg"
            range = [30, 160]
            lessThan = "sys"
            [[item]]
            linkId = "sym"
            type = "choice"
            text = "表现"
            repeats = true
            answerOption = [
                { code = "a", zh = "甲", en = "a" },
                { code = "b", zh = "乙", en = "b", redFlag = "urgent" },
            ]
        "#;
        let form = crate::ivr::read_form(text).unwrap();
        let both = read_typed_all(&form, "sys", Some("138*88"), None).unwrap();
        let numbers: Vec<_> =
            both.iter().map(|(id, t)| (id.as_str(), t.number.as_deref())).collect();
        assert_eq!(numbers, [("sys", Some("138")), ("dia", Some("88"))]);
        assert!(both.iter().all(|(_, typed)| typed.unit.as_deref() == Some("mmHg")));
        assert!(typed_in_order(&form, &both).is_ok());
        for (value, wrong) in [("300*88", "60 到 260"), ("138*9", "30 到 160")] {
            let error = read_typed_all(&form, "sys", Some(value), None).unwrap_err();
            assert!(error.contains(wrong), "{error}");
        }
        let turned = read_typed_all(&form, "sys", Some("80/90"), None).unwrap();
        assert!(typed_in_order(&form, &turned).is_err());
        let several = read_typed(&form, "sym", Some("a, b,a"), None).unwrap();
        assert_eq!(
            (several.code.as_deref(), several.label.as_deref()),
            (Some("a,b"), Some("甲、乙"))
        );
        assert_eq!(several.red_flag, Some(Level::Urgent));
        assert!(read_typed(&form, "sym", Some("a,c"), None).is_err());
    }
}
