//! `announcements learn|list|unknown|test|forget`.

use std::path::{Path, PathBuf};

use suifang::{
    app::LearntFrom,
    config::Config,
    domain::Announcement,
    engine::{Announcements, ControlRequest, ask_server, far_sound},
    media::announcement::Template,
};

use super::{
    Failure, args,
    content::person,
    setting::{self, Record},
};

pub(super) fn run(config: Option<&Path>, what: args::Announcements) -> Result<(), Failure> {
    let (config, _) = setting::load(config)?;
    setting::runtime()?.block_on(async {
        let record = Record::open(&config).await?;
        let done = act(&config, &record, what).await;
        record.close().await;
        done
    })
}

async fn act(config: &Config, record: &Record, what: args::Announcements) -> Result<(), Failure> {
    match what {
        args::Announcements::Learn { class, files, by } => {
            let class: Announcement = class.parse().map_err(Failure::usage)?;
            let template = Template::learn(&sounds(&files)?).map_err(Failure::usage)?;
            let (by, at, print) = (person(&by), record.now(), template.to_bytes());
            let learnt = record
                .app
                .learn_announcement(&by, class, &print, LearntFrom::Files(files.len()), at)
                .await;
            let id = learnt.map_err(Failure::other)?;
            println!("{id} {class}: {} ms learnt from {}", template.length_ms(), files.len());
            tell(config).await
        }
        args::Announcements::Forget { id, by } => {
            let id = id.parse().map_err(|_| Failure::usage(format!("{id:?} is no id")))?;
            let (by, at) = (person(&by), record.now());
            record.app.forget_announcement(&by, id, at).await.map_err(Failure::other)?;
            tell(config).await
        }
        args::Announcements::List => {
            for row in record.app.announcements().await.map_err(Failure::other)? {
                let ms = Announcements::length_ms(&row.print);
                println!(
                    "{} {} {ms} ms, from {} recordings, by {} at {}",
                    row.announcement_id, row.class, row.recordings, row.learnt_by, row.learnt_at
                );
            }
            Ok(())
        }
        args::Announcements::Unknown => {
            let unknown = record.app.unknown_announcements().await.map_err(Failure::other)?;
            for one in unknown {
                let path = config.paths.recordings.join(&one.path);
                let status = one.sip_status.map_or("none".to_owned(), |status| status.to_string());
                let (ms, at) = (one.duration_ms.unwrap_or_default(), one.started_at);
                println!("{} {ms} ms, SIP status {status}, at {at}", path.display());
            }
            Ok(())
        }
        args::Announcements::Test { files } => {
            let known = record.app.announcements().await.map_err(Failure::other)?;
            let known = Announcements::new(&known);
            for (file, sound) in files.iter().zip(sounds(&files)?) {
                println!("{}: {}", file.display(), judge(&known, &sound));
            }
            Ok(())
        }
    }
}

fn judge(known: &Announcements, sound: &[i16]) -> String {
    if known.is_empty() {
        return "unknown; nothing was learnt".to_owned();
    }
    match known.judge(sound) {
        Some((class, verdict)) => {
            format!("{class}, {} %, after {} ms", verdict.confidence_percent, verdict.at_ms)
        }
        None => "unknown".to_owned(),
    }
}

fn sounds(files: &[PathBuf]) -> Result<Vec<Vec<i16>>, Failure> {
    files.iter().map(|file| far_sound(file).map_err(Failure::usage)).collect()
}

/// A running server listens from its next call on; without one the next start does.
async fn tell(config: &Config) -> Result<(), Failure> {
    match ask_server(&config.paths.data, &ControlRequest::Announcements).await {
        Ok(reply) if reply.ok => println!("{}", reply.said),
        Ok(reply) => return Err(Failure::other(reply.said)),
        Err(_) => println!("no server runs; it will be listened for from its start on"),
    }
    Ok(())
}
