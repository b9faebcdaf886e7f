//! What an org knows. Owns `knowledge_*`, and `passages` in the derived index `SEARCH`.

mod chunking;
pub mod detection;
pub mod embedding;
pub mod index;
pub mod ingestion;
pub mod parsing;
pub mod policies;
mod question;
mod ranking;
mod redaction;
pub mod retrieval;
pub mod routes;
mod store;
pub mod words;

pub use self::store::PolicyOut;
