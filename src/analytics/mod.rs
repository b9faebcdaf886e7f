//! The traffic of our own web pages, as Cloudflare counts it, for staff.
//!
//! Owns nothing. One answer a period is kept in each isolate, so that a dashboard that is opened again
//! and again does not use up the quota of Cloudflare's API; when that fails, an answer of the last hour
//! is given instead, with its true time.

mod cache;
mod cloudflare;
pub mod routes;

pub use self::cache::TrafficCache;
