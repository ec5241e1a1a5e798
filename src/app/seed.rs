//! What a fresh hospital finds: diseases, holidays, and how names sound. Done again at each
//! start, it adds what a new version brings and changes nothing else.

use super::{App, Result};
use crate::{
    domain::{DayKind, DiseaseDictionary, pinyin_keys, shipped_holidays},
    store::{self, Principal},
};

impl App {
    /// # Errors
    /// When the database cannot be written.
    pub async fn seed(&self) -> Result<()> {
        let dictionary = DiseaseDictionary::shipped();
        let initials = |name: &str| {
            let keys = pinyin_keys(name);
            keys.into_iter().min_by_key(String::len).unwrap_or_default()
        };
        let diseases: Vec<_> = dictionary
            .all()
            .iter()
            .map(|disease| (disease.icd.as_str(), disease.name.as_str(), initials(&disease.name)))
            .collect();
        let kind = |kind: DayKind| match kind {
            DayKind::Holiday => "holiday",
            DayKind::MakeupDay => "makeup_day",
        };
        let days = shipped_holidays();
        let days: Vec<_> =
            days.iter().map(|day| (day.on, kind(day.kind), day.name.clone())).collect();
        let mut scope = self.scope(&SEED).await?;
        store::dictionary::add_diseases(&mut scope, &diseases).await?;
        store::dictionary::add_holidays(&mut scope, &days).await?;
        self.commit(scope).await?;
        self.add_missing_sounds().await
    }

    /// People from before there were sounds.
    async fn add_missing_sounds(&self) -> Result<()> {
        loop {
            let mut scope = self.scope(&SEED).await?;
            let people = store::person::unsounded(&mut scope, PAGE).await?;
            let sounds: Vec<_> = people
                .iter()
                .flat_map(|(id, name)| {
                    let person = crate::base::PersonId::from_uuid(*id);
                    pinyin_keys(name).into_iter().map(move |sound| (person, sound))
                })
                .collect();
            store::person::add_sounds(&mut scope, &sounds).await?;
            self.commit(scope).await?;
            // Names in which nothing sounds come again each time.
            if sounds.is_empty() {
                return Ok(());
            }
        }
    }
}

const SEED: Principal = Principal::System("seed");
const PAGE: i64 = 1000;
