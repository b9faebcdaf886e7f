//! What happens before a handler runs and after it answered. [`serve`] is the order, outermost first:
//!
//! 1. `request_id`: everything after it can name the request; it also writes error bodies, when only the log is left.
//! 2. `access_log`: sees every outcome, those of refusals included.
//! 3. `security_headers`: on every answer, errors too.
//! 4. `cors`: outside all refusals, so that a page can read why it was refused; ends preflights
//!    before they cost anything.
//! 5. `body_limit`: before anything reads the body.
//! 6. `rate_limit`: before anything costs CPU, D1 or a provider.
//! 7. authentication and permission: extractors in the handler's signature ([`crate::auth`]).
//!
//! One layer with the steps in plain sight instead of six nested ones: it reads top to bottom, boxes
//! one future instead of six, and is smaller.

pub mod access_log;
pub mod body_limit;
pub mod cors;
pub mod rate_limit;
pub mod request_id;
pub mod security_headers;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use http::{Method, Request};

use crate::app::{App, Op};
use crate::error::{Error, Kind};
use crate::http::problem;

/// Who a group of routes is for, and the rules that follow from it.
#[derive(Debug)]
pub struct Audience {
    /// Name in rate-limit fields and log lines.
    pub name: &'static str,
    /// Largest body in bytes.
    pub body_limit: usize,
    /// Text of the 413 that this audience's clients know.
    pub too_large_text: &'static str,
    /// Which pages may read the answers.
    pub cors: cors::Policy,
    /// What is counted.
    pub rate: rate_limit::Policy,
    /// How errors are written.
    pub errors: problem::Form,
}

impl Audience {
    /// The refusal of a body over the limit.
    #[track_caller]
    pub fn too_large(&self) -> Error {
        Error::new(Kind::TooLarge, "request_too_large", self.too_large_text)
            .hint(format!("Send at most {} KiB.", self.body_limit / 1024))
    }
}

/// Uptime monitors on `/health`.
pub static MONITORS: Audience = Audience {
    name: "health",
    body_limit: 1024,
    too_large_text: "Request body too large",
    cors: cors::Policy::Portal,
    rate: rate_limit::Policy::Exempt,
    errors: problem::Form::Problem,
};

/// The portal's pages, and whatever asks for a path that does not exist.
pub static PORTAL: Audience = Audience {
    name: "portal",
    body_limit: 1024 * 1024,
    too_large_text: "Request body too large",
    cors: cors::Policy::Portal,
    rate: rate_limit::Policy::Portal,
    errors: problem::Form::Problem,
};

/// Files that the portal's pages send.
pub static UPLOADS: Audience = Audience {
    name: "uploads",
    body_limit: 10 * 1024 * 1024,
    too_large_text: "File too large",
    cors: cors::Policy::Portal,
    rate: rate_limit::Policy::Portal,
    errors: problem::Form::Problem,
};

/// Visitors of customers' sites.
pub static VISITORS: Audience = Audience {
    name: "chat",
    body_limit: 64 * 1024,
    too_large_text: "Request too large",
    cors: cors::Policy::Site,
    rate: rate_limit::Policy::Chat,
    errors: problem::Form::Problem,
};

/// Visitors who wait for a reply. They ask often and send little, and do not use up the messages of whoever shares
/// their address.
pub static WAITING: Audience = Audience {
    name: "polls",
    body_limit: 1024,
    too_large_text: "Request too large",
    cors: cors::Policy::Site,
    rate: rate_limit::Policy::Poll,
    errors: problem::Form::Problem,
};

/// Customers' servers, by gateway token.
pub static SERVERS: Audience = Audience {
    name: "gateway",
    body_limit: 256 * 1024,
    too_large_text: "Request body too large",
    cors: cors::Policy::Closed,
    rate: rate_limit::Policy::Gateway,
    errors: problem::Form::Problem,
};

/// The same, where their clients are made for OpenAI's API. Both count as one.
pub static OPENAI_CLIENTS: Audience = Audience {
    name: "gateway",
    body_limit: 256 * 1024,
    too_large_text: "Request body too large",
    cors: cors::Policy::Closed,
    rate: rate_limit::Policy::Gateway,
    errors: problem::Form::OpenAi,
};

/// Pages that embed the widget, before and beside the chat.
pub static WIDGET: Audience = Audience {
    name: "widget",
    body_limit: 32 * 1024,
    too_large_text: "Request too large",
    cors: cors::Policy::Site,
    rate: rate_limit::Policy::Widget,
    errors: problem::Form::Problem,
};

/// Visitors who have something said, or call.
pub static VOICE: Audience = Audience {
    name: "voice",
    body_limit: 16 * 1024,
    too_large_text: "Request too large",
    cors: cors::Policy::Site,
    rate: rate_limit::Policy::Chat,
    errors: problem::Form::Problem,
};

/// Vendors that sign what they send. Not rate limited: a refused event comes back later and costs more.
pub static WEBHOOKS: Audience = Audience {
    name: "webhooks",
    body_limit: 5 * 1024 * 1024,
    too_large_text: "Request body too large",
    cors: cors::Policy::Closed,
    rate: rate_limit::Policy::Exempt,
    errors: problem::Form::Problem,
};

/// What stands before a group of routes.
#[derive(Clone)]
struct Guard {
    app: Arc<App>,
    audience: &'static Audience,
}

/// Puts the steps around a group of routes.
pub fn guard(routes: Router, app: &Arc<App>, audience: &'static Audience) -> Router {
    let guard = Guard { app: Arc::clone(app), audience };
    routes.layer(from_fn_with_state(guard, serve))
}

/// All steps, in order.
async fn serve(State(guard): State<Guard>, mut request: Request<Body>, next: Next) -> Response {
    let Guard { app, audience } = guard;
    let op = request_id::open(app, &mut request);
    access_log::start(&op, &request);
    let page = cors::allowed_page(audience.cors, &op.app.config, request.headers());

    let mut response = if request.method() == Method::OPTIONS {
        cors::preflight(page.as_ref())
    } else {
        request.extensions_mut().insert(audience);
        request.extensions_mut().insert(op.clone());
        let mut response = admit(audience, &op, request, next).await;
        cors::allow_page(&mut response, page.as_ref());
        response
    };

    security_headers::add(&mut response);
    let response = request_id::close(&op, response, audience.errors);
    access_log::end(&op, &response);
    response
}

/// Size and rate, then the handler.
async fn admit(
    audience: &'static Audience,
    op: &Op,
    request: Request<Body>,
    next: Next,
) -> Response {
    let request = match body_limit::bound(audience, request) {
        Ok(request) => request,
        Err(error) => return error.into_response(),
    };
    let client = rate_limit::Client::of(audience, op, request.headers());
    let count = match rate_limit::count(audience, op, &client).await {
        Ok(count) => count,
        Err(refusal) => return refusal,
    };
    let mut response = next.run(request).await;
    rate_limit::note_token(op, &client, &response);
    rate_limit::tell(&mut response, count.as_ref());
    response
}
