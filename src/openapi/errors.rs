//! The errors that routes share.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder};
use utoipa::{IntoResponses, ToSchema};

/// An RFC 9457 problem document; `error` and `requestId` are what older clients read.
#[derive(ToSchema)]
#[schema(example = json!({
    "type": "about:blank", "title": "Forbidden", "status": 403, "code": "org_forbidden", "error": "Forbidden",
    "detail": "You are not a member of the organization in ?orgId=.", "requestId": "req_1"
}))]
#[expect(dead_code, reason = "its fields are read by the derive")]
pub struct Problem {
    /// A URI that names the kind of problem; `about:blank` where the status says it all.
    r#type: String,
    /// The status in words.
    title: String,
    /// The HTTP status.
    status: u16,
    /// Stable and machine-readable.
    code: String,
    /// The short sentence that older clients know.
    error: String,
    /// What to do about it.
    detail: Option<String>,
    /// Names this request in the log.
    #[schema(rename = "requestId")]
    request_id: String,
}

/// An error as clients of OpenAI's API read it.
#[derive(ToSchema)]
#[schema(example = json!({
    "error": {
        "message": "Invalid gateway token. It is unknown, expired, rotated away or revoked; an admin of the organization can make another.",
        "type": "invalid_request_error", "param": null, "code": "invalid_api_key", "request_id": "req_1"
    }
}))]
#[expect(dead_code, reason = "its fields are read by the derive")]
pub struct OpenAiError {
    error: OpenAiErrorDetails,
}

#[derive(ToSchema)]
#[expect(dead_code, reason = "its fields are read by the derive")]
struct OpenAiErrorDetails {
    /// What is wrong, and what to do about it.
    message: String,
    /// `invalid_request_error`, `permission_error`, `requests`, `insufficient_quota` or `server_error`.
    r#type: String,
    /// The member that is refused.
    param: Option<String>,
    /// Stable and machine-readable; OpenAI's own where it has one.
    code: String,
    /// Names this request in the log; also in `X-Request-ID`.
    request_id: String,
}

type Responses = BTreeMap<String, RefOr<Response>>;

/// What any route for signed-in people may answer.
pub struct ReadErrors;

impl IntoResponses for ReadErrors {
    fn responses() -> Responses {
        problems(&[
            (
                "400",
                "A parameter is malformed, or the caller belongs to no organization",
                "org_required",
                "Organization required",
            ),
            ("401", "No current session token", "unauthorized", "Unauthorized"),
            (
                "403",
                "Not for this caller: another organization, too low a role, or an inactive account",
                "org_forbidden",
                "Forbidden",
            ),
            ("404", "It does not exist, or not for this caller", "not_found", "Not found"),
            (
                "429",
                "Too many requests; see Retry-After",
                "rate_limit_exceeded",
                "Rate limit exceeded",
            ),
            (
                "500",
                "A failure of ours; report the requestId",
                "internal_error",
                "Internal server error",
            ),
            (
                "503",
                "The database is out of reach; see Retry-After",
                "database_unavailable",
                "Service temporarily unavailable",
            ),
        ])
    }
}

/// What any route that takes a body may answer besides.
pub struct WriteErrors;

impl IntoResponses for WriteErrors {
    fn responses() -> Responses {
        let mut responses = ReadErrors::responses();
        responses.extend(problems(&[
            (
                "400",
                "The body is malformed; the detail names the member",
                "invalid_body",
                "Invalid request body",
            ),
            ("409", "It contradicts the present state", "conflict", "Already exists"),
            ("413", "The body is too large", "request_too_large", "Request body too large"),
            ("415", "The body is not JSON", "unsupported_media_type", "Unsupported content type"),
        ]));
        responses
    }
}

/// What any route for visitors' pages may answer.
pub struct VisitorErrors;

impl IntoResponses for VisitorErrors {
    fn responses() -> Responses {
        let mut responses = ReadErrors::responses();
        responses.extend(problems(&[
            ("400", "A parameter is malformed", "invalid_query", "Invalid query parameter"),
            ("401", "No site's key, or one that is unknown", "site_key_unknown", "Invalid site key"),
            (
                "403",
                "The site does not list the page, is paused or not for this, or its organization is inactive",
                "origin_not_allowed",
                "Origin not allowed",
            ),
            (
                "404",
                "It does not exist, or is not this visitor's",
                "session_not_found",
                "Session not found",
            ),
        ]));
        responses
    }
}

/// What any route for visitors' pages that takes a body may answer besides.
pub struct VisitorWriteErrors;

