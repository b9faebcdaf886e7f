//! What an org knows. Owns `knowledge_*`, and `passages` in the derived index `SEARCH`.

mod chunking;
pub mod detection;
pub mod embedding;
pub mod index;
pub mod ingestion;
pub mod parsing;
pub mod policies;
pub mod policy_routes;
mod policy_rules;
mod policy_store;
mod question;
mod ranking;
pub mod rebuild;
mod redaction;
pub mod retrieval;
pub mod retrieve_routes;
pub mod routes;
mod store;
pub mod unsettled;
pub mod words;

pub use self::store::PolicyOut;
