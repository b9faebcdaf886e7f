//! How long an org keeps what it holds. Owns `retention_policies`.
//!
//! A policy removes whole UTC days: what is older than the day that lies `ttl_days` before today. The
//! column `enforced_at` belongs to the job that enforces; clients do not set it.

mod data_type;
pub mod routes;
mod store;

pub use self::data_type::{DataType, cutoff_day};
