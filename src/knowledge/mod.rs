//! What an org knows. Owns `knowledge_*`, and `passages` in the derived index `SEARCH`.

pub mod crawl;
mod redaction;
pub mod retrieval;
pub mod routes;
mod store;

pub use self::store::PolicyOut;
