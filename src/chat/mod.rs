//! Visitor chat: who may talk to a site, what is answered, and what is stored of it.
//!
//! Owns `chat_sessions`, `chat_messages`, `metrics_daily` and `metrics_rollup`. A turn is two round
//! trips to `DB` (admission, storing) and one to `SEARCH`; the stored turn is one transaction: session,
//! both messages, counters and the day's metrics, or nothing.

mod admission;
mod answer;
pub mod capture;
pub mod figures;
pub mod handoff;
pub mod hours;
pub mod intent;
pub mod language;
pub mod routes;
pub mod session_routes;
mod session_store;
pub mod settings;
pub mod state;
mod store;

use std::time::Duration;

/// A session counts as active for this long after its last message.
pub const SESSION_ACTIVE_FOR: Duration = Duration::from_mins(30);
