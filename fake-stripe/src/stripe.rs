//! The machine: its state, and how a request changes it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::{ApiError, Outcome};
use crate::event::{Cause, Event};
use crate::faults::{self, Fault, Faults};
use crate::object::Read as _;
use crate::params::Params;
use crate::random::Random;
use crate::request::{Request, Response};
use crate::store::Store;
use crate::version::ApiVersion;
use crate::{expand, router};

/// How long an idempotency key is remembered, in seconds.
const KEYS_LAST: i64 = 24 * 3600;

/// What becomes of a subscription when the last attempt to be paid failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AfterLastFailure {
    /// It is canceled.
    Cancel,
    /// It is kept as `unpaid`, and its invoices stay drafts.
    MarkUnpaid,
    /// It stays `past_due`.
    LeavePastDue,
}

/// How the fake starts and behaves.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Settings {
    /// Ids come from it: the same seed and the same requests give the same ids.
    pub seed: u64,
    /// The time at the start, in seconds since the epoch.
    pub now: i64,
    /// The account's version: of requests that name none, and of the events that the API lists.
    pub version: ApiVersion,
    /// Where hosted pages lie, without a slash at its end.
    pub base_url: String,
    /// Seconds from a failed attempt to be paid to the next; after the last of them comes the end.
    pub retry_after_s: Vec<i64>,
    /// That end.
    pub after_last_failure: AfterLastFailure,
}

impl Default for Settings {
    fn default() -> Self {
        const DAY: i64 = 24 * 3600;
        Self {
            seed: 1,
            now: 1_795_305_600,
            version: ApiVersion::newest(),
            base_url: "http://127.0.0.1:12111".to_owned(),
            retry_after_s: vec![3 * DAY, 5 * DAY, 7 * DAY],
            after_last_failure: AfterLastFailure::Cancel,
        }
    }
}

/// A fake of Stripe: what one account holds, and its clock.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Stripe {
    pub(crate) settings: Settings,
    pub(crate) now: i64,
    pub(crate) random: Random,
    pub(crate) store: Store,
    events: Vec<Event>,
    /// Answers by idempotency key.
    kept: BTreeMap<String, Kept>,
    faults: Faults,
    /// Of the request that is being worked on.
    pub(crate) cause: Cause,
}

/// An answer that is given again when its key comes again.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Kept {
    at: i64,
    request: String,
    asked: String,
    status: u16,
    body: Value,
}

impl Stripe {
    /// An account without anything in it.
    pub fn new(settings: Settings) -> Self {
        Self {
            now: settings.now,
            random: Random::new(settings.seed),
            settings,
            store: Store::default(),
            events: Vec::new(),
            kept: BTreeMap::new(),
            faults: Faults::default(),
            cause: Cause::default(),
        }
    }

    /// Seconds since the epoch.
    pub fn now(&self) -> i64 {
        self.now
    }

    /// Everything that ever happened, in that order.
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// An object, as a version of the API shows it.
    pub fn object(&self, id: &str, version: &ApiVersion) -> Option<Value> {
        self.store.get(id).map(|object| version.render(object))
    }

    /// The objects of a kind (`subscription`, `invoice`, `webhook_endpoint` …), newest first.
    pub fn objects(&self, kind: &str) -> Vec<Value> {
        let version = ApiVersion::newest();
        self.store.all(kind).rev().map(|object| version.render(object)).collect()
    }

    /// The settings.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Where hosted pages lie from now on.
    pub fn set_base_url(&mut self, base_url: &str) {
        base_url.clone_into(&mut self.settings.base_url);
    }

    /// The next requests fail so.
    pub fn fail_next(&mut self, fault: &Fault, times: usize) {
        self.faults.add(fault, times);
    }

    /// Answers a request.
    pub fn handle(&mut self, request: &Request) -> Response {
        let request_id = self.random.id("req");
        let idempotency_key = request.header_text("idempotency-key").map(str::to_owned);
        self.cause = Cause { id: Some(request_id.clone()), idempotency_key };
        let version = self.version_of(request);
        let mut response = match &version {
            Ok(version) => self.answer(request, version),
            Err(error) => Response::new(error.status, error.body()),
        };
        response.put_header("request-id", &request_id);
        response.put_header("content-type", "application/json");
        let version = version.unwrap_or_else(|_| self.settings.version.clone());
        response.put_header("stripe-version", version.name());
        if let Some(key) = request.header_text("idempotency-key") {
            response.put_header("idempotency-key", key);
        }
        self.cause = Cause::default();
        response
    }

    fn version_of(&self, request: &Request) -> Outcome<ApiVersion> {
        match request.header_text("stripe-version") {
            None => Ok(self.settings.version.clone()),
            Some(name) => ApiVersion::parse(name).ok_or_else(|| {
                ApiError::bad_request(&format!("Invalid Stripe API version: {name}"))
            }),
        }
    }

