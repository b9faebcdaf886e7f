//! What an org knows. Owns `knowledge_*`, and `passages` in the derived index `SEARCH`.

mod chunking;
pub mod crawl;
pub mod index;
pub mod ingestion;
pub mod page_routes;
mod page_store;
pub mod parsing;
mod redaction;
pub mod retrieval;
pub mod routes;
mod store;

pub use self::store::PolicyOut;
