//! Models of the platform (Workers AI), by the binding `AI`. Older ones answer in a form of their own, newer ones as
//! OpenAI does; both are read.

use std::time::Duration;

use serde_json::Map;

use super::ai::AiRequest;
use super::events;
use super::openai::{Reading, messages};
use super::{Answering, Failure, Model, Prompt};
use crate::app::{BoxFuture, Op};

pub(super) const PROVIDER: &str = "workers-ai";

/// Silence after which the binding is given up; the chain gives up sooner.
const SILENCE: Duration = Duration::from_secs(30);

/// A model of the platform.
pub(super) struct WorkersAi {
    pub(super) model: String,
}

/// Whether a name can be one of a model: `@cf/meta/llama-3.1-8b-instruct`. The binding makes a path of it.
pub(super) fn is_model(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    let is_segment = |segment: &str| {
        segment.bytes().all(is_plain) && segment.starts_with(|c: char| c.is_ascii_alphanumeric())
    };
    let path = name.strip_prefix("@cf/").or_else(|| name.strip_prefix("@hf/"));
    path.is_some_and(|path| path.contains('/') && path.split('/').all(is_segment))
}

impl Model for WorkersAi {
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
            let mut input = Map::new();
            input.insert("messages".to_owned(), messages(prompt).into());
            input.insert("stream".to_owned(), true.into());
            input.insert("max_tokens".to_owned(), prompt.limit_for(&self.model).into());
            if let Some(temperature) = prompt.temperature_centi {
                input.insert("temperature".to_owned(), (f64::from(temperature) / 100.0).into());
            }
            let input = input.into();
            let request = AiRequest { model: self.model.clone(), input, timeout: SILENCE };
            match op.app.ports.ai.open(request).await {
                Ok(chunks) => Ok(events::answer(chunks, prompt, Reading::of(PROVIDER))),
                Err(failure) if failure.is_passing() => Err(Failure::passing(failure.to_string())),
                Err(failure) => Err(Failure::refused(failure.to_string())),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_models_are_paths_of_the_catalogue() {
        for name in ["@cf/meta/llama-3.1-8b-instruct", "@hf/thebloke/zephyr-7b-beta-awq"] {
            assert!(is_model(name), "{name}");
        }
        for name in [
            "",
            "@cf/",
            "@cf/x",
            "meta/llama",
            "@cf/a/../b",
            "@cf//b",
            "@cf/a/b?c",
            "@cf/a/.b",
            "@cf/a/b/",
        ] {
            assert!(!is_model(name), "{name}");
        }
    }
}
