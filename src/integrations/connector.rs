//! What a connector is called and what it is for.

use std::borrow::Cow;

/// A connector's key, its name, and what it is for.
const KNOWN: [(&str, &str, &str); 10] = [
    ("pagerduty", "PagerDuty", "communications"),
    ("sendgrid", "SendGrid", "communications"),
    ("twilio", "Twilio", "communications"),
    ("stripe", "Stripe", "billing"),
    ("dentrix", "Dentrix", "calendar"),
    ("google_calendar", "Google Calendar", "calendar"),
    ("salesforce", "Salesforce", "crm"),
    ("hubspot", "HubSpot", "crm"),
    ("segment", "Segment", "analytics"),
    ("mixpanel", "Mixpanel", "analytics"),
];

/// Name and category. An unknown connector is called by its key, and is `other`.
pub(super) fn described(connector: &str) -> (Cow<'static, str>, &'static str) {
    let known = KNOWN.iter().find(|(key, ..)| *key == connector);
    known.map_or_else(
        || (Cow::Owned(titled(connector)), "other"),
        |(_, name, category)| (Cow::Borrowed(*name), *category),
    )
}

/// The first letter upper case, underscores as spaces.
fn titled(key: &str) -> String {
    let mut letters = key.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(letters).map(|letter| if letter == '_' { ' ' } else { letter }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connectors_have_names_and_categories() {
        for (connector, name, category) in [
            ("google_calendar", "Google Calendar", "calendar"),
            ("stripe", "Stripe", "billing"),
            ("open_dental_v2", "Open dental v2", "other"),
            ("", "", "other"),
            ("über_x", "Über x", "other"),
        ] {
            assert_eq!(described(connector), (Cow::Borrowed(name), category), "{connector}");
        }
    }
}
