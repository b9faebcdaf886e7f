//! The state between runs: one file of JSON, replaced as a whole.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::shared::{Ledger, Shared, lock};
use crate::Stripe;

#[derive(Serialize)]
struct Written<'a> {
    stripe: &'a Stripe,
    ledger: Ledger,
}

#[derive(Deserialize)]
struct Kept {
    stripe: Stripe,
    ledger: Ledger,
}

/// What was kept: the machine, and what was delivered.
pub(super) fn load(file: &Path) -> Result<Option<(Stripe, Ledger)>, String> {
    let text = match fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(format!("{}: {error}", file.display())),
    };
    let kept: Kept = serde_json::from_str(&text).map_err(|error| {
        format!("{} is no state of this fake ({error}); remove it", file.display())
    })?;
    Ok(Some((kept.stripe, kept.ledger)))
}

/// Writes the state beside the file and puts it in its place, if a file is asked for.
pub(super) fn save(shared: &Shared) -> Result<(), String> {
    let Some(file) = &shared.options.state else { return Ok(()) };
    let ledger = lock(&shared.ledger).clone();
    let state = shared.with(|stripe| serde_json::to_string(&Written { stripe, ledger }));
    let state = state.map_err(|error| error.to_string())?;
    let beside = file.with_extension("new");
    let write = fs::write(&beside, state).and_then(|()| fs::rename(&beside, file));
    write.map_err(|error| format!("{}: {error}", file.display()))
}

/// Saves, unless nothing has changed but the time.
pub(super) fn save_if_changed(shared: &Shared) -> Result<(), String> {
    if shared.was_touched() { save(shared) } else { Ok(()) }
}
