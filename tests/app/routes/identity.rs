//! People, organizations and who belongs where.

use super::{Entry, Least};

pub const ROUTES: &[Entry] = &[Entry::get("GET /portal/me", "/portal/me", Least::SignedIn)];
