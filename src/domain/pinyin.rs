//! Finding Chinese by its sound (F100): full pinyin, initials, or a mixture, without tones.
//! A surname that is read in its own way is found under that reading and under the
//! common one: 单 is shan, but whoever does not know types dan.

use pinyin::{Pinyin, ToPinyinMulti};

/// What a name can be typed as, for an index that is searched by beginnings: full
/// readings first, then initials; each once, lower case, ü as v.
pub fn pinyin_keys(name: &str) -> Vec<String> {
    let sounds = name_sounds(name);
    let initial = |reading: &str| reading.chars().take(1).collect();
    let full = combine(&sounds, str::to_owned);
    let initials = combine(&sounds, initial);
    let mut keys: Vec<String> = Vec::new();
    for key in full.into_iter().chain(initials).filter(|key| !key.is_empty()) {
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    keys
}

/// Does the query sound like the beginning of this person's name? Each letter may be
/// spelt in full or by its initial: `zhangsan`, `zs`, `zhangs`, `zsan`.
pub fn name_sounds_like(name: &str, query: &str) -> bool {
    let query = plain_query(query);
    !query.is_empty() && begins(&name_sounds(name), &query)
}

/// Does the query sound like any part of the text (a diagnosis)?
pub fn text_sounds_like(text: &str, query: &str) -> bool {
    let query = plain_query(query);
    let sounds: Vec<_> = text.chars().take(NAME_MAX).map(sounds_of).collect();
    !query.is_empty() && (0..sounds.len()).any(|from| begins(&sounds[from..], &query))
}

/// Lower case, ü as v, nothing but letters and digits.
pub fn plain_query(query: &str) -> String {
    let letters = query.chars().flat_map(char::to_lowercase);
    let plain = letters.map(|c| if c == 'ü' { 'v' } else { c }).filter(char::is_ascii_alphanumeric);
    plain.take(QUERY_MAX).collect()
}

/// The readings of one letter; of what is not Chinese the letter itself, of signs none.
type Sounds = Vec<String>;

fn name_sounds(name: &str) -> Vec<Sounds> {
    let letters: Vec<char> = name.chars().filter(|c| c.is_alphanumeric()).take(NAME_MAX).collect();
    let begins_with = |surname: &str| surname.chars().eq(letters.iter().copied().take(2));
    let compound = COMPOUND_SURNAMES.iter().find(|(surname, _)| begins_with(surname));
    let sounds = letters.iter().enumerate().map(|(at, letter)| {
        let mut sounds = sounds_of(*letter);
        let own: &[&str] = match (at, compound) {
            (0 | 1, Some((_, readings))) => &readings[at..=at],
            (0, None) => {
                let known = SURNAMES.iter().find(|(surname, _)| surname == letter);
                known.map_or(&[], |(_, readings)| *readings)
            }
            _ => &[],
        };
        for reading in own.iter().rev() {
            sounds.retain(|known| known != reading);
            sounds.insert(0, (*reading).to_owned());
        }
        sounds
    });
    sounds.collect()
}

fn sounds_of(letter: char) -> Sounds {
    if letter.is_ascii_alphanumeric() {
        return vec![letter.to_ascii_lowercase().to_string()];
    }
    let Some(readings) = letter.to_pinyin_multi() else { return Vec::new() };
    let mut sounds = Vec::new();
    for reading in readings.into_iter().map(Pinyin::plain).map(|reading| reading.replace('ü', "v"))
    {
        if sounds.len() < READINGS_MAX && !sounds.contains(&reading) {
            sounds.push(reading);
        }
    }
    sounds
}

/// Every way to say the letters one after the other, up to a bound; first the first.
fn combine(sounds: &[Sounds], part: impl Fn(&str) -> String) -> Vec<String> {
    let mut keys = vec![String::new()];
    for readings in sounds.iter().filter(|readings| !readings.is_empty()) {
        let mut longer: Vec<String> = Vec::new();
        for key in &keys {
            for reading in readings {
                let next = key.clone() + &part(reading);
                if longer.len() < KEYS_MAX && !longer.contains(&next) {
                    longer.push(next);
                }
            }
        }
        keys = longer;
    }
    keys
}

/// Can the query be spelt letter by letter from here? The last may be cut short.
fn begins(sounds: &[Sounds], query: &str) -> bool {
    let mut reached = vec![false; query.len() + 1];
    reached[0] = true;
    for readings in sounds.iter().filter(|readings| !readings.is_empty()) {
        let mut next = vec![false; query.len() + 1];
        for from in (0..query.len()).filter(|from| reached[*from]) {
            let rest = &query[from..];
            for reading in readings {
                if reading.starts_with(rest) {
                    return true;
                }
                if rest.starts_with(reading.as_str()) {
                    next[from + reading.len()] = true;
                }
                if rest.as_bytes().first() == reading.as_bytes().first() {
                    next[from + 1] = true;
                }
            }
        }
        reached = next;
    }
    reached[query.len()]
}

/// The reading as a surname, then the common one (rules.md §6; 现代汉语词典 for the rest).
const SURNAMES: &[(char, &[&str])] = &[
    ('单', &["shan", "dan"]),
    ('仇', &["qiu", "chou"]),
    ('解', &["xie", "jie"]),
    ('查', &["zha", "cha"]),
    ('曾', &["zeng", "ceng"]),
    ('区', &["ou", "qu"]),
    ('盖', &["ge", "gai"]),
    ('朴', &["piao", "pu"]),
    ('翟', &["zhai", "di"]),
    ('缪', &["miao", "mou", "miu"]),
    ('任', &["ren"]),
    ('覃', &["qin", "tan"]),
    ('乐', &["yue", "le"]),
    ('员', &["yun", "yuan"]),
    ('召', &["shao", "zhao"]),
    ('折', &["she", "zhe"]),
    ('洗', &["xian", "xi"]),
    ('繁', &["po", "fan"]),
    ('黑', &["he", "hei"]),
    ('秘', &["bi", "mi"]),
    ('种', &["chong", "zhong"]),
    ('祭', &["zhai", "ji"]),
    ('谌', &["chen", "shen"]),
    ('牟', &["mou", "mu"]),
    ('柏', &["bai", "bo"]),
    ('莘', &["shen", "xin"]),
    ('隗', &["wei", "kui"]),
    ('郇', &["xun", "huan"]),
    ('尉', &["wei", "yu"]),
    ('沈', &["shen", "chen"]),
    ('石', &["shi", "dan"]),
    ('车', &["che", "ju"]),
    ('俞', &["yu", "shu"]),
    ('万', &["wan", "mo"]),
    ('长', &["zhang", "chang"]),
    ('那', &["na"]),
    ('燕', &["yan"]),
    ('宁', &["ning"]),
    ('华', &["hua"]),
    ('纪', &["ji"]),
    ('过', &["guo"]),
    ('曲', &["qu"]),
    ('贾', &["jia", "gu"]),
    ('葛', &["ge"]),
    ('冼', &["xian"]),
    ('吕', &["lv"]),
];

const COMPOUND_SURNAMES: &[(&str, [&str; 2])] = &[
    ("尉迟", ["yu", "chi"]),
    ("万俟", ["mo", "qi"]),
    ("单于", ["chan", "yu"]),
    ("长孙", ["zhang", "sun"]),
    ("澹台", ["tan", "tai"]),
    ("令狐", ["ling", "hu"]),
    ("宰父", ["zai", "fu"]),
];

/// The longest name of a person in the register has fewer.
const NAME_MAX: usize = 60;
const QUERY_MAX: usize = 100;

/// More are readings of old texts.
const READINGS_MAX: usize = 3;

/// Of one name, for each of both kinds.
const KEYS_MAX: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, queries: &[&str], expected: bool) {
        for query in queries {
            assert_eq!(name_sounds_like(name, query), expected, "{name} by {query:?}");
        }
    }

    /// F100.
    #[test]
    fn a_name_is_found_in_full_by_initials_or_mixed() {
        check(
            "张三",
            &["zhangsan", "zs", "zhangs", "zsan", "zh", "z", "Zhang San", "zhang'san"],
            true,
        );
        check("张三", &["", " ", "s", "san", "zhangsi", "zss", "张"], false);
        check("吕秀英", &["lvxy", "lüxiuying", "lxy"], true);
        check("欧阳修", &["ouyangxiu", "oyx"], true);
        check("阿依古丽·买买提", &["ayigulimaimaiti", "ayglmmt"], true);
        check("John Smith", &["john", "johnsmith"], true);
    }

    /// rules.md §6.
    #[test]
    fn a_surname_with_its_own_reading_is_found_under_both() {
        for (surname, own, common) in [
            ('单', "shan", "dan"),
            ('仇', "qiu", "chou"),
            ('解', "xie", "jie"),
            ('查', "zha", "cha"),
            ('曾', "zeng", "ceng"),
            ('区', "ou", "qu"),
            ('盖', "ge", "gai"),
            ('朴', "piao", "pu"),
            ('翟', "zhai", "di"),
            ('缪', "miao", "mou"),
        ] {
            let name = format!("{surname}小明");
            let keys = pinyin_keys(&name);
            for reading in [own, common] {
                check(&name, &[reading, &format!("{reading}xiaoming")], true);
                assert!(keys.contains(&format!("{reading}xiaoming")), "{name}: {keys:?}");
                let initials = format!("{}xm", &reading[..1]);
                assert!(keys.contains(&initials), "{name}: {keys:?}");
            }
            assert!(keys[0].starts_with(own), "{name}: {keys:?}");
        }
        check("尉迟恭", &["yuchigong", "ycg"], true);
        check("万俟明", &["moqiming", "mqm"], true);
        check("欧阳单", &["ouyangshan", "ouyangdan"], true);
    }

    #[test]
    fn the_keys_of_a_name_are_few_and_plain() {
        assert_eq!(pinyin_keys("张三")[0], "zhangsan");
        assert!(pinyin_keys("张三").contains(&"zs".to_owned()));
        assert!(pinyin_keys("").is_empty());
        assert!(pinyin_keys("…🙂").is_empty());
        for name in ["重重重重重重重重", "王秀英", "吕布", &"解".repeat(500)] {
            let keys = pinyin_keys(name);
            assert!(keys.len() <= 2 * KEYS_MAX, "{name}: {}", keys.len());
            let plain = |key: &String| key.bytes().all(|byte| byte.is_ascii_alphanumeric());
            assert!(keys.iter().all(plain), "{keys:?}");
        }
    }

    #[test]
    fn a_part_of_a_text_is_found_by_its_sound() {
        for (query, expected) in
            [("gxy", true), ("gaoxueya", true), ("yfx", true), ("tnb", false), ("", false)]
        {
            assert_eq!(text_sounds_like("原发性高血压", query), expected, "{query}");
        }
    }
}
