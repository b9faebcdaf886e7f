//! What an org knows. Owns `knowledge_*`, and `passages` in the derived index `SEARCH`.

mod chunking;
pub mod crawl;
pub mod document_routes;
mod document_store;
mod fetching;
pub mod index;
pub mod ingestion;
pub mod job_routes;
pub mod page_routes;
mod page_store;
pub mod parsing;
mod redaction;
pub mod retrieval;
pub mod routes;
pub mod source_routes;
mod source_store;
mod store;
pub mod version_routes;
mod version_store;

pub use self::store::PolicyOut;
