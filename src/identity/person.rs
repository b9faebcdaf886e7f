//! A person as Clerk describes them (Clerk docs, "User object").

use serde_json::Value;

use super::object::{Object, id, inner, is_set, text};

/// Longest address (RFC 5321).
const LONGEST_EMAIL: usize = 254;
/// Longest name that is kept; of a longer one its beginning is.
const LONGEST_NAME: usize = 200;
/// Longest address of a picture.
const LONGEST_URL: usize = 2_048;

/// What the portal takes over of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Person {
    /// The primary address in lower case, if Clerk verified it.
    pub(super) email: Option<String>,
    /// First and last name, or else the user name.
    pub(super) name: Option<String>,
    /// Address of the picture.
    pub(super) avatar_url: Option<String>,
    /// Banned or locked at Clerk, which issues no tokens for them.
    pub(super) is_suspended: bool,
}

impl Person {
    pub(super) fn read(user: &Object) -> Self {
        Self {
            email: verified_email(user),
            name: name(user),
            avatar_url: text(user, "image_url", LONGEST_URL)
                .filter(|url| url.starts_with("https://"))
                .map(str::to_owned),
            is_suspended: is_set(user, "banned") || is_set(user, "locked"),
        }
    }
}

fn verified_email(user: &Object) -> Option<String> {
    let primary = id(user, "primary_email_address_id")?;
    let listed = user.get("email_addresses").and_then(Value::as_array)?;
    let entry =
        listed.iter().filter_map(Value::as_object).find(|of| id(of, "id") == Some(primary))?;
    let status = inner(entry, "verification").and_then(|of| text(of, "status", LONGEST_NAME));
    let email = text(entry, "email_address", LONGEST_EMAIL)?;
    (status == Some("verified")).then(|| email.to_ascii_lowercase())
}

fn name(user: &Object) -> Option<String> {
    let part = |member| user.get(member).and_then(Value::as_str).map(str::trim).unwrap_or_default();
    let full = format!("{} {}", part("first_name"), part("last_name"));
    let full = Some(full.trim()).filter(|name| !name.is_empty()).unwrap_or(part("username"));
    let name: String = full.chars().filter(|c| !c.is_control()).take(LONGEST_NAME).collect();
    (!name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(user: &Value) -> Person {
        Person::read(user.as_object().unwrap())
    }

    #[test]
    fn the_primary_address_counts_if_it_is_verified() {
        let user = |status: &str, primary: &str| {
            read(&json!({"primary_email_address_id": primary, "email_addresses": [
                {"id": "idn_1", "email_address": "old@example.com", "verification": {"status": "verified"}},
                {"id": "idn_2", "email_address": " New@Example.com ", "verification": {"status": status}},
                "odd", {"id": "idn_3", "email_address": 7}]}))
            .email
        };
        assert_eq!(user("verified", "idn_2").as_deref(), Some("new@example.com"));
        assert_eq!(user("unverified", "idn_2"), None);
        assert_eq!(user("verified", "idn_3"), None);
        assert_eq!(user("verified", "idn_4"), None);
        assert_eq!(read(&json!({"email_addresses": "odd"})).email, None);
    }

    #[test]
    fn names_are_put_together_and_bounded() {
        let name = |user: Value| read(&user).name;
        let full = name(json!({"first_name": " Ada ", "last_name": "Lovelace", "username": "ada"}));
        assert_eq!(full.as_deref(), Some("Ada Lovelace"));
        let last = name(json!({"first_name": null, "last_name": "Zoë"}));
        assert_eq!(last.as_deref(), Some("Zoë"));
        assert_eq!(name(json!({"first_name": "", "username": "ada"})).as_deref(), Some("ada"));
        assert_eq!(name(json!({"first_name": 7})), None);
        let long = name(json!({"first_name": "é".repeat(1_000_000)})).unwrap();
        assert_eq!(long.chars().count(), 200);
        assert_eq!(name(json!({"first_name": "A\u{0}B"})).as_deref(), Some("AB"));
    }

    #[test]
    fn pictures_have_safe_addresses_and_bans_and_locks_suspend() {
        let with = |url: &str| read(&json!({"image_url": url})).avatar_url;
        assert_eq!(with("https://img.clerk.com/a").as_deref(), Some("https://img.clerk.com/a"));
        assert_eq!(with("javascript:alert(1)"), None);
        assert_eq!(with(&format!("https://{}", "a".repeat(2_048))), None);
        for (user, is_suspended) in [
            (json!({"banned": true, "locked": false}), true),
            (json!({"banned": false, "locked": true}), true),
            (json!({"banned": false}), false),
            (json!({"banned": "true"}), false),
        ] {
            assert_eq!(read(&user).is_suspended, is_suspended, "{user}");
        }
    }
}
