//! Who belongs to an organization of Clerk's (Clerk docs, "`OrganizationMembership` object").

use super::object::{Object, inner, missing, required_id, text};
use crate::auth::policy::Role;
use crate::error::Result;

/// Longest name of a role that is looked at.
const LONGEST_ROLE: usize = 128;

/// A membership as Clerk describes it; its own id is the event's object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Membership {
    /// `orgs.clerk_org_id`.
    pub(super) clerk_org_id: String,
    /// `users.clerk_user_id`.
    pub(super) clerk_user_id: String,
    pub(super) role: Role,
}

impl Membership {
    pub(super) fn read(membership: &Object) -> Result<Self> {
        let org = inner(membership, "organization").ok_or_else(|| missing("organization"))?;
        let person =
            inner(membership, "public_user_data").ok_or_else(|| missing("public_user_data"))?;
        Ok(Self {
            clerk_org_id: required_id(org, "id")?,
            clerk_user_id: required_id(person, "user_id")?,
            role: role(text(membership, "role", LONGEST_ROLE).ok_or_else(|| missing("role"))?),
        })
    }
}

/// The role here of a role at Clerk. Owners are made here alone, and who has a role of another name may read.
fn role(name: &str) -> Role {
    match name.strip_prefix("org:").unwrap_or(name) {
        "admin" | "client_admin" => Role::Admin,
        "member" | "basic_member" => Role::Member,
        _ => Role::Viewer,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn roles_are_mapped_and_none_makes_an_owner() {
        for (name, mapped) in [
            ("org:admin", Role::Admin),
            ("admin", Role::Admin),
            ("org:client_admin", Role::Admin),
            ("org:member", Role::Member),
            ("basic_member", Role::Member),
            ("org:client_viewer", Role::Viewer),
            ("org:owner", Role::Viewer),
            ("owner", Role::Viewer),
            ("org:billing", Role::Viewer),
            ("ORG:ADMIN", Role::Viewer),
        ] {
            assert_eq!(role(name), mapped, "{name}");
        }
    }

    #[test]
    fn what_a_membership_must_have_is_asked_for() {
        let whole = json!({"organization": {"id": "org_1"}, "public_user_data": {"user_id": "user_1"}, "role": "org:admin"});
        let read = |value: &serde_json::Value| Membership::read(value.as_object().unwrap());
        assert_eq!(read(&whole).unwrap().clerk_org_id, "org_1");
        for (member, wrong) in [
            ("organization", json!("org_1")),
            ("organization", json!({"id": 7})),
            ("public_user_data", json!(null)),
            ("public_user_data", json!({"user_id": "u".repeat(129)})),
            ("role", json!({})),
        ] {
            let mut lacking = whole.clone();
            lacking[member] = wrong;
            assert_eq!(read(&lacking).unwrap_err().code(), "invalid_event", "{lacking}");
        }
    }
}
