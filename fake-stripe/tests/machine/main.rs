//! The machine as its callers see it: requests, time, events, deliveries.

mod checkout;
mod deliveries;
mod invoices;
mod mirror;
mod requests;
mod subscriptions;

use fake_stripe::{ApiVersion, Request, Response, Settings, Stripe};
use serde_json::Value;

const DAY: i64 = 24 * 3600;

/// A machine with a product, a price of $50 a month, and a customer.
struct Account {
    stripe: Stripe,
    customer: String,
    price: String,
}

impl Account {
    fn new() -> Self {
        Self::with(Settings::default())
    }

    fn with(settings: Settings) -> Self {
        let mut stripe = Stripe::new(settings);
        let made = |response: Response| {
            assert_eq!(response.status, 200, "{}", response.body);
            response.text("id").to_owned()
        };
        let product = made(stripe.handle(&Request::post("/v1/products", "name=Chatbot")));
        let form = format!(
            "product={product}&currency=usd&unit_amount=5000&recurring[interval]=month&lookup_key=chatbot&nickname=chatbot"
        );
        let price = made(stripe.handle(&Request::post("/v1/prices", &form)));
        let customer =
            made(stripe.handle(&Request::post("/v1/customers", "email=ann@example.com&name=Ann")));
        Self { stripe, customer, price }
    }

    fn post(&mut self, address: &str, form: &str) -> Response {
        self.stripe.handle(&Request::post(address, form))
    }

    fn get(&mut self, address: &str) -> Response {
        self.stripe.handle(&Request::get(address))
    }

    /// Posts, and fails where that does.
    fn made(&mut self, address: &str, form: &str) -> Response {
        let response = self.post(address, form);
        assert_eq!(response.status, 200, "{address} {form}: {}", response.body);
        response
    }

    /// Another price, in cents.
    fn another_price(&mut self, cents: i64, interval: &str) -> String {
        let form = format!(
            "product_data[name]=Other&currency=usd&unit_amount={cents}&recurring[interval]={interval}"
        );
        self.made("/v1/prices", &form).text("id").to_owned()
    }

    /// Gives the customer a default card.
    fn card(&mut self, token: &str) {
        let address = format!("/v1/customers/{}", self.customer);
        let form =
            format!("payment_method={token}&invoice_settings[default_payment_method]={token}");
        self.made(&address, &form);
    }

    fn subscribe(&mut self, more: &str) -> Response {
        let form = format!("customer={}&items[0][price]={}{more}", self.customer, self.price);
        self.made("/v1/subscriptions", &form)
    }

    fn subscription(&mut self, id: &str) -> Response {
        self.get(&format!("/v1/subscriptions/{id}"))
    }

    /// The types of the events since so many.
    fn kinds(&self, since: usize) -> Vec<&str> {
        self.stripe.events()[since..].iter().map(|event| event.kind.as_str()).collect()
    }

    /// The types of the events since so many that begin so.
    fn kinds_of(&self, since: usize, starts: &[&str]) -> Vec<&str> {
        let fits = |kind: &&str| starts.iter().any(|start| kind.starts_with(start));
        self.kinds(since).into_iter().filter(fits).collect()
    }

    fn last(&self, kind: &str) -> Value {
        let found = self.stripe.events().iter().rev().find(|event| event.kind == kind);
        found.unwrap_or_else(|| panic!("no {kind}")).snapshot(&ApiVersion::newest())
    }
}
