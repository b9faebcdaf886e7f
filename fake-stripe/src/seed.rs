//! What an account begins with: products, prices, customers and subscriptions with ids that are chosen.

use serde_json::Value;

use crate::object::{Read as _, Write as _};
use crate::params::Params;
use crate::resources::{customers, prices, products, subscriptions};
use crate::stripe::Stripe;

impl Stripe {
    /// Makes what a text of JSON describes: `{"products": […], "prices": […], "customers": […], "subscriptions": […]}`, each
    /// with its `id` and the members that the API takes. What is there already stays as it is.
    pub fn seed(&mut self, json: &str) -> Result<(), String> {
        let described: Value =
            serde_json::from_str(json).map_err(|error| format!("the seed is no JSON: {error}"))?;
        for kind in ["products", "prices", "customers", "subscriptions"] {
            for object in described.items(kind) {
                let id = object.word("id").to_owned();
                if id.is_empty() {
                    return Err(format!("one of the {kind} has no id"));
                }
                if self.store.get(&id).is_none() {
                    self.seed_one(kind, &id, object)?;
                }
            }
        }
        Ok(())
    }

    fn seed_one(&mut self, kind: &str, id: &str, object: &Value) -> Result<(), String> {
        let mut params = as_form(object);
        if let Some(members) = params.as_object_mut().filter(|_| kind != "products") {
            members.remove("id");
        }
        if kind == "products" {
            params.put("id", id);
        }
        let params = Params::of(&params);
        let made = match kind {
            "products" => products::create(self, &params),
            "prices" => prices::add(self, id, &params),
            "customers" => customers::add(self, id, &params),
            _ => subscriptions::add(self, id, &params),
        };
        made.map(|_| ()).map_err(|error| format!("{id}: {}", error.body().word("error.message")))
    }
}

/// Forms hold texts alone.
fn as_form(value: &Value) -> Value {
    match value {
        Value::Number(number) => Value::from(number.to_string()),
        Value::Bool(value) => Value::from(value.to_string()),
        Value::Array(items) => items.iter().map(as_form).collect(),
        Value::Object(members) => Value::Object(
            members.iter().map(|(name, value)| (name.clone(), as_form(value))).collect(),
        ),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use crate::{ApiVersion, Settings, Stripe};

    const SEED: &str = r#"{
        "products": [{"id": "prod_chatbot", "name": "AI Chatbot"}],
        "prices": [{"id": "price_chatbot_monthly", "product": "prod_chatbot", "currency": "usd", "unit_amount": 5000,
                    "recurring": {"interval": "month"}, "lookup_key": "chatbot", "metadata": {"plan": "chatbot"}}],
        "customers": [{"id": "cus_dental", "email": "a@example.com", "metadata": {"org_id": "org_dental"},
                       "payment_method": "pm_card_visa",
                       "invoice_settings": {"default_payment_method": "pm_card_visa"}}],
        "subscriptions": [{"id": "sub_dental", "customer": "cus_dental",
                           "items": [{"price": "price_chatbot_monthly", "quantity": 2}]}]
    }"#;

    #[test]
    fn a_seed_has_the_ids_it_names_and_is_sown_once() {
        let mut stripe = Stripe::new(Settings::default());
        stripe.seed(SEED).unwrap();
        let made = stripe.events().len();
        stripe.seed(SEED).unwrap();
        assert_eq!(stripe.events().len(), made);
        let price = stripe.object("price_chatbot_monthly", &ApiVersion::newest()).unwrap();
        assert_eq!(
            (&price["unit_amount"], &price["metadata"]["plan"]),
            (&5000.into(), &"chatbot".into())
        );
        assert_eq!(
            stripe.object("cus_dental", &ApiVersion::newest()).unwrap()["email"],
            "a@example.com"
        );
        let subscription = stripe.object("sub_dental", &ApiVersion::newest()).unwrap();
        assert_eq!(subscription["status"], "active");
        assert_eq!(subscription["items"]["data"][0]["quantity"], 2);
    }

    #[test]
    fn a_seed_that_does_not_fit_says_where() {
        let mut stripe = Stripe::new(Settings::default());
        let error = stripe.seed(r#"{"prices": [{"id": "price_x", "currency": "usd", "unit_amount": 1, "product": "prod_no"}]}"#);
        assert_eq!(error.unwrap_err(), "price_x: No such product: 'prod_no'");
        assert!(stripe.seed("[").is_err());
    }
}
