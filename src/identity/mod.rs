//! What Clerk tells of people, their sessions and who belongs where. Owns `clerk_events`, `clerk_snapshots` and
//! `ended_sessions`; what it changes of people, memberships, organizations and invitations it changes by statements of
//! its own.
//!
//! One delivery is one transaction: the receipt, the change and its audit entries. The receipt's `delivery_id` names the
//! delivery that claimed the event, and every other statement of the batch asks for it. A statement right behind the
//! claim judges what stands against the event, by what the database holds in that moment. Snapshots apply in the order
//! in which Clerk made them, whatever the order of arrival, and a deletion is final.

mod event;
mod membership;
mod object;
mod person;
pub mod routes;
mod signature;
mod store;

pub use self::signature::SigningKey;
