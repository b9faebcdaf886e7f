//! The console, which Workers Logs and `wrangler tail` read.

use std::panic::PanicHookInfo;

use serde::Serialize;
use web_sys::console;

use crate::config::LogLevel;
use crate::log::LogSink;
use crate::time::Timestamp;

/// The console.
pub(super) struct Console;

impl LogSink for Console {
    fn write(&self, level: LogLevel, line: &str) {
        let line = line.into();
        match level {
            LogLevel::Debug => console::debug_1(&line),
            LogLevel::Info => console::log_1(&line),
            LogLevel::Warn => console::warn_1(&line),
            LogLevel::Error => console::error_1(&line),
        }
    }
}

/// A line of something that failed before there was a request to tie it to, or after it was lost.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct UntiedLine<'a> {
    timestamp: Timestamp,
    level: &'static str,
    request_id: &'static str,
    message: &'static str,
    reason: &'a str,
}

/// The panic hook: the last line of an instance; which request it was is not known any more.
pub(super) fn log_panic(panic: &PanicHookInfo<'_>) {
    log_failure(&panic.to_string());
}

/// Logs a failure that belongs to no request.
#[expect(clippy::cast_possible_truncation, reason = "Date.now() is a whole number below 2^53")]
pub(super) fn log_failure(reason: &str) {
    let line = UntiedLine {
        timestamp: Timestamp::from_millis(js_sys::Date::now() as i64),
        level: LogLevel::Error.name(),
        request_id: "unknown",
        message: "internal_error",
        reason,
    };
    if let Ok(line) = serde_json::to_string(&line) {
        console::error_1(&line.into());
    }
}
