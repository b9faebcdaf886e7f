//! The body of a call, judged.

use serde_json::{Map, Value};

use crate::chat::admission;
use crate::chat::store::HistoryRow;
use crate::error::{Error, Result};
use crate::http::body::{FromBody, Member, Members, Text, Whole, expected_one_of, invalid};
use crate::{body, choice};

/// Most messages of a call.
const MOST_MESSAGES: usize = 200;
/// Longest context, all messages of the system together, in characters.
const LONGEST_CONTEXT: usize = 8_000;

choice! {
    /// Who says a message.
    pub enum Role {
        /// Context.
        System = "system",
        /// The same by its newer name.
        Developer = "developer",
        /// The visitor.
        User = "user",
        /// The bot.
        Assistant = "assistant",
    }
}

/// One message, as the API's document shows it.
#[cfg(not(target_arch = "wasm32"))]
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "its fields are read by the derive")]
pub(super) struct CompletionMessageIn {
    role: Role,
    /// A text, or an array of parts `{"type": "text", "text": "…"}`.
    content: Value,
}

body! {
    /// A conversation whose last message, a user's, is to be answered.
    pub(super) struct CompletionMembers {
        /// The id of a bot.
        model as "model": Text<1, 128>,
        /// 1 to 200, oldest first.
        #[cfg_attr(not(target_arch = "wasm32"), schema(value_type = Vec<CompletionMessageIn>))]
        messages as "messages": Messages,
        stream as "stream": Option<bool>,
        /// `include_usage`: whether a last chunk tells the usage.
        #[cfg_attr(not(target_arch = "wasm32"), schema(value_type = Option<Object>))]
        stream_options as "stream_options": Option<Map<String, Value>>,
        /// Lowers the site's own limit, to 16 at least; the older name of `max_completion_tokens`.
        max_tokens as "max_tokens": Option<Whole<1, 1_000_000>>,
        /// Lowers the site's own limit, to 16 at least.
        max_completion_tokens as "max_completion_tokens": Option<Whole<1, 1_000_000>>,
        /// 0 to 2, in the place of the site's.
        #[cfg_attr(not(target_arch = "wasm32"), schema(value_type = Option<f64>, minimum = 0, maximum = 2))]
        temperature as "temperature": Option<Temperature>,
        /// The caller's own id of the visitor: a session and a visitor's minute belong to it.
        user as "user": Option<Text<0, 128>>,
        /// The same by its newer name.
        safety_identifier as "safety_identifier": Option<Text<0, 128>>,
        /// The conversation that the call continues, also as `X-Session-Id`; a new one if absent.
        session_id as "session_id": Option<String>,
    }
}

/// The body of a call without members that are not supported.
#[derive(Debug)]
pub struct CompletionIn(pub(super) CompletionMembers);

impl FromBody for CompletionIn {
    fn from_members(members: Members) -> Result<Self> {
        let refused = UNSUPPORTED
            .iter()
            .find(|name| members.get(**name).is_some_and(|value| !asks_for_nothing(name, value)));
        match refused {
            Some(name) => Err(Error::bad_request("unsupported_parameter", "Unsupported parameter")
                .hint(format!(
                    "\"{name}\" is not supported: a bot gives one answer, as plain text."
                ))
                .about(*name)),
            None => CompletionMembers::from_members(members).map(Self),
        }
    }
}

/// Members that would change what an answer is.
const UNSUPPORTED: [&str; 14] = [
    "tools",
    "tool_choice",
    "functions",
    "function_call",
    "n",
    "stop",
    "logprobs",
    "top_logprobs",
    "logit_bias",
    "response_format",
    "modalities",
    "audio",
    "prediction",
    "web_search_options",
];

/// Whether a value of such a member is the one that means its absence.
fn asks_for_nothing(name: &str, value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Number(number) => number.as_i64() == Some(i64::from(name == "n")),
        Value::String(choice) => {
            matches!(name, "tool_choice" | "function_call")
                && matches!(choice.as_str(), "none" | "auto")
        }
        Value::Array(items) => {
            items.is_empty() || (name == "modalities" && items.iter().all(|item| item == "text"))
        }
        Value::Object(members) => {
            members.is_empty()
                || (name == "response_format"
                    && members.get("type").is_some_and(|kind| kind == "text"))
        }
        Value::Bool(true) => false,
    }
}

/// A temperature of 0 to 2, in hundredths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Temperature(pub(super) u32);

impl Member for Temperature {
    fn from_member(value: Value) -> Result<Self, String> {
        let value = value.as_f64().filter(|value| (0.0..=2.0).contains(value));
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 200")]
        let centi = value.map(|value| (value * 100.0).round() as u32);
        centi.map(Self).ok_or_else(|| "must be a number from 0 to 2".to_owned())
    }
}

