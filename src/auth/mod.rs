//! Who calls, for which org, and what they may do.
//!
//! `session` judges the Clerk token, `jwks` holds Clerk's keys, `caller` reads the person's
//! memberships and the org of the request, `policy` is the table of roles and actions, and
//! `permission` turns them into the proof that handlers and stores ask for.

pub mod caller;
pub mod jwks;
pub mod permission;
pub mod policy;
pub mod session;
