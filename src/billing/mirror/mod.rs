//! The mirror of Stripe in `DB`. Owns `stripe_events`, `billing_customers`, `billing_subscriptions` with
//! their items, `billing_invoices` with their lines, `plan_prices` and `stripe_products`.
//!
//! One delivery is one transaction: the receipt, the mirrored row, the org's plan and the audit entry. The receipt's
//! `delivery_id` names the delivery that claimed the event; every other statement of the batch asks for it, so a
//! duplicate changes nothing. Snapshots apply in the order of `event.created`, whatever the order of arrival, and a
//! deletion is final. Where two of one second differ, Stripe is asked for the object as it is.

mod applying;
mod asking;
mod catalog;
mod checkout;
mod customer;
mod event;
pub mod grace;
mod invoice;
pub mod receipt_routes;
pub mod reconcile;
pub mod routes;
mod signature;
pub(super) mod snapshot;
mod store;
mod subscription;
