//! Runs the measurements in `bench/` against the artefact.

use anyhow::Result;
use clap::Args;

use crate::artefact::{self, Variant};
use crate::{node, process, setup};

/// Options of `cargo xtask bench`.
#[derive(Args)]
pub(crate) struct BenchArgs {
    /// `rows` for the rows that each read costs; `retrieval` for how well and how fast questions find their passages;
    /// `chat` for streamed answers; `webhooks` for events of Stripe; anything else is passed on to bench/run.mjs
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    args: Vec<String>,
}

/// Runs `cargo xtask bench`.
pub(crate) fn command(args: &BenchArgs) -> Result<()> {
    setup::for_serving()?;
    artefact::build(Variant::Deployed)?;
    let (script, args) = match args.args.split_first() {
        Some((first, rest)) if first == "rows" => ("bench/rows.mjs", rest),
        Some((first, rest)) if first == "retrieval" => ("bench/retrieval.mjs", rest),
        Some((first, rest)) if first == "chat" => ("bench/chat.mjs", rest),
        Some((first, rest)) if first == "webhooks" => ("bench/webhooks.mjs", rest),
        _ => ("bench/run.mjs", args.args.as_slice()),
    };
    process::run(
        node::command("node")
            .arg(script)
            .args(args)
            .env("KOBY_BUILD_DIR", Variant::Deployed.folder()),
    )
}
