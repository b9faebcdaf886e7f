//! The local databases: migrations, demo data and the full-text index.

use std::fs;
use std::path::PathBuf;

use anyhow::Result;

use crate::stamp::{self, sql_files};
use crate::wrangler::{self, Database, Place};
use crate::{repo, search_index};

const SOURCES: [&str; 3] = ["migrations", "migrations/search", "seeds"];

/// Brings the local databases up to date; does nothing when neither they nor their sources changed.
pub(crate) fn ensure() -> Result<()> {
    let sources = hash_of_sources()?;
    let databases_exist = repo::wrangler_state().join("v3/d1").is_dir();
    if databases_exist && fs::read_to_string(stamp_file()).is_ok_and(|found| found == sources) {
        return Ok(());
    }
    repo::remove_file(&stamp_file())?;
    eprintln!("Applying migrations/ to DB and migrations/search/ to SEARCH …");
    wrangler::apply_migrations(Database::Main)?;
    wrangler::apply_migrations(Database::Search)?;
    for seed in sql_files(&repo::path("seeds")) {
        eprintln!("Applying {} …", seed.strip_prefix(repo::root()).unwrap_or(&seed).display());
        wrangler::execute_file(Database::Main, Place::Local, &seed)?;
    }
    search_index::rebuild(Place::Local)?;
    repo::write(&stamp_file(), sources)
}

fn hash_of_sources() -> Result<String> {
    let files: Vec<PathBuf> =
        SOURCES.iter().flat_map(|folder| sql_files(&repo::path(folder))).collect();
    stamp::of_files(&files)
}

fn stamp_file() -> PathBuf {
    repo::local().join("data.stamp")
}

/// Deletes the databases and what is remembered about them.
pub(crate) fn remove() -> Result<()> {
    repo::remove_file(&stamp_file())?;
    repo::remove_folder(&repo::wrangler_state())
}
