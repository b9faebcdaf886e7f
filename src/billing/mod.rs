//! What orgs owe and get: the mirror of Stripe in `DB`, the account that people see of it, and metered usage.

pub mod account;
pub mod mirror;
pub mod usage;
