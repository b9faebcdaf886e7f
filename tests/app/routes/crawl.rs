//! Pages of web sites that are sources of knowledge.

use super::{Entry, Least};

pub const ROUTES: &[Entry] = &[Entry::get(
    "GET /portal/knowledge/sources/{id}/pages",
    "/portal/knowledge/sources/ksrc_a/pages",
    Least::Viewer,
)
.foreign("/portal/knowledge/sources/ksrc_b/pages")];
