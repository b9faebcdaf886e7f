//! `/v1/account`

use serde_json::{Value, json};

pub(crate) fn read() -> Value {
    json!({
        "id": "acct_1FakeStripe",
        "object": "account",
        "business_profile": {"name": "Fake Stripe", "url": null},
        "charges_enabled": true,
        "country": "US",
        "default_currency": "usd",
        "details_submitted": true,
        "email": "owner@example.com",
        "livemode": false,
        "payouts_enabled": true,
        "settings": {"dashboard": {"display_name": "Fake Stripe", "timezone": "Etc/UTC"}},
        "type": "standard",
    })
}
