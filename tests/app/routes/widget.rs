//! How sites are embedded.

use super::{Entry, Least};

pub const ROUTES: &[Entry] = &[
    Entry::get("GET /portal/widget/profiles", "/portal/widget/profiles", Least::Viewer),
    Entry::write(
        "POST /portal/widget/profiles",
        "/portal/widget/profiles",
        Some(r#"{"name":"New"}"#),
        Least::Admin,
    ),
    Entry::get("GET /portal/widget/profiles/{id}", "/portal/widget/profiles/prof_a", Least::Viewer)
        .foreign("/portal/widget/profiles/prof_b"),
    Entry::write(
        "PATCH /portal/widget/profiles/{id}",
        "/portal/widget/profiles/prof_a",
        Some(r#"{"name":"Renamed"}"#),
        Least::Admin,
    )
    .foreign("/portal/widget/profiles/prof_b"),
    Entry::write(
        "DELETE /portal/widget/profiles/{id}",
        "/portal/widget/profiles/prof_a",
        None,
        Least::Admin,
    )
    .foreign("/portal/widget/profiles/prof_b"),
    Entry::get("GET /portal/widget/deployments", "/portal/widget/deployments", Least::Viewer),
    Entry::write(
        "POST /portal/widget/deployments",
        "/portal/widget/deployments",
        Some(r#"{"siteId":"site_a1","environment":"development"}"#),
        Least::Admin,
    ),
    Entry::get(
        "GET /portal/widget/deployments/{id}",
        "/portal/widget/deployments/dep_a",
        Least::Viewer,
    )
    .foreign("/portal/widget/deployments/dep_b"),
    Entry::write(
        "PATCH /portal/widget/deployments/{id}",
        "/portal/widget/deployments/dep_a",
        Some(r#"{"rateLimitRpm":30}"#),
        Least::Admin,
    )
    .foreign("/portal/widget/deployments/dep_b"),
    // Of one that is paused; a second one changes nothing and leaves no trace.
    Entry::write(
        "POST /portal/widget/deployments/{id}/activate",
        "/portal/widget/deployments/dep_a_staging/activate",
        None,
        Least::Admin,
    )
    .foreign("/portal/widget/deployments/dep_b/activate"),
    // Of one that is active.
    Entry::write(
        "POST /portal/widget/deployments/{id}/pause",
        "/portal/widget/deployments/dep_a/pause",
        None,
        Least::Admin,
    )
    .foreign("/portal/widget/deployments/dep_b/pause"),
    Entry::write(
        "POST /portal/widget/deployments/{id}/rotate-key",
        "/portal/widget/deployments/dep_a/rotate-key",
        None,
        Least::Admin,
    )
    .foreign("/portal/widget/deployments/dep_b/rotate-key"),
    Entry::write(
        "PUT /portal/widget/deployments/{id}/pin",
        "/portal/widget/deployments/dep_a/pin",
        Some(r#"{"widgetVersionId":"wv_1_0_0"}"#),
        Least::Admin,
    )
    .foreign("/portal/widget/deployments/dep_b/pin"),
    // Of one that has a pin.
    Entry::write(
        "DELETE /portal/widget/deployments/{id}/pin",
        "/portal/widget/deployments/dep_a_staging/pin",
        None,
        Least::Admin,
    )
    .foreign("/portal/widget/deployments/dep_b/pin"),
    Entry::get(
        "GET /portal/widget/deployments/{id}/history",
        "/portal/widget/deployments/dep_a/history",
        Least::Admin,
    )
    .foreign("/portal/widget/deployments/dep_b/history"),
    Entry::get("GET /portal/widget/events", "/portal/widget/events?siteId=site_a1", Least::Viewer)
        .foreign("/portal/widget/events?siteId=site_b1"),
    Entry::get("GET /portal/widget/versions", "/portal/widget/versions", Least::Viewer),
    Entry::write(
        "POST /portal/widget/versions",
        "/portal/widget/versions",
        Some(r#"{"version":"1.1.0","scriptUrl":"https://widget.koby.ai/v1.1/embed.js"}"#),
        Least::Staff,
    ),
    Entry::write(
        "PATCH /portal/widget/versions/{id}",
        "/portal/widget/versions/wv_2_0_0_beta",
        Some(r#"{"status":"deprecated"}"#),
        Least::Staff,
    ),
];
