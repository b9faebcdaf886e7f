//! What visitors and the assistant said to each other, as the portal shows it. Reads `chat_sessions` and
//! `chat_messages`, which [`crate::chat`] writes; owns the table `messages` of `SEARCH` and the queue
//! `search_changes` that it is fed from.
//!
//! Each way to narrow the list has a statement of its own, so that each walks an index that begins with
//! what was asked for. `SEARCH` is never believed: it names conversations, and `DB` says which of them the
//! caller may see.

pub mod feed;
pub mod routes;
mod search;
mod store;

pub use self::search::remove;
