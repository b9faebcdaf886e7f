//! The days that a request is about, and as many before them.

use jiff::civil::{Date, Time};
use jiff::tz::Offset;

use crate::db::Param;
use crate::error::Result;
use crate::http::extract::{Query, refused};
use crate::time::Timestamp;

/// Days of the period when none is asked for.
const USUAL_DAYS: i64 = 30;
const MOST_DAYS: i64 = 366;
const DAY_S: i64 = 86_400;

/// A period, its last day counted. Days are counted from 1970 on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Period {
    first: i64,
    last: i64,
}

impl Period {
    /// `from` and `to` of the query; the last 30 days if absent.
    pub(super) fn of(query: &Query, now: Timestamp) -> Result<Self> {
        let (from, to) = (query.day("from")?.map(number), query.day("to")?.map(number));
        let today = now.seconds().div_euclid(DAY_S);
        let last = to.unwrap_or_else(|| from.map_or(today, |from| from.max(today)));
        let first = from.unwrap_or(last - (USUAL_DAYS - 1));
        if first > last {
            return Err(refused("from", "must not be later than \"to\""));
        }
        let period = Self { first, last };
        if period.length() > MOST_DAYS {
            return Err(refused("from", "must be at most 365 days before \"to\""));
        }
        Ok(period)
    }

    /// How many days there are.
    pub(super) fn length(self) -> i64 {
        self.last - self.first + 1
    }

    /// Whether the day lies in the period, not before it.
    pub(super) fn holds(self, day: &str) -> bool {
        day >= text(self.first).as_str()
    }

    /// Every day.
    pub(super) fn days(self) -> impl Iterator<Item = String> {
        (self.first..=self.last).map(text)
    }

    /// First day of the period before, first and last of this.
    pub(super) fn dates(self) -> [Param; 3] {
        [self.first - self.length(), self.first, self.last].map(|day| Param::from(text(day)))
    }

    /// First day and the day after the last, to compare with timestamps.
    pub(super) fn bounds(self) -> [Param; 2] {
        [self.first, self.last + 1].map(|day| Param::from(text(day)))
    }
}

fn number(day: Date) -> i64 {
    let midnight = Offset::UTC.to_timestamp(day.to_datetime(Time::midnight()));
    midnight.map_or(0, |midnight| midnight.as_second().div_euclid(DAY_S))
}

fn text(day: i64) -> String {
    Timestamp::from_seconds(day * DAY_S).date()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Timestamp = Timestamp::from_seconds(1_773_576_000);

    fn of(query: &str) -> Result<Period> {
        let uri = format!("/x?{query}");
        let (parts, ()) = http::Request::get(uri).body(()).unwrap().into_parts();
        Period::of(&Query::of(&parts), NOON)
    }

    #[test]
    fn periods_are_compared_with_as_many_days_before() {
        for (query, days, before, first, last) in [
            ("", 30, "2026-01-15", "2026-02-14", "2026-03-15"),
            ("from=2026-03-09", 7, "2026-03-02", "2026-03-09", "2026-03-15"),
            ("to=2026-01-30", 30, "2025-12-02", "2026-01-01", "2026-01-30"),
            ("from=2026-03-01&to=2026-03-01", 1, "2026-02-28", "2026-03-01", "2026-03-01"),
            ("from=2024-01-01&to=2024-12-31", 366, "2022-12-31", "2024-01-01", "2024-12-31"),
            ("from=2026-04-01", 1, "2026-03-31", "2026-04-01", "2026-04-01"),
        ] {
            let period = of(query).unwrap();
            assert_eq!(period.length(), days, "{query}");
            assert_eq!(i64::try_from(period.days().count()), Ok(days), "{query}");
            assert_eq!(period.dates(), [before, first, last].map(Param::from), "{query}");
        }
    }

    #[test]
    fn bad_periods_are_refused() {
        for query in [
            "from=2026-03-02&to=2026-03-01",
            "from=2024-01-01&to=2025-01-01",
            "from=2020-01-01",
            "from=x",
            "to=2026-02-30",
            "from=0000-01-01&to=9999-12-31",
        ] {
            assert_eq!(of(query).unwrap_err().code(), "invalid_query", "{query}");
        }
        assert!(of("from=9999-12-31&to=9999-12-31").is_ok());
    }
}
