//! What models cost, and how many tokens a text is. Money is in millionths of a US dollar.
//!
//! List prices of standard requests in dollars per million tokens, without discounts for cached prompts or batches, as
//! the providers' pages had them in October 2026: `ai.google.dev/gemini-api/docs/pricing`,
//! `developers.openai.com/api/docs/pricing`, `groq.com/pricing`,
//! `developers.cloudflare.com/workers-ai/platform/pricing`. Of prices that depend on something (an introductory offer),
//! the higher one is taken. Prompts here stay far below 200 000 tokens, above which Gemini's Pro models cost more.

use super::Usage;

/// What a million tokens cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Price {
    /// Tokens read, in micro-dollars per million.
    pub input: u64,
    /// Tokens written, reasoning included, in micro-dollars per million.
    pub output: u64,
}

/// The price of a model that is not in the table: that of the dearest ones that answer chats.
pub const UNKNOWN: Price = dollars_milli(5_000, 30_000);

/// From thousandths of a dollar per million tokens, the precision of the providers' lists.
const fn dollars_milli(input: u64, output: u64) -> Price {
    Price { input: input * 1_000, output: output * 1_000 }
}

/// Models of Gemini: input and output in thousandths of a dollar per million tokens.
const GEMINI: &[(&str, u64, u64)] = &[
    ("gemini-2.0-flash", 100, 400),
    ("gemini-2.5-flash", 300, 2_500),
    ("gemini-2.5-flash-lite", 100, 400),
    ("gemini-2.5-pro", 1_250, 10_000),
    ("gemini-3-flash", 500, 3_000),
    ("gemini-3.1-flash-lite", 250, 1_500),
    ("gemini-3.1-pro", 2_000, 12_000),
    ("gemini-3.5-flash", 1_500, 9_000),
    ("gemini-3.5-flash-lite", 300, 2_500),
    ("gemini-3.8-flash", 1_500, 7_500),
];

/// Models of OpenAI, and of Groq, which speaks its language.
const OPENAI: &[(&str, u64, u64)] = &[
    ("gpt-4.1", 2_000, 8_000),
    ("gpt-4.1-mini", 400, 1_600),
    ("gpt-4.1-nano", 100, 400),
    ("gpt-4o", 2_500, 10_000),
    ("gpt-4o-mini", 150, 600),
    ("gpt-5", 1_250, 10_000),
    ("gpt-5-mini", 250, 2_000),
    ("gpt-5-nano", 50, 400),
    ("gpt-5.2", 1_750, 14_000),
    ("gpt-5.4", 2_500, 15_000),
    ("gpt-5.4-mini", 750, 4_500),
    ("gpt-5.4-nano", 200, 1_250),
    ("gpt-5.5", 5_000, 30_000),
    ("gpt-5.5-pro", 30_000, 180_000),
    ("llama-3.1-8b-instant", 50, 80),
    ("llama-3.3-70b-versatile", 590, 790),
    ("meta-llama/llama-4-scout-17b-16e-instruct", 110, 340),
    ("openai/gpt-oss-120b", 150, 600),
    ("openai/gpt-oss-20b", 75, 300),
    ("qwen/qwen3-32b", 290, 590),
];

/// Models of the binding `AI`.
const WORKERS_AI: &[(&str, u64, u64)] = &[
    ("@cf/deepseek-ai/deepseek-r1-distill-qwen-32b", 497, 4_881),
    ("@cf/meta/llama-3.1-70b-instruct-fp8-fast", 293, 2_253),
    ("@cf/meta/llama-3.1-8b-instruct", 282, 827),
    ("@cf/meta/llama-3.1-8b-instruct-awq", 123, 266),
    ("@cf/meta/llama-3.1-8b-instruct-fp8", 152, 287),
    ("@cf/meta/llama-3.1-8b-instruct-fp8-fast", 45, 384),
    ("@cf/meta/llama-3.2-11b-vision-instruct", 49, 676),
    ("@cf/meta/llama-3.2-1b-instruct", 27, 201),
    ("@cf/meta/llama-3.2-3b-instruct", 51, 335),
    ("@cf/meta/llama-3.3-70b-instruct-fp8-fast", 293, 2_253),
    ("@cf/mistral/mistral-7b-instruct-v0.1", 110, 190),
    ("@cf/openai/gpt-oss-120b", 350, 750),
    ("@cf/qwen/qwen3-30b-a3b-fp8", 51, 335),
];

/// The price of a model by its provider's list; nothing if it is not in the table.
pub fn known_price(provider: &str, model: &str) -> Option<Price> {
    let table = match provider {
        "gemini" => GEMINI,
        "openai" => OPENAI,
        "workers-ai" => WORKERS_AI,
        _ => return None,
    };
    let named = table.iter().filter(|(name, ..)| is_version_of(model, name));
    let (_, input, output) = named.max_by_key(|(name, ..)| name.len())?;
    Some(dollars_milli(*input, *output))
}

/// The price of a model; [`UNKNOWN`] if it is not in the table.
pub fn price(provider: &str, model: &str) -> Price {
    known_price(provider, model).unwrap_or(UNKNOWN)
}

