//! A program of the hospital's own that prints rows. It is started without a shell, in a
//! process group of its own that ends with it, and its output has a limit.

use std::{
    fs::File,
    io,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use nix::{
    sys::signal::{Signal, killpg},
    unistd::Pid,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt},
    process::{Child, Command},
    time,
};

use super::{Source, bytes_max, calendar, reading, tell};
use crate::{app::AppError, engine::Core};

pub(super) async fn look(core: &Core, source: &Source) -> Result<(), AppError> {
    let run = core.app.begin_interface_run(&source.name, "", core.clock.wall()).await?;
    match printed(source).await {
        Ok(Printed { bytes, complaint }) => {
            let (calendar, config) = (calendar(core), core.config());
            let reading = reading(source, &calendar, &config.hospital.area_code);
            let at = core.clock.wall();
            let run = run.remarked(complaint.as_deref());
            let brought = core.app.bring(run, &source.name, &bytes, &reading, at).await?;
            tell(source, &brought);
            Ok(())
        }
        Err(why) => {
            tracing::warn!(source = source.name, "a source's command has failed");
            core.app.fail_interface_run(run, &why, core.clock.wall()).await
        }
    }
}

/// How many lines it prints, and what it says beside them.
pub(super) async fn lines(source: &Source) -> Result<String, String> {
    let Printed { bytes, complaint } = printed(source).await?;
    let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty());
    let lines = format!("{} lines", lines.count());
    Ok(match complaint {
        Some(said) => format!("{lines}; {said}"),
        None => lines,
    })
}

struct Printed {
    bytes: Vec<u8>,
    /// What it had to say beside its rows.
    complaint: Option<String>,
}

/// What it printed, or why that does not count.
async fn printed(source: &Source) -> Result<Printed, String> {
    let mut child = start(source).map_err(|error| format!("it cannot be started: {error}"))?;
    let group = child.id().and_then(|id| i32::try_from(id).ok()).map(Pid::from_raw);
    let limit = Duration::from_secs(source.timeout_s);
    let done = time::timeout(limit, talk(&mut child, bytes_max(source))).await;
    // Whatever it left behind ends with it.
    if let Some(group) = group {
        let _ = killpg(group, Signal::SIGKILL);
    }
    let _ = child.wait().await;
    match done {
        Err(_) => Err(format!("not done within timeout_s {}: killed", source.timeout_s)),
        Ok(Err(error)) => Err(format!("its output cannot be read: {error}")),
        Ok(Ok(said)) => said.judged(source),
    }
}

fn start(source: &Source) -> io::Result<Child> {
    let (program, args) = source.command.split_first().ok_or(io::ErrorKind::InvalidInput)?;
    let input = match &source.stdin_file {
        Some(path) => Stdio::from(File::open(path)?),
        None => Stdio::null(),
    };
    let mut command = Command::new(program);
    // Our own environment may hold our secrets.
    command.args(args).env_clear();
    // Without a home, isql dies.
    command.env("LANG", "C.UTF-8").env("PATH", PATH).env("HOME", "/");
    command.envs(source.env.iter().map(|(name, value)| (name, value.reveal())));
    command.stdin(input).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.process_group(0).kill_on_drop(true).spawn()
}

struct Said {
    out: Vec<u8>,
    err: Vec<u8>,
    is_cut: bool,
    status: ExitStatus,
}

async fn talk(child: &mut Child, bytes_max: usize) -> io::Result<Said> {
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let (out, err) = tokio::join!(first(out, bytes_max), last(err));
    let (out, is_cut) = out?;
    // One that is cut off writes on for ever: it is not waited for.
    let status = if is_cut { ExitStatus::default() } else { child.wait().await? };
    Ok(Said { out, err: err?, is_cut, status })
}

impl Said {
    fn judged(self, source: &Source) -> Result<Printed, String> {
        if self.is_cut {
            return Err(format!("more than bytes_max_mib {}: killed", source.bytes_max_mib));
        }
        let complaint = complaint(&self.err);
        if !self.status.success() {
            return Err(format!("{}: {complaint}", self.status));
        }
        // Some programs complain and end with 0 all the same.
        if self.out.trim_ascii().is_empty() && !complaint.is_empty() {
            return Err(complaint);
        }
        Ok(Printed { bytes: self.out, complaint: Some(complaint).filter(|said| !said.is_empty()) })
    }
}

