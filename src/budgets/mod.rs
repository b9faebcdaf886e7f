//! What an org and its sites may use, as people see and change it. Owns `budgets` and `plan_limits`; what was used
//! is counted by [`crate::chat`].
//!
//! A plan has limits. An org's own limits stand in their place: its admins lower them, staff alone raise them above the
//! plan. A site's own limits are of two kinds: those of messages, money and voice in a day or a month stand beside its
//! org's, so that both hold; the others stand in their place, and are bounded by them, also by those that the org sets
//! for itself afterwards.

mod limits;
pub mod routes;
mod store;
