//! Metered usage. Owns `billing_records`.

pub mod routes;
mod store;
