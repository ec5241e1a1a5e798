//! What carriers and gateways do in their own way: named profiles, and what a trunk says
//! otherwise.

use std::{collections::BTreeMap, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{Error, IntoDeserializer, MapAccess, Visitor, value::MapAccessDeserializer},
};

/// What this carrier does in its own way.
#[derive(Clone, Debug)]
pub struct CarrierProfile {
    /// Whose habits are the defaults of the rest.
    pub base: ProfileName,
    /// An old patient needs eight rings (40 s); the carrier's secretary takes over at
    /// about a minute.
    pub ring_timeout_s: u64,
    /// An INVITE without any response for this long is a dead trunk.
    pub no_response_s: u64,
    /// Session-Expires that we ask for; 0: none.
    pub session_expires_s: u32,
    pub min_se_s: u32,
    /// Demand reliable provisional responses.
    pub reliable_provisional: bool,
    /// Ask for its health by OPTIONS this often; 0: never (some ignore it).
    pub options_interval_s: u64,
    /// PCMA before PCMU, as carriers in China do.
    pub codecs: Vec<String>,
    /// `P-Asserted-Identity` with our number, where the carrier trusts us (RFC 3325 §9.1).
    pub asserted_identity: bool,
    /// `P-Preferred-Identity` with our number, where it decides itself (RFC 3325 §9.2).
    pub preferred_identity: bool,
    /// How many last digits of the called number must be those of one of our numbers; 0: any
    /// call from this trunk is for us.
    pub did_digits: u8,
    pub dtmf: Dtmf,
    pub answer_supervision: Supervision,
    /// A final status of this carrier that means something else than it does elsewhere.
    pub status_outcomes: BTreeMap<String, String>,
}

/// Whose habits.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub enum ProfileName {
    #[default]
    Generic,
    /// Asterisk, FreeSWITCH and other exchanges of the house.
    Pbx,
    /// The voice trunks of carriers in China.
    ImsCn,
    /// Analogue lines behind a gateway.
    Fxo,
    /// An E1 (PRI) behind a gateway.
    PriGw,
}

/// How keys come, and what is offered for them.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum Dtmf {
    /// Telephone-events; keys in the sound are heard too, and each press counts once.
    #[default]
    Rfc4733,
    /// INFO alone: no telephone-event is offered and the sound is not listened to, so that no
    /// press counts twice.
    Info,
    /// The sound alone: no telephone-event is offered.
    Inband,
}

/// What tells that somebody has picked up.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum Supervision {
    /// The 200.
    #[default]
    Sip,
    Tone,
    Voice,
}

impl Default for CarrierProfile {
    fn default() -> Self {
        Self {
            base: ProfileName::Generic,
            ring_timeout_s: 50,
            no_response_s: 3,
            session_expires_s: 1800,
            min_se_s: 90,
            reliable_provisional: false,
            options_interval_s: 30,
            codecs: vec!["PCMA".to_owned(), "PCMU".to_owned()],
            asserted_identity: false,
            preferred_identity: false,
            did_digits: 0,
            dtmf: Dtmf::Rfc4733,
            answer_supervision: Supervision::Sip,
            status_outcomes: BTreeMap::new(),
        }
    }
}

impl CarrierProfile {
    pub fn named(base: ProfileName) -> Self {
        let generic = Self { base, ..Self::default() };
        match base {
            ProfileName::Generic => generic,
            // In the same house: silence of two seconds is death. Session timers of exchanges
            // are as many as exchanges; a lost call is found by its silence.
            ProfileName::Pbx => Self { no_response_s: 2, session_expires_s: 0, ..generic },
            // The SBC ignores OPTIONS, decides about the identity, and may deliver four digits.
            ProfileName::ImsCn => Self {
                options_interval_s: 0,
                preferred_identity: true,
                did_digits: 4,
                codecs: vec!["PCMA".to_owned()],
                ..generic
            },
            // Keys pass as sound; the line has no session to time.
            ProfileName::Fxo => Self { dtmf: Dtmf::Inband, session_expires_s: 0, ..generic },
            // The exchange behind it takes the number for the truth.
            ProfileName::PriGw => Self { asserted_identity: true, session_expires_s: 0, ..generic },
        }
    }

    pub(super) fn mistake(&self) -> Option<String> {
        let known = |name: &String| ["PCMA", "PCMU"].contains(&name.as_str());
        if let Some(odd) = self.codecs.iter().find(|name| !known(name)) {
            return Some(format!("codec {odd:?} is not PCMA or PCMU"));
        }
        if self.answer_supervision != Supervision::Sip {
            let word = format!("{:?}", self.answer_supervision).to_lowercase();
            return Some(format!(
                "answer_supervision = {word:?}: only \"sip\" is built; a gateway that answers when \
                 the line is seized must be set to report the far answer"
            ));
        }
        if self.did_digits > DID_DIGITS_MAX {
            return Some(format!("did_digits is at most {DID_DIGITS_MAX}"));
        }
        self.status_outcomes.iter().find_map(|(status, outcome)| {
            let is_final = status.parse().is_ok_and(|status: u16| (300..=699).contains(&status));
            if !is_final {
                return Some(format!("status_outcomes: {status:?} is not a status of 300 to 699"));
            }
            let known = STATUS_OUTCOMES.contains(&outcome.as_str());
            (!known).then(|| {
                let words = STATUS_OUTCOMES.join(", ");
                format!("status_outcomes: {outcome:?} is none of {words}")
            })
        })
    }
}

