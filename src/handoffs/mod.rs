//! Conversations that people of an org take over from the assistant: the queue, and what is done with one. Writes
//! `chat_sessions` and `chat_messages`, which [`crate::chat`] owns; counters move with them.
//!
//! | | from | to |
//! |---|---|---|
//! | accept | open, or a person asked for | a person answers |
//! | reply | who has accepted it | – |
//! | release | a person asked for, or answering | open: the assistant answers again |
//! | close | open or handed off | completed |
//!
//! Each is one guarded statement, so that of two people who accept at once one does. Nothing that was ended begins
//! again.

pub mod routes;
mod store;