/// The messages of a call.
#[derive(Debug)]
pub(super) struct Messages(Vec<Message>);

#[derive(Debug)]
struct Message {
    role: Role,
    text: String,
}

impl Member for Messages {
    fn from_member(value: Value) -> Result<Self, String> {
        let Value::Array(items) = value else { return Err("must be an array".to_owned()) };
        if items.is_empty() || items.len() > MOST_MESSAGES {
            return Err(format!("must have 1 to {MOST_MESSAGES} messages"));
        }
        let read = |(at, item): (usize, Value)| {
            message(&item)
                .map_err(|expected| format!("has at index {at} a message that {expected}"))
        };
        items.into_iter().enumerate().map(read).collect::<Result<_, _>>().map(Self)
    }
}

fn message(item: &Value) -> Result<Message, String> {
    let role = item.get("role").and_then(Value::as_str).unwrap_or_default();
    let role = Role::parse(role)
        .ok_or_else(|| format!("has another role: it {}", expected_one_of(Role::ALL)))?;
    let calls = ["tool_calls", "function_call"].map(|name| item.get(name));
    if calls.into_iter().flatten().any(|calls| !asks_for_nothing("tools", calls)) {
        return Err("calls tools, which is not supported".to_owned());
    }
    let text = match item.get("content") {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(parts)) => {
            let texts: Option<Vec<&str>> = parts.iter().map(text_of_part).collect();
            texts
                .ok_or("has a part that is no text; images, audio and files are not read")?
                .join("\n")
        }
        None | Some(Value::Null) if role == Role::Assistant => String::new(),
        _ => return Err("has no content: it must be a text or an array of text parts".to_owned()),
    };
    Ok(Message { role, text: admission::without_controls(&text) })
}

fn text_of_part(part: &Value) -> Option<&str> {
    part.get("text").filter(|_| part.get("type").is_some_and(|kind| kind == "text"))?.as_str()
}

/// Messages by what becomes of them.
#[derive(Debug)]
pub(super) struct Conversation {
    pub(super) question: String,
    pub(super) context: Option<String>,
    /// Oldest first.
    pub(super) history: Vec<HistoryRow>,
}

impl Messages {
    /// The last message is the question, those of the system are context, the others history.
    pub(super) fn conversation(self) -> Result<Conversation> {
        let mut messages = self.0;
        let question = messages
            .pop()
            .filter(|last| last.role == Role::User)
            .ok_or_else(|| invalid("messages", "must end with a message of the role user"))?;
        let question = admission::judge_message(Some(&question.text)).map_err(|error| {
            error.hint("The last message has 1 to 5000 characters.").about("messages")
        })?;
        let (of_system, said): (Vec<Message>, Vec<Message>) =
            messages.into_iter().partition(|of| matches!(of.role, Role::System | Role::Developer));
        let texts: Vec<&str> = of_system.iter().map(|of| of.text.trim()).collect();
        let context = texts.join("\n\n").trim().to_owned();
        if context.chars().nth(LONGEST_CONTEXT).is_some() {
            return Err(Error::bad_request("context_too_long", "Context too long")
                .hint(format!(
                    "Messages of the roles system and developer have {LONGEST_CONTEXT} characters at most, together."
                ))
                .about("messages"));
        }
        let history = said.into_iter().filter(|of| !of.text.trim().is_empty());
        let history = history
            .map(|of| HistoryRow { role: of.role.as_str().to_owned(), content: of.text })
            .collect();
        Ok(Conversation {
            question,
            context: Some(context).filter(|context| !context.is_empty()),
            history,
        })
    }
}

impl CompletionMembers {
    /// The lower of both names of the limit.
    pub(super) fn output_tokens(&self) -> Option<u32> {
        let told = [&self.max_tokens, &self.max_completion_tokens].into_iter().flatten();
        told.filter_map(|tokens| u32::try_from(tokens.0).ok()).min()
    }

    /// The caller's own id of the visitor.
    pub(super) fn visitor(&self) -> Option<&str> {
        let names = [&self.user, &self.safety_identifier].into_iter().flatten();
        names.map(Text::as_str).find(|name| !name.is_empty())
    }

