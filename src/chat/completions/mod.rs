//! Chat as clients of OpenAI's API speak it: `POST /v1/chat/completions` with a gateway token.
//!
//! A call is a turn as any other: the site's prompt, guards, knowledge and budgets apply. What the caller says as
//! system or developer is context behind them, and the earlier messages that it sends are the history, in the place of
//! the stored one. Members that would change what an answer is are refused; those that only state a preference (`top_p`,
//! penalties, `seed`, `store`, …) are ignored.

mod answer;
mod request;
pub mod routes;
