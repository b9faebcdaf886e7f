//! The feed of what happened: sessions, messages, runs of actions and outcomes in one list.
//!
//! Reads `chat_sessions`, `chat_messages`, `action_runs` and `outcome_events`; owns none of them. What
//! visitors wrote is redacted.

pub mod routes;
mod store;
