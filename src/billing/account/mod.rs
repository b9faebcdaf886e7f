//! An org's account at Stripe, read from the mirror, and the ways to Stripe's own pages. Owns `billing_portal_sessions`
//! and, with the mirror, `billing_checkout_sessions`.

pub mod checkout_routes;
pub mod invoice_routes;
pub mod overview_routes;
pub mod session_routes;
mod store;
mod stripe_pages;
mod upcoming;

pub use self::upcoming::UpcomingCache;
