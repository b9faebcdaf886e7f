//! Errors in Stripe's envelope: `{"error": {"type", "code", "message", "param"}}`.

use serde_json::{Value, json};

/// What a handler gives: an object, or an error of the API.
pub(crate) type Outcome<T> = Result<T, ApiError>;

/// An error that the API answers.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ApiError {
    pub(crate) status: u16,
    kind: &'static str,
    code: Option<String>,
    message: String,
    param: Option<String>,
    /// Members besides: `decline_code`, `payment_intent`.
    more: Vec<(&'static str, Value)>,
}

impl ApiError {
    pub(crate) fn new(status: u16, kind: &'static str, message: &str) -> Self {
        let message = message.to_owned();
        Self { status, kind, code: None, message, param: None, more: Vec::new() }
    }

    /// A request that does not fit.
    pub(crate) fn bad_request(message: &str) -> Self {
        Self::new(400, "invalid_request_error", message)
    }

    /// A parameter that does not fit.
    pub(crate) fn invalid(param: &str, message: &str) -> Self {
        Self::bad_request(message).param(param)
    }

    pub(crate) fn invalid_integer(param: &str, text: &str) -> Self {
        Self::invalid(param, &format!("Invalid integer: {text}")).code("parameter_invalid_integer")
    }

    pub(crate) fn missing(param: &str) -> Self {
        let param = bracketed(param);
        Self::invalid(&param, &format!("Missing required param: {param}."))
            .code("parameter_missing")
    }

    pub(crate) fn unknown_parameter(param: &str) -> Self {
        Self::invalid(param, &format!("Received unknown parameter: {param}"))
            .code("parameter_unknown")
    }

    /// The object that the address names is not there.
    pub(crate) fn not_found(kind: &str, id: &str) -> Self {
        Self { status: 404, ..Self::no_such(kind, id, "id") }
    }

    /// The object that a parameter names is not there.
    pub(crate) fn no_such(kind: &str, id: &str, param: &str) -> Self {
        Self::invalid(param, &format!("No such {kind}: '{id}'")).code("resource_missing")
    }

    /// There is no such address.
    pub(crate) fn no_route(method: &str, path: &str) -> Self {
        let message = format!(
            "Unrecognized request URL ({method}: {path}). Please see https://stripe.com/docs or we can help at \
             https://support.stripe.com/."
        );
        Self::new(404, "invalid_request_error", &message)
    }

    /// The card is refused.
    pub(crate) fn card(code: &str, decline_code: Option<&str>, message: &str) -> Self {
        let error = Self::new(402, "card_error", message).code(code);
        match decline_code {
            Some(decline_code) => error.with("decline_code", decline_code.into()),
            None => error,
        }
    }

    pub(crate) fn code(mut self, code: &str) -> Self {
        self.code = Some(code.to_owned());
        self
    }

    pub(crate) fn param(mut self, param: &str) -> Self {
        self.param = Some(bracketed(param));
        self
    }

    pub(crate) fn with(mut self, name: &'static str, value: Value) -> Self {
        self.more.push((name, value));
        self
    }

    /// The envelope.
    pub(crate) fn body(&self) -> Value {
        let mut error = json!({"type": self.kind, "message": self.message});
        if let Some(code) = &self.code {
            error["code"] = json!(code);
            error["doc_url"] =
                json!(format!("https://stripe.com/docs/error-codes/{}", code.replace('_', "-")));
        }
        if let Some(param) = &self.param {
            error["param"] = json!(param);
        }
        for (name, value) in &self.more {
            error[*name] = value.clone();
        }
        json!({"error": error})
    }
}

/// `recurring.interval` as a form names it: `recurring[interval]`.
fn bracketed(path: &str) -> String {
    let mut parts = path.split('.');
    let mut name = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        name.push('[');
        name.push_str(part);
        name.push(']');
    }
    name
}