    fn answer(&mut self, request: &Request, version: &ApiVersion) -> Response {
        if let Err(error) = judge_key(request) {
            return Response::new(error.status, error.body());
        }
        let (mut is_lost, mut breaks) = (false, false);
        match self.faults.next() {
            Some(Fault::Status { status, retry_after_s, should_retry }) => {
                return faults::answer(status, retry_after_s, should_retry);
            }
            Some(Fault::LostAnswer) => is_lost = true,
            Some(Fault::KeptError) => breaks = true,
            None => {}
        }
        let params = Params::parse(&request.query, &request.body);
        let key = request.header_text("idempotency-key").filter(|_| request.method == "POST");
        let work = |stripe: &mut Self| {
            if breaks {
                return Response::fault(500);
            }
            stripe.work(request, &params, version)
        };
        let mut response = match key {
            Some(key) => {
                let asked = format!("{} {}", request.path, params.fingerprint());
                self.once(key, asked, work)
            }
            None => work(self),
        };
        response.is_lost = is_lost;
        response
    }

    /// Works once for each key: the same request gets the same answer, another one is refused.
    fn once(
        &mut self,
        key: &str,
        asked: String,
        work: impl FnOnce(&mut Self) -> Response,
    ) -> Response {
        let now = self.now;
        self.kept.retain(|_, kept| now - kept.at < KEYS_LAST);
        if let Some(kept) = self.kept.get(key) {
            if kept.asked != asked {
                return reused(key);
            }
            let mut response = Response::new(kept.status, kept.body.clone());
            response.put_header("idempotent-replayed", "true");
            response.put_header("original-request", &kept.request);
            return response;
        }
        let response = work(self);
        // What was refused before it was begun is not kept (Stripe docs, "Idempotent requests").
        if response.is_success() || matches!(response.status, 402 | 500..) {
            let kept = Kept {
                at: now,
                request: self.cause.id.clone().unwrap_or_default(),
                asked,
                status: response.status,
                body: response.body.clone(),
            };
            self.kept.insert(key.to_owned(), kept);
        }
        response
    }

    fn work(&mut self, request: &Request, params: &Params, version: &ApiVersion) -> Response {
        match router::route(self, &request.method, &request.path, params) {
            Ok(mut object) => {
                expand::expand(&self.store, &mut object, &params.texts("expand"));
                Response::new(200, version.render(&object))
            }
            Err(error) => Response::new(error.status, error.body()),
        }
    }

    /// Records that something happened to an object that is as it is now.
    pub(crate) fn emit(&mut self, kind: &str, id: &str) {
        if let Some(object) = self.store.get(id).cloned() {
            self.record(kind, object, None);
        }
    }

    /// Records that an object was changed, if it was.
    pub(crate) fn emit_change(&mut self, kind: &str, before: Value) {
        let Some(after) = self.store.get(before.word("id")).cloned() else { return };
        if ApiVersion::newest().render(&before) != ApiVersion::newest().render(&after) {
            self.record(kind, after, Some(before));
        }
    }

    /// Records an event about an object that the store need not have.
    pub(crate) fn record(&mut self, kind: &str, after: Value, before: Option<Value>) {
        let id = self.random.id("evt");
        let pending_webhooks = self.store.all("webhook_endpoint").count();
        self.events.push(Event {
            id,
            kind: kind.to_owned(),
            created: self.now,
            after,
            before,
            request: self.cause.clone(),
            pending_webhooks,
        });
    }

    /// Changes an object and records it.
    pub(crate) fn change(&mut self, kind: &str, id: &str, change: impl FnOnce(&mut Value)) {
        let Some(before) = self.alter(id, change) else { return };
        self.emit_change(kind, before);
    }

    /// Changes an object without an event, and gives how it was before.
    pub(crate) fn alter(&mut self, id: &str, change: impl FnOnce(&mut Value)) -> Option<Value> {
        let object = self.store.get_mut(id)?;
        let before = object.clone();
        change(object);
        Some(before)
    }

    /// An object that is known to be there.
    pub(crate) fn read(&self, id: &str) -> Value {
        self.store.get(id).cloned().unwrap_or_default()
    }
}

fn reused(key: &str) -> Response {
    let message = format!(
        "Keys for idempotent requests can only be used with the same parameters they were first used with. Try using a \
         key other than '{key}' if you meant to execute a different request."
    );
    let error = ApiError::new(400, "idempotency_error", &message);
    Response::new(error.status, error.body())
}

/// Keys of test mode are taken, as a bearer. One of live mode must not end up here.
fn judge_key(request: &Request) -> Outcome<()> {
    let Some(header) = request.header_text("authorization") else {
        return Err(ApiError::new(
            401,
            "invalid_request_error",
            "You did not provide an API key. You need to provide your API key in the Authorization header, using \
             Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY').",
        ));
    };
    let key = header.strip_prefix("Bearer ").unwrap_or_default();
    let is_test =
        ["sk_test_", "rk_test_"].iter().any(|kind| key.len() > kind.len() && key.starts_with(kind));
    let is_plain = key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if is_test && is_plain {
        return Ok(());
    }
    let shown: String = key.chars().take(8).collect();
    Err(ApiError::new(
        401,
        "invalid_request_error",
        &format!(
            "Invalid API Key provided: {shown}****. This fake takes keys of test mode: sk_test_…"
        ),
    ))
}
