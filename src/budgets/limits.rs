//! The limits, which of them holds, and who may change which.

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::auth::permission::staff_only;
use crate::body;
use crate::db::{Cell, Column};
use crate::error::{Error, Result};
use crate::http::body::{Change, Whole};

/// How many limits there are.
const COUNT: usize = 10;
/// Characters of a message, and what a turn may cost, where no plan says so.
const MESSAGE_CHARACTERS: i64 = 5_000;
const TURN_MICROUSD: i64 = 20_000;

macro_rules! limits {
    ($($(#[$doc:meta])* $field:ident as $member:literal from $least:literal to $most:literal, $of_site:ident;)*) => {
        /// Limits; `null` is none.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize)]
        #[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
        pub(super) struct Limits { $(
            $(#[$doc])*
            #[serde(rename = $member)]
            $field: Option<i64>
        ),* }

        body! {
            /// Changes to limits: what is absent stays, `null` removes an own limit.
            pub struct BudgetPatch { $(
                $(#[$doc])*
                #[cfg_attr(not(target_arch = "wasm32"), schema(value_type = Option<Whole<$least, $most>>))]
                $field as $member: Change<Whole<$least, $most>>
            ),* }
        }

        /// Names and kinds, in the order of all arrays of limits.
        const KINDS: [(&str, OfSite); COUNT] = [$(($member, OfSite::$of_site)),*];

        impl Limits {
            /// In the order of the columns of `budgets` and `plan_limits`.
            pub(super) fn values(&self) -> [Option<i64>; COUNT] {
                [$(self.$field),*]
            }

            fn of([$($field),*]: [Option<i64>; COUNT]) -> Self {
                Self { $($field),* }
            }
        }

        impl BudgetPatch {
            fn changes(&self) -> [Change<i64>; COUNT] {
                [$(plain(&self.$field)),*]
            }
        }
    };
}

limits! {
    /// Messages to one site within a minute.
    site_messages_per_minute as "siteMessagesPerMinute" from 0 to 100_000, Instead;
    /// Messages of one visitor to one site within a minute.
    visitor_messages_per_minute as "visitorMessagesPerMinute" from 0 to 100_000, Instead;
    /// Messages within a UTC day; 0 stops all chat.
    messages_per_day as "messagesPerDay" from 0 to 1_000_000_000, Beside;
    /// Messages within a UTC month.
    messages_per_month as "messagesPerMonth" from 0 to 1_000_000_000, Beside;
    /// Cost of models within a UTC day, in millionths of a US dollar.
    microusd_per_day as "microusdPerDay" from 0 to 1_000_000_000_000, Beside;
    /// Cost of models within a UTC month, in millionths of a US dollar.
    microusd_per_month as "microusdPerMonth" from 0 to 1_000_000_000_000, Beside;
    /// Conversations of one site that are open at a time.
    concurrent_sessions as "concurrentSessions" from 0 to 1_000_000, Instead;
    /// Characters of a message.
    message_characters as "messageCharacters" from 1 to 5_000, Instead;
    /// What one turn may cost, in millionths of a US dollar; set aside when it is let in.
    turn_microusd as "turnMicrousd" from 0 to 100_000_000, Instead;
    /// Seconds of speech within a UTC month.
    voice_seconds_per_month as "voiceSecondsPerMonth" from 0 to 1_000_000_000, Beside;
}

/// Where a site's own limit stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum OfSite {
    /// In the place of its org's; a lower one that the org set for itself holds all the same.
    Instead,
    /// Beside its org's: both hold.
    Beside,
}

/// A JSON array, in the order of the columns.
impl Column for Limits {
    fn from_cell(cell: Cell<'_>) -> Option<Self> {
        let values = Vec::<Value>::from_cell(cell)?;
        let values: Vec<Option<i64>> = values.iter().map(Value::as_i64).collect();
        values.try_into().ok().map(Self::of)
    }
}

fn plain<const MIN: i64, const MAX: i64>(change: &Change<Whole<MIN, MAX>>) -> Change<i64> {
    match change {
        Change::Keep => Change::Keep,
        Change::Clear => Change::Clear,
        Change::Set(value) => Change::Set(value.0),
    }
}

impl Limits {
    /// What holds for an org with these limits of its own.
    pub(super) fn of_org(&self, plan: &Self) -> Self {
        let mut limits = self.or(plan);
        limits.message_characters.get_or_insert(MESSAGE_CHARACTERS);
        limits.turn_microusd.get_or_insert(TURN_MICROUSD);
        limits
    }

    /// What holds for a site with these limits of its own; those of days and months hold beside its org's.
    pub(super) fn of_site(&self, org: &Self, plan: &Self) -> Self {
        let mut limits = self.or(&org.of_org(plan)).values();
        for (((limit, own), org), (_, kind)) in
            limits.iter_mut().zip(self.values()).zip(org.values()).zip(KINDS)
        {
            match (kind, own, org) {
                (OfSite::Beside, _, _) => *limit = own,
                (OfSite::Instead, Some(own), Some(org)) => *limit = Some(own.min(org)),
                (OfSite::Instead, _, _) => {}
            }
        }
        Self::of(limits)
    }

    fn or(&self, other: &Self) -> Self {
        let mut limits = self.values();
        for (limit, other) in limits.iter_mut().zip(other.values()) {
            *limit = limit.or(other);
        }
        Self::of(limits)
    }

    /// The limits after a change.
    pub(super) fn after(&self, patch: &BudgetPatch) -> Self {
        let mut limits = self.values();
        for (limit, change) in limits.iter_mut().zip(patch.changes()) {
            match change {
                Change::Keep => {}
                Change::Clear => *limit = None,
                Change::Set(value) => *limit = Some(value),
            }
        }
        Self::of(limits)
    }

    /// What differs: `{"messagesPerDay": {"from": 10, "to": null}}`.
    pub(super) fn difference(&self, after: &Self) -> Map<String, Value> {
        let both = self.values().into_iter().zip(after.values()).zip(KINDS);
        let changed = both.filter(|((from, to), _)| from != to);
        changed
            .map(|((from, to), (name, _))| (name.to_owned(), json!({"from": from, "to": to})))
            .collect()
    }
}

/// Whether an org's admins may do this: they go as high as the plan, or as what staff gave; to remove an own limit is for
/// staff.
pub(super) fn judge_org(plan: &Limits, own: &Limits, after: &Limits) -> Result<()> {
    let holds = own.of_org(plan);
    for (((from, to), (plan, holds)), (name, _)) in own
        .values()
        .into_iter()
        .zip(after.values())
        .zip(plan.values().into_iter().zip(holds.values()))
        .zip(KINDS)
    {
        if from == to {
            continue;
        }
        let highest = highest(plan, holds);
        match (to, highest) {
            (None, _) => return Err(above(name, highest)),
            (Some(to), Some(most)) if to > most => return Err(above(name, highest)),
            _ => {}
        }
    }
    Ok(())
}

/// Whether an org's admins may do this to a site: what stands in the place of their org's limit goes as high as that, or as
/// what staff gave.
pub(super) fn judge_site(org: &Limits, own: &Limits, after: &Limits) -> Result<()> {
    for (((from, to), org), (name, kind)) in
        own.values().into_iter().zip(after.values()).zip(org.values()).zip(KINDS)
    {
        let highest = highest(org, from.or(org));
        if let (OfSite::Instead, Some(to), Some(most)) = (kind, to, highest)
            && from != Some(to)
            && to > most
        {
            return Err(above(name, highest));
        }
    }
    Ok(())
}

/// The higher of two limits, of which none is the highest.
fn highest(one: Option<i64>, other: Option<i64>) -> Option<i64> {
    Some(one?.max(other?))
}

fn above(name: &'static str, highest: Option<i64>) -> Error {
    let hint = match highest {
        Some(most) => {
            format!("\"{name}\" may be {most} at most; only Koby staff raise or remove it.")
        }
        None => format!("Only Koby staff remove \"{name}\"."),
    };
    staff_only().hint(hint).about(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::body::FromBody as _;

    fn limits(value: i64) -> Limits {
        Limits::of([Some(value); COUNT])
    }

    fn none() -> Limits {
        Limits::of([None; COUNT])
    }

    fn patch(body: Value) -> BudgetPatch {
        let Value::Object(members) = body else { panic!("an object") };
        BudgetPatch::from_members(members).unwrap()
    }

    #[test]
    fn an_org_has_its_own_limit_else_its_plans() {
        let own = none().after(&patch(json!({"messagesPerDay": 3, "turnMicrousd": 0})));
        let holds = own.of_org(&limits(10));
        assert_eq!((holds.messages_per_day, holds.messages_per_month), (Some(3), Some(10)));
        assert_eq!(holds.turn_microusd, Some(0));
        let free = none().of_org(&none());
        assert_eq!((free.messages_per_day, free.message_characters), (None, Some(5_000)));
    }

    #[test]
    fn a_sites_limits_stand_beside_or_instead_of_its_orgs() {
        let of_site = |own: &Limits, org: &Limits| {
            let holds = own.of_site(org, &limits(10));
            (holds.messages_per_day, holds.site_messages_per_minute)
        };
        assert_eq!(of_site(&none(), &none()), (None, Some(10)));
        assert_eq!(of_site(&limits(3), &none()), (Some(3), Some(3)));
        assert_eq!(of_site(&limits(20), &none()), (Some(20), Some(20)), "what staff gave");
        assert_eq!(of_site(&limits(20), &limits(5)), (Some(20), Some(5)), "an org's own holds");
        assert_eq!(of_site(&limits(3), &limits(5)), (Some(3), Some(3)));
    }

    #[test]
    fn admins_lower_and_staff_raise() {
        let plan = limits(10);
        let judged = |own: &Limits, body: Value| {
            let after = own.after(&patch(body));
            judge_org(&plan, own, &after).map_err(|error| error.member().map(str::to_owned))
        };
        let refused = Err(Some("messagesPerDay".to_owned()));
        assert_eq!(judged(&none(), json!({"messagesPerDay": 10, "microusdPerDay": 0})), Ok(()));
        assert_eq!(judged(&none(), json!({"messagesPerDay": 11})), refused);
        assert_eq!(judged(&none(), json!({"messagesPerDay": null})), Ok(()), "as it is");
        assert_eq!(judged(&limits(5), json!({"messagesPerDay": null})), refused);
        // What staff gave may be lowered, but not beyond it.
        assert_eq!(judged(&limits(20), json!({"messagesPerDay": 15})), Ok(()));
        assert_eq!(judged(&limits(20), json!({"messagesPerDay": 21})), refused);
        assert_eq!(judged(&limits(20), json!({"messagesPerDay": 20})), Ok(()), "as it is");
    }

    #[test]
    fn a_sites_limits_go_as_high_as_its_orgs_where_they_stand_instead() {
        let judged = |own: &Limits, body: Value| {
            let after = own.after(&patch(body));
            judge_site(&limits(10), own, &after).map_err(|error| error.member().map(str::to_owned))
        };
        assert_eq!(
            judged(&none(), json!({"messagesPerDay": 99, "siteMessagesPerMinute": 10})),
            Ok(())
        );
        assert_eq!(
            judged(&none(), json!({"concurrentSessions": 11})),
            Err(Some("concurrentSessions".to_owned()))
        );
        assert_eq!(judged(&limits(5), json!({"concurrentSessions": null})), Ok(()));
        assert_eq!(judged(&limits(20), json!({"concurrentSessions": 15})), Ok(()));
    }

    #[test]
    fn only_what_differs_is_told() {
        let after = limits(1).after(&patch(json!({"messagesPerDay": null, "turnMicrousd": 1})));
        assert_eq!(
            Value::Object(limits(1).difference(&after)),
            json!({"messagesPerDay": {"from": 1, "to": null}})
        );
    }
}
