//! Embeds what the running Worker must know about its own build: the git revision and the names of the
//! migrations it was built against, so that `/health/ready` can tell a schema that lags, and the API's
//! document.

#![allow(clippy::print_stdout, reason = "a build script talks to cargo on stdout")]
#![allow(clippy::disallowed_methods, reason = "a build script has an environment")]

use std::path::Path;
use std::process::Command;
use std::{env, fs};

fn main() {
    println!("cargo::rerun-if-changed=migrations");
    println!("cargo::rerun-if-changed=.git/HEAD");
    println!("cargo::rerun-if-env-changed=KOBY_REVISION");
    println!("cargo::rustc-env=KOBY_REVISION={}", revision());

    let list = format!(
        "/// Migrations of `DB` that this build expects, in order.\n\
         pub const DB_MIGRATIONS: &[&str] = &{:?};\n\
         /// Migrations of `SEARCH` that this build expects, in order.\n\
         pub const SEARCH_MIGRATIONS: &[&str] = &{:?};\n",
        sql_files(Path::new("migrations")),
        sql_files(Path::new("migrations/search")),
    );
    let out = env::var_os("OUT_DIR").expect("cargo sets OUT_DIR");
    fs::write(Path::new(&out).join("migrations.rs"), list).expect("OUT_DIR is writable");
    fs::write(Path::new(&out).join("openapi.json"), api_document()).expect("OUT_DIR is writable");
}

/// The API's document without the blanks that are for people.
fn api_document() -> String {
    println!("cargo::rerun-if-changed=openapi.json");
    let text = fs::read_to_string("openapi.json").expect("openapi.json is checked in");
    let document: serde_json::Value =
        serde_json::from_str(&text).expect("openapi.json is JSON; restore it, or bless it anew");
    document.to_string()
}

/// The commit this tree stands at; `unknown` where there is no git, as in a source archive.
fn revision() -> String {
    if let Ok(given) = env::var("KOBY_REVISION") {
        return given;
    }
    Command::new("git")
        .args(["rev-parse", "--short=12", "HEAD"])
        .output()
        .ok()
        .filter(|output| output.status.success())
        .map_or_else(
            || "unknown".to_owned(),
            |output| String::from_utf8_lossy(&output.stdout).trim().to_owned(),
        )
}

fn sql_files(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| {
            Path::new(name)
                .extension()
                .is_some_and(|extension| extension.eq_ignore_ascii_case("sql"))
        })
        .collect();
    names.sort();
    names
}
