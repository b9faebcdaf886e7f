//! OpenAI's chat completions (OpenAI API reference, "Chat"), and whoever speaks as they do: Azure, Groq, vLLM, Ollama.

use std::collections::VecDeque;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::endpoint::{self, BaseUrl, Endpoint, NoStream, Refusal};
use super::events::{self, Dialect, document, tokens, told};
use super::{Answering, Failure, Finish, Model, Piece, Prompt, Speaker, Usage};
use crate::app::{BoxFuture, Op};
use crate::config::ProviderConfig;
use crate::http::client::HttpRequest;
use crate::http::sse::Event;

pub(super) const PROVIDER: &str = "openai";

/// The member that asks for what an answer cost.
const STREAM_OPTIONS: &str = "stream_options";
/// Says that a bot asks, so that none becomes the model of another, or of itself.
pub(crate) const ASKED_BY_BOT: &str = "x-koby-bot";

/// What ends a stream.
const DONE: &str = "[DONE]";
/// Azure's code, and OpenAI's reason, for what its rules do not let through.
const CONTENT_FILTER: &str = "content_filter";

/// Longest answer with vectors, in bytes: 32 of 3 072 numbers of some twenty digits.
const LONGEST_EMBEDDINGS: usize = 4 * 1024 * 1024;

/// A model of an API that speaks as OpenAI's does.
pub(super) struct OpenAi {
    pub(super) endpoint: Endpoint,
    pub(super) model: String,
}

/// Whether a name can be one of a model. It stands in the body alone; names of some have a maker and a size:
/// `openai/gpt-oss-20b`, `llama3.1:8b`.
pub(super) fn is_model(name: &str) -> bool {
    let is_plain = |byte: u8| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b':' | b'/' | b'@')
    };
    name.bytes().all(is_plain) && name.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '@')
}

impl Model for OpenAi {
    fn provider(&self) -> &'static str {
        PROVIDER
    }

    fn name(&self) -> &str {
        &self.model
    }

    fn ask<'a>(
        &'a self,
        op: &'a Op,
        prompt: &'a Prompt,
    ) -> BoxFuture<'a, Result<Box<dyn Answering>, Failure>> {
        Box::pin(async move {
            let Endpoint { base, key } = &self.endpoint;
            let url = base.below("/chat/completions");
            let key = key.iter().map(|key| authorization(base, key.expose()));
            let headers: Vec<_> = key.chain([(ASKED_BY_BOT, "1".to_owned())]).collect();
            let mut body = body(base, &self.model, prompt);
            let mut opened =
                endpoint::open(op, PROVIDER, url.clone(), headers.clone(), &body).await;
            if let Err(NoStream::Refused(Refusal { status: 400 | 422, .. })) = &opened
                && !knows_completion_tokens(base)
                && body.as_object_mut().is_some_and(|body| body.remove(STREAM_OPTIONS).is_some())
            {
                // Some servers do not know how to tell what an answer cost; they may answer all the same.
                opened = endpoint::open(op, PROVIDER, url, headers, &body).await;
            }
            match opened {
                Ok(chunks) => Ok(events::answer(chunks, prompt, Reading::of(PROVIDER))),
                Err(NoStream::Unreachable(failure)) => Err(failure),
                Err(NoStream::Refused(refusal))
                    if refusal.code.as_deref() == Some(CONTENT_FILTER) =>
                {
                    Ok(events::over(Piece::End(Finish::Blocked, None)))
                }
                Err(NoStream::Refused(refusal)) => Err(refusal.into_failure(PROVIDER)),
            }
        })
    }
}

/// A request for what a model makes of texts, below the same address and by the same key.
pub(crate) fn embeddings_request(
    config: &ProviderConfig,
    model: &str,
    texts: &[String],
    timeout: Duration,
) -> HttpRequest {
    let base = &config.base;
    let key = config.key.iter().map(|key| authorization(base, key.expose()));
    let headers = key.chain([("content-type", "application/json".to_owned())]).collect();
    HttpRequest {
        method: "POST",
        url: base.below("/embeddings"),
        headers,
        body: Some(json!({"model": model, "input": texts}).to_string().into_bytes()),
        timeout,
        max_bytes: LONGEST_EMBEDDINGS,
    }
}

