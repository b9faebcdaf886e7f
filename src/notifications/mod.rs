//! What the people of an org should look at: a visitor asks for a person, or left an address. Owns `notifications`.
//!
//! One row is for all members, and read once one of them has read it. It holds ids, never a visitor's words. Nothing is
//! sent: the portal asks for what is unread.

pub mod routes;
mod store;

pub use self::store::{Kind, of_change, once};
