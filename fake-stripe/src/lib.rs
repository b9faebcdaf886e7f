//! A stateful fake of Stripe's API, for tests and local use.
//!
//! [`Stripe`] is a pure state machine: [`Stripe::handle`] answers requests as the API does, [`Stripe::advance`] lets time
//! pass, and [`Stripe::events`] holds everything that happened. It has no clock, no randomness and no connection of its
//! own: the same seed and the same calls give the same ids, events and bytes. [`delivery::Planner`] brings the events to
//! a webhook as badly as Stripe may. The binary `fake-stripe` (feature `server`) serves it on 127.0.0.1, with the pages
//! that Stripe hosts.
//!
//! # What it imitates
//!
//! Form bodies with brackets, JSON answers, Stripe's error envelope, lists with cursors and `created[…]`, `expand[]`,
//! idempotency keys, and versions: objects in the shapes of `2026-10-28.endive` or, before `2025-03-31.basil`, in the
//! older ones. Customers, products, prices, checkout (subscription, payment, setup), the billing portal, subscriptions
//! with several items, trials, prorations, pauses and cancellation, invoices from draft to paid or given up, invoice
//! items, test cards, payment and setup intents, charges, events, webhook endpoints, meters and test clocks.
//!
//! Time does what it does at Stripe: an invoice of a renewal is a draft for an hour; a refused one is tried again after
//! 3, 5 and 7 days, and then its subscription is canceled, unpaid or left past due ([`Settings`]); a first invoice is
//! given up after 23 hours; a trial's end is announced three days ahead, an invoice seven.
//!
//! # What it does not
//!
//! No taxes, coupons, credit notes, quotes, schedules, tiers, connected accounts, disputes or refunds: their addresses
//! are unknown. Nothing is charged for metered prices. There is one clock for the account, which test clocks move
//! together. A change is never pending ([`Stripe::apply_pending_update`] only tells so). Debits of bank accounts turn
//! out at once. Unknown parameters are refused for customers, subscriptions, checkout and portal sessions, and ignored
//! elsewhere. Of the failures that a test asks for ([`Fault`]), one alone is kept under its idempotency key.

mod calendar;
pub mod delivery;
mod error;
mod event;
mod expand;
mod faults;
mod object;
mod params;
mod random;
mod request;
mod resources;
mod router;
mod seed;
#[cfg(feature = "server")]
pub mod server;
mod signature;
mod store;
mod stripe;
mod time;
mod version;

pub use event::Event;
pub use faults::Fault;
pub use request::{Request, Response};
pub use signature::signed;
pub use stripe::{AfterLastFailure, Settings, Stripe};
pub use version::ApiVersion;
