//! Answers as clients of OpenAI's API read them (OpenAI, API reference: "The chat completion object", "… chunk object").
//!
//! `session_id`, `citations` and `partial` are members that OpenAI does not have.

use serde::Serialize;
use serde_json::{Value, json};

use crate::chat::stream::{Encoder, Ended, Event};
use crate::chat::turn::{Answered, Exchange, is_partial};
use crate::http::openai_error;
use crate::ids::SessionId;
use crate::models::Usage;

/// What names the answers of one call.
#[derive(Debug, Clone)]
pub(super) struct Head {
    id: String,
    /// Seconds since the epoch.
    created: i64,
    /// The bot.
    model: String,
}

impl Head {
    pub(super) fn of(exchange: &Exchange) -> Self {
        Self {
            id: format!("chatcmpl-{}", exchange.turn_id),
            created: exchange.asked_at.seconds(),
            model: exchange.site.id.to_string(),
        }
    }
}

/// An answer that is whole.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
pub(super) struct CompletionOut {
    id: String,
    /// `chat.completion`.
    object: &'static str,
    /// Seconds since the epoch.
    created: i64,
    /// The bot.
    model: String,
    /// One.
    choices: [CompletionChoiceOut; 1],
    usage: CompletionUsageOut,
    /// Sent again, it continues the conversation.
    session_id: SessionId,
    /// Where the answer comes from.
    #[cfg_attr(not(target_arch = "wasm32"), schema(value_type = Vec<crate::chat::answer::Citation>))]
    citations: Value,
    /// Whether the provider broke off: the answer is a part of one, and its `finish_reason` is `length`.
    partial: bool,
}

#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
struct CompletionChoiceOut {
    index: u32,
    message: CompletionMessageOut,
    #[cfg_attr(not(target_arch = "wasm32"), schema(value_type = Option<Object>))]
    logprobs: (),
    /// `stop`, `length` or `content_filter`.
    finish_reason: &'static str,
}

#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
struct CompletionMessageOut {
    /// `assistant`.
    role: &'static str,
    content: String,
    #[cfg_attr(not(target_arch = "wasm32"), schema(value_type = Option<String>))]
    refusal: (),
}

/// Tokens that a model used; zeros where none was asked.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
#[expect(clippy::struct_field_names, reason = "OpenAI's names")]
struct CompletionUsageOut {
    prompt_tokens: u32,
    completion_tokens: u32,
    total_tokens: u32,
}

impl From<Option<Usage>> for CompletionUsageOut {
    fn from(usage: Option<Usage>) -> Self {
        let Usage { prompt_tokens, completion_tokens } = usage.unwrap_or_default();
        let total_tokens = prompt_tokens.saturating_add(completion_tokens);
        Self { prompt_tokens, completion_tokens, total_tokens }
    }
}

impl CompletionOut {
    pub(super) fn of(exchange: &Exchange, answered: Answered) -> Self {
        let Head { id, created, model } = Head::of(exchange);
        let message =
            CompletionMessageOut { role: "assistant", content: answered.text, refusal: () };
        Self {
            id,
            object: "chat.completion",
            created,
            model,
            choices: [CompletionChoiceOut {
                index: 0,
                message,
                logprobs: (),
                finish_reason: finish_reason(answered.finish_reason),
            }],
            usage: answered.usage.into(),
            session_id: exchange.session_id.clone(),
            citations: serde_json::to_value(answered.citations).unwrap_or_default(),
            partial: is_partial(answered.finish_reason),
        }
    }
}

/// An end as OpenAI names it. A part of an answer is told as one that was cut off, so that no client takes it for whole.
fn finish_reason(own: &str) -> &'static str {
    match own {
        "length" | "cut" | "interrupted" => "length",
        "blocked" => "content_filter",
        _ => "stop",
    }
}

/// An answer as chunks, while it is made.
#[derive(Debug)]
pub(super) struct Chunks {
    pub(super) head: Head,
    pub(super) includes_usage: bool,
}

impl Chunks {
    fn chunk(&self, choices: &Value) -> Value {
        let Head { id, created, model } = &self.head;
        let mut chunk = json!({
            "id": id, "object": "chat.completion.chunk", "created": created, "model": model, "choices": choices,
        });
        if self.includes_usage {
            insert(&mut chunk, "usage", Value::Null);
        }
        chunk
    }

    fn choice(&self, delta: &Value, finish_reason: Option<&str>) -> Value {
        self.chunk(&json!([{
            "index": 0, "delta": delta, "logprobs": null, "finish_reason": finish_reason,
        }]))
    }

