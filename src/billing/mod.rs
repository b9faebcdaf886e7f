//! The mirror of Stripe in `DB`, and metered usage. Owns `stripe_events` and `billing_*`.
//!
//! One delivery is one transaction: the receipt, the mirrored row, the org's plan and the audit entry.
//! The receipt's `delivery_id` names the delivery that claimed the event; every other statement of the
//! batch asks for it, so a duplicate changes nothing. Snapshots apply in the order of
//! `event.created`, whatever the order of arrival, and a deletion is final.

pub mod account_routes;
mod account_store;
mod customer;
mod event;
mod invoice;
pub mod invoice_routes;
pub mod routes;
pub mod session_routes;
mod signature;
mod snapshot;
mod store;
mod subscription;
pub mod usage_routes;
mod usage_store;
