//! A folder into which another system drops files. A file is taken when its size stands
//! still, and once by its content.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use tokio::{task::spawn_blocking, time};
use tracing::warn;

use super::{Source, bytes_max, calendar, held_until, reading, tell};
use crate::{
    app::{AppError, Brought},
    engine::Core,
};

pub(super) async fn look(core: &Core, source: &Source) -> Result<(), AppError> {
    let Some(folder) = &source.path else { return Ok(()) };
    let files = match whole_files(folder, source.settle_s).await {
        Ok(files) => files,
        Err(error) => {
            let run = core.app.begin_interface_run(&source.name, "", core.clock.wall()).await?;
            let why = format!("the folder cannot be read: {error}");
            return core.app.fail_interface_run(run, &why, core.clock.wall()).await;
        }
    };
    for path in files {
        let at = core.clock.wall();
        let until = held_until(source, at);
        if core.is_draining() || !core.app.keep_source(&source.name, &core.node, until).await? {
            return Ok(());
        }
        take(core, source, folder, &path).await?;
    }
    Ok(())
}

/// How many files wait, whole or not.
pub(super) async fn waiting(source: &Source) -> Result<String, String> {
    let folder = source.path.clone().unwrap_or_default();
    let found = list(&folder).await.map_err(|error| {
        let shown = folder.display();
        format!("{shown} 读不了:{error} / {shown} cannot be read: {error}")
    })?;
    Ok(format!("{}: {}", folder.display(), found.len()))
}

async fn take(core: &Core, source: &Source, folder: &Path, path: &Path) -> Result<(), AppError> {
    let at = core.clock.wall();
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let run = core.app.begin_interface_run(&source.name, &name, at).await?;
    let bytes = match read(path, bytes_max(source)).await {
        Ok(bytes) => bytes,
        Err(why) => {
            core.app.fail_interface_run(run, &why, at).await?;
            return put_away(folder, FAILED, path).await;
        }
    };
    let (calendar, config) = (calendar(core), core.config());
    let reading = reading(source, &calendar, &config.hospital.area_code);
    let brought = core.app.bring_file(run, &name, &bytes, &reading, at).await?;
    tell(source, &brought);
    let place = if matches!(brought, Brought::Refused(_)) { FAILED } else { DONE };
    put_away(folder, place, path).await
}

async fn read(path: &Path, bytes_max: usize) -> Result<Vec<u8>, String> {
    let path = path.to_owned();
    let read = move || {
        let bytes = fs::metadata(&path).map_err(|error| error.to_string())?.len();
        if usize::try_from(bytes).is_ok_and(|bytes| bytes <= bytes_max) {
            return fs::read(&path).map_err(|error| error.to_string());
        }
        Err(format!("{bytes} bytes, over bytes_max_mib"))
    };
    spawn_blocking(read).await.unwrap_or_else(|error| Err(error.to_string()))
}

/// Where it cannot be moved, it is known by its content.
async fn put_away(folder: &Path, place: &str, path: &Path) -> Result<(), AppError> {
    let (folder, path) = (folder.join(place), path.to_owned());
    let moved = spawn_blocking(move || {
        fs::create_dir_all(&folder)?;
        fs::rename(&path, free_name(&folder, &path))
    });
    if let Ok(Err(error)) = moved.await {
        warn!(%error, "a file that was read cannot be moved; it is not read twice");
    }
    Ok(())
}

/// `a.csv`, or `a.2.csv` when there is one already: nothing is written over.
fn free_name(folder: &Path, path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let (stem, extension) = name.rsplit_once('.').unwrap_or((&name, ""));
    let numbered = (2..NAMES_TRIED).map(|n| folder.join(format!("{stem}.{n}.{extension}")));
    let mut names = std::iter::once(folder.join(&name)).chain(numbered);
    names.find(|path| !path.exists()).unwrap_or_else(|| folder.join(&name))
}

/// Those whose size and time stand still, by name.
async fn whole_files(folder: &Path, settle_s: u64) -> io::Result<Vec<PathBuf>> {
    let before = list(folder).await?;
    if before.is_empty() {
        return Ok(Vec::new());
    }
    time::sleep(Duration::from_secs(settle_s)).await;
    let after = list(folder).await?;
    let same = |(path, seen): (PathBuf, Seen)| (before.get(&path) == Some(&seen)).then_some(path);
    Ok(after.into_iter().filter_map(same).take(FILES_MAX).collect())
}

type Seen = (u64, Option<SystemTime>);

async fn list(folder: &Path) -> io::Result<BTreeMap<PathBuf, Seen>> {
    let folder = folder.to_owned();
    let read = move || -> io::Result<BTreeMap<PathBuf, Seen>> {
        let mut found = BTreeMap::new();
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let path = entry.path();
            let meta = entry.metadata()?;
            if meta.is_file() && is_data(&path) {
                found.insert(path, (meta.len(), meta.modified().ok()));
            }
        }
        Ok(found)
    };
    spawn_blocking(read).await.map_err(io::Error::other)?
}

/// What is still being written has a name of its own with most programs.
fn is_data(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    !name.starts_with(['.', '~']) && EXTENSIONS.contains(&extension)
}

const EXTENSIONS: [&str; 7] = ["csv", "txt", "tsv", "xlsx", "json", "jsonl", "xml"];
const DONE: &str = "done";
const FAILED: &str = "failed";

/// More wait for the next look.
const FILES_MAX: usize = 200;
const NAMES_TRIED: u32 = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    /// Half a file is no file: as long as somebody writes, it is not taken.
    #[tokio::test(flavor = "multi_thread")]
    async fn a_file_that_still_grows_is_not_taken() {
        use std::{
            io::Write,
            sync::atomic::{AtomicBool, Ordering},
        };
        let folder = std::env::temp_dir().join(format!("suifang-grows-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join("a.csv");
        let mut file = fs::File::create(&path).unwrap();
        let is_written = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !is_written.load(Ordering::Relaxed) {
                    file.write_all(b"x").unwrap();
                    std::thread::yield_now();
                }
            });
            let handle = tokio::runtime::Handle::current();
            let found = tokio::task::block_in_place(|| handle.block_on(whole_files(&folder, 1)));
            is_written.store(true, Ordering::Relaxed);
            assert!(found.unwrap().is_empty());
        });
        assert_eq!(whole_files(&folder, 0).await.unwrap(), [path]);
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn what_is_still_written_is_no_data() {
        for (name, expected) in [
            ("a.csv", true),
            ("出院.XLSX", true),
            (".a.csv", false),
            ("~$a.xlsx", false),
            ("a.csv.part", false),
            ("a.tmp", false),
            ("a", false),
        ] {
            assert_eq!(is_data(Path::new(name)), expected, "{name}");
        }
    }
}
