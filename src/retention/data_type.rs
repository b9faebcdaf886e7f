//! Kinds of data that a policy is about, and how far back one reaches.

use std::time::Duration;

use crate::choice;
use crate::time::Timestamp;

choice! {
    /// What a policy is about.
    pub enum DataType {
        /// Messages of visitors and answers.
        ChatMessages = "chat_messages",
        /// Conversations.
        ChatSessions = "chat_sessions",
        /// Contact details that visitors left.
        Leads = "leads",
        /// The audit trail, which nothing is removed from.
        AuditLogs = "audit_logs",
        /// Runs of actions.
        ActionRuns = "action_runs",
        /// Runs of flows.
        FlowRuns = "flow_runs",
        /// Calls of connected systems.
        WebhookEvents = "webhook_events",
        /// Business results.
        OutcomeEvents = "outcome_events",
        /// Work of reading documents.
        KnowledgeIngestionJobs = "knowledge_ingestion_jobs",
    }
}

/// The first UTC day that is kept, `YYYY-MM-DD`. Timestamps of either stored form that are older sort
/// before this text.
pub fn cutoff_day(now: Timestamp, ttl_days: i64) -> String {
    let days = u64::try_from(ttl_days).unwrap_or_default();
    now.minus(Duration::from_secs(days.saturating_mul(24 * 60 * 60))).date()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_days_are_kept() {
        let noon = Timestamp::from_seconds(1_773_576_000);
        assert_eq!(noon.to_string(), "2026-03-15T12:00:00.000Z");
        let day = cutoff_day(noon, 1);
        assert_eq!(day, "2026-03-14");
        for (stored, is_older) in [
            ("2026-03-13T23:59:59.999Z", true),
            ("2026-03-13 23:59:59", true),
            ("2026-03-14T00:00:00.000Z", false),
            ("2026-03-14 00:00:00", false),
        ] {
            assert_eq!(*stored < *day, is_older, "{stored}");
        }
        assert_eq!(cutoff_day(noon, 3650), "2016-03-17");
    }
}
