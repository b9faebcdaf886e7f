//! The state between runs: one file of JSON, replaced as a whole.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use serde_json::{Value, json};

use super::shared::{Shared, lock};
use crate::Stripe;

/// What was kept: the machine, and how many of its events were given to the outbox.
pub(super) fn load(file: &Path) -> Result<Option<(Stripe, usize)>, String> {
    let text = match fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(format!("{}: {error}", file.display())),
    };
    let odd = |error| format!("{} is no state of this fake ({error}); remove it", file.display());
    let mut kept: Value = serde_json::from_str(&text).map_err(odd)?;
    let given =
        kept["given"].as_u64().and_then(|given| usize::try_from(given).ok()).unwrap_or_default();
    let stripe = serde_json::from_value(kept["stripe"].take()).map_err(odd)?;
    Ok(Some((stripe, given)))
}

/// Writes the state beside the file and puts it in its place, if a file is asked for.
pub(super) fn save(shared: &Shared) -> Result<(), String> {
    let Some(file) = &shared.options.state else { return Ok(()) };
    let state = text(shared);
    let beside = file.with_extension("new");
    let write = fs::write(&beside, &state).and_then(|()| fs::rename(&beside, file));
    write.map_err(|error| format!("{}: {error}", file.display()))?;
    *lock(&shared.saved) = state;
    Ok(())
}

/// Saves, unless nothing has changed but the time.
pub(super) fn save_if_changed(shared: &Shared) -> Result<(), String> {
    if shared.options.state.is_none() {
        return Ok(());
    }
    let without_time = |text: &str| {
        let mut state: Value = serde_json::from_str(text).unwrap_or_default();
        if let Some(stripe) = state["stripe"].as_object_mut() {
            stripe.remove("now");
        }
        state
    };
    let is_same = without_time(&text(shared)) == without_time(&lock(&shared.saved));
    if is_same { Ok(()) } else { save(shared) }
}

fn text(shared: &Shared) -> String {
    let given = *lock(&shared.given);
    shared.with(|stripe| json!({"stripe": stripe, "given": given})).to_string()
}
