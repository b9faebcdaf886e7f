//! Automation, integrations, knowledge, outcomes and billing.

use super::{Entry, Least};

pub const ROUTES: &[Entry] = &[
    Entry::get("GET /portal/workflows", "/portal/workflows", Least::Viewer),
    Entry::get("GET /portal/flows", "/portal/flows", Least::Viewer),
    Entry::get("GET /portal/flows/{id}", "/portal/flows/flow_a", Least::Viewer),
    Entry::get("GET /actions", "/actions", Least::Viewer),
    Entry::get("GET /actions/runs", "/actions/runs", Least::Viewer),
    Entry::get("GET /portal/integrations", "/portal/integrations", Least::Viewer),
    Entry::get("GET /integrations", "/integrations", Least::Viewer),
    Entry::get("GET /portal/knowledge", "/portal/knowledge", Least::Viewer),
    Entry::get("GET /portal/knowledge/policies", "/portal/knowledge/policies", Least::Viewer),
    Entry::get(
        "GET /portal/knowledge/versions",
        "/portal/knowledge/versions?documentId=kdoc_a",
        Least::Viewer,
    ),
    Entry::get(
        "GET /portal/knowledge/chunks",
        "/portal/knowledge/chunks?versionId=kver_a",
        Least::Viewer,
    ),
    Entry::get("GET /outcomes", "/outcomes", Least::Viewer),
    Entry::get("GET /billing/usage", "/billing/usage", Least::Viewer),
    Entry::get("GET /billing/overview", "/billing/overview", Least::Viewer),
    Entry::get("GET /billing/subscriptions", "/billing/subscriptions", Least::Viewer),
    Entry::get("GET /billing/invoices", "/billing/invoices", Least::Admin),
    Entry::write(
        "POST /billing/portal-session",
        "/billing/portal-session",
        Some(r#"{"returnUrl":"https://app.example.com/portal"}"#),
        Least::Admin,
    ),
    Entry::get("GET /portal/billing/events", "/portal/billing/events", Least::Staff),
    Entry::get("GET /portal/billing/events/{id}", "/portal/billing/events/receipt_a", Least::Staff)
        .given(RECEIPT),
    Entry::write(
        "POST /portal/billing/events/{id}/replay",
        "/portal/billing/events/receipt_a/replay",
        None,
        Least::Staff,
    )
    .given(RECEIPT),
    Entry::get("GET /portal/billing/reconcile", "/portal/billing/reconcile", Least::Staff),
    Entry::write(
        "POST /portal/billing/reconcile",
        "/portal/billing/reconcile",
        None,
        Least::Staff,
    ),
    Entry::get("GET /billing/plans", "/billing/plans", Least::Viewer),
    Entry::write(
        "POST /billing/checkout-session",
        "/billing/checkout-session",
        Some(
            r#"{"priceId":"price_phone_monthly","successUrl":"https://app.example.com/portal","cancelUrl":"https://app.example.com/portal"}"#,
        ),
        Least::Admin,
    ),
    Entry::get("GET /portal/notices", "/portal/notices", Least::Viewer),
    Entry::write(
        "POST /portal/notices/{id}/read",
        "/portal/notices/told_a/read",
        None,
        Least::Member,
    )
    .foreign("/portal/notices/told_b/read")
    .given(
        "INSERT INTO notices (id, org_id, kind, created_at)
         SELECT 'told_' || substr(id, 5), id, 'billing.ended', '2026-03-15T11:00:00.000Z' FROM orgs",
    ),
    Entry::get("GET /portal/notices/settings", "/portal/notices/settings", Least::Admin),
    Entry::write(
        "PATCH /portal/notices/settings",
        "/portal/notices/settings",
        Some(r#"{"smsPhone":"+14155550100"}"#),
        Least::Admin,
    ),
    Entry::get("GET /billing/invoices/{id}", "/billing/invoices/inv_a", Least::Admin)
        .foreign("/billing/invoices/inv_b")
        .given(
            "INSERT OR IGNORE INTO billing_customers (id, org_id, stripe_customer_id) VALUES ('bc_b', 'org_b', 'cus_b');
             INSERT INTO billing_invoices (id, org_id, billing_customer_id, stripe_invoice_id, status)
             SELECT 'inv_' || substr(org_id, 5), org_id, id, 'in_' || org_id, 'open' FROM billing_customers",
        ),
];

/// An event that failed.
const RECEIPT: &str = r#"INSERT INTO stripe_events (id, stripe_event_id, event_type, status, payload, received_at)
  VALUES ('receipt_a', 'evt_a', 'charge.succeeded', 'failed',
          '{"id":"evt_a","object":"event","type":"charge.succeeded","created":1,"data":{"object":{"id":"ch_a"}}}',
          '2026-03-15T00:00:00.000Z')"#;
