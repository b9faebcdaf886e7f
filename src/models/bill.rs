//! What one turn asks of providers, and what that costs. A question is noted before it is sent: whoever asked pays, also
//! for an answer without a text, one that is not shown, and one that nobody waits for. Only for a question that a
//! provider refuses nobody pays.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::Usage;
use super::catalogue::{Price, quarter_tokens, tokens_of_quarters};

/// What is due for a turn so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Due {
    /// Tokens of all its questions: as told, or estimated.
    pub usage: Usage,
    /// What they cost.
    pub microusd: u64,
}

impl Due {
    fn add(&mut self, price: Price, usage: Usage) {
        let Usage { prompt_tokens, completion_tokens } = usage;
        let sum = &mut self.usage;
        sum.prompt_tokens = sum.prompt_tokens.saturating_add(prompt_tokens);
        sum.completion_tokens = sum.completion_tokens.saturating_add(completion_tokens);
        self.microusd = self.microusd.saturating_add(price.cost(usage));
    }
}

/// The bill of one turn.
#[derive(Debug)]
pub struct Bill {
    most_microusd: u64,
    items: Mutex<Items>,
}

#[derive(Debug, Default)]
struct Items {
    /// Whether a question was closed that a provider had not refused.
    is_asked: bool,
    closed: Due,
    /// The question that was sent last, until its end is known.
    open: Option<Open>,
}

#[derive(Debug, Clone, Copy)]
struct Open {
    price: Price,
    prompt_tokens: u32,
    /// Of the text that came.
    quarters: usize,
}

impl Items {
    fn due(&self) -> Due {
        let mut due = self.closed;
        if let Some(Open { price, prompt_tokens, quarters }) = self.open {
            let completion_tokens = tokens_of_quarters(quarters);
            due.add(price, Usage { prompt_tokens, completion_tokens });
        }
        due
    }
}

impl Bill {
    /// For a turn that may cost so much.
    pub fn of(most_microusd: u64) -> Self {
        Self { most_microusd, items: Mutex::default() }
    }

    /// Whether anybody was asked who did not refuse.
    pub fn is_asked(&self) -> bool {
        let items = self.items();
        items.is_asked || items.open.is_some()
    }

    /// What is due by now.
    pub fn due(&self) -> Due {
        self.items().due()
    }

    /// Tokens that may be written at this price, the prompt paid.
    pub(super) fn affordable(&self, price: Price, prompt_tokens: u32) -> u32 {
        let left = self.most_microusd.saturating_sub(self.due().microusd);
        price.max_output_for(left, prompt_tokens)
    }

    /// A question is about to be sent.
    pub(super) fn asking(&self, price: Price, prompt_tokens: u32) {
        let mut items = self.items();
        items.closed = items.due();
        items.is_asked |= items.open.is_some();
        items.open = Some(Open { price, prompt_tokens, quarters: 0 });
    }

    /// The provider did not accept the question, and asks nothing for it.
    pub(super) fn refused(&self) {
        self.items().open = None;
    }

    /// Some of the answer came.
    pub(super) fn received(&self, text: &str) {
        if let Some(open) = &mut self.items().open {
            open.quarters += quarter_tokens(text);
        }
    }

    /// The answer ended; what it used is an estimate where the provider does not tell.
    pub(super) fn ended(&self, usage: Option<Usage>) {
        let mut items = self.items();
        let due = items.due();
        items.is_asked |= items.open.is_some();
        match (usage, items.open.take()) {
            (Some(usage), Some(Open { price, .. })) => items.closed.add(price, usage),
            _ => items.closed = due,
        }
    }

    fn items(&self) -> MutexGuard<'_, Items> {
        self.items.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRICE: Price = Price { input: 1_000_000, output: 2_000_000 };

    fn due(prompt_tokens: u32, completion_tokens: u32, microusd: u64) -> Due {
        Due { usage: Usage { prompt_tokens, completion_tokens }, microusd }
    }

    #[test]
    fn what_was_asked_is_due() {
        let bill = Bill::of(1_000);
        assert!(!bill.is_asked());
        assert_eq!(bill.due(), Due::default());

        bill.asking(PRICE, 100);
        bill.refused();
        assert!(!bill.is_asked());
        assert_eq!(bill.due(), Due::default(), "whoever refuses asks nothing for it");

        bill.asking(PRICE, 100);
        assert!(bill.is_asked());
        assert_eq!(bill.due(), due(100, 0, 100), "nobody waits for its answer");
        bill.asking(PRICE, 100);
        for piece in ["ab", "cd", "e"] {
            bill.received(piece);
        }
        assert_eq!(bill.due(), due(200, 2, 204), "estimated by what came");
        bill.ended(Some(Usage { prompt_tokens: 90, completion_tokens: 30 }));
        assert_eq!(bill.due(), due(190, 30, 250), "told");
        bill.ended(None);
        assert_eq!(bill.due(), due(190, 30, 250), "once");
    }

    #[test]
    fn what_is_due_leaves_less_to_write() {
        let bill = Bill::of(1_000);
        assert_eq!(bill.affordable(PRICE, 100), 450);
        bill.asking(PRICE, 100);
        assert_eq!(bill.affordable(PRICE, 100), 400);
        bill.received(&"x".repeat(3_000));
        bill.ended(None);
        assert_eq!(bill.affordable(PRICE, 100), 0);
    }
}
