//! Google's Gemini API (`ai.google.dev/api/generate-content`): `streamGenerateContent` as an event stream.
//!
//! The stream has no mark of its end: it ends where the connection does, and only a `finishReason` before that says that
//! the answer is whole. What goes wrong on the way may come as an event with an `error`, or as bare JSON.

use std::collections::VecDeque;

use serde_json::{Map, Value, json};

use super::endpoint::{self, Endpoint, NoStream, Refusal};
use super::events::{self, Dialect, document, tokens, told};
use super::{Answering, Failure, Finish, Model, Piece, Prompt, Speaker, Usage};
use crate::app::{BoxFuture, Op};
use crate::http::sse::Event;

pub(super) const PROVIDER: &str = "gemini";

/// A model of Gemini.
pub(super) struct Gemini {
    pub(super) endpoint: Endpoint,
    pub(super) model: String,
}

/// Whether a name can be one of a model. It stands in the path of the request.
pub(super) fn is_model(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    name.bytes().all(is_plain) && name.starts_with(|c: char| c.is_ascii_alphanumeric())
}

impl Model for Gemini {
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
            let path = format!("/v1beta/models/{}:streamGenerateContent?alt=sse", self.model);
            let url = self.endpoint.base.below(&path);
            let key = self.endpoint.key.iter();
            let headers = key.map(|key| ("x-goog-api-key", key.expose().clone())).collect();
            let body = body(&self.model, prompt);
            match endpoint::open(op, PROVIDER, url, headers, &body).await {
                Ok(chunks) => Ok(events::answer(chunks, prompt, Reading::default())),
                Err(NoStream::Unreachable(failure)) => Err(failure),
                Err(NoStream::Refused(refusal)) => Err(refusal.into_failure(PROVIDER)),
            }
        })
    }
}

fn body(model: &str, prompt: &Prompt) -> Value {
    let contents: Vec<Value> = prompt
        .said
        .iter()
        .map(|said| {
            let role = match said.speaker {
                Speaker::Visitor => "user",
                Speaker::Assistant => "model",
            };
            json!({"role": role, "parts": [{"text": said.text}]})
        })
        .collect();
    let mut config = Map::new();
    config.insert("maxOutputTokens".to_owned(), prompt.limit_for(model).into());
    if let Some(temperature) = prompt.temperature_centi {
        config.insert("temperature".to_owned(), (f64::from(temperature) / 100.0).into());
    }
    if let Some(thinking) = thinking(model) {
        config.insert("thinkingConfig".to_owned(), thinking);
    }
    let mut body = Map::new();
    if !prompt.system.is_empty() {
        let system = json!({"parts": [{"text": prompt.system}]});
        body.insert("systemInstruction".to_owned(), system);
    }
    body.insert("contents".to_owned(), contents.into());
    body.insert("generationConfig".to_owned(), config.into());
    body.into()
}

/// As little thinking as a model allows: its tokens count against `maxOutputTokens`, so that a short answer would end
/// before its first word, and the visitor waits meanwhile (Gemini docs, "Thinking": 2.5 Flash may be told not to, 2.5
/// Pro to stop after 128 tokens, the models since 3 to do little of it; a model gets an error for the other kind's
/// setting).
fn thinking(model: &str) -> Option<Value> {
    if model.starts_with("gemini-2.5-flash") {
        return Some(json!({"thinkingBudget": 0}));
    }
    if model.starts_with("gemini-2.5-pro") {
        return Some(json!({"thinkingBudget": 128}));
    }
    model.starts_with("gemini-3").then(|| json!({"thinkingLevel": "low"}))
}

/// What of an answer was read.
#[derive(Default)]
struct Reading {
    finish: Option<Finish>,
    usage: Option<Usage>,
}

impl Dialect for Reading {
    fn read(&mut self, event: &Event, pieces: &mut VecDeque<Piece>) -> Result<(), Failure> {
        let chunk = document(event)?;
        if let Some(refusal) = Refusal::of(500, &chunk) {
            return Err(refusal.into_failure(PROVIDER));
        }
        if let Some(usage) = chunk.get("usageMetadata") {
            self.usage = read_usage(usage);
        }
        let candidate = chunk.get("candidates").and_then(|candidates| candidates.get(0));
        let Some(candidate) = candidate else {
            let blocked = chunk
                .pointer("/promptFeedback/blockReason")
                .is_some_and(|reason| !reason.is_null());
            if blocked {
                pieces.push_back(Piece::End(Finish::Blocked, self.usage));
            }
            return Ok(());
        };
        let text = text(candidate);
        if !text.is_empty() {
            pieces.push_back(Piece::Text(text));
        }
        if let Some(reason) = candidate.get("finishReason").and_then(Value::as_str) {
            self.finish = Some(finish(reason)?);
        }
        Ok(())
    }