/// Whether a model is `name` itself, or a dated or previewed version of it: `gpt-4o-2024-08-06`,
/// `gemini-3.1-pro-preview`. `gpt-5-pro` is none of `gpt-5`.
fn is_version_of(model: &str, name: &str) -> bool {
    let Some(rest) = model.strip_prefix(name) else { return false };
    let is_date = |text: &str| text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    rest.is_empty()
        || rest.strip_prefix('-').is_some_and(|rest| {
            is_date(rest) || rest == "latest" || rest.strip_prefix("preview").is_some_and(is_date)
        })
}

impl Price {
    /// What an answer costs in micro-dollars, rounded up.
    pub fn cost(self, usage: Usage) -> u64 {
        self.million_fold(usage).div_ceil(1_000_000)
    }

    fn million_fold(self, usage: Usage) -> u64 {
        let input = u64::from(usage.prompt_tokens).saturating_mul(self.input);
        let output = u64::from(usage.completion_tokens).saturating_mul(self.output);
        input.saturating_add(output)
    }

    /// How many tokens may be written for a budget in micro-dollars, the prompt of so many tokens paid.
    pub fn max_output_for(self, budget_microusd: u64, prompt_tokens: u32) -> u32 {
        let prompt = self.million_fold(Usage { prompt_tokens, completion_tokens: 0 });
        let left = budget_microusd.saturating_mul(1_000_000).saturating_sub(prompt);
        left.checked_div(self.output).map_or(u32::MAX, |most| most.try_into().unwrap_or(u32::MAX))
    }
}

/// About how many tokens a text is, rather more than less: a quarter of a token for each ASCII character, half of one for
/// letters of two bytes (Greek, Cyrillic, Arabic, accents), a whole one for those of three (Han, Kana, Thai), two for
/// those of four (emoji). The encodings in use need less than that of each.
pub fn estimate_tokens(text: &str) -> u32 {
    let quarters: usize = text
        .chars()
        .map(|c| match c.len_utf8() {
            1 => 1,
            2 => 2,
            3 => 4,
            _ => 8,
        })
        .sum();
    u32::try_from(quarters.div_ceil(4)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usage(prompt_tokens: u32, completion_tokens: u32) -> Usage {
        Usage { prompt_tokens, completion_tokens }
    }

    fn cost(provider: &str, model: &str, usage: Usage) -> u64 {
        price(provider, model).cost(usage)
    }

    #[test]
    fn costs_are_the_lists_prices_rounded_up() {
        assert_eq!(cost("gemini", "gemini-2.5-flash", usage(1_000_000, 1_000_000)), 2_800_000);
        assert_eq!(cost("gemini", "gemini-2.5-flash", usage(1_000, 200)), 800);
        assert_eq!(cost("openai", "gpt-4o-mini", usage(1, 0)), 1);
        assert_eq!(cost("openai", "gpt-4o-mini", usage(0, 0)), 0);
        assert_eq!(
            cost("workers-ai", "@cf/meta/llama-3.1-8b-instruct-fp8-fast", usage(1_000, 1_000)),
            429
        );
        assert_eq!(cost("openai", "gpt-5.5-pro", usage(u32::MAX, u32::MAX)), 901_943_131_950);
    }

    #[test]
    fn versions_of_a_model_cost_what_it_costs() {
        let same = |provider, model, as_model| {
            assert_eq!(known_price(provider, model), Some(price(provider, as_model)), "{model}");
        };
        same("openai", "gpt-4o-2024-08-06", "gpt-4o");
        same("openai", "gpt-4o-mini-2024-07-18", "gpt-4o-mini");
        same("gemini", "gemini-3.1-pro-preview", "gemini-3.1-pro");
        same("gemini", "gemini-2.5-flash-preview-09-2025", "gemini-2.5-flash");
        same("gemini", "gemini-2.0-flash-001", "gemini-2.0-flash");
        same("gemini", "gemini-2.5-flash-lite-latest", "gemini-2.5-flash-lite");
    }

    #[test]
    fn an_unknown_model_is_dear() {
        for (provider, model) in [
            ("openai", "gpt-5-pro"),
            ("openai", "gpt-4o-realtime-preview"),
            ("openai", "my-deployment"),
            ("gemini", "gpt-4o"),
            ("gemini", "gemini-2.5-flash-image"),
            ("other", "gemini-2.5-flash"),
        ] {
            assert_eq!(
                (known_price(provider, model), price(provider, model)),
                (None, UNKNOWN),
                "{model}"
            );
        }
    }

    #[test]
    fn what_is_left_of_a_budget_is_written() {
        let flash = price("gemini", "gemini-2.5-flash");
        assert_eq!(flash.max_output_for(20_000, 10_000), 6_800);
        assert_eq!(flash.cost(usage(10_000, 6_800)), 20_000);
        assert_eq!(flash.max_output_for(3_000, 10_000), 0);
        assert_eq!(flash.max_output_for(2_999, 10_000), 0);
        assert_eq!(flash.max_output_for(u64::MAX, 0), u32::MAX);
        assert_eq!(Price { input: 0, output: 0 }.max_output_for(0, 10), u32::MAX);
    }

    #[test]
    fn tokens_are_estimated_by_script() {
        assert_eq!(estimate_tokens(""), 0);
        assert_eq!(estimate_tokens("a"), 1);
        assert_eq!(estimate_tokens("When are you open on Saturdays?"), 8);
        assert_eq!(estimate_tokens("Привет"), 3);
        assert_eq!(estimate_tokens("こんにちは"), 5);
        assert_eq!(estimate_tokens("🦀"), 2);
    }
}
