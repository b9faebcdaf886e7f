use fake_stripe::Request;
use serde_json::json;

use crate::Account;

/// A draft of one item of $20.
fn draft(account: &mut Account, more: &str) -> String {
    let customer = account.customer.clone();
    account.made(
        "/v1/invoiceitems",
        &format!("customer={customer}&amount=2000&currency=usd&description=Setup"),
    );
    let form = format!("customer={customer}&pending_invoice_items_behavior=include{more}");
    account.made("/v1/invoices", &form).text("id").to_owned()
}

#[test]
fn an_invoice_goes_from_draft_to_paid() {
    let mut account = Account::new();
    account.card("pm_card_visa");
    let id = draft(&mut account, "");
    let since = account.stripe.events().len();
    let open = account.made(&format!("/v1/invoices/{id}/finalize"), "");
    assert_eq!((open.text("status"), open.at("amount_due")), ("open", &json!(2000)));
    assert!(
        open.text("number").ends_with("-0001")
            && open.text("hosted_invoice_url").contains("/i/in_")
    );
    let paid = account.made(&format!("/v1/invoices/{id}/pay"), "");
    assert_eq!((paid.text("status"), paid.at("amount_remaining")), ("paid", &json!(0)));
    assert_eq!(
        account.kinds_of(since, &["invoice."]),
        [
            "invoice.finalized",
            "invoice.updated",
            "invoice.updated",
            "invoice.paid",
            "invoice.payment_succeeded"
        ]
    );
    let again = account.post(&format!("/v1/invoices/{id}/pay"), "");
    assert_eq!((again.status, again.text("error.code")), (400, "invoice_already_paid"));
}

#[test]
fn a_refused_card_is_an_error_of_402() {
    let mut account = Account::new();
    let id = draft(&mut account, "");
    let refused = account
        .post(&format!("/v1/invoices/{id}/pay"), "payment_method=pm_card_chargeCustomerFail");
    assert_eq!((refused.status, refused.text("error.type")), (402, "card_error"));
    assert_eq!(refused.text("error.decline_code"), "generic_decline");
    assert_eq!(account.last("invoice.payment_failed")["data"]["object"]["attempt_count"], 1);
    let action = account
        .post(&format!("/v1/invoices/{id}/pay"), "payment_method=pm_card_threeDSecure2Required");
    assert_eq!(action.status, 402);
    assert_eq!(account.last("invoice.payment_action_required")["data"]["object"]["id"], id);
}

#[test]
fn an_open_invoice_is_voided_or_given_up_and_a_draft_deleted() {
    let mut account = Account::new();
    for (verb, status, event) in [
        ("void", "void", "invoice.voided"),
        ("mark_uncollectible", "uncollectible", "invoice.marked_uncollectible"),
    ] {
        let id = draft(&mut account, "");
        assert_eq!(
            account.post(&format!("/v1/invoices/{id}/{verb}"), "").status,
            400,
            "it is a draft"
        );
        account.made(&format!("/v1/invoices/{id}/finalize"), "");
        assert_eq!(account.made(&format!("/v1/invoices/{id}/{verb}"), "").text("status"), status);
        assert_eq!(account.last(event)["data"]["object"]["id"], id);
        assert_eq!(
            account.stripe.handle(&Request::delete(&format!("/v1/invoices/{id}"))).status,
            400
        );
    }
    let id = draft(&mut account, "");
    assert_eq!(
        account.stripe.handle(&Request::delete(&format!("/v1/invoices/{id}"))).at("deleted"),
        true
    );
    assert_eq!(account.last("invoice.deleted")["data"]["object"]["status"], "draft");
}

#[test]
fn more_than_ten_lines_are_paged() {
    let mut account = Account::new();
    let customer = account.customer.clone();
    for at in 0..12 {
        account.made("/v1/invoiceitems", &format!("customer={customer}&amount={at}&currency=usd"));
    }
    let id = draft(&mut account, "");
    let invoice = account.get(&format!("/v1/invoices/{id}"));
    assert_eq!(
        (invoice.at("lines.has_more"), invoice.at("lines.total_count")),
        (&json!(true), &json!(13))
    );
    assert_eq!(invoice.at("total"), 2066);
    let last = invoice.text("lines.data.9.id").to_owned();
    let rest = account.get(&format!("/v1/invoices/{id}/lines?starting_after={last}"));
    assert_eq!(
        (rest.at("data").as_array().unwrap().len(), rest.at("has_more")),
        (3, &json!(false))
    );
}

#[test]
fn a_preview_changes_nothing() {
    let mut account = Account::new();
    account.card("pm_card_visa");
    let subscription = account.subscribe("");
    let (id, item) =
        (subscription.text("id").to_owned(), subscription.text("items.data.0.id").to_owned());
    let since = account.stripe.events().len();
    let plain = account.made("/v1/invoices/create_preview", &format!("subscription={id}"));
    assert_eq!((plain.at("total"), plain.text("billing_reason")), (&json!(5000), "upcoming"));
    let form = format!(
        "subscription={id}&subscription_details[items][0][id]={item}&subscription_details[items][0][quantity]=3"
    );
    let changed = account.made("/v1/invoices/create_preview", &form);
    assert_eq!(changed.at("total"), 25_000, "one back, three now, three next");
    assert_eq!(account.kinds(since), [""; 0]);
    assert_eq!(account.subscription(&id).at("items.data.0.quantity"), 1);
    account.made(&format!("/v1/subscriptions/{id}"), "cancel_at_period_end=true");
    let none = account.post("/v1/invoices/create_preview", &format!("subscription={id}"));
    assert_eq!(none.text("error.code"), "invoice_upcoming_none");
}

#[test]
fn what_is_given_back_is_kept_as_a_credit() {
    let mut account = Account::new();
    let customer = account.customer.clone();
    account.made("/v1/invoiceitems", &format!("customer={customer}&amount=-500&currency=usd"));
    let id = account.made(
        "/v1/invoices",
        &format!("customer={customer}&pending_invoice_items_behavior=include"),
    );
    let id = id.text("id").to_owned();
    assert_eq!(account.made(&format!("/v1/invoices/{id}/finalize"), "").text("status"), "paid");
    assert_eq!(account.get(&format!("/v1/customers/{customer}")).at("balance"), -500);
    let id = draft(&mut account, "");
    let open = account.made(&format!("/v1/invoices/{id}/finalize"), "");
    assert_eq!((open.at("total"), open.at("amount_due")), (&json!(2000), &json!(1500)));
    assert_eq!(account.get(&format!("/v1/customers/{customer}")).at("balance"), 0);
}