    fn end(&mut self, stray: &str) -> Result<Piece, Failure> {
        if let Some(finish) = self.finish {
            return Ok(Piece::End(finish, self.usage));
        }
        let told = serde_json::from_str(stray).ok();
        let told = told.and_then(|document: Value| Refusal::of(500, &document));
        Err(told.map_or_else(
            || Failure::passing("the stream ended before the answer"),
            |refusal| refusal.into_failure(PROVIDER),
        ))
    }
}

/// What a candidate says aloud: not its thoughts.
fn text(candidate: &Value) -> String {
    let parts = candidate.pointer("/content/parts").and_then(Value::as_array).into_iter().flatten();
    let aloud = parts.filter(|part| part.get("thought").and_then(Value::as_bool) != Some(true));
    aloud.filter_map(|part| part.get("text")?.as_str()).collect()
}

fn read_usage(usage: &Value) -> Option<Usage> {
    let count = |name| tokens(usage, name).unwrap_or_default();
    let thoughts = count("thoughtsTokenCount");
    told(Usage {
        prompt_tokens: count("promptTokenCount"),
        completion_tokens: count("candidatesTokenCount").saturating_add(thoughts),
    })
}

/// Reasons of which nothing is known, as `OTHER`, are failures: whether the answer is whole cannot be told.
fn finish(reason: &str) -> Result<Finish, Failure> {
    match reason {
        "STOP" => Ok(Finish::Stop),
        "MAX_TOKENS" => Ok(Finish::Length),
        "SAFETY" | "RECITATION" | "BLOCKLIST" | "PROHIBITED_CONTENT" | "SPII" | "LANGUAGE"
        | "IMAGE_SAFETY" => Ok(Finish::Blocked),
        _ => Err(Failure::passing("gemini ended the answer for another reason")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::Said;

    #[test]
    fn names_of_models_are_one_segment() {
        for name in ["gemini-2.5-flash", "gemini-3.1-pro-preview", "gemma_2"] {
            assert!(is_model(name), "{name}");
        }
        for name in ["", "..", "a/b", "a:b", "a?b", "a%2f", "-a", "a b", "é"] {
            assert!(!is_model(name), "{name}");
        }
    }

    #[test]
    fn the_body_is_as_the_api_wants_it() {
        let said = |speaker, text: &str| Said { speaker, text: text.to_owned() };
        let prompt = Prompt {
            system: "Be kind.".to_owned(),
            said: vec![
                said(Speaker::Visitor, "Hi"),
                said(Speaker::Assistant, "Hello"),
                said(Speaker::Visitor, "Bye"),
            ],
            max_output_tokens: 300,
            thinking_tokens: 1_000,
            temperature_centi: Some(30),
        };
        assert_eq!(
            body("gemini-2.5-flash", &prompt),
            json!({
                "systemInstruction": {"parts": [{"text": "Be kind."}]},
                "contents": [
                    {"role": "user", "parts": [{"text": "Hi"}]},
                    {"role": "model", "parts": [{"text": "Hello"}]},
                    {"role": "user", "parts": [{"text": "Bye"}]},
                ],
                "generationConfig": {"maxOutputTokens": 300, "temperature": 0.3, "thinkingConfig": {"thinkingBudget": 0}},
            })
        );
        let bare = Prompt { system: String::new(), temperature_centi: None, ..prompt };
        let body = body("gemini-2.0-flash", &bare);
        assert_eq!(body["generationConfig"], json!({"maxOutputTokens": 300}));
        assert!(body.get("systemInstruction").is_none());
        assert_eq!(thinking("gemini-3.5-flash"), Some(json!({"thinkingLevel": "low"})));
        assert_eq!(thinking("gemini-2.5-pro"), Some(json!({"thinkingBudget": 128})));
    }
}
