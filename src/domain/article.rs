//! 知识库: how a text is found by any one, two or more of its characters. Chinese puts no
//! spaces between words, so each character is a key and each pair of neighbours; what is
//! longer must have all its pairs, and is then looked at as a whole.

use std::collections::BTreeSet;

/// Letters, digits and signs in one spelling; everything else parts words.
pub fn searched(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for letter in text.chars().map(half_width).flat_map(char::to_lowercase) {
        if letter.is_alphanumeric() {
            plain.push(letter);
        } else if !plain.ends_with(' ') && !plain.is_empty() {
            plain.push(' ');
        }
    }
    plain.truncate(plain.trim_end().len());
    plain
}

/// １００ｍｇ is 100mg.
fn half_width(letter: char) -> char {
    match u32::from(letter) {
        at @ 0xFF01..=0xFF5E => char::from_u32(at - 0xFEE0).unwrap_or(letter),
        _ => letter,
    }
}

/// The characters of a plain text, and the pairs of them that stand side by side.
pub fn grams(plain: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for word in plain.split(' ').filter(|word| !word.is_empty()) {
        let letters: Vec<char> = word.chars().collect();
        found.extend(letters.iter().map(char::to_string));
        found.extend(letters.windows(2).map(|pair| pair.iter().collect::<String>()));
    }
    found
}

/// What somebody looks for: every word of it must be there.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ArticleQuery {
    pub words: Vec<String>,
    /// That an article must have among its own.
    pub grams: Vec<String>,
}

impl ArticleQuery {
    pub fn read(text: &str) -> Self {
        let plain = searched(text);
        let words = plain.split(' ').filter(|word| !word.is_empty());
        let words: Vec<String> = words.take(WORDS_MAX).map(str::to_owned).collect();
        let mut needed = BTreeSet::new();
        for word in &words {
            let all = grams(word);
            // The pairs say more than their characters.
            let only = if word.chars().count() == 1 { 1 } else { 2 };
            needed.extend(all.into_iter().filter(|gram| gram.chars().count() == only));
        }
        Self { words, grams: needed.into_iter().collect() }
    }

    /// Those whose pairs may stand apart from each other.
    pub fn long_words(&self) -> Vec<String> {
        self.words.iter().filter(|word| word.chars().count() > 2).cloned().collect()
    }
}

/// More than anybody types into one field.
const WORDS_MAX: usize = 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_plain_in_one_spelling() {
        for (text, expected) in [
            ("出院后，如何服药？", "出院后 如何服药"),
            ("阿司匹林１００ｍｇ qd", "阿司匹林100mg qd"),
            ("  \n", ""),
            ("MRI", "mri"),
        ] {
            assert_eq!(searched(text), expected, "{text}");
        }
    }

    #[test]
    fn one_two_and_more_characters_have_their_keys() {
        let article = grams(&searched("换药：伤口不要沾水。"));
        for (query, found) in [
            ("水", true),
            ("伤口", true),
            ("不要沾水", true),
            ("伤口 沾水", true),
            ("药伤", false),
            ("口水", false),
            ("火", false),
        ] {
            let query_read = ArticleQuery::read(query);
            let all = query_read.grams.iter().all(|gram| article.contains(gram));
            assert_eq!(all, found, "{query}");
        }
        // All its pairs are there, but not in this order: only the whole word tells.
        let query = ArticleQuery::read("水沾水");
        assert_eq!(query.long_words(), ["水沾水"]);
        assert!(ArticleQuery::read("?!").grams.is_empty());
    }
}
