//! How wrangler is called: without questions, without telemetry, and without looking for updates.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use clap::ValueEnum;
use serde_json::Value;

use crate::{node, process};

/// A D1 database, by its binding in wrangler.toml.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Database {
    /// All state.
    Main,
    /// The derived full-text index.
    Search,
}

impl Database {
    fn binding(self) -> &'static str {
        match self {
            Self::Main => "DB",
            Self::Search => "SEARCH",
        }
    }
}

/// Where a database is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// In `.wrangler/state`.
    Local,
    /// At Cloudflare, in the named environment.
    Deployed(Environment),
}

/// An environment of wrangler.toml that is deployed.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Environment {
    /// The rehearsal.
    Staging,
    /// Customers.
    Production,
}

impl Environment {
    fn name(self) -> &'static str {
        match self {
            Self::Staging => "staging",
            Self::Production => "production",
        }
    }
}

/// Wrangler with the arguments given.
pub(crate) fn command(args: &[&str]) -> Command {
    let mut command = node::command("wrangler");
    command.args(args).envs([
        ("CI", "1"),
        ("WRANGLER_SEND_METRICS", "false"),
        ("WRANGLER_SEND_ERROR_REPORTS", "false"),
        // The banner is what looks for a newer wrangler.
        ("WRANGLER_HIDE_BANNER", "true"),
        ("WRANGLER_WRITE_LOGS", "false"),
        // Local requests get a placeholder for Cloudflare's request properties.
        ("CLOUDFLARE_CF_FETCH_ENABLED", "false"),
    ]);
    command
}

/// Applies the migrations that a local database has not seen.
pub(crate) fn apply_migrations(database: Database) -> Result<()> {
    let command = &mut command(&["d1", "migrations", "apply", database.binding(), "--local"]);
    quietly(command)
        .with_context(|| format!("the migrations of {} were not applied", database.binding()))
}

/// Runs the statements of a file.
pub(crate) fn execute_file(database: Database, place: Place, file: &Path) -> Result<()> {
    let mut command = command(&["d1", "execute", database.binding(), "--yes", "--file"]);
    command.arg(file);
    quietly(at(place, &mut command))
        .with_context(|| format!("{} was not applied to {}", file.display(), database.binding()))
}

/// The rows that a query answers.
pub(crate) fn query(database: Database, place: Place, sql: &str) -> Result<Vec<Value>> {
    let mut command = command(&["d1", "execute", database.binding(), "--json", "--command", sql]);
    let output = process::output(at(place, &mut command))?;
    let text = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        bail!("wrangler could not query {}: {}", database.binding(), text.trim());
    }
    rows(&text).with_context(|| format!("wrangler's answer is not the JSON expected: {text}"))
}

fn at(place: Place, command: &mut Command) -> &mut Command {
    match place {
        Place::Local => command.arg("--local"),
        Place::Deployed(environment) => command.args(["--remote", "--env", environment.name()]),
    }
}

/// Runs wrangler and shows what it says only when it fails.
fn quietly(command: &mut Command) -> Result<()> {
    let line = process::shown(command);
    let output = process::output(command)?;
    if !output.status.success() {
        eprintln!("{}", String::from_utf8_lossy(&output.stdout).trim());
        bail!("`{line}` failed with {}; its own messages are above", output.status);
    }
    Ok(())
}

/// The rows of the only statement in what `d1 execute --json` prints.
fn rows(text: &str) -> Option<Vec<Value>> {
    let answer: Value = serde_json::from_str(text).ok()?;
    answer.get(0)?.get("results")?.as_array().cloned()
}

#[cfg(test)]
mod tests {
    use super::rows;

    #[test]
    fn rows_are_those_of_the_first_statement() {
        let text = r#"[{"results":[{"a":1}],"success":true,"meta":{"duration":0}}]"#;
        assert_eq!(rows(text).map(|rows| rows.len()), Some(1));
        assert!(rows(r#"{"error":{"text":"no such table"}}"#).is_none());
    }
}
