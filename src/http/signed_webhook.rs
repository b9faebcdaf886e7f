//! The frame of webhooks whose senders sign them: what is logged of a delivery, and what its sender is told.

use std::fmt::Display;

use serde_json::{Value, json};

use crate::app::Op;
use crate::config::LogLevel;
use crate::error::{Error, Kind, Result};

/// A webhook, as the log and its operators know it.
#[derive(Debug)]
pub struct SignedWebhook {
    /// The variable that holds its signing secret.
    pub secret: &'static str,
    /// The log's line of a genuine event.
    pub received: &'static str,
    /// The log's line of what was refused, or not applied.
    pub failed: &'static str,
}

/// An event, by its id and its type.
pub type EventName<'a> = [&'a str; 2];

impl SignedWebhook {
    /// What `verify` finds in a delivery that one of the keys signed.
    ///
    /// # Errors
    /// 503 without a key, 400 where the signature is refused; `verify` gives the reason for the log.
    pub fn verify<K, T, E: Display>(
        &self,
        op: &Op,
        keys: &[K],
        verify: impl FnOnce(&[K]) -> Result<T, E>,
    ) -> Result<T> {
        let secret = self.secret;
        if keys.is_empty() {
            self.log_failure(op, LogLevel::Error, None, &format!("{secret} is not set"));
            return Err(Error::new(
                Kind::Unavailable,
                "webhook_not_configured",
                "Webhook not configured",
            )
            .hint(format!("Set the {secret} secret of this Worker.")));
        }
        verify(keys).map_err(|reason| {
            self.log_failure(op, LogLevel::Warn, None, &reason.to_string());
            Error::bad_request("invalid_signature", "Invalid signature")
                .hint("Sign the raw body with this endpoint's signing secret.")
        })
    }

    /// Writes the line of a genuine event.
    pub fn log_received(&self, op: &Op, event: EventName<'_>) {
        op.app.log.event(LogLevel::Info, self.received, op.now(), &op.request, &named(event));
    }

    /// Writes the line of a delivery that was refused, or of an event that was not applied.
    pub fn log_failure(
        &self,
        op: &Op,
        level: LogLevel,
        event: Option<EventName<'_>>,
        reason: &str,
    ) {
        let mut fields = vec![("reason", json!(reason))];
        fields.extend(event.into_iter().flat_map(named));
        op.app.log.event(level, self.failed, op.now(), &op.request, &fields);
    }
}

fn named([id, kind]: EventName<'_>) -> [(&'static str, Value); 2] {
    [("eventId", json!(id)), ("eventType", json!(kind))]
}

/// What a sender is told of an event that was recorded and not applied; the reason is for the log.
#[track_caller]
pub fn not_applied(reason: &str) -> Error {
    Error::new(Kind::Unavailable, "event_not_applied", "Event not applied")
        .hint("The event was recorded and will be applied when it is sent again.")
        .retry_after_s(60)
        .context(reason)
}
