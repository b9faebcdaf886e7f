//! Visitor chat: who may talk to a site, what is answered, and what is stored of it.
//!
//! Owns `chat_sessions`, `chat_messages`, `chat_turns`, `budget_counters`, `metrics_daily` and `metrics_rollup`.
//! Pages come in by [`routes`], customers' servers by [`completions`]; from `entry` on, the way is the same. A turn is
//! two round trips to `DB` and one to `SEARCH`. The first is the admission: one transaction that judges and counts, so
//! that no number of parallel messages passes a limit. The second is the end: session, both messages, true cost and the
//! day's metrics, or nothing.

mod admission;
mod answer;
mod budget;
pub mod capture;
pub mod completions;
mod course;
mod entry;
pub mod figures;
mod guard;
pub mod handoff;
pub mod hours;
pub mod intent;
pub mod known_sites;
pub mod language;
pub mod lead_form;
pub mod polling;
mod prompt;
mod resume;
pub mod routes;
pub mod session_routes;
mod session_store;
pub mod settings;
pub mod state;
mod store;
mod stream;
mod turn;

use std::time::Duration;

// What other domains of visitors stand on: who is named, judged by the same rules and counted at the same place.
pub(crate) use self::admission::{
    Purpose, SiteClaim, SiteRow, judge_id, judge_site_for, turnstile_required,
};
pub(crate) use self::budget::{resets_in_s, tell_limit, words};
pub(crate) use self::store::{SITE, named};

use sha2::{Digest as _, Sha256};

use crate::app::Op;
use crate::db::Statement;
use crate::time::Timestamp;

/// A session counts as active for this long after its last message.
pub const SESSION_ACTIVE_FOR: Duration = Duration::from_mins(30);

/// Names of the limits over days and months, such as `site-day`, that the site of a key has used up.
pub fn limits_used(key: &str, now: Timestamp) -> Statement {
    store::limits_used(key, now)
}
/// A statement behind the site that a request names: it reads from `found`, `limits` or `used` of `chat/sql/found.sql`,
/// whose values are those of [`named`].
macro_rules! found_sql {
    ($($file:literal),+ $(,)?) => {
        $crate::sql!("../chat/sql/named.sql", "../chat/sql/found.sql", $($file),+)
    };
}
pub(crate) use found_sql;

/// The same for one that needs no more of the site than who it is: `named_site` of `chat/sql/named_site.sql`. Its own
/// values begin with `?10` as well; without any it takes the first five of [`named`] alone.
macro_rules! named_site_sql {
    ($file:literal) => {
        $crate::sql!("../chat/sql/named.sql", "../chat/sql/named_site.sql", $file)
    };
}
pub(crate) use named_site_sql;

/// A client's address as counters know it.
pub(crate) fn address_digest(op: &Op) -> String {
    client_digest(&op.request.client_key())
}

/// What counters know of who is one client.
fn client_digest(client: &str) -> String {
    let digest = Sha256::digest(client.as_bytes());
    let head: Vec<u8> = digest.iter().copied().take(8).collect();
    hex::encode(head)
}