/// Azure takes its keys in a header of its own, also behind a gateway that asks for `api-version`.
fn authorization(base: &BaseUrl, key: &str) -> (&'static str, String) {
    if base.has_version() || base.host().ends_with(".azure.com") {
        return ("api-key", key.to_owned());
    }
    ("authorization", format!("Bearer {key}"))
}

fn body(base: &BaseUrl, model: &str, prompt: &Prompt) -> Value {
    let limit = if knows_completion_tokens(base) { "max_completion_tokens" } else { "max_tokens" };
    let mut body = Map::new();
    for (name, value) in [
        ("model", model.into()),
        ("messages", messages(prompt).into()),
        ("stream", true.into()),
        // Without it nobody says what the answer cost.
        (STREAM_OPTIONS, json!({"include_usage": true})),
        (limit, prompt.limit_for(model).into()),
    ] {
        body.insert(name.to_owned(), value);
    }
    if let Some(temperature) = prompt.temperature_centi.filter(|_| !reasons(model)) {
        body.insert("temperature".to_owned(), (f64::from(temperature) / 100.0).into());
    }
    if knows_completion_tokens(base) && takes_effort(model) {
        body.insert("reasoning_effort".to_owned(), "low".into());
    }
    body.into()
}

/// The conversation with its rules in front, as everybody but Gemini takes it.
pub(super) fn messages(prompt: &Prompt) -> Vec<Value> {
    let system = Some(&prompt.system).filter(|system| !system.is_empty());
    let system = system.map(|system| json!({"role": "system", "content": system}));
    let said = prompt.said.iter().map(|said| {
        let role = match said.speaker {
            Speaker::Visitor => "user",
            Speaker::Assistant => "assistant",
        };
        json!({"role": role, "content": said.text})
    });
    system.into_iter().chain(said).collect()
}

/// Those that ask for the newer name of the limit; the reasoning models of OpenAI refuse the older one, and servers of
/// one's own often know nothing else.
fn knows_completion_tokens(base: &BaseUrl) -> bool {
    let host = base.host();
    host == "api.openai.com" || host == "api.groq.com" || host.ends_with(".azure.com")
}

/// OpenAI's reasoning models refuse a temperature.
fn reasons(model: &str) -> bool {
    ["gpt-5", "o1", "o3", "o4"].iter().any(|family| model.starts_with(family))
}

/// Those of them that can be told to think little: not the one that only chats, nor those that think much or nothing.
fn takes_effort(model: &str) -> bool {
    let is_other = ["-chat", "-pro", "o1-mini", "o1-preview"];
    reasons(model) && !is_other.iter().any(|other| model.contains(other))
}

/// What of an answer was read.
pub(super) struct Reading {
    provider: &'static str,
    finish: Option<Finish>,
    usage: Option<Usage>,
}

impl Reading {
    pub(super) fn of(provider: &'static str) -> Self {
        Self { provider, finish: None, usage: None }
    }
}

impl Dialect for Reading {
    fn read(&mut self, event: &Event, pieces: &mut VecDeque<Piece>) -> Result<(), Failure> {
        if event.data.trim() == DONE {
            pieces.push_back(Piece::End(self.finish.unwrap_or(Finish::Stop), self.usage));
            return Ok(());
        }
        let chunk = document(event)?;
        if let Some(refusal) = Refusal::of(500, &chunk) {
            return Err(refusal.into_failure(self.provider));
        }
        if event.name == "error" {
            return Err(Failure::passing(format!("{} broke the answer off", self.provider)));
        }
        // A chunk that only tells usage has no choice; Azure begins with one about the prompt.
        if let Some(usage) = chunk.get("usage").and_then(usage) {
            self.usage = Some(usage);
        }
        let choice = chunk.get("choices").and_then(|choices| choices.get(0));
        let said = choice.and_then(|choice| choice.get("delta")).map(|delta| {
            ["content", "refusal"]
                .into_iter()
                .filter_map(|name| delta.get(name)?.as_str())
                .collect()
        });
        // Workers AI's own form has the text on top.
        let said: String =
            said.or_else(|| chunk.get("response")?.as_str().map(str::to_owned)).unwrap_or_default();
        if !said.is_empty() {
            pieces.push_back(Piece::Text(said));
        }
        let reason = choice.and_then(|choice| choice.get("finish_reason")?.as_str());
        if let Some(reason) = reason {
            self.finish = Some(match reason {
                "length" => Finish::Length,
                CONTENT_FILTER => Finish::Blocked,
                _ => Finish::Stop,
            });
        }
        Ok(())
    }

