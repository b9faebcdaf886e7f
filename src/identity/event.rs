//! From an event of Clerk's to the change it asks for: pure (Clerk docs, "Webhooks", "Payload structure").

use serde_json::{Map, Value, json};

use super::membership::Membership;
use super::object::{Object, beginning, id, inner, is_set, millis, missing, required_id, text};
use super::person::Person;
use crate::error::{Error, Result};
use crate::orgs::Slug;
use crate::time::Timestamp;

/// Longest name of a type that is taken.
const LONGEST_TYPE: usize = 100;
/// Longest name of an organization; of a longer one its beginning is kept.
const LONGEST_ORG_NAME: usize = 120;

/// The event as Clerk sends it. What is not taken over is not named.
#[derive(Debug, Clone)]
pub(super) struct Event {
    /// Of the message: `svix-id`.
    pub(super) id: String,
    pub(super) r#type: String,
    /// When it happened; when it came, if it does not say.
    pub(super) happened: Timestamp,
    /// When the object was changed last, in milliseconds; when the event happened, if it does not say.
    pub(super) updated_ms: i64,
    /// `data`: the snapshot.
    object: Object,
}

/// What an event asks for.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Change {
    /// A person's state.
    Person(Person),
    /// A person is gone.
    PersonGone,
    /// The name of an organization, and its slug if it is one of ours.
    Org { name: String, slug: Option<Slug> },
    /// An organization is gone.
    OrgGone,
    /// Someone belongs to an organization.
    Member(Membership),
    /// Someone no longer does.
    MemberGone(Membership),
    /// A session's tokens count no more.
    SessionEnded,
    /// An invitation was taken back, by an organization of Clerk's if it is one of its invitations.
    InvitationRevoked { clerk_org_id: Option<String> },
    /// It is recorded and no more.
    Nothing,
}

impl Event {
    /// Reads a verified body. What is not known to be of use may have any form.
    pub(super) fn parse(id: &str, body: &[u8], now: Timestamp) -> Result<Self> {
        let mut event: Object =
            serde_json::from_slice(body).map_err(|error| not_an_event(&error.to_string()))?;
        let object = match event.get_mut("data").map(Value::take) {
            Some(Value::Object(object)) => object,
            _ => Map::new(),
        };
        let happened_ms = millis(&event, "timestamp").unwrap_or(now.millis());
        Ok(Self {
            id: id.to_owned(),
            r#type: text(&event, "type", LONGEST_TYPE)
                .ok_or_else(|| not_an_event("type is missing"))?
                .to_owned(),
            happened: Timestamp::from_millis(happened_ms),
            updated_ms: millis(&object, "updated_at").unwrap_or(happened_ms),
            object,
        })
    }

    /// `data.object`, the kind of thing the event is about.
    pub(super) fn object_type(&self) -> Option<&str> {
        id(&self.object, "object")
    }

    /// `data.id`.
    pub(super) fn object_id(&self) -> Option<&str> {
        id(&self.object, "id")
    }

