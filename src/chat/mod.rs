//! Visitor chat: who may talk to a site, what is answered, and what is stored of it.
//!
//! Owns `chat_sessions`, `chat_messages`, `chat_turns`, `budget_counters`, `metrics_daily` and `metrics_rollup`.
//! Pages come in by [`routes`], customers' servers by [`completions`]; from `entry` on, the way is the same. A turn is
//! two round trips to `DB` and one to `SEARCH`. The first is the admission: one transaction that judges and counts, so
//! that no number of parallel messages passes a limit. The second is the end: session, both messages, true cost and the
//! day's metrics, or nothing.

mod admission;
mod answer;
mod budget;
pub mod completions;
mod entry;
mod guard;
mod prompt;
mod resume;
pub mod routes;
mod settings;
mod store;
mod stream;
mod turn;

use std::time::Duration;

use sha2::{Digest as _, Sha256};

/// A session counts as active for this long after its last message.
pub const SESSION_ACTIVE_FOR: Duration = Duration::from_mins(30);

/// A client's address as counters know it.
fn client_digest(address: &str) -> String {
    let digest = Sha256::digest(address.as_bytes());
    let head: Vec<u8> = digest.iter().copied().take(8).collect();
    hex::encode(head)
}
