//! The port to D1: statements in, rows out, nothing of the driver in between.
//!
//! A batch is one round trip and one transaction. Rows travel as one JSON text per result and are
//! decoded into the caller's row type.

mod error;
mod rows;
mod text;

use std::time::Duration;

pub use self::error::{DbError, DbErrorKind};
pub use self::rows::{Cell, Column, FromRow, Meta, Row, Rows};
pub use self::text::{all_orgs_length, for_all_orgs, text_length, without_comments};

use crate::app::BoxFuture;
use crate::backoff::jittered;
use crate::error::Result;
use crate::time::{Clock, StoredTime, Timestamp};

/// A value bound to a statement. D1 takes numbers as JavaScript does: whole numbers beyond 2^53
/// are not bound but kept as text by the caller.
#[derive(Debug, Clone, PartialEq)]
pub enum Param {
    /// SQL NULL.
    Null,
    /// A whole number of at most 53 bits.
    Integer(i64),
    /// Text.
    Text(String),
}

impl From<&str> for Param {
    #[inline(never)]
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Param {
    #[inline(never)]
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Param {
    #[inline(never)]
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl From<u32> for Param {
    #[inline(never)]
    fn from(number: u32) -> Self {
        Self::Integer(i64::from(number))
    }
}

impl From<bool> for Param {
    #[inline(never)]
    fn from(flag: bool) -> Self {
        Self::Integer(i64::from(flag))
    }
}

impl From<Timestamp> for Param {
    #[inline(never)]
    fn from(moment: Timestamp) -> Self {
        Self::Text(moment.to_string())
    }
}

impl From<&StoredTime> for Param {
    #[inline(never)]
    fn from(moment: &StoredTime) -> Self {
        Self::Text(moment.as_str().to_owned())
    }
}

impl<T: Into<Self>> From<Option<T>> for Param {
    #[inline(never)]
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// A prepared statement with its values. The text is static: it comes from a `.sql` file.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    /// Text of a `.sql` file.
    pub sql: &'static str,
    /// Values of `?1`, `?2`, …
    pub params: Vec<Param>,
}

/// Builds a [`Statement`] from a `.sql` text and its values in order.
#[macro_export]
macro_rules! statement {
    ($sql:expr $(, $param:expr)* $(,)?) => {
        $crate::db::Statement { sql: $sql, params: vec![$($crate::db::Param::from($param)),*] }
    };
}

/// A D1 database.
pub trait Database: Send + Sync {
    /// Runs the statements in order, in one transaction and one round trip; one result each.
    fn batch<'a>(
        &'a self,
        statements: &'a [Statement],
    ) -> BoxFuture<'a, Result<Vec<Rows>, DbError>>;
}

/// Whether a failed batch may be sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// Reads: passing failures are tried again.
    Reads,
    /// Writes: never.
    Never,
}

/// Further attempts after a passing failure of a read.
const READ_RETRIES: u32 = 2;
const FIRST_PAUSE: Duration = Duration::from_millis(25);

/// Runs a batch under the retry rule and checks that each statement got its result.
pub async fn run(
    database: &dyn Database,
    clock: &dyn Clock,
    statements: &[Statement],
    retry: Retry,
) -> Result<Vec<Rows>> {
    let expected = statements.len();
    let mut attempt = 0;
    loop {
        match database.batch(statements).await {
            Ok(rows) if rows.len() == expected => return Ok(rows),
            Ok(rows) => {
                let text = format!("{} results for {expected} statements", rows.len());
                return Err(DbError::new(text).into());
            }
            Err(error) if retry == Retry::Reads && error.is_passing() && attempt < READ_RETRIES => {
                // 25 ms, then 100 ms, each with up to as much again.
                let least = FIRST_PAUSE.saturating_mul(4_u32.saturating_pow(attempt));
                attempt += 1;
                clock.sleep(jittered(least, least)).await;
            }
            Err(error) => return Err(error.into()),
        }
    }
}
