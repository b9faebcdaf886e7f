//! What the figures of a period say: its days, its busiest hours and topics, the questions that found no
//! answer, and how it compares with the period before.
//!
//! Reads `metrics_rollup`, `metrics_daily` and `chat_messages`; owns none of them. Nothing is said that
//! the figures do not show.

mod period;
pub mod routes;
mod store;
mod summary;
