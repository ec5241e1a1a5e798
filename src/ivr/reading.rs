//! From values to words. Digits never reach a voice: it drops the point of 36.5, reads
//! 12356 as nonsense, and misreads one surname in ten.

/// 36.5 → 三十六点五, 138 → 一百三十八. A text that is not a number comes back as it is.
pub fn number(text: &str) -> String {
    let (whole, fraction) = text.split_once('.').map_or((text, None), |(w, f)| (w, Some(f)));
    let Ok(value) = whole.parse::<u64>() else { return text.to_owned() };
    let mut words = whole_number(value);
    if let Some(fraction) = fraction {
        let fraction = fraction.trim_end_matches('0');
        if !fraction.is_empty() {
            words.push('点');
            words.extend(fraction.chars().map(|c| digit(c, false)));
        }
    }
    words
}

/// 10 → 十, 105 → 一百零五, 1952 → 一千九百五十二.
fn whole_number(value: u64) -> String {
    if value == 0 {
        return "零".to_owned();
    }
    if value >= 100_000_000 {
        return digits(&value.to_string());
    }
    if value >= 10_000 {
        let (high, low) = (value / 10_000, value % 10_000);
        let zero = if low > 0 && low < 1000 { "零" } else { "" };
        let rest = if low > 0 { whole_number_full(low) } else { String::new() };
        return format!("{}万{zero}{rest}", whole_number(high));
    }
    let words = whole_number_full(value);
    // 十八, not 一十八; but 一百一十八.
    match words.strip_prefix("一十") {
        Some(rest) => format!("十{rest}"),
        None => words,
    }
}

fn whole_number_full(mut value: u64) -> String {
    let mut words = String::new();
    let mut zero = false;
    for (unit, name) in [(1000, "千"), (100, "百"), (10, "十"), (1, "")] {
        let count = value / unit;
        value %= unit;
        if count > 0 {
            if zero {
                words.push('零');
                zero = false;
            }
            words.push(digit_of(count, false));
            words.push_str(name);
        } else if !words.is_empty() {
            zero = value > 0;
        }
    }
    words
}

/// Digit by digit; in telephone numbers 1 is 幺, so that it is not heard as 7.
pub fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).map(|c| digit(c, false)).collect()
}

/// 0592-5027064 → 零五九二,五零二七零六四.
pub fn phone(text: &str) -> String {
    text.chars()
        .filter_map(|c| match c {
            '0'..='9' => Some(digit(c, true)),
            '-' | ' ' => Some(','),
            _ => None,
        })
        .collect()
}

/// 138/88 → 一百三十八,八十八.
pub fn blood_pressure(systolic: &str, diastolic: &str) -> String {
    format!("{},{}", number(systolic), number(diastolic))
}

/// 2026-11-23 → 十一月二十三日.
pub fn date(date: chrono::NaiveDate) -> String {
    use chrono::Datelike;
    let (month, day) = (u64::from(date.month()), u64::from(date.day()));
    format!("{}月{}日", whole_number(month), whole_number(day))
}

/// 14:05 → 下午两点零五分.
pub fn time(time: chrono::NaiveTime) -> String {
    use chrono::Timelike;
    let part = match time.hour() {
        0..=5 => "凌晨",
        6..=11 => "上午",
        12 => "中午",
        13..=17 => "下午",
        _ => "晚上",
    };
    let hour = u64::from(if time.hour() > 12 { time.hour() - 12 } else { time.hour() });
    let hour = if hour == 2 { "两".to_owned() } else { whole_number(hour) };
    match time.minute() {
        0 => format!("{part}{hour}点"),
        30 => format!("{part}{hour}点半"),
        minute @ 1..=9 => format!("{part}{hour}点零{}分", whole_number(u64::from(minute))),
        minute => format!("{part}{hour}点{}分", whole_number(u64::from(minute))),
    }
}

/// How somebody is called: surname and 先生 or 女士; nobody's sex is guessed.
pub fn call_name(name: &str, reading: Option<&str>, sex: &str) -> String {
    let surname = surname(name);
    let spoken = reading.map_or_else(|| surname_reading(surname), str::to_owned);
    match sex {
        "male" => format!("{spoken}先生"),
        "female" => format!("{spoken}女士"),
        _ => spoken,
    }
}

pub fn surname(name: &str) -> &str {
    let mut ends = name.char_indices().map(|(at, c)| at + c.len_utf8());
    let (one, two) = (ends.next().unwrap_or(0), ends.next());
    match two {
        Some(two) if COMPOUND.contains(&&name[..two]) => &name[..two],
        _ => &name[..one],
    }
}

/// A surname in characters that a voice cannot misread: of the same sound, with one
/// reading.
pub fn surname_reading(surname: &str) -> String {
    let found = READINGS.iter().find(|(written, _)| *written == surname);
    found.map_or(surname, |(_, spoken)| spoken).to_owned()
}

