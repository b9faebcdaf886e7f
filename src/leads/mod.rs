//! People who left a way to be reached. Owns `leads`; a trigger keeps `chat_sessions.has_lead`.
//!
//! A lead outlives its conversation. Once it is anonymized its personal fields stay empty.

pub mod routes;
mod store;

pub use self::store::{LeadOut, leads_of_conversation};
