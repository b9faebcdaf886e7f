//! A Stripe that answers the application, and tells it what happened.

use std::sync::{Arc, Mutex, MutexGuard};

use fake_stripe::{ApiVersion, Request, Settings, Stripe, signed};
use koby_portal::http::client::{HttpFailure, HttpRequest};

use super::ports::Streamed;
use super::{NOON, TestApp};

const API: &str = "https://api.stripe.com";

/// The fake, shared with the application's way to the network.
pub struct FakeStripe {
    stripe: Arc<Mutex<Stripe>>,
    /// How many events were delivered.
    told: Mutex<usize>,
}

impl FakeStripe {
    /// A Stripe with the documented prices, for an application with a key.
    pub fn serving(app: &TestApp, seed: u64) -> Self {
        Self::with(app, Stripe::new(Settings { seed, now: NOON, ..Settings::default() }))
    }

    /// This Stripe, with the documented prices.
    pub fn with(app: &TestApp, mut stripe: Stripe) -> Self {
        stripe.seed(PRICES).unwrap();
        let stripe = Arc::new(Mutex::new(stripe));
        let served = stripe.clone();
        app.http.serve(API, move |request| answer(&mut served.lock().unwrap(), request));
        Self { stripe, told: Mutex::new(0) }
    }

    pub fn machine(&self) -> MutexGuard<'_, Stripe> {
        self.stripe.lock().unwrap()
    }

    /// Asks the API as somebody else than the application; gives the object's id.
    pub fn post(&self, address: &str, form: &str) -> String {
        let answer = self.machine().handle(&Request::post(address, form));
        assert!(answer.is_success(), "{address} {form}: {}", answer.body);
        answer.text("id").to_owned()
    }

    /// Tells the application what happened since it was told last, in order, once each; all is taken.
    pub fn tell(&self, app: &TestApp) {
        let mut told = self.told.lock().unwrap();
        let events: Vec<_> = self.machine().events().iter().skip(*told).cloned().collect();
        *told += events.len();
        for event in events {
            let body = event.snapshot(&ApiVersion::newest()).to_string();
            let signature = signed(&body, &["whsec_test"], app.clock.seconds());
            let answer = app.post("/webhooks/stripe", &[("stripe-signature", &signature)], body);
            assert_eq!(answer.status, 200, "{} {}", event.kind, answer.text);
        }
    }
}

const PRICES: &str = r#"{
  "products": [{"id": "prod_chatbot", "name": "AI Chatbot"}, {"id": "prod_bundle", "name": "Bundle Pack"}],
  "prices": [
    {"id": "price_chatbot_monthly", "product": "prod_chatbot", "currency": "usd", "unit_amount": 5000,
     "recurring": {"interval": "month"}},
    {"id": "price_phone_monthly", "product": "prod_chatbot", "currency": "usd", "unit_amount": 40000,
     "recurring": {"interval": "month"}},
    {"id": "price_bundle_monthly", "product": "prod_bundle", "currency": "usd", "unit_amount": 42500,
     "recurring": {"interval": "month"}}]}"#;

fn answer(stripe: &mut Stripe, request: &HttpRequest) -> Result<Streamed, HttpFailure> {
    let mut asked = Request::new(request.method, request.url.strip_prefix(API).unwrap_or_default());
    for (name, value) in &request.headers {
        asked = asked.header(name, value);
    }
    asked.body = String::from_utf8(request.body.clone().unwrap_or_default()).unwrap();
    let answer = stripe.handle(&asked);
    if answer.is_lost {
        return Err(HttpFailure("connection reset".to_owned()));
    }
    let mut streamed = Streamed::of(answer.status, &[&answer.body.to_string()]);
    streamed.headers = answer.headers;
    Ok(streamed)
}
