//! What runs by the clock. A job is told of no outcome, so each writes one line about its own.

use serde_json::json;

use crate::app::Op;
use crate::config::LogLevel;
use crate::conversations::feed;

/// Every minute: what a lost feed did not tell the index.
pub async fn run_every_minute(op: &Op) {
    let outcome = feed::run(op).await;
    let job = ("job", json!("search_feed"));
    let (level, fields) = match &outcome {
        Ok(told) => (LogLevel::Info, vec![job, ("outcome", json!("ok")), ("changes", json!(told))]),
        Err(error) => {
            let reason = ("reason", json!(error.private_context()));
            (LogLevel::Error, vec![job, ("outcome", json!("failed")), reason])
        }
    };
    op.app.log.event(level, "job", op.now(), &op.request, &fields);
}
