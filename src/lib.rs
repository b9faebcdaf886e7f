//! koby-portal: one Cloudflare Worker that carries an AI-chat business.
//!
//! The map of the house. [`router`] lists every route on one page; [`middleware`] says what happens
//! before a handler runs, and in which order. A domain folder (`overview`, `sites`, `chat`, …) holds
//! `routes` (translate), rules (decide) and `store` with `sql/` (query). `platform` is the only place
//! that knows the Workers runtime; all else compiles, runs and is tested on the host.

// A panic stops every request that the isolate is serving, so none may be written in request paths.
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::string_slice,
        clippy::unreachable,
        clippy::print_stdout,
        clippy::print_stderr
    )
)]

pub mod analytics;
pub mod app;
pub mod audit;
pub mod auth;
pub mod automation;
pub mod backoff;
pub mod billing;
pub mod budgets;
pub mod chat;
pub mod choice;
pub mod clients;
pub mod config;
pub mod conversations;
pub mod db;
pub mod docs;
pub mod error;
pub mod events;
pub mod gateway;
pub mod handoffs;
pub mod health;
pub mod http;
pub mod identity;
pub mod ids;
pub mod insights;
pub mod integrations;
pub mod invitations;
pub mod jobs;
pub mod knowledge;
pub mod leads;
pub mod log;
pub mod members;
pub mod middleware;
pub mod models;
pub mod notices;
pub mod notifications;
#[cfg(not(target_arch = "wasm32"))]
pub mod openapi;
pub mod orgs;
pub mod origin;
pub mod outcomes;
pub mod overview;
pub mod page;
pub mod phone_number;
pub mod portal_config;
pub mod portfolio;
pub mod redaction;
pub mod retention;
pub mod router;
pub mod secret;
pub mod sites;
pub mod time;
pub mod vault;
pub mod visitors;
pub mod voice;
pub mod widget;

#[cfg(target_arch = "wasm32")]
mod platform;
