//! Between HTTP and the domains: error documents, extractors, and the outbound client port.

pub mod client;
pub mod extract;
pub mod problem;
