//! `pg_dump` and `pg_restore` of the installed PostgreSQL, against our own cluster or the
//! hospital's. A password goes by the environment: arguments are seen by everybody on the
//! machine.

use std::path::{Path, PathBuf};

use tokio::process::Command;

use super::cluster::{ClusterError, DEBIAN, failed};
use crate::store::Target;

#[derive(Debug)]
pub struct Tools {
    folder: PathBuf,
    target: Target,
}

impl Tools {
    /// # Errors
    /// When no such tools are installed.
    pub fn find(bin_dir: Option<&Path>, target: Target) -> Result<Self, ClusterError> {
        let has_both = |folder: &Path| {
            ["pg_dump", "pg_restore"].iter().all(|name| folder.join(name).is_file())
        };
        if let Some(folder) = bin_dir {
            let folder = folder.to_owned();
            let looked = folder.display().to_string();
            return has_both(&folder)
                .then_some(Self { folder, target })
                .ok_or(ClusterError::Missing { looked });
        }
        // The newest dumps from any older server; ours is of the newest anyway.
        let newest = std::fs::read_dir(DEBIAN)
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|entry| {
                let major: u32 = entry.file_name().to_string_lossy().parse().ok()?;
                Some((major, entry.path().join("bin")))
            })
            .filter(|(_, folder)| has_both(folder))
            .max();
        let (_, folder) =
            newest.ok_or_else(|| ClusterError::Missing { looked: format!("{DEBIAN}/*/bin") })?;
        Ok(Self { folder, target })
    }

    /// What that snapshot sees, as a file of `pg_restore`'s.
    ///
    /// # Errors
    /// What `pg_dump` says.
    pub async fn dump(&self, snapshot: &str, to: &Path) -> Result<(), ClusterError> {
        let mut command = self.command("pg_dump");
        command.args(["-Fc", "--no-password", "--snapshot", snapshot, "-f"]).arg(to);
        if matches!(self.target, Target::Url(_)) {
            // The hospital's role is no superuser: it is let through by the rules of the rows.
            command.arg("--enable-row-security");
        }
        run(command, "pg_dump").await
    }

    /// Into a database without tables, all of it or nothing.
    ///
    /// # Errors
    /// What `pg_restore` says, without the values of rows.
    pub async fn restore(&self, from: &Path) -> Result<(), ClusterError> {
        let mut command = self.command("pg_restore");
        command.args(["--single-transaction", "--exit-on-error", "--no-password"]);
        if matches!(self.target, Target::Url(_)) {
            command.arg("--no-owner");
        }
        command.arg(from);
        run(command, "pg_restore").await
    }

    fn command(&self, name: &str) -> Command {
        let mut command = Command::new(self.folder.join(name));
        command.env_clear().env("LC_ALL", "C.UTF-8").env("PATH", "/usr/bin:/bin");
        command.env("PGCONNECT_TIMEOUT", "10").current_dir("/");
        match &self.target {
            Target::Socket { folder, database } => {
                command.arg("-h").arg(folder).args(["-U", "postgres", "-d", database]);
            }
            Target::Url(url) => {
                let (address, password) = without_password(url.reveal());
                command.arg("-d").arg(address);
                command.env("PGOPTIONS", "-c suifang.departments=* -c suifang.own=");
                if let Some(password) = password {
                    command.env("PGPASSWORD", password);
                }
            }
        }
        command.stdin(std::process::Stdio::null()).kill_on_drop(true);
        command
    }
}

async fn run(mut command: Command, what: &'static str) -> Result<(), ClusterError> {
    let output = command.output().await.map_err(|error| failed(what, error))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(ClusterError::Command { what, said: first_error(&said) })
}

/// The tool's first complaint. What the server quotes behind `ERROR:` may be a row's value.
fn first_error(said: &str) -> String {
    let line = said.lines().find(|line| line.contains("error:")).unwrap_or("no reason given");
    let line = line.split("error:").nth(1).unwrap_or(line).trim();
    line.split("ERROR:").next().unwrap_or(line).trim().trim_end_matches(':').to_owned()
}

/// `postgres://user:secret@host/db` without the secret, and the secret, decoded.
fn without_password(url: &str) -> (String, Option<String>) {
    let Some((scheme, rest)) = url.split_once("://") else { return (url.to_owned(), None) };
    let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let Some((user, host)) = authority.rsplit_once('@') else { return (url.to_owned(), None) };
    let Some((user, password)) = user.split_once(':') else { return (url.to_owned(), None) };
    (format!("{scheme}://{user}@{host}{path}"), Some(decoded(password)))
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()).filter(|_| first == b'%') {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_never_becomes_an_argument() {
        for (url, address, password) in [
            ("postgres://a:p%40ss%25@h:5432/d", "postgres://a@h:5432/d", Some("p@ss%")),
            ("postgres://a@h/d", "postgres://a@h/d", None),
            ("postgres://a:s@h/d?sslmode=require", "postgres://a@h/d?sslmode=require", Some("s")),
            ("postgres:///d?host=/tmp/x", "postgres:///d?host=/tmp/x", None),
        ] {
            let (found, secret) = without_password(url);
            assert_eq!((found.as_str(), secret.as_deref()), (address, password), "{url}");
        }
    }

    #[test]
    fn what_the_tool_quotes_of_a_row_is_not_repeated() {
        let said = "pg_restore: while PROCESSING TOC:\npg_restore: error: COPY failed for table \
                    \"person\": ERROR:  invalid input: \"张三\"\nCONTEXT:  COPY person, line 1";
        assert_eq!(first_error(said), "COPY failed for table \"person\"");
        assert_eq!(first_error(""), "no reason given");
    }
}
