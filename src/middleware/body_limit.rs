//! Bounds the body: a declared length over the limit is refused at once; what is not declared, or
//! declared wrongly, is counted while it is read.

use axum::body::Body;
use http::Request;
use http::header::CONTENT_LENGTH;
use http_body_util::Limited;

use super::Audience;
use crate::error::Result;

/// Refuses or bounds the body by the audience's limit.
pub fn bound(audience: &Audience, request: Request<Body>) -> Result<Request<Body>> {
    let limit = audience.body_limit;
    let declared = request
        .headers()
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.parse::<u64>().ok());
    if declared.is_some_and(|length| length > limit as u64) {
        return Err(audience.too_large());
    }
    Ok(request.map(|body| Body::new(Limited::new(body, limit))))
}
