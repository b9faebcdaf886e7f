use serde_json::json;

use crate::{Account, DAY};

fn open(account: &mut Account, more: &str) -> String {
    let form = format!(
        "mode=subscription&line_items[0][price]={}&line_items[0][quantity]=1&success_url=https://a.example/done?s={{CHECKOUT_SESSION_ID}}\
         &cancel_url=https://a.example/back&client_reference_id=org_1&subscription_data[metadata][org_id]=org_1{more}",
        account.price
    );
    account.made("/v1/checkout/sessions", &form).text("id").to_owned()
}

#[test]
fn a_completed_session_makes_a_subscription() {
    let mut account = Account::new();
    let customer = account.customer.clone();
    let id = open(&mut account, &format!("&customer={customer}&metadata[a]=b"));
    let since = account.stripe.events().len();
    assert_eq!(account.stripe.complete_checkout(&id, "pm_card_visa").status, 200);
    let kinds = account.kinds_of(since, &["customer.subscription", "checkout", "invoice.paid"]);
    assert_eq!(
        kinds,
        [
            "customer.subscription.created",
            "invoice.paid",
            "customer.subscription.updated",
            "checkout.session.completed"
        ]
    );
    assert_eq!(
        account.stripe.events()[since..].iter().map(|event| event.created).max(),
        Some(account.stripe.now())
    );
    let session = account
        .get(&format!("/v1/checkout/sessions/{id}?expand[]=line_items&expand[]=subscription"));
    assert_eq!((session.text("status"), session.text("payment_status")), ("complete", "paid"));
    assert_eq!(session.text("subscription.status"), "active");
    assert_eq!(session.at("subscription.metadata"), &json!({"org_id": "org_1"}));
    assert_eq!(session.text("line_items.data.0.price.id"), account.price);
    let success = account.stripe.success_url(&id).unwrap();
    assert_eq!(success, format!("https://a.example/done?s={id}"));
    assert_eq!(account.stripe.complete_checkout(&id, "pm_card_visa").status, 400, "once only");
}

#[test]
fn a_session_makes_its_customer() {
    let mut account = Account::new();
    let id = open(&mut account, "&customer_email=new@example.com");
    account.stripe.complete_checkout(&id, "pm_card_visa");
    let session = account.get(&format!("/v1/checkout/sessions/{id}?expand[]=customer"));
    assert_eq!(session.text("customer.email"), "new@example.com");
    assert_eq!(session.text("customer_details.email"), "new@example.com");
}

#[test]
fn a_trial_needs_no_payment_yet() {
    let mut account = Account::new();
    let id = open(&mut account, "&subscription_data[trial_period_days]=14");
    account.stripe.complete_checkout(&id, "pm_card_visa");
    let session = account.get(&format!("/v1/checkout/sessions/{id}?expand[]=subscription"));
    assert_eq!(session.text("payment_status"), "no_payment_required");
    assert_eq!(session.text("subscription.status"), "trialing");
    account.stripe.advance(15 * DAY);
    assert_eq!(account.last("invoice.paid")["data"]["object"]["total"], 5000);
}

#[test]
fn a_refused_card_leaves_the_session_open() {
    let mut account = Account::new();
    let id = open(&mut account, "");
    assert_eq!(account.stripe.complete_checkout(&id, "pm_card_chargeCustomerFail").status, 402);
    assert_eq!(account.get(&format!("/v1/checkout/sessions/{id}")).text("status"), "open");
    assert_eq!(account.stripe.complete_checkout(&id, "pm_card_visa").status, 200);
}

#[test]
fn a_session_expires_by_itself_or_when_asked() {
    let mut account = Account::new();
    let (late, early) = (open(&mut account, ""), open(&mut account, ""));
    account.made(&format!("/v1/checkout/sessions/{early}/expire"), "");
    assert_eq!(account.post(&format!("/v1/checkout/sessions/{early}/expire"), "").status, 400);
    account.stripe.advance(DAY);
    assert_eq!(account.get(&format!("/v1/checkout/sessions/{late}")).text("status"), "expired");
    assert_eq!(account.kinds_of(0, &["checkout"]), ["checkout.session.expired"; 2]);
}

#[test]
fn sessions_are_judged_as_stripe_does() {
    let mut account = Account::new();
    let price = account.price.clone();
    let line = format!("line_items[0][price]={price}&line_items[0][quantity]=1");
    for (form, param) in [
        ("mode=subscription&success_url=https://a.example".to_owned(), "line_items"),
        (format!("mode=subscription&{line}"), "success_url"),
        (format!("mode=subscription&success_url=/done&{line}"), "success_url"),
        (format!("mode=loan&success_url=https://a.example&{line}"), "mode"),
        (
            format!("mode=subscription&success_url=https://a.example&{line}&customer=cus_none"),
            "customer",
        ),
        (
            "mode=subscription&success_url=https://a.example&line_items[0][price]=price_none"
                .to_owned(),
            "line_items[0][price]",
        ),
    ] {
        let refused = account.post("/v1/checkout/sessions", &form);
        assert_eq!((refused.status, refused.text("error.param")), (400, param), "{form}");
    }
}
