//! Who calls, for which org, and what they may do.
//!
//! `session` judges the Clerk token, `jwks` holds Clerk's keys, `caller` reads the person's memberships and
//! the org of the request, `scope` makes statements that see no more than that, and `policy` is the table of
//! roles and actions. `permission` turns them into the proof that handlers and stores ask for, `grant` is the
//! proof of a change, and `sign_in` is for people whatever their orgs.

pub mod caller;
mod grant;
pub mod jwks;
pub mod permission;
pub mod policy;
mod scope;
pub mod session;
mod sign_in;
