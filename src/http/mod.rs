//! Between HTTP and the domains: error documents, extractors, and the outbound client port.

pub mod body;
pub mod client;
pub mod csv;
pub mod extract;
pub mod openai_error;
pub mod problem;
pub mod public_url;
pub mod signed_webhook;
pub mod sse;
