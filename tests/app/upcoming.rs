//! The invoice to come, as Stripe works it out.

use fake_stripe::{Fault, Request};
use serde_json::{Value, json};

use crate::support::TestApp;
use crate::support::fake_stripe::FakeStripe;

const PREVIEW: &str = "https://api.stripe.com/v1/invoices/create_preview";

fn app() -> (TestApp, FakeStripe) {
    let app = TestApp::with(&[("STRIPE_SECRET_KEY", "sk_test_1")]);
    app.db.run_script("DELETE FROM billing_customers");
    let stripe = FakeStripe::serving(&app, 1);
    (app, stripe)
}

/// A customer of the org with a subscription of each price; gives the subscriptions.
fn subscribe<const MANY: usize>(
    app: &TestApp,
    stripe: &FakeStripe,
    prices: [&str; MANY],
) -> [String; MANY] {
    let customer = stripe.post(
        "/v1/customers",
        "metadata[org_id]=org_a&payment_method=pm_card_visa&invoice_settings[default_payment_method]=pm_card_visa",
    );
    let subscriptions = prices.map(|price| {
        stripe.post("/v1/subscriptions", &format!("customer={customer}&items[0][price]={price}"))
    });
    stripe.tell(app);
    subscriptions
}

fn upcoming(app: &TestApp) -> Value {
    let answer = app.get_as("user_admin_a", "/billing/overview");
    assert_eq!((answer.status, answer.db_trips), (200, 1), "{}", answer.text);
    answer.json()["upcomingInvoice"].clone()
}

fn asked(app: &TestApp) -> usize {
    app.http.sent().iter().filter(|request| request.url == PREVIEW).count()
}

#[test]
fn the_invoice_to_come_is_stripes_and_asked_for_once_while_nothing_changes() {
    let (app, stripe) = app();
    let [subscription] = subscribe(&app, &stripe, ["price_bundle_monthly"]);
    let bundle = json!({"amountDueCents": 42_500, "dueDate": "2026-04-15T12:00:00.000Z"});
    assert_eq!(upcoming(&app), bundle);
    assert_eq!((upcoming(&app), asked(&app)), (bundle.clone(), 1));
    let request = app.http.sent().into_iter().find(|request| request.url == PREVIEW).unwrap();
    assert_eq!(request.timeout.as_secs(), 3);
    assert!(request.headers.iter().any(|(name, _)| *name == "idempotency-key"));

    // What changes it is seen at once.
    app.clock.advance(1);
    let change = "items[0][quantity]=2&proration_behavior=none";
    let item = stripe.machine().handle(&Request::get(&format!("/v1/subscriptions/{subscription}")));
    let item = item.body["items"]["data"][0]["id"].as_str().unwrap().to_owned();
    stripe.post(
        &format!("/v1/subscriptions/{subscription}"),
        &format!("items[0][id]={item}&{change}"),
    );
    stripe.tell(&app);
    assert_eq!((upcoming(&app)["amountDueCents"].clone(), asked(&app)), (json!(85_000), 2));
    // And what no event tells, after a while.
    app.clock.advance(601);
    assert_eq!((upcoming(&app)["amountDueCents"].clone(), asked(&app)), (json!(85_000), 3));

    app.clock.advance(1);
    stripe.post(&format!("/v1/subscriptions/{subscription}"), "cancel_at_period_end=true");
    stripe.tell(&app);
    assert_eq!((upcoming(&app), upcoming(&app), asked(&app)), (Value::Null, Value::Null, 4));
}

#[test]
fn it_is_the_first_of_those_that_go_on() {
    let (app, stripe) = app();
    let [bundle, _phone] =
        subscribe(&app, &stripe, ["price_bundle_monthly", "price_phone_monthly"]);
    stripe.post(&format!("/v1/subscriptions/{bundle}"), "cancel_at_period_end=true");
    stripe.tell(&app);
    assert_eq!(upcoming(&app)["amountDueCents"], 40_000);
}

#[test]
fn who_may_not_see_amounts_asks_nobody() {
    let (app, stripe) = app();
    subscribe(&app, &stripe, ["price_bundle_monthly"]);
    for user in ["user_viewer_a", "user_member_a"] {
        let body = app.get_as(user, "/billing/overview").json();
        assert_eq!(body["upcomingInvoice"], Value::Null, "{user}");
    }
    assert_eq!(
        app.get_as("user_staff", "/billing/overview").json()["upcomingInvoice"],
        Value::Null
    );
    assert_eq!(
        app.get_as("user_owner_b", "/billing/overview").json()["upcomingInvoice"],
        Value::Null
    );
    assert_eq!(asked(&app), 0);
    let staff = app.get_as("user_staff", "/billing/overview?orgId=org_a").json();
    assert_eq!((&staff["upcomingInvoice"]["amountDueCents"], asked(&app)), (&json!(42_500), 1));
}

#[test]
fn a_silent_stripe_is_asked_once_a_minute_and_holds_nobody_up() {
    let (app, stripe) = app();
    subscribe(&app, &stripe, ["price_bundle_monthly"]);
    stripe.machine().fail_next(&Fault::server_error(), 1);
    assert_eq!((upcoming(&app), upcoming(&app), asked(&app)), (Value::Null, Value::Null, 1));
    assert_eq!(app.lines.of("stripe_preview_failed").len(), 1);
    app.clock.advance(61);
    assert_eq!((upcoming(&app)["amountDueCents"].clone(), asked(&app)), (json!(42_500), 2));
}
