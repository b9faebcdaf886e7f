//! Products and prices as Stripe describes them.

use serde_json::Value;

use super::snapshot::{Object, Step, boolean, id_of, integer, owned, required};
use super::subscription::plan;
use crate::error::Result;

/// A snapshot of a product.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Product {
    pub(super) id: String,
    pub(super) name: Option<String>,
    pub(super) description: Option<String>,
    pub(super) is_active: bool,
    pub(super) step: Step,
}

/// A snapshot of a price.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Price {
    pub(super) id: String,
    /// The plan that it names, if it names one of ours.
    pub(super) plan: Option<&'static str>,
    pub(super) product_id: Option<String>,
    pub(super) nickname: Option<String>,
    pub(super) currency: Option<String>,
    pub(super) unit_amount_cents: Option<i64>,
    pub(super) interval: Option<String>,
    pub(super) interval_count: Option<i64>,
    pub(super) is_active: bool,
    pub(super) step: Step,
}

impl Product {
    /// Reads a snapshot.
    pub(super) fn read(object: &Object, step: Step) -> Result<Self> {
        Ok(Self {
            id: required(object, "id")?,
            name: owned(object, "name"),
            description: owned(object, "description"),
            is_active: boolean(object, "active") && step != Step::Deleted,
            step,
        })
    }
}

impl Price {
    /// Reads a snapshot.
    pub(super) fn read(object: &Object, step: Step) -> Result<Self> {
        let recurring = object.get("recurring").and_then(Value::as_object);
        Ok(Self {
            id: required(object, "id")?,
            plan: plan(object),
            product_id: id_of(object.get("product")),
            nickname: owned(object, "nickname"),
            currency: owned(object, "currency"),
            unit_amount_cents: integer(object, "unit_amount"),
            interval: recurring.and_then(|recurring| owned(recurring, "interval")),
            interval_count: recurring.and_then(|recurring| integer(recurring, "interval_count")),
            is_active: boolean(object, "active") && step != Step::Deleted,
            step,
        })
    }
}