    fn end(&mut self, stray: &str) -> Result<Piece, Failure> {
        // Some servers of one's own leave the last mark out.
        if let Some(finish) = self.finish {
            return Ok(Piece::End(finish, self.usage));
        }
        let told = serde_json::from_str(stray).ok();
        let told = told.and_then(|document: Value| Refusal::of(500, &document));
        Err(told.map_or_else(
            || Failure::passing("the stream ended before the answer"),
            |refusal| refusal.into_failure(self.provider),
        ))
    }
}

fn usage(usage: &Value) -> Option<Usage> {
    let prompt_tokens = tokens(usage, "prompt_tokens")?;
    told(Usage { prompt_tokens, completion_tokens: tokens(usage, "completion_tokens")? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::Said;

    fn base(text: &str) -> BaseUrl {
        BaseUrl::parse(text).unwrap()
    }

    #[test]
    fn names_of_models_are_plain() {
        for name in ["gpt-4o-mini", "openai/gpt-oss-20b", "llama3.1:8b", "@cf/meta/llama"] {
            assert!(is_model(name), "{name}");
        }
        for name in ["", "/x", "..", "a b", "a\"b", "a?b", "é"] {
            assert!(!is_model(name), "{name}");
        }
    }

    #[test]
    fn keys_go_where_the_api_looks_for_them() {
        let header = |text: &str| authorization(&base(text), "k");
        assert_eq!(header("https://api.openai.com/v1"), ("authorization", "Bearer k".to_owned()));
        assert_eq!(header("https://api.groq.com/openai/v1").0, "authorization");
        assert_eq!(header("https://r.openai.azure.com/openai/v1"), ("api-key", "k".to_owned()));
        assert_eq!(header("https://gateway.example.com/d?api-version=2024-10-21").0, "api-key");
    }

    #[test]
    fn the_body_is_what_each_accepts() {
        let prompt = Prompt {
            system: "Be kind.".to_owned(),
            said: vec![
                Said { speaker: Speaker::Visitor, text: "Hi".to_owned() },
                Said { speaker: Speaker::Assistant, text: "Hello".to_owned() },
            ],
            max_output_tokens: 300,
            thinking_tokens: 1_000,
            temperature_centi: Some(30),
        };
        assert_eq!(
            body(&base("http://localhost:11434/v1"), "llama3.1:8b", &prompt),
            json!({
                "model": "llama3.1:8b", "stream": true, "stream_options": {"include_usage": true},
                "max_tokens": 300, "temperature": 0.3,
                "messages": [
                    {"role": "system", "content": "Be kind."},
                    {"role": "user", "content": "Hi"},
                    {"role": "assistant", "content": "Hello"},
                ],
            })
        );
        for plain in ["gpt-4.1-mini", "gpt-5-chat-latest"] {
            let body = body(&base("https://api.openai.com/v1"), plain, &prompt);
            assert_eq!(body["max_completion_tokens"], 300, "{plain}");
            assert_eq!(body.get("reasoning_effort"), None, "{plain}");
        }
        let body = body(&base("https://api.openai.com/v1"), "gpt-5-mini", &prompt);
        assert_eq!(
            (&body["max_completion_tokens"], &body["max_tokens"]),
            (&json!(1_300), &Value::Null),
            "what it thinks comes on top"
        );
        assert_eq!(body.get("temperature"), None);
        assert_eq!(body["reasoning_effort"], "low");
    }
}