    fn end(&self, ended: &Ended<'_>) -> String {
        let mut last = self.choice(&json!({}), Some(finish_reason(ended.finish_reason)));
        insert(&mut last, "session_id", json!(ended.session));
        insert(&mut last, "citations", ended.citations.clone());
        insert(&mut last, "partial", json!(ended.is_partial));
        let mut text = data(&last);
        if self.includes_usage {
            let mut usage = self.chunk(&json!([]));
            insert(&mut usage, "usage", json!(CompletionUsageOut::from(ended.usage)));
            text.push_str(&data(&usage));
        }
        text.push_str("data: [DONE]\n\n");
        text
    }
}

impl Encoder for Chunks {
    fn encode(&self, event: &Event<'_>, _characters: usize) -> String {
        match event {
            Event::Start { session, .. } => {
                let mut first = self.choice(&json!({ "role": "assistant", "content": "" }), None);
                insert(&mut first, "session_id", json!(session));
                data(&first)
            }
            Event::Text(text) => data(&self.choice(&json!({ "content": text }), None)),
            Event::End(ended) => self.end(ended),
            Event::Failure { error, request_id } => {
                data(&openai_error::document(error, request_id))
            }
        }
    }
}

fn insert(object: &mut Value, name: &str, value: Value) {
    if let Value::Object(members) = object {
        members.insert(name.to_owned(), value);
    }
}

/// An event without name or id. JSON has no line ends outside its texts, and escapes them inside.
fn data(value: &Value) -> String {
    format!("data: {value}\n\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    fn chunks(includes_usage: bool) -> Chunks {
        let head = Head { id: "chatcmpl-t".to_owned(), created: 7, model: "bot".to_owned() };
        Chunks { head, includes_usage }
    }

    fn told(text: &str) -> Vec<Value> {
        let read = |block: &str| match block.strip_prefix("data: ").unwrap() {
            "[DONE]" => json!("[DONE]"),
            text => serde_json::from_str(text).unwrap(),
        };
        text.split_terminator("\n\n").map(read).collect()
    }

    #[test]
    fn a_part_of_an_answer_is_never_told_as_whole() {
        let ended = |reason| {
            Ended {
                session: &SessionId::from("s".to_owned()),
                turn: "t",
                citations: &json!([]),
                finish_reason: reason,
                is_partial: is_partial(reason),
                latency_ms: 1,
                usage: None,
            }
            .told()
        };
        for (own, expected, partial) in [
            ("stop", "stop", false),
            ("length", "length", false),
            ("blocked", "content_filter", false),
            ("handed_off", "stop", false),
            ("cut", "length", true),
            ("interrupted", "length", true),
        ] {
            let last = ended(own);
            assert_eq!(last["choices"][0]["finish_reason"], expected, "{own}");
            assert_eq!(last["partial"], partial, "{own}");
        }
    }

    impl Ended<'_> {
        fn told(&self) -> Value {
            told(&chunks(false).end(self)).remove(0)
        }
    }

    #[test]
    fn usage_comes_in_a_chunk_of_its_own_where_asked_for() {
        let session = SessionId::from("s".to_owned());
        let usage = Usage { prompt_tokens: 3, completion_tokens: 4 };
        let ended = Ended {
            session: &session,
            turn: "t",
            citations: &json!([{"n": 1}]),
            finish_reason: "stop",
            is_partial: false,
            latency_ms: 1,
            usage: Some(usage),
        };
        let with = told(&chunks(true).encode(&Event::End(&ended), 0));
        assert_eq!(with.len(), 3);
        assert_eq!((&with[0]["usage"], &with[0]["session_id"]), (&Value::Null, &json!("s")));
        assert_eq!(with[1]["choices"], json!([]));
        assert_eq!(
            with[1]["usage"],
            json!({"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7})
        );
        assert_eq!(with[2], "[DONE]");
        let without = told(&chunks(false).encode(&Event::End(&ended), 0));
        assert_eq!(without.len(), 2);
        assert!(without[0].get("usage").is_none());
    }

    #[test]
    fn a_failure_is_an_error_and_no_end() {
        let error = Error::internal("secret");
        let text = chunks(false).encode(&Event::Failure { error: &error, request_id: "req_1" }, 0);
        assert_eq!(told(&text).len(), 1);
        assert_eq!(told(&text)[0]["error"]["type"], "server_error");
        assert!(!text.contains("secret") && !text.contains("DONE"), "{text}");
    }
}
