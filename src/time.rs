//! Points in time, and the port that tells them. Written as ISO 8601 with milliseconds and `Z`.

use std::fmt;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll};
use std::time::Duration;

use serde::{Serialize, Serializer};

use crate::app::BoxFuture;
use crate::db::{Cell, Column};

/// Milliseconds since the Unix epoch, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From milliseconds since the epoch.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// From seconds since the epoch, as vendors send them. Saturates.
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1000))
    }

    /// Reads `2026-03-15T12:00:00Z`, with or without milliseconds; a parser that reads every form of date would be a
    /// tenth of the artefact.
    pub fn parse(text: &str) -> Option<Self> {
        let (date, clock) = text.strip_suffix('Z')?.split_once('T')?;
        let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "000"));
        let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
        let [hour, minute, second] = numbers(clock, ':', [2, 2, 2])?;
        let [millis] = numbers(fraction, '.', [3])?;
        let small = |number: i32| i8::try_from(number).ok();
        let moment = jiff::civil::DateTime::new(
            i16::try_from(year).ok()?,
            small(month)?,
            small(day)?,
            small(hour)?,
            small(minute)?,
            small(second)?,
            millis * 1_000_000,
        );
        let moment = jiff::tz::Offset::UTC.to_timestamp(moment.ok()?).ok()?;
        Some(Self(moment.as_millisecond()))
    }

    /// Milliseconds since the epoch.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since the epoch.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// This moment, `duration` later.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)))
    }

    /// This moment, `duration` earlier.
    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)))
    }

    /// Milliseconds from `earlier` to this moment; 0 when it lies in the future.
    pub fn millis_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0).max(0)
    }

    /// The UTC day, `YYYY-MM-DD`.
    pub fn date(self) -> String {
        self.civil().map_or_else(String::new, |moment| moment.date().to_string())
    }

    /// The hour of the UTC day, 0 to 23.
    pub fn hour(self) -> i64 {
        self.0.div_euclid(3_600_000).rem_euclid(24)
    }

    fn civil(self) -> Option<jiff::civil::DateTime> {
        let moment = jiff::Timestamp::from_millisecond(self.0).ok()?;
        Some(jiff::tz::Offset::UTC.to_datetime(moment))
    }
}

/// Numbers of so many digits each, with a separator between them.
fn numbers<const COUNT: usize>(
    text: &str,
    separator: char,
    digits: [usize; COUNT],
) -> Option<[i32; COUNT]> {
    let mut parts = text.split(separator);
    let mut numbers = [0; COUNT];
    for (number, digits) in numbers.iter_mut().zip(digits) {
        let part = parts.next()?;
        let is_plain = part.len() == digits && part.bytes().all(|byte| byte.is_ascii_digit());
        *number = Some(part).filter(|_| is_plain)?.parse().ok()?;
    }
    parts.next().is_none().then_some(numbers)
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(moment) => write!(f, "{moment:.3}"),
            // Outside the years -9999..9999: no clock and no vendor sends that.
            Err(_) => f.write_str("1970-01-01T00:00:00.000Z"),
        }
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A timestamp as a column holds it. The system this one replaced wrote two formats,
/// `2025-01-02T03:04:05.678Z` and `2025-01-02 03:04:05` (UTC); both are read, only the first is emitted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct StoredTime {
    iso: String,
    is_legacy: bool,
}

impl StoredTime {
    /// ISO 8601 text.
    pub fn as_str(&self) -> &str {
        &self.iso
    }

    /// The text in its column: what a cursor must hold.
    pub fn stored(&self) -> String {
        match self.iso.strip_suffix(".000Z") {
            Some(text) if self.is_legacy => text.replacen('T', " ", 1),
            _ => self.iso.clone(),
        }
    }
}

impl From<String> for StoredTime {
    fn from(text: String) -> Self {
        let is_legacy =
            text.len() == 19 && text.is_ascii() && text.as_bytes().get(10) == Some(&b' ');
        let iso = if is_legacy { text.replacen(' ', "T", 1) + ".000Z" } else { text };
        Self { iso, is_legacy }
    }
}

impl Serialize for StoredTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.iso)
    }
}

impl Column for StoredTime {
    fn from_cell(cell: Cell<'_>) -> Option<Self> {
        String::from_cell(cell).map(Self::from)
    }
}

/// Tells the time and waits. Time stands still during CPU work on Workers; it moves after I/O.
pub trait Clock: Send + Sync {
    /// The present moment.
    fn now(&self) -> Timestamp;
    /// Resolves after `duration`.
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()>;
}

