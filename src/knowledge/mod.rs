//! What an org knows. Owns `knowledge_*`, and `passages` in the derived index `SEARCH`.

mod chunking;
pub mod crawl;
pub mod detection;
pub mod document_routes;
mod document_store;
pub mod embedding;
mod fetching;
pub mod index;
pub mod ingestion;
mod intent;
pub mod job_routes;
mod meanings;
pub mod page_routes;
mod page_store;
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
mod signature;
pub mod source_routes;
mod source_store;
mod store;
pub mod unsettled;
pub mod version_routes;
mod version_store;
pub mod words;

pub use self::store::PolicyOut;
