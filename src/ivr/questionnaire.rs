//! A questionnaire: the words of FHIR R4's Questionnaire (`linkId`, `type`, `text`,
//! `required`, `enableWhen`, `answerOption`); what FHIR has no field for (say, keys,
//! read-back, red flags) is ours.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::domain::{Conversation, DayPart};

/// A text by language tag; `zh` is always there.
pub(super) type Words = BTreeMap<String, String>;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Questionnaire {
    pub id: String,
    pub version: u32,
    pub title: Words,
    /// The form that is asked first: who is speaking, consent, identity.
    pub opening: Option<String>,
    /// The identity level (rules.md §2) of items that do not say their own.
    #[serde(default = "level_2")]
    pub identity: u8,
    /// The year of birth will do where month and day failed.
    #[serde(default)]
    pub weak_identity: bool,
    /// Diseases, departments and treatments may be named to a patient who knows.
    #[serde(default)]
    pub disclose: bool,
    pub only: Option<String>,
    /// 随访方式 of the public-health forms; a phone is never face to face.
    pub visit_mode: Option<String>,
    /// In the library of templates that a department clones from.
    pub template: Option<Template>,
    /// Who signed the levels and advice, and when. Without it the form runs only in
    /// training.
    pub clinical_review: Option<Review>,
    #[serde(rename = "item", default)]
    pub items: Vec<Item>,
    #[serde(default)]
    pub advice: BTreeMap<String, Words>,
    /// Sums of items' scores; a missing item leaves the sum empty.
    #[serde(default)]
    pub scores: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    pub by_staff_only: Vec<String>,
    #[serde(default)]
    pub note: String,
}

/// What a template is for.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum Template {
    /// For any patient.
    Basic,
    /// For one disease.
    Disease,
}

