//! `check`, `script` and `import`.

use std::{path::Path, sync::Arc};

use suifang::{
    app::RunAction,
    base::{ImportId, UserId},
    config::Config,
    domain::Calendar,
    engine::{
        Clock, ControlRequest, SystemClock, Voice, ask_server, first_questions, load_library,
        new_run, prompt_counts, read_sources,
    },
    ivr::{Library, run_script},
    store::{Departments, Principal},
};

use super::{
    Failure,
    setting::{self, Record},
};

pub(super) fn check(config: Option<&Path>, folder: Option<&Path>) -> Result<(), Failure> {
    let (config, _) = setting::load(config)?;
    let folder = folder.map_or_else(|| config.paths.dialplans.clone(), Path::to_owned);
    let library = load_library(&folder).map_err(Failure::usage)?;
    let (plans, forms) = (library.dialplans().count(), library.questionnaires().count());
    println!("{}: {plans} dialplans and {forms} questionnaires, no mistakes", folder.display());
    setting::runtime()?.block_on(check_speech(&config, &library))
}

/// Who speaks the sentences, and how soon the first question comes. A warning is no
/// mistake: the exit code stays 0.
async fn check_speech(config: &Config, library: &Arc<Library>) -> Result<(), Failure> {
    let asked = ask_server(&config.paths.data, &ControlRequest::Prompts).await;
    match asked {
        Ok(reply) if reply.ok => println!("{}", reply.said),
        Ok(reply) => return Err(Failure::other(reply.said)),
        Err(_) => {
            let counts = prompt_counts(library, config, &[], |tag| speaks(config, tag));
            println!("{counts}(recordings are counted only while the server runs)");
        }
    }
    let folder = std::env::temp_dir().join(format!("suifang-check-{}", std::process::id()));
    let voice = Voice::new(config.tts.clone(), &folder).map_err(Failure::other)?;
    let late = first_questions(&voice, library, config, SystemClock.instant()).await;
    let _ = std::fs::remove_dir_all(&folder);
    for line in late {
        println!("warning: {line}");
    }
    Ok(())
}

fn speaks(config: &Config, language: &str) -> bool {
    let primary = language.split('-').next().unwrap_or(language);
    [language, primary].iter().any(|tag| config.tts.voice.contains_key(*tag))
}

pub(super) fn script(dialplan: &Path, script: &Path) -> Result<(), Failure> {
    let folder = dialplan.parent().unwrap_or(Path::new("."));
    let sources = read_sources(folder)
        .map_err(|error| Failure::usage(format!("{}: {error}", folder.display())))?;
    let library = Arc::new(Library::read(&sources).map_err(Failure::usage)?);
    let id = dialplan.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    let text = std::fs::read_to_string(script)
        .map_err(|error| Failure::usage(format!("{}: {error}", script.display())))?;
    let now = SystemClock.instant();
    let path = run_script(&library, &id.unwrap_or_default(), &text, now);
    print!("{}", path.map_err(|error| Failure::usage(format!("{}: {error}", script.display())))?);
    Ok(())
}

pub(super) fn import(
    config: Option<&Path>,
    file: &Path,
    run: Option<&str>,
    by: &str,
) -> Result<(), Failure> {
    let (config, _) = setting::load(config)?;
    let bytes = std::fs::read(file)
        .map_err(|error| Failure::usage(format!("{}: {error}", file.display())))?;
    let library = run.map(|_| load_library(&config.paths.dialplans)).transpose();
    let library = library.map_err(Failure::usage)?;
    setting::runtime()?.block_on(async {
        let record = Record::open(&config).await?;
        let done = import_into(&record, &config, file, &bytes, by).await;
        let done = match (done, run.zip(library)) {
            (Ok(import), Some((dialplan, library))) => {
                start_run(&record, &config, &library, dialplan, import, by).await
            }
            (done, _) => done.map(drop),
        };
        record.close().await;
        done
    })
}

async fn import_into(
    record: &Record,
    config: &Config,
    file: &Path,
    bytes: &[u8],
    by: &str,
) -> Result<ImportId, Failure> {
    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let at = record.now();
    let calendar = Calendar::always(config.hospital.timezone);
    let area = &config.hospital.area_code;
    let done = record.app.import_csv(&person(by), &name, bytes, &calendar, area, at).await;
    let done = done.map_err(Failure::usage)?;
    for row in &done.bad {
        for fault in &row.faults {
            println!("第 {} 行 {}: {}", row.row, fault.column, fault.what);
        }
    }
    let counts = done.counts;
    println!(
        "{} rows read: {} stored, {} known already, {} bad (import {})",
        counts.rows_read, counts.rows_stored, counts.rows_known, counts.rows_bad, done.import
    );
    Ok(done.import)
}

async fn start_run(
    record: &Record,
    config: &Config,
    library: &Arc<Library>,
    dialplan: &str,
    import: ImportId,
    by: &str,
) -> Result<(), Failure> {
    let (at, who) = (record.now(), person(by));
    let training = config.hospital.training;
    let name =
        format!("{dialplan} {}", at.with_timezone(&config.hospital.timezone).format("%F %H:%M"));
    let run = new_run(library, training, &name, dialplan, None, None, Some(import));
    let run = run.map_err(Failure::usage)?;
    let (id, tasks) = record.app.create_run(&who, &run, at).await.map_err(Failure::usage)?;
    let started = record.app.change_run(&who, id, RunAction::Start, None, at).await;
    started.map_err(Failure::usage)?;
    println!("run {id} started with {tasks} tasks; a running server dials them");
    Ok(())
}

/// Whoever works at this machine, by the name given.
pub(super) fn person(name: &str) -> Principal {
    Principal::Person {
        user: UserId::from_uuid(uuid::Uuid::nil()),
        login: name.to_owned(),
        departments: Departments::All,
    }
}
