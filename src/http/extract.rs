//! Extractors and answers shared by all handlers: bodies read under their limit, JSON both ways,
//! query parameters.

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, FromRequestParts};
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Request, header};
use http_body_util::BodyExt as _;
use jiff::civil::Date;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::body::expected_one_of;
use crate::db::Param;
use crate::error::{Error, Kind, Result};
use crate::middleware::Audience;
use crate::page::{LAST, Page};

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

/// The answer to a deletion.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
pub struct DeletedOut {
    deleted: bool,
}

impl DeletedOut {
    /// It is gone.
    pub const DONE: Self = Self { deleted: true };
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
pub(super) fn require_json(headers: &HeaderMap) -> Result<()> {
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

/// The query's parameters, percent-decoded once. Of a repeated name the first counts; an empty value
/// counts as absent.
#[derive(Debug, Default)]
pub struct Query(Vec<(String, String)>);

impl Query {
    /// Reads the query of a request.
    pub fn of(parts: &Parts) -> Self {
        let query = parts.uri.query().unwrap_or_default();
        Self(form_urlencoded::parse(query.as_bytes()).into_owned().collect())
    }

    /// A parameter's text.
    pub fn text(&self, name: &str) -> Option<&str> {
        let (_, value) = self.0.iter().find(|(key, _)| key == name)?;
        Some(value.as_str()).filter(|value| !value.is_empty())
    }

    /// The page of a list whose key has `KEYS` columns.
    pub fn page<const KEYS: usize>(&self, default: u32, most: u32) -> Result<Page<KEYS>> {
        Page::new(self.text("limit"), self.text("cursor"), default, most)
    }

    /// How many rows to leave out before a page: `offset`, for clients that know no cursor.
    pub fn offset(&self) -> Result<u32> {
        // Each is read; a cursor skips any number.
        const MOST: u32 = 10_000;
        let Some(text) = self.text("offset") else { return Ok(0) };
        let offset = text.parse::<u32>().ok().filter(|offset| *offset <= MOST);
        let offset =
            offset.ok_or_else(|| refused("offset", "must be a whole number from 0 to 10000"))?;
        if self.text("cursor").is_some() {
            return Err(refused("offset", "must not be sent with \"cursor\""));
        }
        Ok(offset)
    }

    /// A parameter that is one of a closed list; `read` is the list's `parse`, `all` its texts.
    pub fn one_of<T>(
        &self,
        name: &str,
        all: &[&str],
        read: fn(&str) -> Option<T>,
    ) -> Result<Option<T>> {
        let Some(text) = self.text(name) else { return Ok(None) };
        read(text).map(Some).ok_or_else(|| refused(name, &expected_one_of(all)))
    }

    /// `true` or `false`.
    pub fn flag(&self, name: &str) -> Result<Option<bool>> {
        let read = |text: &str| match text {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        };
        self.one_of(name, &["true", "false"], read)
    }

    /// A UTC day, `YYYY-MM-DD`.
    pub fn day(&self, name: &str) -> Result<Option<Date>> {
        let Some(text) = self.text(name) else { return Ok(None) };
        day_of(text).map(Some).ok_or_else(|| refused(name, "must be a day such as 2026-03-15"))
    }

    /// `from` and `to`, both days counted, as values for `t.at >= ?n AND t.at < ?m`, where `at` is a
    /// timestamp. Without them every row fits.
    pub fn days(&self) -> Result<[Param; 2]> {
        let (from, to) = (self.day("from")?, self.day("to")?);
        if let (Some(from), Some(to)) = (from, to)
            && from > to
        {
            return Err(refused("from", "must not be later than \"to\""));
        }
        let from = from.map_or_else(String::new, |day| day.to_string());
        let after = to.and_then(|day| day.tomorrow().ok());
        let after = after.map_or_else(|| LAST.to_owned(), |day| day.to_string());
        Ok([from.into(), after.into()])
    }
}

/// Reads `YYYY-MM-DD`; a parser that reads every form of date would be a tenth of the artefact.
fn day_of(text: &str) -> Option<Date> {
    let mut parts = text.split('-');
    let mut number = |digits: usize| {
        let part = parts.next()?;
        let plain = part.len() == digits && part.bytes().all(|byte| byte.is_ascii_digit());
        plain.then(|| part.parse::<i16>().ok()).flatten()
    };
    let (year, month, day) = (number(4)?, number(2)?, number(2)?);
    let date = Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()?;
    parts.next().is_none().then_some(date)
}

/// The refusal of a query parameter, in words that follow its name.
#[cold]
#[track_caller]
pub fn refused(name: &str, expected: &str) -> Error {
    Error::bad_request("invalid_query", "Invalid query parameter")
        .hint(format!("\"{name}\" {expected}."))
}

impl<S: Send + Sync> FromRequestParts<S> for Query {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self> {
        Ok(Self::of(parts))
    }
}

/// The segments of the path that the route names, percent-decoded once: a text, or a tuple of texts.
#[derive(Debug)]
pub struct Path<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        let read = axum::extract::Path::from_request_parts(parts, state).await;
        let axum::extract::Path(segments) = read.map_err(|error| {
            Error::bad_request("invalid_path", "Invalid path")
                .hint("A segment of the path is not UTF-8 after percent-decoding.")
                .context(error.to_string())
        })?;
        Ok(Self(segments))
    }
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
