//! What a failed batch means, judged once from D1's message.

use crate::error::Error;

/// The class of a database failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DbErrorKind {
    /// A UNIQUE or PRIMARY KEY constraint was hit.
    Unique,
    /// A row that is referred to does not exist.
    ForeignKey,
    /// A value is outside its CHECK list, or NULL where none may be.
    Constraint,
    /// The database was reset, overloaded or out of reach; the next attempt may succeed.
    Passing,
    /// Anything else.
    Other,
}

/// A failed batch. Its text is private.
#[derive(Debug, thiserror::Error)]
#[error("{text}")]
pub struct DbError {
    text: String,
    kind: DbErrorKind,
}

/// Parts of messages that announce a passing failure (Cloudflare D1 docs, "retry queries").
const PASSING: [&str; 7] = [
    "Network connection lost",
    "storage caused object to be reset",
    "reset because its code was updated",
    "overloaded",
    "internal error",
    "timed out",
    "database is locked",
];

impl DbError {
    /// Judges a message of D1 or SQLite.
    pub fn new(text: impl Into<String>) -> Self {
        let text = text.into();
        let kind = if text.contains("UNIQUE constraint failed") {
            DbErrorKind::Unique
        } else if text.contains("FOREIGN KEY constraint failed") {
            DbErrorKind::ForeignKey
        } else if text.contains("constraint failed") {
            DbErrorKind::Constraint
        } else if PASSING.iter().any(|part| text.contains(part)) {
            DbErrorKind::Passing
        } else {
            DbErrorKind::Other
        };
        Self { text, kind }
    }

    /// The class of the failure.
    pub fn kind(&self) -> DbErrorKind {
        self.kind
    }

    /// Whether another attempt may succeed.
    pub fn is_passing(&self) -> bool {
        self.kind == DbErrorKind::Passing
    }
}

impl From<DbError> for Error {
    #[track_caller]
    fn from(error: DbError) -> Self {
        match error.kind {
            DbErrorKind::Passing => Self::unavailable("database_unavailable", error.text),
            DbErrorKind::Unique => Self::conflict("conflict", "Already exists").context(error.text),
            DbErrorKind::ForeignKey | DbErrorKind::Constraint | DbErrorKind::Other => {
                Self::internal(error.text)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_of_d1_are_classed() {
        let kind = |text: &str| DbError::new(text).kind();
        assert_eq!(
            kind("D1_ERROR: UNIQUE constraint failed: orgs.slug: SQLITE_CONSTRAINT"),
            DbErrorKind::Unique
        );
        assert_eq!(
            kind("D1_ERROR: FOREIGN KEY constraint failed: SQLITE_CONSTRAINT"),
            DbErrorKind::ForeignKey
        );
        assert_eq!(kind("D1_ERROR: CHECK constraint failed: plan"), DbErrorKind::Constraint);
        assert_eq!(kind("D1_ERROR: Network connection lost."), DbErrorKind::Passing);
        assert_eq!(
            kind("D1 DB is overloaded. Requests queued for too long."),
            DbErrorKind::Passing
        );
        assert_eq!(kind("D1_ERROR: no such table: orgs"), DbErrorKind::Other);
    }
}
