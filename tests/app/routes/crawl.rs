//! Pages of web sites that are sources of knowledge.

use super::{Entry, Least};

/// A site of each organization.
const GIVEN: &str = "
    INSERT INTO knowledge_sources (id, org_id, name, type) VALUES ('ksrc_b', 'org_b', 'Site', 'url');
    INSERT INTO knowledge_pages (source_id, digest, org_id, url, depth) VALUES
     ('ksrc_a', 'a', 'org_a', 'https://a.example/', 0), ('ksrc_b', 'b', 'org_b', 'https://b.example/', 0)";

pub const ROUTES: &[Entry] = &[Entry::get(
    "GET /portal/knowledge/sources/{id}/pages",
    "/portal/knowledge/sources/ksrc_a/pages",
    Least::Viewer,
)
.given(GIVEN)
.foreign("/portal/knowledge/sources/ksrc_b/pages")];
