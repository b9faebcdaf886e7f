//! What an org says aloud.

use super::{Entry, Least};

pub const ROUTES: &[Entry] =
    &[Entry::get("GET /portal/voice/usage", "/portal/voice/usage", Least::Viewer)];
