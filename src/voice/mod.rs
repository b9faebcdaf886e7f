//! Voice: what a site says aloud, and calls with its voice agent.
//!
//! Owns the columns `clips`, `calls` and `voice_ms` of `budget_counters`, and nothing else: what is said is not stored.
//! A request is let in by one transaction that judges and counts, as a chat turn is. It sets the longest possible
//! length and the price of the text aside; what is made can be no longer, so that no limit is passed. Afterwards the
//! true length takes its place. What was begun and broken off stays as it was set aside, since the provider charges for
//! the whole text.

mod budget;
mod clip;
pub mod routes;
mod setting;
mod store;
pub mod usage_routes;

pub(crate) use self::setting::judge as judge_setting;
