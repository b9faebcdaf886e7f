//! People, organizations and who belongs where.

use super::{Entry, Least};

pub const ROUTES: &[Entry] = &[
    Entry::get("GET /portal/me", "/portal/me", Least::SignedIn),
    Entry::get("GET /portal/team", "/portal/team", Least::Viewer),
    Entry::get("GET /portal/users", "/portal/users", Least::Staff),
    Entry::write(
        "PATCH /portal/users/{id}",
        "/portal/users/u_member_a",
        Some(r#"{"status":"suspended"}"#),
        Least::Staff,
    ),
    Entry::write(
        "POST /portal/users/{id}/revoke-sessions",
        "/portal/users/u_suspended/revoke-sessions",
        None,
        Least::Admin,
    ),
    Entry {
        body_names_org: true,
        ..Entry::write(
            "POST /portal/memberships",
            "/portal/memberships",
            Some(r#"{"clerkUserId":"user_2new","orgId":"org_a"}"#),
            Least::Admin,
        )
    },
    Entry::write(
        "PATCH /portal/memberships/{id}",
        "/portal/memberships/m_both_a",
        Some(r#"{"role":"member"}"#),
        Least::Admin,
    )
    .foreign("/portal/memberships/m_both_b"),
    Entry::write(
        "DELETE /portal/memberships/{id}",
        "/portal/memberships/m_both_a",
        None,
        Least::Admin,
    )
    .foreign("/portal/memberships/m_both_b"),
    Entry::get("GET /portal/orgs", "/portal/orgs", Least::SignedIn),
    Entry::write(
        "POST /portal/orgs",
        "/portal/orgs",
        Some(r#"{"name":"Gamma Care"}"#),
        Least::Staff,
    ),
    Entry {
        names_org: true,
        ..Entry::write(
            "PATCH /portal/orgs/{id}",
            "/portal/orgs/org_a",
            Some(r#"{"name":"Alpha"}"#),
            Least::Admin,
        )
    },
    Entry {
        names_org: true,
        ..Entry::write("DELETE /portal/orgs/{id}", "/portal/orgs/org_a", None, Least::Owner)
    },
    Entry {
        names_org: true,
        ..Entry::get("GET /portal/orgs/{id}/members", "/portal/orgs/org_a/members", Least::Viewer)
    },
    Entry {
        names_org: true,
        ..Entry::write(
            "POST /portal/orgs/{id}/revoke-sessions",
            "/portal/orgs/org_a/revoke-sessions",
            None,
            Least::Admin,
        )
    },
    Entry::get("GET /portal/membership-caps", "/portal/membership-caps", Least::Viewer),
    Entry::write(
        "PATCH /portal/membership-caps",
        "/portal/membership-caps?orgId=org_a",
        Some(r#"{"maxMembers":20}"#),
        Least::Staff,
    ),
    Entry {
        changes: false,
        ..Entry::write(
            "POST /portal/check-invite-allowed",
            "/portal/check-invite-allowed",
            Some(r#"{"currentMemberCount":1}"#),
            Least::Admin,
        )
    },
    Entry::get("GET /portal/invitations", "/portal/invitations", Least::Admin),
    Entry::write(
        "POST /portal/invitations",
        "/portal/invitations",
        Some(r#"{"email":"new@alpha.example"}"#),
        Least::Admin,
    ),
    Entry::write(
        "DELETE /portal/invitations/{id}",
        "/portal/invitations/inv_a",
        None,
        Least::Admin,
    )
    .foreign("/portal/invitations/inv_b"),
    Entry::write(
        "POST /portal/invitations/accept",
        "/portal/invitations/accept",
        Some(r#"{"token":"a-token-of-the-fixture"}"#),
        Least::SignedIn,
    ),
];
