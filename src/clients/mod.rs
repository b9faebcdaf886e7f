//! Other services, as this one asks them.

pub mod clerk;
pub mod elevenlabs;
pub mod resend;
pub mod stripe;
pub mod turnstile;
pub mod twilio;

use std::time::Duration;

use serde_json::Value;

/// Why a message was not handed over to the service that delivers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsent {
    /// Whether it may be handed over again; not before this time, where the service says so.
    pub again: Option<Duration>,
    /// For the log: the service's status and code, but not its sentence, which may name an address.
    pub reason: String,
}

impl Unsent {
    fn never(reason: String) -> Self {
        Self { again: None, reason }
    }
}

/// A service's code or id, if it is one: letters, digits, `_` and `-`, at most 100.
fn code_of(value: Option<&Value>) -> Option<String> {
    let text = match value? {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    ((1..=100).contains(&text.len()) && text.bytes().all(is_plain)).then_some(text)
}
