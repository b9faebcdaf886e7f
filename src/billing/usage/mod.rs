//! Metered usage: what is counted, what it costs, and what Stripe's meters are told of it. Owns `billing_records`,
//! `usage_prices`, `usage_of_all_orgs` and `usage_meter_events`.
//!
//! Nothing here counts. Triggers of the schema do (decision 0033), in the transaction of what they count: a turn that
//! ends with an answer, a change of an org's `voice_ms`, a run of an action that succeeds. There is one record for each
//! org, kind of usage and UTC day. It is open until [`closing`] closes it after its day, or somebody takes it beyond `pending`; what
//! comes later counts on another record of the same day.
//!
//! What is closed has a value that stays, and [`pushing`] tells it to Stripe once.

pub mod closing;
pub mod meter;
pub mod pushing;
pub mod routes;
mod store;
