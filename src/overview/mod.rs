//! The portal's first screen: the org, its active sites, and a month of figures.
//!
//! Reads `orgs`, `portal_sites`, `metrics_rollup` and `chat_sessions`; owns none of them.

pub mod routes;
mod store;
