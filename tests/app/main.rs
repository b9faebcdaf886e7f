//! The whole application in process: the real router and the real SQL on in-memory SQLite with D1's
//! limits, with a clock, keys and providers that tests hold in their hands.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on stops"
)]
#![allow(missing_docs, unreachable_pub, reason = "nothing outside this binary reads it")]

mod support;

mod answers;
mod audit;
mod auth;
mod automation;
mod billing;
mod billing_property;
mod billing_sessions;
mod budgets;
mod chat;
mod checkout;
mod clerk;
mod completions;
mod conversations;
mod crawl;
mod dashboards;
mod docs;
mod entitlements;
mod gateway;
mod health;
mod home_screen;
mod ingestion;
mod integrations;
mod invitations;
mod invoices;
mod jobs;
mod knowledge;
mod knowledge_changes;
mod leads;
mod ledgers;
mod limits;
mod members;
mod models;
mod notices;
mod openapi;
mod orgs;
mod outcomes;
mod policies;
mod portal;
mod portal_config;
mod reconcile;
mod restore;
mod retention;
mod retrieval;
mod retrieve;
mod routes;
mod schema;
mod sites;
mod stripe;
mod stripe_ties;
mod talk;
mod turns;
mod upcoming;
mod usage;
mod visitors;
mod voice;
mod widget;
