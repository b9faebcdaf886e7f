//! Cloudflare Turnstile: whether a visitor solved the challenge of a page (Cloudflare docs, "Server-side
//! validation"). A token is good once and for five minutes.

use std::time::Duration;

use form_urlencoded::Serializer;
use serde_json::Value;

use crate::app::Op;
use crate::config::Environment;
use crate::http::client::HttpRequest;
use crate::origin::Origin;

const VERIFY: &str = "https://challenges.cloudflare.com/turnstile/v0/siteverify";
const TIMEOUT: Duration = Duration::from_secs(4);
const LARGEST_ANSWER: usize = 16 * 1024;
/// Longest token (Cloudflare docs: 2 048 characters).
pub const LONGEST_TOKEN: usize = 2_048;

/// Whether Cloudflare vouches for the token, and that it was solved on the page that the request comes from: one key serves
/// the pages of all sites. What cannot be asked is no proof; why is for the log.
///
/// # Errors
/// When Turnstile is not configured or cannot be reached.
pub async fn is_solved(op: &Op, token: &str, page: Option<&Origin>) -> Result<bool, String> {
    let Some(secret) = &op.app.config.turnstile_secret_key else {
        return Err("TURNSTILE_SECRET_KEY is not set".to_owned());
    };
    let request = HttpRequest {
        method: "POST",
        url: VERIFY.to_owned(),
        headers: vec![("content-type", "application/x-www-form-urlencoded".to_owned())],
        body: Some(form(secret.expose(), token, &op.request.client_ip).into_bytes()),
        timeout: TIMEOUT,
        max_bytes: LARGEST_ANSWER,
    };
    let answer = op.app.ports.http.send(request).await;
    let answer = answer.map_err(|failure| format!("Turnstile cannot be reached: {failure}"))?;
    if answer.status != 200 {
        return Err(format!("Turnstile answered {}", answer.status));
    }
    let said: Value = serde_json::from_slice(&answer.body)
        .map_err(|_| "Turnstile's answer does not parse".to_owned())?;
    if !said.get("success").and_then(Value::as_bool).unwrap_or_default() {
        return Ok(false);
    }
    // Cloudflare's keys for tests name a host of their own.
    let is_developed = op.app.config.environment == Environment::Development;
    let host = said.get("hostname").and_then(Value::as_str);
    if is_developed || host.is_some() && host == page.map(Origin::host) {
        return Ok(true);
    }
    Err("the challenge was solved on another page".to_owned())
}

fn form(secret: &str, token: &str, client_ip: &str) -> String {
    let mut form = Serializer::new(String::new());
    form.append_pair("secret", secret).append_pair("response", token);
    if client_ip != "local" {
        form.append_pair("remoteip", client_ip);
    }
    form.finish()
}
