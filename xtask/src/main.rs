//! Every developer and operator command of koby-portal. `cargo xtask --help` lists them.
//!
//! Progress goes to standard error; standard output carries only what a command is asked for, so
//! that `$(cargo xtask token …)` works.

mod artefact;
mod bench;
mod cargo_tools;
mod checks;
mod demo;
mod dev;
mod dev_keys;
mod local_data;
mod local_stripe;
mod node;
mod pins;
mod process;
mod prove;
mod repo;
mod reset;
mod restore;
mod search_index;
mod setup;
mod sql_export;
mod stamp;
mod token;
mod wasm_std;
mod wasm_target;
mod wrangler;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", about, version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Install what is missing: Node packages, build tools, the WebAssembly target
    Setup,
    /// Build the release artefact into build/
    Build(artefact::BuildArgs),
    /// Build, prepare the local databases and serve on <http://127.0.0.1:8787>
    Dev(dev::DevArgs),
    /// Run every check and test, in the order of the pipeline
    Test(checks::TestArgs),
    /// Prove by many random runs what `cargo xtask test` proves by some
    Prove(prove::ProveArgs),
    /// Measure the built Worker (bench/run.mjs)
    Bench(bench::BenchArgs),
    /// Print a session token of a demo user, for requests to the local Worker
    Token(token::TokenArgs),
    /// Fill the full-text index anew: passages of the live knowledge, messages of conversations
    SearchRebuild(search_index::SearchRebuildArgs),
    /// Turn an export of DB into files from which an empty database can be filled
    RestoreFiles(restore::RestoreFilesArgs),
    /// Delete the local databases
    Reset(reset::ResetArgs),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    match process::stop_children_on_signals().and_then(|()| run(cli.command)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            process::wait_if_stopping();
            report(&error);
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<()> {
    match command {
        Command::Setup => setup::everything(),
        Command::Build(args) => artefact::command(&args),
        Command::Dev(args) => dev::command(&args),
        Command::Test(args) => checks::command(&args),
        Command::Prove(args) => prove::command(&args),
        Command::Bench(args) => bench::command(&args),
        Command::Token(args) => token::command(&args),
        Command::SearchRebuild(args) => search_index::command(&args),
        Command::RestoreFiles(args) => restore::command(&args),
        Command::Reset(args) => reset::command(&args),
    }
}

/// The failure and what led to it, without a backtrace: it is the developer's next step that counts.
fn report(error: &anyhow::Error) {
    eprintln!("\nerror: {error}");
    for cause in error.chain().skip(1) {
        eprintln!("  because: {cause}");
    }
}
