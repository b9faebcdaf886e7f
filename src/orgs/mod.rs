//! Organizations and how many may belong to each. Owns `orgs`.
//!
//! Counts of members and sites are kept by triggers. A closed org keeps its data; its people see no more
//! of it than that it is there.

pub mod cap_routes;
pub mod routes;
mod slug;
mod store;

pub use self::cap_routes::cap_reached;
pub use self::slug::Slug;

use crate::choice;

choice! {
    /// `orgs.status`.
    pub enum OrgStatus {
        /// In use.
        Active = "active",
        /// Switched off.
        Inactive = "inactive",
        /// In use, and likely to leave.
        AtRisk = "at_risk",
        /// Closed.
        Churned = "churned",
    }
}

choice! {
    /// `orgs.plan`.
    pub enum Plan {
        /// Chat.
        Chatbot = "chatbot",
        /// Voice.
        Phone = "phone",
        /// Both.
        Bundle = "bundle",
        /// By agreement.
        Enterprise = "enterprise",
    }
}
