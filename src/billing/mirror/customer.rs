//! A customer as Stripe describes it.

use serde_json::Value;

use super::snapshot::{
    Object, Step, boolean, id_of, integer, json_text, org_hint, owned, required,
};
use crate::error::Result;

/// A snapshot of a customer.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Customer {
    pub(super) id: String,
    pub(super) email: Option<String>,
    pub(super) name: Option<String>,
    pub(super) currency: String,
    pub(super) balance_cents: i64,
    pub(super) delinquent: bool,
    pub(super) default_payment_method: Option<String>,
    pub(super) invoice_settings: String,
    pub(super) metadata: String,
    pub(super) org_hint: Option<String>,
    pub(super) step: Step,
}

impl Customer {
    /// Reads a snapshot; one that says that it is deleted is, whatever the step.
    pub(super) fn read(object: &Object, step: Step) -> Result<Self> {
        let settings = object.get("invoice_settings").and_then(Value::as_object);
        Ok(Self {
            id: required(object, "id")?,
            email: owned(object, "email"),
            name: owned(object, "name"),
            currency: owned(object, "currency").unwrap_or_else(|| "usd".to_owned()),
            balance_cents: integer(object, "balance").unwrap_or(0),
            delinquent: boolean(object, "delinquent"),
            default_payment_method: settings
                .and_then(|settings| id_of(settings.get("default_payment_method"))),
            invoice_settings: json_text(object, "invoice_settings"),
            metadata: json_text(object, "metadata"),
            org_hint: org_hint(object),
            step: if boolean(object, "deleted") { Step::Deleted } else { step },
        })
    }
}