impl Template {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Basic => "basic",
            Self::Disease => "disease",
        }
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Review {
    pub by: String,
    pub at: String,
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum ItemType {
    Display,
    Choice,
    Boolean,
    Integer,
    Decimal,
    Attachment,
    /// Words that a person types; no telephone asks for them.
    Text,
}

impl ItemType {
    pub const fn is_choice(self) -> bool {
        matches!(self, Self::Choice | Self::Boolean)
    }

    pub const fn is_number(self) -> bool {
        matches!(self, Self::Integer | Self::Decimal)
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Item {
    pub link_id: String,
    #[serde(rename = "type")]
    pub kind: ItemType,
    /// What stands on the page and on paper.
    pub text: String,
    #[serde(default)]
    pub required: bool,
    /// Hang-up after this item is `partial`, before it `break_off`.
    #[serde(default)]
    pub enough: bool,
    #[serde(default)]
    pub repeats: bool,
    /// Only on the page: a voice passes it over.
    #[serde(default)]
    pub page_only: bool,
    /// What is spoken; absent: `text`.
    pub say: Option<Say>,
    /// Spoken instead from the second time on.
    pub say_again: Option<Say>,
    #[serde(default)]
    pub enable_when: Vec<EnableWhen>,
    #[serde(default)]
    pub enable_behavior: Behavior,
    /// A fact of the record: `had_operation`, `person_on_duty`, `!night`.
    #[serde(default)]
    pub enable_when_fact: Vec<String>,
    pub only: Option<String>,
    pub identity: Option<u8>,
    #[serde(default)]
    pub neutral: bool,
    /// A key ends the prompt. Not where something must be heard to the end.
    #[serde(default = "yes")]
    pub barge_in: bool,
    #[serde(default)]
    pub answer_option: Vec<AnswerOption>,
    pub unit: Option<String>,
    pub range: Option<(f64, f64)>,
    pub read_back: Option<ReadBack>,
    /// Exactly so many digits; no `#` is needed.
    pub digits: Option<usize>,
    /// What `#` alone means: a number, or `unknown`.
    pub empty: Option<String>,
    /// `138*88#` answers this item and that one at once.
    pub pair_with: Option<String>,
    /// Must be less than that item's answer, else both are asked again.
    pub less_than: Option<String>,
    #[serde(default)]
    pub red_flag: Vec<RedFlag>,
    /// A value far above the last one is asked about: 公斤, or 斤?
    pub doubt: Option<Doubt>,
    pub verify: Option<Verify>,
    #[serde(default = "two")]
    pub tries: u32,
    /// Spoken after the first wrong try of a `verify` item.
    pub on_wrong: Option<Say>,
    pub max_seconds: Option<u32>,
    #[serde(default)]
    pub note: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Say {
    /// Texts of the catalogue, by id.
    Texts(Vec<String>),
    Words(Words),
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum ReadBack {
    Standard(bool),
    Words(Words),
}

#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum Behavior {
    #[default]
    All,
    Any,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnableWhen {
    /// A linkId, `score:<name>`, `failed:<linkId>` (tries) or `fact:<name>`.
    pub question: String,
    pub operator: Operator,
    pub answer: String,
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
pub enum Operator {
    #[serde(rename = "=")]
    Equal,
    #[serde(rename = "!=")]
    NotEqual,
    #[serde(rename = ">")]
    Greater,
    #[serde(rename = ">=")]
    AtLeast,
    #[serde(rename = "<")]
    Less,
    #[serde(rename = "<=")]
    AtMost,
    #[serde(rename = "exists")]
    Exists,
}

impl Operator {
    pub fn holds(self, left: f64, right: f64) -> bool {
        match self {
            Self::Equal => (left - right).abs() < f64::EPSILON,
            Self::NotEqual => (left - right).abs() >= f64::EPSILON,
            Self::Greater => left > right,
            Self::AtLeast => left >= right,
            Self::Less => left < right,
            Self::AtMost => left <= right,
            Self::Exists => true,
        }
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct AnswerOption {
    /// Absent: only on the page, never by key.
    pub key: Option<char>,
    pub code: String,
    pub zh: String,
    pub en: String,
    pub score: Option<f64>,
    /// One of the blanks instead of an answer (`not_applicable`).
    pub status: Option<String>,
    pub red_flag: Option<Level>,
    pub advice: Option<String>,
    pub next: Option<String>,
    /// A text of the catalogue, spoken after the key.
    pub say: Option<String>,
    /// The conversation comes to this. With `next`, it is remembered until the end.
    pub outcome: Option<String>,
    pub effect: Option<Effect>,
    pub promise: Option<String>,
    /// A task for a person, in these words.
    pub task: Option<String>,
    pub respondent: Option<String>,
    #[serde(default)]
    pub transfer: Option<String>,
    /// Further answers that follow from this one.
    #[serde(default)]
    pub sets: BTreeMap<String, f64>,
    #[serde(default)]
    pub verbatim: bool,
    /// Pressed, it works; it is not spoken in the menu.
    #[serde(default)]
    pub silent: bool,
}

impl AnswerOption {
    pub fn conversation(&self) -> Option<Conversation> {
        self.outcome.as_deref().and_then(|word| word.parse().ok())
    }

    pub fn promised(&self) -> Option<DayPart> {
        self.promise.as_deref().and_then(|word| word.parse().ok())
    }
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    ConsentGiven,
    NoRecording,
    OptOut,
    WrongNumber,
    CannotTakePart,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct RedFlag {
    pub operator: Operator,
    pub value: f64,
    pub level: Level,
    pub advice: Option<String>,
    /// Only where these facts hold: what is a warning for most is urgent for some.
    #[serde(default)]
    pub when_fact: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Doubt {
    /// So many times the last value is doubtful.
    pub times: f64,
    /// What is asked: 1 = as keyed, 2 = in the other unit.
    pub say: Words,
    /// Of the other unit so many make one.
    pub divide_by: f64,
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    Prompt,
    Urgent,
    Emergency,
    /// PHQ-9 item 9: an emergency with its own words.
    Suicide,
}

impl Level {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Prompt => "prompt",
            Self::Urgent => "urgent",
            Self::Emergency | Self::Suicide => "emergency",
        }
    }

    pub const fn due_minutes(self) -> i64 {
        match self {
            Self::Prompt => 24 * 60,
            Self::Urgent => 30,
            Self::Emergency | Self::Suicide => 5,
        }
    }
}

/// What is checked and never stored: the digits say who is speaking.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "camelCase")]
pub enum Verify {
    Birthday,
    BirthYear,
}

impl Item {
    /// For a person with the form before them; no voice asks it.
    pub fn is_on_page(&self) -> bool {
        self.page_only || self.kind == ItemType::Text
    }
}

impl Questionnaire {
    /// A form that asks who is speaking; it is asked before other forms.
    pub fn is_opening(&self) -> bool {
        self.items.iter().any(|item| item.verify.is_some())
    }

    pub fn item(&self, link_id: &str) -> Option<&Item> {
        self.items.iter().find(|item| item.link_id == link_id)
    }
}

const fn level_2() -> u8 {
    2
}

const fn yes() -> bool {
    true
}

const fn two() -> u32 {
    2
}
