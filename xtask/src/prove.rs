//! Proofs by many random runs: the tests' own, in an optimised build.

use anyhow::Result;
use clap::{Args, ValueEnum};

use crate::{node, process};

/// Options of `cargo xtask prove`.
#[derive(Args)]
pub(crate) struct ProveArgs {
    /// What is proved
    what: Proof,
    /// How many schedules
    #[arg(long, default_value_t = 10_000)]
    schedules: u64,
    /// The first one's number: the same numbers give the same schedules
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Proof {
    /// Whatever the schedule of deliveries, the mirror ends up as Stripe is, and each event has its effect once
    Billing,
}

/// Runs `cargo xtask prove`.
pub(crate) fn command(args: &ProveArgs) -> Result<()> {
    let filter = match args.what {
        Proof::Billing => "billing_property",
    };
    let mut command = node::command("cargo");
    command
        .args([
            "test",
            "--profile",
            "prove",
            "--locked",
            "--test",
            "app",
            filter,
            "--",
            "--nocapture",
        ])
        .env("BILLING_SCHEDULES", args.schedules.to_string())
        .env("BILLING_SEED", args.seed.to_string());
    process::run(&mut command)
}
