//! What is added to the day's figures beside the turns themselves.

use crate::db::Statement;
use crate::ids::{OrgId, SiteId};
use crate::time::Timestamp;
use crate::{sql, statement};

const METRICS_NOTE: &str = sql!("sql/metrics_note.sql");
const ROLLUP_NOTE: &str = sql!("sql/rollup_note.sql");

/// What happened.
#[derive(Debug, Clone, Copy, Default)]
pub struct Figures {
    /// Messages that are no part of a turn.
    pub messages: u32,
    /// Conversations that brought a lead.
    pub leads: u32,
    /// Conversations that asked for an appointment.
    pub appointments: u32,
}

/// Two statements for right behind the one that did it: they count only if that one changed a row, and leave
/// `changes()` above zero if they did.
pub fn noted(org: &OrgId, site: &SiteId, figures: Figures, now: Timestamp) -> [Statement; 2] {
    let Figures { messages, leads, appointments } = figures;
    let day = now.date();
    [
        statement!(METRICS_NOTE, org, site, day.as_str(), messages, leads, appointments, now),
        statement!(ROLLUP_NOTE, org, day.as_str(), messages, leads, appointments, now),
    ]
}
