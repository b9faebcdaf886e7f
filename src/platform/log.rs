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

/// The last line of an instance that panicked; which request it was is not known any more.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PanicLine {
    timestamp: Timestamp,
    level: &'static str,
    request_id: &'static str,
    message: &'static str,
    reason: String,
}

/// The panic hook.
#[expect(clippy::cast_possible_truncation, reason = "Date.now() is a whole number below 2^53")]
pub(super) fn log_panic(panic: &PanicHookInfo<'_>) {
    let line = PanicLine {
        timestamp: Timestamp::from_millis(js_sys::Date::now() as i64),
        level: LogLevel::Error.name(),
        request_id: "unknown",
        message: "internal_error",
        reason: panic.to_string(),
    };
    if let Ok(line) = serde_json::to_string(&line) {
        console::error_1(&line.into());
    }
}