/// The outcome of `work`; nothing if it takes longer than `limit`, and then it is dropped. Work that is done at once
/// starts no timer.
pub async fn within<T>(
    clock: &dyn Clock,
    limit: Duration,
    work: impl Future<Output = T>,
) -> Option<T> {
    Patience::default().within(clock, limit, work).await
}

/// Waits for one thing after the other, for each as long as its limit, with one timer for all: to start and stop one for
/// each piece of a stream would cost more than the piece itself.
#[derive(Default)]
pub struct Patience {
    timer: Option<Timer>,
}

struct Timer {
    ends: Timestamp,
    sleep: BoxFuture<'static, ()>,
}

impl fmt::Debug for Patience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Patience").finish_non_exhaustive()
    }
}

impl Patience {
    /// The outcome of `work`; nothing if it takes longer than `limit`.
    pub async fn within<T>(
        &mut self,
        clock: &dyn Clock,
        limit: Duration,
        work: impl Future<Output = T>,
    ) -> Option<T> {
        let mut work = pin!(work);
        let deadline = clock.now().plus(limit);
        std::future::poll_fn(|context| {
            if let Poll::Ready(outcome) = work.as_mut().poll(context) {
                return Poll::Ready(Some(outcome));
            }
            self.poll_deadline(clock, deadline, context).map(|()| None)
        })
        .await
    }

    /// Ready when the deadline has passed. A timer that was started for an earlier one is waited for first.
    fn poll_deadline(
        &mut self,
        clock: &dyn Clock,
        deadline: Timestamp,
        context: &mut Context<'_>,
    ) -> Poll<()> {
        loop {
            let kept = self.timer.take().filter(|timer| timer.ends <= deadline);
            let mut timer = kept.unwrap_or_else(|| {
                let left = deadline.millis_since(clock.now()).max(0).unsigned_abs();
                Timer { ends: deadline, sleep: clock.sleep(Duration::from_millis(left)) }
            });
            if timer.sleep.as_mut().poll(context).is_pending() {
                self.timer = Some(timer);
                return Poll::Pending;
            }
            if timer.ends >= deadline {
                return Poll::Ready(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_iso_with_three_digits() {
        assert_eq!(
            Timestamp::from_millis(1_735_787_045_678).to_string(),
            "2025-01-02T03:04:05.678Z"
        );
        assert_eq!(Timestamp::from_seconds(0).to_string(), "1970-01-01T00:00:00.000Z");
        assert_eq!(Timestamp::from_millis(-1).to_string(), "1969-12-31T23:59:59.999Z");
    }

    #[test]
    fn moments_are_read_in_one_form() {
        let read = |text: &str| Timestamp::parse(text).map(|moment| moment.to_string());
        for (text, expected) in [
            ("2025-01-02T03:04:05Z", "2025-01-02T03:04:05.000Z"),
            ("2024-02-29T23:59:59.678Z", "2024-02-29T23:59:59.678Z"),
        ] {
            assert_eq!(read(text).as_deref(), Some(expected));
        }
        for odd in [
            "",
            "2025-01-02",
            "2025-01-02 03:04:05Z",
            "2025-01-02T03:04:05",
            "2025-01-02T03:04:05+01:00",
            "2025-02-29T00:00:00Z",
            "2025-01-02T24:00:00Z",
            "2025-01-02T03:04:05.6789Z",
            "2025-1-2T3:4:5Z",
            "2025-01-02T03:04:05:06Z",
            "+025-01-02T03:04:05Z",
        ] {
            assert_eq!(read(odd), None, "{odd}");
        }
    }

    #[test]
    fn day_is_utc() {
        assert_eq!(Timestamp::from_millis(1_735_787_045_678).date(), "2025-01-02");
        assert_eq!(Timestamp::from_millis(1_735_787_045_678).hour(), 3);
        assert_eq!(Timestamp::from_millis(-1).hour(), 23);
        let month_before =
            Timestamp::from_millis(1_735_787_045_678).minus(Duration::from_hours(30 * 24));
        assert_eq!(month_before.date(), "2024-12-03");
    }

    #[test]
    fn stored_times_read_both_formats() {
        let read = |text: &str| {
            let time = StoredTime::from(text.to_owned());
            assert_eq!(time.stored(), text);
            time.iso
        };
        assert_eq!(read("2025-01-02 03:04:05"), "2025-01-02T03:04:05.000Z");
        assert_eq!(read("2025-01-02T03:04:05.678Z"), "2025-01-02T03:04:05.678Z");
        assert_eq!(read("yesterday"), "yesterday");
    }
}
