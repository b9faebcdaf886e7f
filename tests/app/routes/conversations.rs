//! Conversations, leads and visitors' data.

use super::Entry;

pub const ROUTES: &[Entry] = &[];
