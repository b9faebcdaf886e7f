//! All client organizations, as staff see them.
//!
//! Reads `orgs`, `portal_sites` and `metrics_rollup`; owns none of them.

pub mod routes;
mod store;
