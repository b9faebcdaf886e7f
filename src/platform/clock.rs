//! `Date.now()` and `setTimeout`.

use std::time::Duration;

use worker::send::SendFuture;

use crate::app::BoxFuture;
use crate::time::{Clock, Timestamp};

/// The runtime's clock.
pub(super) struct DateClock;

impl Clock for DateClock {
    fn now(&self) -> Timestamp {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "Date.now() is a whole number below 2^53"
        )]
        Timestamp::from_millis(js_sys::Date::now() as i64)
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(SendFuture::new(worker::Delay::from(duration)))
    }
}
