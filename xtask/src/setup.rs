//! What must be installed before anything else can run. Says nothing when all is there.

use anyhow::Result;

use crate::cargo_tools::{self, Tool};
use crate::{node, wasm_target};

/// What building and serving need.
pub(crate) fn for_serving() -> Result<()> {
    node::ensure_packages()?;
    cargo_tools::ensure(&[Tool::WORKER_BUILD, Tool::WASM_BINDGEN])?;
    wasm_target::ensure()
}

/// What all commands need; the checks use a tool more than serving does.
pub(crate) fn everything() -> Result<()> {
    node::ensure_packages()?;
    cargo_tools::ensure(&[Tool::WORKER_BUILD, Tool::WASM_BINDGEN, Tool::CARGO_DENY])?;
    wasm_target::ensure()
}