    pub(super) fn includes_usage(&self) -> bool {
        let options = self.stream_options.as_ref();
        let told = options.and_then(|options| options.get("include_usage"));
        told.and_then(Value::as_bool).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(more: Value) -> Result<CompletionMembers> {
        let Value::Object(mut members) = json!({
            "model": "bot", "messages": [{"role": "user", "content": "Hi"}],
        }) else {
            unreachable!()
        };
        let Value::Object(more) = more else { unreachable!() };
        members.extend(more);
        CompletionIn::from_members(members).map(|read| read.0)
    }

    fn refused(more: Value) -> (&'static str, String, String) {
        let error = match read(more) {
            Err(error) => error,
            Ok(read) => read.messages.conversation().unwrap_err(),
        };
        let member = error.member().unwrap_or_default().to_owned();
        (error.code(), member, error.public_hint().unwrap_or_default().to_owned())
    }

    #[test]
    fn what_would_change_the_answer_is_refused_and_preferences_are_not() {
        for (name, value) in [
            ("tools", json!([{"type": "function"}])),
            ("tool_choice", json!("required")),
            ("tool_choice", json!({"type": "function"})),
            ("functions", json!([{}])),
            ("n", json!(2)),
            ("n", json!(0)),
            ("stop", json!("\n")),
            ("logprobs", json!(true)),
            ("top_logprobs", json!(3)),
            ("logit_bias", json!({"1": 2})),
            ("response_format", json!({"type": "json_object"})),
            ("modalities", json!(["text", "audio"])),
            ("audio", json!({"voice": "x"})),
        ] {
            let (code, member, _) = refused(json!({ name: value }));
            assert_eq!((code, member.as_str()), ("unsupported_parameter", name), "{value}");
        }
        let harmless = json!({
            "n": 1, "stop": null, "tools": [], "tool_choice": "auto", "logprobs": false, "top_logprobs": 0,
            "response_format": {"type": "text"}, "modalities": ["text"], "logit_bias": {}, "seed": 7, "top_p": 0.5,
            "presence_penalty": 1, "store": true, "metadata": {"a": "b"}, "service_tier": "auto", "reasoning_effort": "low",
        });
        assert!(read(harmless).is_ok());
    }

    #[test]
    fn members_that_do_not_fit_are_named() {
        for (body, member, told) in [
            (json!({"model": ""}), "model", "1 to 128"),
            (json!({"model": null}), "model", "is required"),
            (json!({"messages": []}), "messages", "1 to 200"),
            (json!({"messages": "Hi"}), "messages", "an array"),
            (
                json!({"messages": vec![json!({"role": "user", "content": "x"}); 201]}),
                "messages",
                "1 to 200",
            ),
            (json!({"messages": [{"role": "tool", "content": "x"}]}), "messages", "at index 0"),
            (json!({"messages": [{"role": "user"}]}), "messages", "no content"),
            (json!({"messages": [{"role": "user", "content": null}]}), "messages", "no content"),
            (
                json!({"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {}}]}]}),
                "messages",
                "images",
            ),
            (
                json!({"messages": [{"role": "assistant", "tool_calls": [{}]}, {"role": "user", "content": "x"}]}),
                "messages",
                "calls tools",
            ),
            (json!({"messages": [{"role": "assistant", "content": "x"}]}), "messages", "must end"),
            (json!({"messages": [{"role": "user", "content": "  "}]}), "messages", "1 to 5000"),
            (
                json!({"messages": [{"role": "user", "content": "x".repeat(5_001)}]}),
                "messages",
                "1 to 5000",
            ),
            (
                json!({"messages": [{"role": "system", "content": "x".repeat(8_001)}, {"role": "user", "content": "x"}]}),
                "messages",
                "8000",
            ),
            (json!({"stream": "yes"}), "stream", "true or false"),
            (json!({"max_tokens": 0}), "max_tokens", "from 1"),
            (json!({"temperature": 2.1}), "temperature", "0 to 2"),
            (json!({"user": "x".repeat(129)}), "user", "128"),
        ] {
            let (_, named, hint) = refused(body.clone());
            assert!(named == member && hint.contains(told), "{body}: {named}: {hint}");
        }
    }

    #[test]
    fn messages_are_context_history_and_question() {
        let members = read(json!({
            "messages": [
                {"role": "system", "content": "First. "},
                {"role": "user", "content": [{"type": "text", "text": "One"}, {"type": "text", "text": "\u{0}two"}]},
                {"role": "assistant", "content": "Hello"},
                {"role": "assistant", "content": null},
                {"role": "developer", "content": "Second."},
                {"role": "user", "content": " Well? "},
            ],
            "max_tokens": 50, "max_completion_tokens": 20, "temperature": 0.25, "user": "", "safety_identifier": "ann",
            "stream_options": {"include_usage": true},
        }))
        .unwrap();
        assert_eq!((members.output_tokens(), members.visitor()), (Some(20), Some("ann")));
        assert_eq!(members.temperature, Some(Temperature(25)));
        assert!(members.includes_usage());
        let told = members.messages.conversation().unwrap();
        assert_eq!(
            (told.question.as_str(), told.context.as_deref()),
            ("Well?", Some("First.\n\nSecond."))
        );
        let history: Vec<(&str, &str)> =
            told.history.iter().map(|row| (row.role.as_str(), row.content.as_str())).collect();
        assert_eq!(history, [("user", "One\ntwo"), ("assistant", "Hello")]);
    }
}
