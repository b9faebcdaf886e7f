//! The local server: `fake-stripe --help`.

use std::process::ExitCode;

use clap::Parser as _;
use fake_stripe::server::{Options, run};

#[tokio::main]
async fn main() -> ExitCode {
    match run(Options::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("fake-stripe: {error}");
            ExitCode::FAILURE
        }
    }
}