    /// What the event asks for.
    pub(super) fn change(&self) -> Result<Change> {
        let change = match self.r#type.as_str() {
            "user.created" | "user.updated" => Change::Person(Person::read(&self.object)),
            "user.deleted" => Change::PersonGone,
            "organization.created" | "organization.updated" => Change::Org {
                name: beginning(&self.object, "name", LONGEST_ORG_NAME)
                    .ok_or_else(|| missing("name"))?,
                slug: text(&self.object, "slug", LONGEST_ORG_NAME).and_then(Slug::parse),
            },
            "organization.deleted" => Change::OrgGone,
            "organizationMembership.created" | "organizationMembership.updated" => {
                Change::Member(Membership::read(&self.object)?)
            }
            "organizationMembership.deleted" => Change::MemberGone(Membership::read(&self.object)?),
            "session.ended" | "session.removed" | "session.revoked" => Change::SessionEnded,
            "invitation.revoked" => Change::InvitationRevoked { clerk_org_id: None },
            "organizationInvitation.revoked" => Change::InvitationRevoked {
                clerk_org_id: Some(required_id(&self.object, "organization_id")?),
            },
            _ => return Ok(Change::Nothing),
        };
        required_id(&self.object, "id")?;
        Ok(change)
    }

    /// What the receipt keeps of the event: ids, roles and flags, neither names nor addresses.
    pub(super) fn kept(&self) -> String {
        let of = |object: &Object, members: &[&'static str]| -> Object {
            let kept = members.iter().filter_map(|member| {
                let value = match object.get(*member)? {
                    Value::String(_) => id(object, member).map(Value::from)?,
                    Value::Bool(_) => is_set(object, member).into(),
                    Value::Number(_) => millis(object, member)?.into(),
                    Value::Null | Value::Array(_) | Value::Object(_) => return None,
                };
                Some(((*member).to_owned(), value))
            });
            kept.collect()
        };
        let mut data = of(
            &self.object,
            &[
                "id",
                "object",
                "status",
                "role",
                "user_id",
                "organization_id",
                "created_at",
                "updated_at",
                "deleted",
                "banned",
                "locked",
                "revoked",
            ],
        );
        for (member, inside) in [("organization", "id"), ("public_user_data", "user_id")] {
            if let Some(object) = inner(&self.object, member) {
                data.insert(member.to_owned(), of(object, &[inside]).into());
            }
        }
        json!({ "type": self.r#type, "data": data }).to_string()
    }
}

#[track_caller]
fn not_an_event(context: &str) -> Error {
    Error::bad_request("invalid_event", "Invalid event")
        .hint("The body is signed but is no event of Clerk's.")
        .context(context)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_763_700_000);

    fn event(kind: &str, data: &Value) -> Event {
        let body = json!({"type": kind, "object": "event", "timestamp": 1_763_699_999_000_i64, "data": data});
        Event::parse("msg_1", body.to_string().as_bytes(), NOW).unwrap()
    }

    #[test]
    fn an_event_says_when_it_happened_and_when_its_object_changed() {
        let dated =
            event("user.updated", &json!({"id": "user_1", "updated_at": 1_763_699_998_000_i64}));
        assert_eq!(dated.happened, Timestamp::from_seconds(1_763_699_999));
        assert_eq!(dated.updated_ms, 1_763_699_998_000);
        for odd in
            [json!("now"), json!(-1), json!(1e300), json!(9_000_000_000_000_000_i64), json!(null)]
        {
            let event = event("user.updated", &json!({"id": "user_1", "updated_at": odd}));
            assert_eq!(event.updated_ms, 1_763_699_999_000, "{odd}");
        }
        let bare = Event::parse("msg_1", br#"{"type":"x.y","data":[]}"#, NOW).unwrap();
        assert_eq!((bare.happened, bare.object_id()), (NOW, None));
    }

    #[test]
    fn what_cannot_be_an_event_is_refused() {
        for body in ["", "[]", "{", r#"{"data":{}}"#, r#"{"type":7,"data":{}}"#] {
            let refused = Event::parse("msg_1", body.as_bytes(), NOW).unwrap_err();
            assert_eq!(refused.code(), "invalid_event", "{body}");
        }
        let long = format!(r#"{{"type":"{}"}}"#, "x".repeat(101));
        assert!(Event::parse("msg_1", long.as_bytes(), NOW).is_err());
    }

    #[test]
    fn each_type_asks_for_its_change() {
        let person = json!({"id": "user_1", "first_name": "Ada"});
        assert!(matches!(event("user.created", &person).change().unwrap(), Change::Person(_)));
        let gone = json!({"id": "user_1", "object": "user", "deleted": true});
        assert_eq!(event("user.deleted", &gone).change().unwrap(), Change::PersonGone);
        for kind in ["session.ended", "session.removed", "session.revoked"] {
            let session = json!({"id": "sess_1", "user_id": "user_1"});
            assert_eq!(event(kind, &session).change().unwrap(), Change::SessionEnded);
        }
        for kind in [
            "session.created",
            "invitation.accepted",
            "organizationInvitation.created",
            "role.updated",
        ] {
            assert_eq!(event(kind, &json!({"id": "x_1"})).change().unwrap(), Change::Nothing);
        }
        let org = |slug: &str| {
            event("organization.updated", &json!({"id": "org_1", "name": " Alpha ", "slug": slug}))
        };
        let Change::Org { name, slug } = org("alpha-2").change().unwrap() else { panic!() };
        assert_eq!((name.as_str(), slug.unwrap().as_str()), ("Alpha", "alpha-2"));
        let long = json!({"id": "org_1", "name": format!("{} {}", "é".repeat(119), "é".repeat(9))});
        let Change::Org { name, .. } = event("organization.created", &long).change().unwrap()
        else {
            panic!()
        };
        assert_eq!(name, "é".repeat(119));
        let Change::Org { slug, .. } = org("Not a slug").change().unwrap() else { panic!() };
        assert!(slug.is_none());
    }

    #[test]
    fn what_has_no_id_asks_for_nothing_that_could_be_done() {
        for (kind, data) in [
            ("user.updated", json!({})),
            ("user.deleted", json!({"id": 7})),
            ("session.ended", json!({"id": "two words"})),
            ("organization.deleted", json!({"id": "x".repeat(129)})),
            ("organization.updated", json!({"id": "org_1"})),
            ("organization.updated", json!({"id": "org_1", "name": " "})),
            ("organizationInvitation.revoked", json!({"id": "orginv_1"})),
        ] {
            assert_eq!(
                event(kind, &data).change().unwrap_err().code(),
                "invalid_event",
                "{kind} {data}"
            );
        }
    }

    #[test]
    fn a_receipt_keeps_no_name_and_no_address() {
        let kept = event(
            "organizationMembership.updated",
            &json!({"id": "orgmem_1", "object": "organization_membership", "role": "org:admin", "updated_at": 5,
                "organization": {"id": "org_1", "name": "Alpha", "created_by": "user_2"},
                "public_user_data": {"user_id": "user_1", "identifier": "ada@example.com", "first_name": "Ada"},
                "email_addresses": [{"email_address": "ada@example.com"}], "banned": false,
                "status": "a text of several words"}),
        )
        .kept();
        assert_eq!(
            serde_json::from_str::<Value>(&kept).unwrap(),
            json!({"type": "organizationMembership.updated", "data": {"id": "orgmem_1",
                "object": "organization_membership", "role": "org:admin", "updated_at": 5, "banned": false,
                "organization": {"id": "org_1"}, "public_user_data": {"user_id": "user_1"}}})
        );
    }
}