impl IntoResponses for VisitorWriteErrors {
    fn responses() -> Responses {
        let mut responses = WriteErrors::responses();
        let mut own = VisitorErrors::responses();
        own.remove("400");
        responses.extend(own);
        responses.extend(problems(&[(
            "409",
            "It contradicts the present state, such as that of a conversation that has ended",
            "session_closed",
            "Session has ended",
        )]));
        responses
    }
}

/// What a message may be answered besides.
pub struct ChatErrors;

impl IntoResponses for ChatErrors {
    fn responses() -> Responses {
        let mut responses = VisitorWriteErrors::responses();
        responses.extend(problems(&[
            SPENT,
            (
                "409",
                "The conversation has ended (session_closed), another message has this message_id \
                 (message_id_taken), or the answer to resume is not ready (turn_running) or was lost (turn_failed)",
                "session_closed",
                "Session has ended",
            ),
            (
                "429",
                "Too many requests or messages within a minute (rate_limit_exceeded) or a day or month \
                 (message_budget_exhausted), or too many conversations at a time (too_many_sessions); see Retry-After",
                "rate_limit_exceeded",
                "Rate limit exceeded",
            ),
        ]));
        responses
    }
}

/// What a text that is to be said, or a call, may be answered besides.
pub struct VoiceErrors;

impl IntoResponses for VoiceErrors {
    fn responses() -> Responses {
        let mut responses = VisitorWriteErrors::responses();
        for status in ["404", "409"] {
            responses.remove(status);
        }
        responses.extend(problems(&[
            SPENT,
            (
                "429",
                "Too many requests within a minute (rate_limit_exceeded), or the voice budget is used up \
                 (voice_budget_exhausted); see Retry-After",
                "rate_limit_exceeded",
                "Rate limit exceeded",
            ),
            (
                "502",
                "The provider of the voice answers what cannot be used (voice_bad_answer), or knows no such voice \
                 (voice_rejected)",
                "voice_bad_answer",
                "Service temporarily unavailable",
            ),
            (
                "503",
                "The site has no voice (voice_not_configured), its provider is busy (voice_busy), down \
                 (voice_unavailable) or refuses the key (voice_key_refused), or the database is out of reach",
                "voice_not_configured",
                "Service temporarily unavailable",
            ),
        ]));
        responses
    }
}

/// What any route for customers' servers may answer.
pub struct ServerErrors;

impl IntoResponses for ServerErrors {
    fn responses() -> Responses {
        let mut responses = ReadErrors::responses();
        for status in ["400", "404"] {
            responses.remove(status);
        }
        responses.extend(problems(&[
            (
                "401",
                "No gateway token, or one that is unknown, expired or revoked",
                "gateway_token_invalid",
                "Invalid gateway token",
            ),
            (
                "403",
                "The organization of the token is inactive",
                "org_not_active",
                "Organization is not active",
            ),
        ]));
        responses
    }
}

const SPENT: (&str, &str, &str, &str) =
    ("402", "A spend cap is reached; see Retry-After", "spend_cap_reached", "Spend cap reached");

/// What any route for clients of OpenAI's API may answer.
pub struct OpenAiErrors;

impl IntoResponses for OpenAiErrors {
    fn responses() -> Responses {
        let described = [
            (
                "4XX",
                "400: a member does not fit or is not supported. 401: no valid gateway token (invalid_api_key). \
                 403: the bot is paused, or its organization inactive. 404: no such bot (model_not_found) or session. \
                 409: the session has ended. 413, 415: the body is too large, or no JSON. 429: too many requests \
                 (rate_limit_exceeded), or a budget is used up (insufficient_quota)",
            ),
            ("5XX", "A failure of ours or of the database; see Retry-After"),
        ];
        let response = |description: &str| {
            let content =
                ContentBuilder::new().schema(Some(Ref::from_schema_name("OpenAiError"))).build();
            ResponseBuilder::new()
                .description(description)
                .content("application/json", content)
                .build()
        };
        described
            .map(|(status, description)| (status.to_owned(), RefOr::T(response(description))))
            .into()
    }
}

fn problems(list: &[(&str, &str, &str, &str)]) -> Responses {
    list.iter()
        .map(|(status, description, code, error)| {
            let content = ContentBuilder::new()
                .schema(Some(Ref::from_schema_name("Problem")))
                .example(Some(example(status, code, error)))
                .build();
            let response = ResponseBuilder::new()
                .description(*description)
                .content("application/problem+json", content)
                .build();
            ((*status).to_owned(), RefOr::T(response))
        })
        .collect()
}

fn example(status: &str, code: &str, error: &str) -> Value {
    json!({
        "type": "about:blank", "title": error, "status": status.parse::<u16>().unwrap_or_default(),
        "code": code, "error": error, "requestId": "req_1",
    })
}
