//! People in orgs. Owns `users` and `user_memberships`.
//!
//! An org keeps an owner, the portal an active member of staff, and nobody gives a role above their own:
//! the first two are guarded in SQL, where two requests could race for them.

mod email;
pub mod membership_routes;
pub mod routes;
mod store;
pub mod user_routes;

pub use self::email::Email;
pub use self::membership_routes::{MemberOut, already_member, may_give};
