//! A checkout session as Stripe describes it.

use super::snapshot::{Object, id_of, moment, org_hint, owned, required, text};
use crate::error::Result;
use crate::time::Timestamp;

/// A snapshot of a checkout session that has ended, one way or the other.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Checkout {
    pub(super) id: String,
    pub(super) customer_id: Option<String>,
    pub(super) subscription_id: Option<String>,
    pub(super) status: &'static str,
    pub(super) mode: &'static str,
    pub(super) expires_at: Option<Timestamp>,
    /// The org that the session was opened for.
    pub(super) org_hint: Option<String>,
}

impl Checkout {
    /// Reads a snapshot.
    pub(super) fn read(object: &Object) -> Result<Self> {
        Ok(Self {
            id: required(object, "id")?,
            customer_id: id_of(object.get("customer")),
            subscription_id: id_of(object.get("subscription")),
            status: match text(object, "status") {
                Some("complete") => "complete",
                Some("expired") => "expired",
                _ => "open",
            },
            mode: match text(object, "mode") {
                Some("payment") => "payment",
                Some("setup") => "setup",
                _ => "subscription",
            },
            expires_at: moment(object, "expires_at"),
            org_hint: org_hint(object).or_else(|| owned(object, "client_reference_id")),
        })
    }
}
