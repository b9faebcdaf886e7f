//! What the API is asked and what it answers, without a wire.

use serde_json::{Value, json};

/// A request to the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// `GET`, `POST` or `DELETE`.
    pub method: String,
    /// `/v1/customers`, without the query.
    pub path: String,
    /// The query, without its question mark.
    pub query: String,
    /// Names in any case.
    pub headers: Vec<(String, String)>,
    /// A form.
    pub body: String,
}

impl Request {
    /// A request with a key that is taken.
    pub fn new(method: &str, address: &str) -> Self {
        let (path, query) = address.split_once('?').unwrap_or((address, ""));
        let key = ("authorization".to_owned(), "Bearer sk_test_fake".to_owned());
        Self {
            method: method.to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            headers: vec![key],
            body: String::new(),
        }
    }

    /// Reads.
    pub fn get(address: &str) -> Self {
        Self::new("GET", address)
    }

    /// Makes or changes; the form's names may have their brackets as they are.
    pub fn post(address: &str, form: &str) -> Self {
        Self { body: form.to_owned(), ..Self::new("POST", address) }
    }

    /// Deletes or cancels.
    pub fn delete(address: &str) -> Self {
        Self::new("DELETE", address)
    }

    /// With one more header, in the place of one with that name.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(other, _)| !other.eq_ignore_ascii_case(name));
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn header_text(&self, name: &str) -> Option<&str> {
        find(&self.headers, name)
    }
}

/// An answer of the API.
#[derive(Debug, Clone, PartialEq)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// The object, list or error.
    pub body: Value,
    /// Whether the work was done and the answer is to be lost on its way: close the connection.
    pub is_lost: bool,
}

impl Response {
    pub(crate) fn new(status: u16, body: Value) -> Self {
        Self { status, headers: Vec::new(), body, is_lost: false }
    }

    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        find(&self.headers, name)
    }

    /// Whether the status is 2xx.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// A text of the body, by its path: `items.data.0.price.id`.
    pub fn text(&self, path: &str) -> &str {
        crate::object::Read::word(&self.body, path)
    }

    /// What is in the body at a path; null where nothing is.
    pub fn at(&self, path: &str) -> &Value {
        crate::object::Read::at(&self.body, path)
    }

    pub(crate) fn put_header(&mut self, name: &str, value: &str) {
        self.headers.push((name.to_owned(), value.to_owned()));
    }

    pub(crate) fn fault(status: u16) -> Self {
        let (kind, message) = match status {
            429 => ("invalid_request_error", "Too many requests hit the API too quickly."),
            _ => ("api_error", "Sorry! There was an error while talking to Stripe."),
        };
        let mut error = json!({"type": kind, "message": message});
        if status == 429 {
            error["code"] = json!("rate_limit");
        }
        Self::new(status, json!({"error": error}))
    }
}

fn find<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers
        .iter()
        .find(|(other, _)| other.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.as_str())
}
