//! The last answer of each period.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::cloudflare::{Period, Traffic};
use crate::time::Timestamp;

/// A failing API is made up for this long by the last answer.
const STALE_FOR: Duration = Duration::from_hours(1);

/// An answer and when it came.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    pub(super) traffic: Arc<Traffic>,
    pub(super) fetched: Timestamp,
}

/// One answer a period: the same for all staff. No lock is held while one is fetched.
#[derive(Debug, Default)]
pub struct TrafficCache(Mutex<[Option<Kept>; Period::COUNT]>);

impl TrafficCache {
    /// The answer of the period, if it is young enough to be given without asking.
    pub(super) fn fresh(&self, period: Period, now: Timestamp) -> Option<Kept> {
        self.younger_than(period.fresh_for(), period, now)
    }

    /// The answer of the period, if it is young enough to be given when asking failed.
    pub(super) fn stale(&self, period: Period, now: Timestamp) -> Option<Kept> {
        self.younger_than(STALE_FOR, period, now)
    }

    /// Keeps an answer.
    pub(super) fn keep(&self, period: Period, kept: Kept) {
        if let Some(place) = self.lock().get_mut(period as usize) {
            *place = Some(kept);
        }
    }

    fn younger_than(&self, age: Duration, period: Period, now: Timestamp) -> Option<Kept> {
        let kept = self.lock().get(period as usize).cloned().flatten();
        kept.filter(|kept| kept.fetched.plus(age) > now)
    }

    fn lock(&self) -> MutexGuard<'_, [Option<Kept>; Period::COUNT]> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