async fn first(pipe: Option<impl AsyncRead + Unpin>, max: usize) -> io::Result<(Vec<u8>, bool)> {
    let mut bytes = Vec::new();
    let Some(pipe) = pipe else { return Ok((bytes, false)) };
    pipe.take(max as u64 + 1).read_to_end(&mut bytes).await?;
    let is_cut = bytes.len() > max;
    Ok((bytes, is_cut))
}

async fn last(pipe: Option<impl AsyncRead + Unpin>) -> io::Result<Vec<u8>> {
    let mut kept = Vec::new();
    let Some(mut pipe) = pipe else { return Ok(kept) };
    let mut buffer = [0; 4096];
    loop {
        let count = pipe.read(&mut buffer).await?;
        if count == 0 {
            return Ok(kept);
        }
        kept.extend_from_slice(&buffer[..count]);
        let surplus = kept.len().saturating_sub(COMPLAINT_BYTES);
        kept.drain(..surplus);
    }
}

/// Its last lines, without what may be a patient's: quoted values, values behind `=`, long
/// numbers, dates, and the lines in which databases repeat a row.
fn complaint(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let repeats = |line: &&str| {
        let line = line.trim_start().to_lowercase();
        REPEATING.iter().any(|start| line.starts_with(start))
    };
    let filled = |line: &&str| !line.trim().is_empty();
    let lines: Vec<_> = text.lines().filter(filled).filter(|line| !repeats(line)).collect();
    let last = lines.iter().skip(lines.len().saturating_sub(LINES_KEPT));
    last.map(|line| discreet(line)).collect::<Vec<_>>().join(" / ")
}

fn discreet(line: &str) -> String {
    let mut shown = String::new();
    let mut rest = line.trim();
    while let Some(c) = rest.chars().next() {
        let length = hidden(rest);
        if length > 0 {
            shown.push('…');
            rest = &rest[length..];
        } else {
            shown.push(c);
            rest = &rest[c.len_utf8()..];
        }
        if shown.chars().count() >= LINE_CHARS {
            shown.push('…');
            break;
        }
    }
    shown
}

/// So many bytes at its start are not shown.
fn hidden(text: &str) -> usize {
    for (open, close) in [('\'', '\''), ('"', '"'), ('“', '”'), ('‘', '’'), ('「', '」')]
    {
        if let Some(inner) = text.strip_prefix(open) {
            return inner
                .find(close)
                .map_or(text.len(), |at| open.len_utf8() + at + close.len_utf8());
        }
    }
    if text.starts_with("=(") {
        return text.find(')').map_or(text.len(), |at| at + 1);
    }
    let number = text.find(|c: char| !(c.is_ascii_digit() || c == '-' || c == '/'));
    let number = &text[..number.unwrap_or(text.len())];
    let digits = number.bytes().filter(u8::is_ascii_digit).count();
    if number.starts_with(|c: char| c.is_ascii_digit()) && digits >= NUMBER_DIGITS {
        return number.len();
    }
    0
}

const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

const REPEATING: [&str; 8] =
    ["detail:", "context:", "hint:", "line ", "详细信息", "描述", "statement:", "failing row"];

/// A birthday has eight digits, an error of Oracle five.
const NUMBER_DIGITS: usize = 6;
const LINES_KEPT: usize = 5;
const LINE_CHARS: usize = 200;
const COMPLAINT_BYTES: usize = 8192;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_complaint_is_told_without_a_patients_data() {
        for (said, expected) in [
            ("ORA-01017: invalid username/password; logon denied\n", None),
            ("a\nb\nc\nd\ne\nf\n", Some("b / c / d / e / f")),
            ("Msg 245: cannot convert '王秀英' to int", Some("Msg 245: cannot convert … to int")),
            (
                "ERROR: duplicate key\nDETAIL:  Key (id_card)=(110105194912310021) exists.\n",
                Some("ERROR: duplicate key"),
            ),
            ("Key (name)=(王秀英) exists", Some("Key (name)… exists")),
            ("row 13800138000 born 1952-08-15 is bad", Some("row … born … is bad")),
            ("open quote '王秀英", Some("open quote …")),
            ("", Some("")),
        ] {
            assert_eq!(complaint(said.as_bytes()), expected.unwrap_or(said.trim()), "{said}");
        }
        assert!(complaint("长".repeat(900).as_bytes()).chars().count() <= LINE_CHARS + 1);
    }
}
