//! Back to an empty local state.

use anyhow::Result;
use clap::Args;

use crate::{dev, dev_keys, local_data, local_stripe};

/// Options of `cargo xtask reset`.
#[derive(Args)]
pub(crate) struct ResetArgs {
    /// Delete the local keys too: .dev.vars with all it holds, and the signing key
    #[arg(long)]
    keys: bool,
}

/// Runs `cargo xtask reset`.
pub(crate) fn command(args: &ResetArgs) -> Result<()> {
    dev::require_stopped()?;
    local_data::remove()?;
    local_stripe::remove()?;
    if args.keys {
        dev_keys::remove()?;
    }
    let keys = if args.keys { " and keys" } else { "" };
    eprintln!("The local databases{keys} are deleted; `cargo xtask dev` makes new ones.");
    Ok(())
}