/// What a dial that nobody answered can come to; words of `outcome`.
pub const STATUS_OUTCOMES: [&str; 7] =
    ["no_answer", "busy", "declined", "unreachable", "barred", "not_in_service", "trunk_fault"];

/// As many as a number has (E.164).
const DID_DIGITS_MAX: u8 = 15;

/// `profile = "ims-cn"`, or a table with `base` and what differs from it.
impl<'de> Deserialize<'de> for CarrierProfile {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(NameOrTable)
    }
}

struct NameOrTable;

impl<'de> Visitor<'de> for NameOrTable {
    type Value = CarrierProfile;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a profile, or a table")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
        ProfileName::deserialize(name.into_deserializer()).map(CarrierProfile::named)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        Differences::deserialize(MapAccessDeserializer::new(map)).map(Differences::applied)
    }
}

macro_rules! differences {
    ($($field:ident: $kind:ty,)*) => {
        #[derive(Default, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        struct Differences {
            base: ProfileName,
            $($field: Option<$kind>,)*
        }

        impl Differences {
            fn applied(self) -> CarrierProfile {
                let mut profile = CarrierProfile::named(self.base);
                $(if let Some(value) = self.$field {
                    profile.$field = value;
                })*
                profile
            }
        }
    };
}

differences! {
    ring_timeout_s: u64,
    no_response_s: u64,
    session_expires_s: u32,
    min_se_s: u32,
    reliable_provisional: bool,
    options_interval_s: u64,
    codecs: Vec<String>,
    asserted_identity: bool,
    preferred_identity: bool,
    did_digits: u8,
    dtmf: Dtmf,
    answer_supervision: Supervision,
    status_outcomes: BTreeMap<String, String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn parse(profile: &str) -> Result<CarrierProfile, String> {
        let text = format!(
            "[[trunk]]\nname = \"a\"\npeer = '127.0.0.1:5070'\ncaller_number = '1'\n{profile}"
        );
        let config = Config::parse(&text, "suifang.toml").map_err(|error| error.to_string());
        config.map(|mut config| config.trunk.remove(0).profile)
    }

    #[test]
    fn a_profile_is_a_name_or_a_table_and_a_table_may_have_a_name() {
        let show = |profile: &CarrierProfile| format!("{profile:?}");
        for (text, expected) in [
            ("", CarrierProfile::default()),
            ("profile = {}", CarrierProfile::default()),
            ("profile = 'ims-cn'", CarrierProfile::named(ProfileName::ImsCn)),
            ("[trunk.profile]\nbase = 'pri-gw'", CarrierProfile::named(ProfileName::PriGw)),
            (
                "profile = { base = 'ims-cn', ring_timeout_s = 40, did_digits = 0 }",
                CarrierProfile {
                    ring_timeout_s: 40,
                    did_digits: 0,
                    ..CarrierProfile::named(ProfileName::ImsCn)
                },
            ),
            (
                "[trunk.profile]\nring_timeout_s = 40",
                CarrierProfile { ring_timeout_s: 40, ..CarrierProfile::default() },
            ),
            (
                "profile = { status_outcomes = { 480 = 'no_answer' } }",
                CarrierProfile {
                    status_outcomes: [("480".to_owned(), "no_answer".to_owned())].into(),
                    ..CarrierProfile::default()
                },
            ),
        ] {
            assert_eq!(show(&parse(text).unwrap()), show(&expected), "{text}");
        }
    }

    #[test]
    fn what_a_profile_cannot_say_is_told_in_one_line() {
        for (text, expected) in [
            ("profile = 'imscn'", "suifang.toml:5: unknown variant `imscn`"),
            ("[trunk.profile]\nrng_timeout_s = 4", "suifang.toml:6: unknown field `rng_timeout_s`"),
            ("[trunk.profile]\ndtmf = 'smoke'", "suifang.toml:6: unknown variant `smoke`"),
            (
                "profile = { answer_supervision = 'tone' }",
                "suifang.toml:2: trunk \"a\": answer_supervision = \"tone\": only \"sip\" is built",
            ),
            (
                "profile = { status_outcomes = { 200 = 'busy' } }",
                "suifang.toml:2: trunk \"a\": status_outcomes: \"200\" is not",
            ),
            (
                "profile = { status_outcomes = { 480 = 'completed' } }",
                "suifang.toml:2: trunk \"a\": status_outcomes: \"completed\" is none of",
            ),
            ("profile = { did_digits = 16 }", "suifang.toml:2: trunk \"a\": did_digits is at most"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.starts_with(expected), "{text:?}\n gave {error}\n not  {expected}");
            assert_eq!(error.lines().count(), 1, "{error}");
        }
    }
}
