//! The table of roles and actions. One place decides what a role may do in its org.

use crate::choice;

choice! {
    /// A person's role in an org, least first.
    pub enum Role {
        /// Reads.
        Viewer = "viewer",
        /// Writes content.
        Member = "member",
        /// Administers the org.
        Admin = "admin",
        /// Owns the org: closes it, and says who else owns it.
        Owner = "owner",
    }
}

/// What a route does to an org.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Looks.
    Read,
    /// Changes content: flows, leads, and what assistants know.
    Write,
    /// Changes members, configuration, keys, billing, and the policies of what assistants say.
    Administer,
    /// Deletes the org or changes its owners.
    Own,
}

/// Whether `role` may do `action`.
pub fn allows(role: Role, action: Action) -> bool {
    let least = match action {
        Action::Read => Role::Viewer,
        Action::Write => Role::Member,
        Action::Administer => Role::Admin,
        Action::Own => Role::Owner,
    };
    role >= least
}

/// The role that staff have in an org they are not a member of.
pub const STAFF_ROLE: Role = Role::Admin;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_table() {
        use Action::{Administer, Own, Read, Write};
        for (role, allowed) in [
            (Role::Viewer, vec![Read]),
            (Role::Member, vec![Read, Write]),
            (Role::Admin, vec![Read, Write, Administer]),
            (Role::Owner, vec![Read, Write, Administer, Own]),
        ] {
            for action in [Read, Write, Administer, Own] {
                assert_eq!(allows(role, action), allowed.contains(&action), "{role:?} {action:?}");
            }
        }
    }
}
