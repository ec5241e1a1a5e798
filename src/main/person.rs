//! `person export`, `restrict`, `lift`, `erase`: beside a running server or without one.

use std::path::Path;

use suifang::{
    app::Erasing,
    base::UserId,
    engine::remove_recording,
    store::{Departments, Principal},
};

use super::{
    Failure,
    args::Person,
    setting::{self, Record},
};

pub(super) fn person(config: Option<&Path>, person: &Person) -> Result<(), Failure> {
    let (config, _) = setting::load(config)?;
    setting::runtime()?.block_on(async {
        let record = Record::open(&config).await?;
        let done = act(&record, &config.paths.recordings, person).await;
        record.close().await;
        println!("{}", done?);
        Ok(())
    })
}

async fn act(record: &Record, recordings: &Path, ask: &Person) -> Result<String, Failure> {
    let (app, at) = (&record.app, record.now());
    let (text, by) = match ask {
        Person::Export { person, by }
        | Person::Restrict { person, by, .. }
        | Person::Lift { person, by, .. }
        | Person::Erase { person, by, .. } => (person, named(by)),
    };
    let id = app.find_person(&by, text).await.map_err(Failure::usage)?;
    let said = match ask {
        Person::Export { .. } => {
            let all = app.export_person(&by, id, at).await.map_err(Failure::usage)?;
            return serde_json::to_string_pretty(&all).map_err(Failure::other);
        }
        Person::Restrict { reason, .. } => {
            app.restrict_person(&by, id, reason, at).await.map(|()| "restricted")
        }
        Person::Lift { reason, .. } => {
            app.lift_restriction(&by, id, reason, at).await.map(|()| "no longer restricted")
        }
        Person::Erase { confirm: true, .. } => {
            let remove = |path: &str| remove_recording(recordings, path);
            app.confirm_erasure(&by, id, remove, at).await.map(|()| "erased")
        }
        Person::Erase { withdraw: true, .. } => {
            app.withdraw_erasure(&by, id, at).await.map(|()| "the request is taken back")
        }
        Person::Erase { reason, .. } => {
            let reason = reason.as_deref().unwrap_or_default();
            app.ask_erasure(&by, id, reason, at).await.map(|asked| match asked {
                Erasing::Asked => "asked for: another person confirms it by --confirm",
                Erasing::Erased => "erased already",
            })
        }
    };
    said.map(|said| format!("person {id}: {said}")).map_err(Failure::usage)
}

/// Who sits at the machine; the name is the one given.
fn named(by: &str) -> Principal {
    Principal::Person {
        user: UserId::from_uuid(uuid::Uuid::nil()),
        login: by.to_owned(),
        departments: Departments::All,
    }
}
