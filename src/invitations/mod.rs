//! Invitations by e-mail address. Owns `invitations`.
//!
//! An open invitation holds a seat of its org, and is worth as much as the right of who made it: once that
//! person left the org, lost the role or was switched off, it opens nothing. It is accepted by whoever brings the token of its link, or
//! by a person of whom Clerk itself says that the address is theirs; the membership, the end of the
//! invitation and the trace are one batch.

mod acceptance;
pub mod routes;
mod store;
mod token;

pub use self::acceptance::{Invited, acceptance, verified_emails};

use crate::choice;

choice! {
    /// What became of an invitation.
    pub enum InvitationStatus {
        /// Waits to be accepted.
        Open = "open",
        /// Made a member.
        Accepted = "accepted",
        /// Taken back.
        Revoked = "revoked",
        /// Nobody accepted it in time.
        Expired = "expired",
    }
}
