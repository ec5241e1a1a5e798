//! What a call to a number costs, and who may make it: 市话, 长途, 国际 (row F027).

use super::number_cell::is_mobile;
use crate::base::E164;

/// From the cheapest to the dearest: a right to one holds for those before it.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum TollClass {
    /// 本地: the own area's landlines and mobiles, 400 and 800.
    Local,
    /// 长途: other areas' landlines, and mobiles that are not known to be of here.
    LongDistance,
    /// 国际及港澳台.
    Abroad,
}

super::word::words! { TollClass, "a toll class",
    Local = "local",
    LongDistance = "long_distance",
    Abroad = "abroad",
}

impl TollClass {
    /// As staff say it.
    pub const fn zh(self) -> &'static str {
        match self {
            Self::Local => "本地电话",
            Self::LongDistance => "长途电话",
            Self::Abroad => "国际电话",
        }
    }
}

/// Whose numbers cost what: the hospital's own area, and the first digits of the mobiles
/// that its carrier counts as of here (号段).
#[derive(Clone, Copy, Debug)]
pub struct HomeArea<'a> {
    /// With its 0.
    pub area_code: &'a str,
    /// E.g. `1395927`. Empty: no mobile is known to be of here.
    pub near_mobiles: &'a [String],
}

impl HomeArea<'_> {
    pub fn toll_class(&self, number: &E164) -> TollClass {
        let Some(national) = number.as_str().strip_prefix("+86") else { return TollClass::Abroad };
        let is_near = if is_mobile(national) {
            self.is_near_mobile(national)
        } else {
            is_free(national) || self.local_part(national).is_some()
        };
        if is_near { TollClass::Local } else { TollClass::LongDistance }
    }

    pub(super) fn is_near_mobile(&self, national: &str) -> bool {
        self.near_mobiles.iter().any(|prefix| national.starts_with(prefix.as_str()))
    }

    /// The number within the own area.
    pub(super) fn local_part<'n>(&self, national: &'n str) -> Option<&'n str> {
        let own = self.area_code.trim_start_matches('0');
        let rest = national.strip_prefix(own).filter(|_| !own.is_empty())?;
        // Landlines have seven or eight digits: 010 must not take 1010… for its own.
        matches!(rest.len(), 7 | 8).then_some(rest)
    }
}

/// 400 and 800: the called party pays for the distance.
pub(super) fn is_free(national: &str) -> bool {
    national.len() == 10 && (national.starts_with("400") || national.starts_with("800"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// F027: local, 长途 and 0 + mobile.
    #[test]
    fn f027_each_number_has_its_toll_class() {
        use TollClass::*;
        let near = ["1395927".to_owned(), "1300592".to_owned()];
        let home = HomeArea { area_code: "0592", near_mobiles: &near };
        for (number, expected) in [
            ("+865925027064", Local),
            ("+8613959271234", Local),
            ("+8613005920000", Local),
            ("+8613800138000", LongDistance),
            ("+861085445426", LongDistance),
            ("+8675512345678", LongDistance),
            ("+865922137", LongDistance),
            ("+864008208820", Local),
            ("+85223456789", Abroad),
            ("+12025550123", Abroad),
        ] {
            let number: E164 = number.parse().unwrap();
            assert_eq!(home.toll_class(&number), expected, "{number:?}");
        }
        let unknown = HomeArea { near_mobiles: &[], ..home };
        assert_eq!(unknown.toll_class(&"+8613959271234".parse().unwrap()), LongDistance);
    }

    #[test]
    fn a_right_to_the_dearer_holds_for_the_cheaper() {
        assert!(TollClass::Abroad > TollClass::LongDistance);
        assert!(TollClass::LongDistance > TollClass::Local);
        for class in TollClass::ALL {
            assert_eq!(class.as_str().parse(), Ok(*class));
        }
    }
}
