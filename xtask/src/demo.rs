//! The people and the site that `seeds/` creates for local use.

use std::fmt::Write as _;

/// A person who can sign in locally.
pub(crate) struct DemoUser {
    /// What `--user` takes.
    pub(crate) name: &'static str,
    /// The `sub` of their tokens; Clerk's user id.
    pub(crate) subject: &'static str,
    organisation: &'static str,
    role: &'static str,
}

const fn user(
    name: &'static str,
    subject: &'static str,
    organisation: &'static str,
    role: &'static str,
) -> DemoUser {
    DemoUser { name, subject, organisation, role }
}

const USERS: [DemoUser; 9] = [
    user("demo-owner", "user_demo_owner", "org_dental", "owner"),
    user("demo-admin", "user_demo_admin", "org_dental", "admin"),
    user("demo-member", "user_demo_member", "org_dental", "member"),
    user("demo-viewer", "user_demo_viewer", "org_dental", "viewer"),
    user("demo-other", "user_demo_other", "org_chadis", "owner"),
    user("demo-staff", "user_demo_staff", "(every one)", "staff"),
    user("demo-new", "user_demo_new", "(none)", "signs in for the first time"),
    user("demo-suspended", "user_demo_suspended", "org_dental", "member, suspended"),
    user("demo-closed", "user_demo_closed", "org_closed", "owner of a closed organisation"),
];

/// Key of the chat widget on Bright Smile's demo website; opens the local Worker only.
pub(crate) const SITE_KEY: &str = "sk_dental_dev_7hQ2mXw9";
/// A question that the seeded knowledge answers.
pub(crate) const QUESTION: &str = "When are you open on Saturday?";

/// The user of that name.
pub(crate) fn find(name: &str) -> Option<&'static DemoUser> {
    USERS.iter().find(|user| user.name == name)
}

/// The names, for a message.
pub(crate) fn names() -> String {
    USERS.each_ref().map(|user| user.name).join(", ")
}

/// Who there is, one line each.
pub(crate) fn table() -> String {
    USERS.iter().fold(String::new(), |mut text, user| {
        let DemoUser { name, organisation, role, .. } = user;
        let _ = writeln!(text, "    {name:<16}{organisation:<14}{role}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::find;

    #[test]
    fn a_user_is_found_by_name_only() {
        assert_eq!(find("demo-owner").map(|user| user.subject), Some("user_demo_owner"));
        assert!(find("user_demo_owner").is_none());
    }
}
