//! Extractors and answers shared by all handlers: bodies read under their limit, JSON both ways,
//! query parameters.

use std::borrow::Cow;

use axum::body::{Body, Bytes};
use axum::extract::FromRequest;
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Request, header};
use http_body_util::BodyExt as _;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{Error, Kind, Result};
use crate::middleware::Audience;

/// A JSON answer.
#[derive(Debug)]
pub struct Json<T>(pub T);

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(body) => {
                let mut response = Response::new(Body::from(body));
                response
                    .headers_mut()
                    .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
                response
            }
            Err(error) => {
                Error::internal(format!("an answer does not serialise: {error}")).into_response()
            }
        }
    }
}

/// A body as it came, within the limit of its audience.
#[derive(Debug)]
pub struct RawBody(pub Bytes);

impl<S: Send + Sync> FromRequest<S> for RawBody {
    type Rejection = Error;

    async fn from_request(request: Request<Body>, _state: &S) -> Result<Self> {
        let audience = request.extensions().get::<&'static Audience>().copied();
        match request.into_body().collect().await {
            Ok(collected) => Ok(Self(collected.to_bytes())),
            Err(error) if is_length_limit(&error) => {
                Err(audience.map_or_else(|| Error::internal("no audience"), Audience::too_large))
            }
            Err(error) => {
                Err(Error::bad_request("body_unreadable", "Request body could not be read")
                    .context(error.to_string()))
            }
        }
    }
}

fn is_length_limit(error: &axum::Error) -> bool {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if error.is::<http_body_util::LengthLimitError>() {
            return true;
        }
        cause = error.source();
    }
    false
}

/// A JSON body read into `T`. Members that `T` does not know are ignored, as old clients send some;
/// a wrong type is refused with the member's name.
#[derive(Debug)]
pub struct JsonBody<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for JsonBody<T> {
    type Rejection = Error;

    async fn from_request(request: Request<Body>, state: &S) -> Result<Self> {
        require_json(request.headers())?;
        let RawBody(bytes) = RawBody::from_request(request, state).await?;
        parse_json(&bytes).map(Self)
    }
}

/// A body of another type, or of none, is refused: browsers send those across origins without asking
/// first.
fn require_json(headers: &HeaderMap) -> Result<()> {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media_type = value.unwrap_or_default();
    let media_type = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if media_type == "application/json" || media_type.ends_with("+json") {
        return Ok(());
    }
    Err(Error::new(
        Kind::UnsupportedMediaType,
        "unsupported_media_type",
        "Unsupported content type",
    )
    .hint("Send JSON with Content-Type: application/json."))
}

/// Parses a JSON object, naming the member that does not fit.
pub fn parse_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    // A struct can also be read from an array, by position; nobody means that.
    if bytes.trim_ascii_start().starts_with(b"[") {
        return Err(Error::bad_request("invalid_body", "Invalid request body")
            .hint("The body does not fit: send a JSON object."));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        let inner = error.inner();
        if inner.is_data() {
            let field = if path == "." { "The body".to_owned() } else { format!("\"{path}\"") };
            Error::bad_request("invalid_body", "Invalid request body")
                .hint(format!("{field} does not fit: {}.", without_position(inner)))
        } else {
            invalid_json(inner)
        }
    })?;
    deserializer.end().map_err(|error| invalid_json(&error))?;
    Ok(value)
}

fn invalid_json(error: &serde_json::Error) -> Error {
    Error::bad_request("invalid_json", "Invalid JSON").hint(format!(
        "The body is not valid JSON at line {}, column {}.",
        error.line(),
        error.column()
    ))
}

fn without_position(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or_default().to_owned()
}

/// The value of a query parameter, percent-decoded once; an empty value counts as absent.
pub fn query_param(parts: &Parts, name: &str) -> Option<String> {
    let query = parts.uri.query()?;
    form_urlencoded::parse(query.as_bytes())
        .find(|(key, _)| key == name)
        .map(|(_, value)| Cow::into_owned(value))
        .filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    struct In {
        #[expect(dead_code, reason = "read by serde only")]
        message: String,
    }

    fn hint(body: &str) -> (&'static str, String) {
        let error = parse_json::<In>(body.as_bytes()).unwrap_err();
        (error.code(), error.public_hint().unwrap_or_default().to_owned())
    }

    #[test]
    fn wrong_types_are_named() {
        let (code, hint) = hint(r#"{"message":[1]}"#);
        assert_eq!(code, "invalid_body");
        assert!(hint.starts_with("\"message\" does not fit: invalid type: sequence"), "{hint}");
    }

    #[test]
    fn broken_json_says_where() {
        assert_eq!(hint("{\"message\":").0, "invalid_json");
        assert_eq!(hint("").0, "invalid_json");
        assert_eq!(hint("{\"message\":\"x\"} y").0, "invalid_json");
        assert_eq!(hint("null").0, "invalid_body");
        assert_eq!(hint(" [\"hi\"]").0, "invalid_body");
    }
}
