//! The binding `AI`: Cloudflare's models. Input and output cross the JavaScript boundary as one JSON text each.

use std::future::Future;
use std::time::Duration;

use js_sys::{JSON, Promise};
use serde_json::Value;
use wasm_bindgen_futures::JsFuture;
use web_sys::ReadableStream;
use worker::send::{SendFuture, SendWrapper};
use worker::wasm_bindgen::prelude::wasm_bindgen;
use worker::wasm_bindgen::{self, JsCast as _, JsValue};
use worker::{Env, EnvBinding};

use super::clock::DateClock;
use super::fetch::describe;
use super::http::Bytes;
use crate::app::BoxFuture;
use crate::config::AI;
use crate::http::client::{Chunks, HttpFailure};
use crate::models::ai::{Ai, AiFailure, AiRequest};
use crate::time::{self, Patience};

/// Longest answer that comes in pieces.
const LONGEST_STREAM: usize = 8 * 1024 * 1024;

#[wasm_bindgen]
extern "C" {
    type AiBinding;

    #[wasm_bindgen(method, catch)]
    fn run(this: &AiBinding, model: &str, input: &JsValue) -> Result<JsValue, JsValue>;
}

impl EnvBinding for AiBinding {
    const TYPE_NAME: &'static str = "Ai";

    fn get(value: JsValue) -> worker::Result<Self> {
        if value.is_object() || value.is_function() {
            return Ok(value.unchecked_into());
        }
        Err(worker::Error::RustError("no such binding".to_owned()))
    }
}

/// The binding, if it is configured.
pub(super) struct Models(Option<SendWrapper<AiBinding>>);

impl Models {
    pub(super) fn bind(env: &Env) -> Self {
        Self(env.get_binding(AI).ok().map(SendWrapper::new))
    }

    /// What the model answers.
    async fn answer(&self, request: &AiRequest) -> Result<JsValue, AiFailure> {
        let binding = self.0.as_ref().ok_or(AiFailure::Other("the binding AI is missing"))?;
        let input = JSON::parse(&request.input.to_string()).map_err(|error| failure(&error))?;
        let promise = binding.run(&request.model, &input).map_err(|error| failure(&error))?;
        JsFuture::from(Promise::resolve(&promise)).await.map_err(|error| failure(&error))
    }
}

impl Ai for Models {
    fn is_bound(&self) -> bool {
        self.0.is_some()
    }

    fn run(&self, request: AiRequest) -> BoxFuture<'_, Result<Value, AiFailure>> {
        Box::pin(SendFuture::new(async move {
            let answer = within(request.timeout, self.answer(&request)).await?;
            let text = JSON::stringify(&answer).map(String::from).unwrap_or_default();
            serde_json::from_str(&text).map_err(|_| AiFailure::Other("the answer is no JSON"))
        }))
    }

    fn open(&self, request: AiRequest) -> BoxFuture<'_, Result<Box<dyn Chunks>, AiFailure>> {
        Box::pin(SendFuture::new(async move {
            let answer = within(request.timeout, self.answer(&request)).await?;
            let stream: ReadableStream = answer
                .dyn_into()
                .map_err(|_| AiFailure::Other("the model does not answer in pieces"))?;
            let bytes = Some(Bytes::of(&stream, LONGEST_STREAM));
            let incoming = Incoming {
                reading: SendWrapper::new(Reading(bytes)),
                limit: request.timeout,
                patience: Patience::default(),
            };
            Ok(Box::new(incoming) as Box<dyn Chunks>)
        }))
    }
}

async fn within<T>(
    limit: Duration,
    work: impl Future<Output = Result<T, AiFailure>>,
) -> Result<T, AiFailure> {
    let outcome = time::within(&DateClock, limit, work).await;
    outcome.unwrap_or_else(|| Err(AiFailure::TimedOut(limit.as_millis())))
}

fn failure(error: &JsValue) -> AiFailure {
    AiFailure::thrown(&describe(error))
}

/// An answer that is under way. Dropped, it is cancelled.
struct Reading(Option<Bytes>);

impl Drop for Reading {
    fn drop(&mut self) {
        if let Some(bytes) = &self.0 {
            bytes.cancel();
        }
    }
}

impl Reading {
    async fn next(&mut self) -> Result<Option<Vec<u8>>, HttpFailure> {
        let Some(bytes) = &mut self.0 else { return Ok(None) };
        let chunk = bytes.next().await?;
        if chunk.is_none() {
            self.0 = None;
        }
        Ok(chunk)
    }
}

struct Incoming {
    reading: SendWrapper<Reading>,
    limit: Duration,
    patience: Patience,
}

impl Chunks for Incoming {
    fn next(&mut self) -> BoxFuture<'_, Option<Result<Vec<u8>, HttpFailure>>> {
        Box::pin(SendFuture::new(async move {
            let Self { reading, limit, patience } = self;
            let silent = || Err(HttpFailure(format!("timed out after {} ms", limit.as_millis())));
            let chunk = patience.within(&DateClock, *limit, reading.next()).await;
            chunk.unwrap_or_else(silent).transpose()
        }))
    }
}
