//! Sites: the places where a chat assistant answers. Owns `portal_sites`.

pub mod routes;
mod store;