/// A text as it is spoken in Chinese: no digit is left.
pub fn speak_digits(text: &str) -> String {
    let mut spoken = String::with_capacity(text.len());
    let mut run = String::new();
    for c in text.chars().chain(['\0']) {
        match c {
            '0'..='9' => run.push(c),
            '.' if !run.is_empty() && !run.contains('.') => run.push(c),
            '-' if run.len() >= 3 && run.starts_with('0') => run.push(c),
            _ => {
                spoken.push_str(&speak_run(&run));
                run.clear();
                if c != '\0' {
                    spoken.push(if c == '℃' { '度' } else { c });
                }
            }
        }
    }
    spoken
}

fn speak_run(run: &str) -> String {
    let plain = run.trim_end_matches(['.', '-']);
    let tail = &run[plain.len()..];
    let words = match plain {
        "" => String::new(),
        "120" => "一二零".to_owned(),
        "110" => "幺幺零".to_owned(),
        _ if plain.contains('-') || (plain.len() >= 5 && !plain.contains('.')) => phone(plain),
        _ if plain.len() > 1 && plain.starts_with('0') && !plain.contains('.') => digits(plain),
        _ => number(plain),
    };
    words + tail
}

fn digit(c: char, on_the_phone: bool) -> char {
    digit_of(u64::from(c.to_digit(10).unwrap_or(0)), on_the_phone)
}

fn digit_of(value: u64, on_the_phone: bool) -> char {
    match value {
        0 => '零',
        1 if on_the_phone => '幺',
        1 => '一',
        2 => '二',
        3 => '三',
        4 => '四',
        5 => '五',
        6 => '六',
        7 => '七',
        8 => '八',
        _ => '九',
    }
}

const COMPOUND: &[&str] = &[
    "欧阳", "司马", "上官", "诸葛", "尉迟", "万俟", "司徒", "东方", "皇甫", "令狐", "慕容", "夏侯",
    "公孙", "端木", "轩辕", "独孤", "南宫", "宇文", "长孙", "澹台", "申屠", "闻人", "呼延", "赫连",
];

const READINGS: &[(&str, &str)] = &[
    ("单", "善"),
    ("仇", "球"),
    ("解", "谢"),
    ("查", "渣"),
    ("曾", "增"),
    ("区", "欧"),
    ("朴", "瓢"),
    ("翟", "宅"),
    ("任", "人"),
    ("覃", "秦"),
    ("尉迟", "玉迟"),
    ("万俟", "莫奇"),
    ("缪", "妙"),
    ("盖", "葛"),
    ("乐", "月"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_become_words() {
        for (value, expected) in [
            ("36.5", "三十六点五"),
            ("38.0", "三十八"),
            ("138", "一百三十八"),
            ("105", "一百零五"),
            ("110", "一百一十"),
            ("118", "一百一十八"),
            ("10", "十"),
            ("18", "十八"),
            ("0", "零"),
            ("1005", "一千零五"),
            ("1050", "一千零五十"),
            ("10203", "一万零二百零三"),
            ("6.85", "六点八五"),
        ] {
            assert_eq!(number(value), expected, "{value}");
        }
        assert_eq!(blood_pressure("138", "88"), "一百三十八,八十八");
        assert_eq!(phone("0592-5127064"), "零五九二,五幺二七零六四");
        assert_eq!(phone("13800138000"), "幺三八零零幺三八零零零");
        assert_eq!(digits("12356"), "一二三五六");
        assert_eq!(date("2026-11-23".parse().unwrap()), "十一月二十三日");
        for (at, expected) in [
            ("14:05:00", "下午两点零五分"),
            ("09:30:00", "上午九点半"),
            ("00:15:00", "凌晨零点十五分"),
            ("20:00:00", "晚上八点"),
        ] {
            assert_eq!(time(at.parse().unwrap()), expected);
        }
    }

    #[test]
    fn no_digit_of_a_text_reaches_a_voice() {
        for (text, expected) in [
            ("好的,请按1。", "好的,请按一。"),
            ("拨打120。", "拨打一二零。"),
            ("120或110", "一二零或幺幺零"),
            ("请打0592-5027064。", "请打零五九二,五零二七零六四。"),
            ("例如八月十五日,按0 8 1 5。", "例如八月十五日,按零 八 一 五。"),
            ("到39度", "到三十九度"),
            ("36.5℃", "三十六点五度"),
            ("心理援助热线12356。", "心理援助热线幺二三五六。"),
            ("请按1到10,", "请按一到十,"),
        ] {
            assert_eq!(speak_digits(text), expected);
        }
    }

    #[test]
    fn a_surname_is_said_as_its_bearer_says_it() {
        for (name, sex, expected) in [
            ("王秀英", "female", "王女士"),
            ("单田芳", "male", "善先生"),
            ("欧阳修", "male", "欧阳先生"),
            ("尉迟恭", "male", "玉迟先生"),
            ("任盈盈", "unknown", "人"),
        ] {
            assert_eq!(call_name(name, None, sex), expected);
        }
        assert_eq!(call_name("覃海", Some("谈"), "male"), "谈先生");
    }
}
