//! Where a conversation stands, for the visitor's page and for the portal alike.
//!
//! | `status` | `handoff` | state |
//! |---|---|---|
//! | `active` or none | none | `open`: the assistant answers |
//! | `active` or none | `requested`, `accepted` | `handed_off`: the assistant is silent, a person answers |
//! | `completed` | any | `completed`: ended by somebody, or left after an answer |
//! | `abandoned` | any | `abandoned`: left without one |
//!
//! An ended conversation is never opened again; a visitor who comes back starts another one.

use crate::choice;
use crate::db::{Cell, Column};

choice! {
    /// Where a conversation stands.
    pub enum SessionState {
        /// The assistant answers.
        Open = "open",
        /// A person was asked for, or answers.
        HandedOff = "handed_off",
        /// Ended.
        Completed = "completed",
        /// Left by the visitor without an answer.
        Abandoned = "abandoned",
    }
}

choice! {
    /// How far the way to a person has come.
    pub enum Handoff {
        /// The visitor waits for one.
        Requested = "requested",
        /// One has taken over.
        Accepted = "accepted",
    }
}

choice! {
    /// Why a person is asked for.
    pub enum HandoffReason {
        /// The visitor pressed the button.
        Visitor = "visitor",
        /// The visitor asked in words.
        Message = "message",
        /// A rule of the org says so.
        Policy = "policy",
        /// Somebody of the org took over unasked.
        Staff = "staff",
    }
}

impl SessionState {
    /// The state of a stored conversation: `chat_sessions.status` and `handoff`.
    pub fn of(status: Option<&str>, handoff: Option<&str>) -> Self {
        match (status, handoff) {
            (Some("completed"), _) => Self::Completed,
            (Some("abandoned"), _) => Self::Abandoned,
            (_, Some("requested" | "accepted")) => Self::HandedOff,
            _ => Self::Open,
        }
    }

    /// Whether anything may still be said.
    pub fn is_ended(self) -> bool {
        matches!(self, Self::Completed | Self::Abandoned)
    }
}

/// A [`SessionState`] in a row, from the column `status || '/' || handoff` (either may be empty).
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(transparent)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
pub struct StoredState(pub SessionState);

impl Column for StoredState {
    fn from_cell(cell: Cell<'_>) -> Option<Self> {
        let text = String::from_cell(cell)?;
        let (status, handoff) = text.split_once('/')?;
        Some(Self(SessionState::of(Some(status), Some(handoff))))
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;

    #[test]
    fn the_whole_table() {
        use SessionState::{Abandoned, Completed, HandedOff, Open};
        for (status, handoff, state) in [
            (None, None, Open),
            (Some("active"), None, Open),
            (Some("active"), Some("requested"), HandedOff),
            (Some("active"), Some("accepted"), HandedOff),
            (None, Some("requested"), HandedOff),
            (Some("active"), Some("strange"), Open),
            (Some("completed"), None, Completed),
            (Some("completed"), Some("accepted"), Completed),
            (Some("abandoned"), Some("requested"), Abandoned),
        ] {
            assert_eq!(SessionState::of(status, handoff), state, "{status:?} {handoff:?}");
            let text = format!("{}/{}", status.unwrap_or(""), handoff.unwrap_or(""));
            let read = StoredState::from_cell(Cell::Text(Cow::Owned(text)));
            assert_eq!(read, Some(StoredState(state)));
            assert_eq!(state.is_ended(), matches!(state, Completed | Abandoned));
        }
        assert_eq!(StoredState::from_cell(Cell::Text("active".into())), None);
        assert_eq!(StoredState::from_cell(Cell::Null), None);
    }
}
