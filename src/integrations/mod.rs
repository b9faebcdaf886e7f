//! Connections to the services that an org uses. Owns `integration_connections`, whose credentials no
//! statement here reads.

mod connector;
pub mod routes;
mod store;
