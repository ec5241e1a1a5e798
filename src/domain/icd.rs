//! The dictionary of diseases (F002): ICD-10 codes with their Chinese names, found by code,
//! by a part of the name, or by its sound. The shipped list holds common inpatient
//! diagnoses on the level of WHO's categories; a hospital loads its own beside it.

use super::pinyin::text_sounds_like;

#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Disease {
    pub icd: String,
    pub name: String,
}

#[derive(Clone, Debug, Default)]
pub struct DiseaseDictionary {
    diseases: Vec<Disease>,
}

impl DiseaseDictionary {
    /// The list in `data/icd10.csv`.
    pub fn shipped() -> Self {
        let rows = include_str!("data/icd10.csv").lines().filter(|line| !line.starts_with('#'));
        let row = |line: &str| {
            let (icd, name) = line.split_once(',')?;
            Some(Disease { icd: icd.trim().to_owned(), name: name.trim().to_owned() })
        };
        Self::new(rows.filter_map(row).collect())
    }

    pub fn new(mut diseases: Vec<Disease>) -> Self {
        diseases.sort_by(|a, b| a.icd.cmp(&b.icd));
        Self { diseases }
    }

    pub fn all(&self) -> &[Disease] {
        &self.diseases
    }

    /// The entry of a code, or of the category above it: I10.x00 is I10. `None`: unknown,
    /// which is flagged on import and never dropped.
    pub fn find(&self, icd: &str) -> Option<&Disease> {
        let code = icd.trim().to_ascii_uppercase();
        let fits = |disease: &&Disease| {
            code.strip_prefix(&disease.icd).is_some_and(|rest| {
                rest.is_empty()
                    || disease.icd.contains('.')
                    || rest.starts_with(['.', 'X', '+', '*'])
            })
        };
        self.diseases.iter().filter(fits).max_by_key(|disease| disease.icd.len())
    }

    /// The best first: the code begins with the query, the name begins with it, holds it,
    /// sounds like it.
    pub fn search(&self, query: &str, limit: usize) -> Vec<&Disease> {
        let query = query.trim();
        if query.is_empty() {
            return Vec::new();
        }
        let code = query.to_ascii_uppercase();
        let place = |disease: &Disease| {
            [
                disease.icd.starts_with(&code),
                disease.name.starts_with(query),
                disease.name.contains(query),
                query.is_ascii() && text_sounds_like(&disease.name, query),
            ]
            .into_iter()
            .position(|fits| fits)
        };
        let mut found: Vec<(usize, &Disease)> =
            self.diseases.iter().filter_map(|disease| Some((place(disease)?, disease))).collect();
        // The sort keeps the order of the codes among equals.
        found.sort_by_key(|(place, _)| *place);
        found.into_iter().take(limit).map(|(_, disease)| disease).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// F002.
    #[test]
    fn a_disease_is_found_by_code_by_name_and_by_sound() {
        let dictionary = DiseaseDictionary::shipped();
        for (query, expected) in [
            ("高血", Some("原发性高血压")),
            ("I10", Some("原发性高血压")),
            ("i10", Some("原发性高血压")),
            ("yfxgxy", Some("原发性高血压")),
            ("gaoxueya", Some("原发性高血压")),
            ("2型", Some("2型糖尿病")),
            ("tnb", Some("2型糖尿病")),
            ("fyan", Some("肺炎(病原体未特指)")),
            ("C34", Some("支气管和肺恶性肿瘤")),
            ("肺癌", None),
            ("", None),
            ("%", None),
        ] {
            let found = dictionary.search(query, 50);
            let names: Vec<_> = found.iter().map(|disease| disease.name.as_str()).collect();
            assert_eq!(names.is_empty(), expected.is_none(), "{query}: {names:?}");
            assert!(expected.is_none_or(|name| names.contains(&name)), "{query}: {names:?}");
        }
        assert_eq!(dictionary.search("I", 3).len(), 3);
        assert_eq!(dictionary.search("I10", 3)[0].name, "原发性高血压");
    }

    #[test]
    fn the_shipped_list_is_long_enough_and_says_nothing_twice() {
        let dictionary = DiseaseDictionary::shipped();
        let diseases = dictionary.all();
        assert!(diseases.len() >= 120, "{}", diseases.len());
        for pair in diseases.windows(2) {
            assert_ne!(pair[0].icd, pair[1].icd);
        }
        for Disease { icd, name } in diseases {
            let (letter, rest) = icd.split_at(1);
            let digits = rest.replace('.', "");
            assert!(letter.chars().all(|c| c.is_ascii_uppercase()), "{icd}");
            assert!((2..=3).contains(&digits.len()), "{icd}");
            assert!(digits.bytes().all(|byte| byte.is_ascii_digit()), "{icd}");
            assert!(!name.is_empty() && !name.contains(','), "{icd} {name}");
        }
    }

    #[test]
    fn a_hospitals_longer_code_belongs_to_its_category() {
        let dictionary = DiseaseDictionary::shipped();
        for (icd, expected) in [
            ("I10.x00", Some("I10")),
            ("i10", Some("I10")),
            ("I50.900", Some("I50.9")),
            ("E11.900", Some("E11.9")),
            ("I10A", None),
            ("Q99.9", None),
            ("", None),
        ] {
            let found = dictionary.find(icd).map(|disease| disease.icd.as_str());
            assert_eq!(found, expected, "{icd}");
        }
    }
}
