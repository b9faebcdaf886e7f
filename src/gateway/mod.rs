//! What customers' servers do: the tokens they bring, and the bots that these open. Owns `gateway_tokens` and
//! `gateway_secrets`.
//!
//! A token belongs to an org and opens its bots, or those it lists. It has one present secret, and for a while those
//! that were rotated away; only their digests are kept, and the secret is shown once. The turns of a server are those of
//! [`crate::chat`].

mod fields;
pub mod routes;
mod store;
mod token;
pub mod token_routes;

pub use self::store::{judge_token, note_use};
pub use self::token::{ServerToken, token_digest};
