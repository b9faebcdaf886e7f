//! The days that a request is about, and as many before them.

use jiff::civil::Date;

use crate::db::Param;
use crate::error::Result;
use crate::http::extract::{Query, refused};
use crate::time::Timestamp;

/// Days of the period when none is asked for.
const USUAL_DAYS: i32 = 30;
const MOST_DAYS: i32 = 366;

/// A period, its last day counted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Period {
    first: Date,
    last: Date,
    before: Date,
}

impl Period {
    /// `from` and `to` of the query; the last 30 days if absent.
    pub(super) fn of(query: &Query, now: Timestamp) -> Result<Self> {
        let (from, to) = (query.day("from")?, query.day("to")?);
        let today: Date = now.date().parse().unwrap_or_default();
        // A period that ends before today and names no start is 30 days long too.
        let last = to.or(from.map(|from| from.max(today))).unwrap_or(today);
        let first = from.unwrap_or_else(|| days_before(last, USUAL_DAYS - 1));
        if first > last {
            return Err(refused("from", "must not be later than \"to\""));
        }
        let days = days_between(first, last) + 1;
        if days > MOST_DAYS {
            return Err(refused("from", "must be at most 366 days before \"to\""));
        }
        Ok(Self { first, last, before: days_before(first, days) })
    }

    /// How many days there are.
    pub(super) fn length(self) -> i32 {
        days_between(self.first, self.last) + 1
    }

    /// Whether the day lies in the period, not before it.
    pub(super) fn holds(self, day: &str) -> bool {
        day >= self.first.to_string().as_str()
    }

    /// Every day.
    pub(super) fn days(self) -> impl Iterator<Item = String> {
        self.first
            .series(jiff::Span::new().days(1))
            .take_while(move |day| *day <= self.last)
            .map(|day| day.to_string())
    }

    /// First day of the period before, first and last of this.
    pub(super) fn dates(self) -> [Param; 3] {
        [self.before, self.first, self.last].map(|day| Param::from(day.to_string()))
    }

    /// First day and the day after the last, to compare with timestamps.
    pub(super) fn bounds(self) -> [Param; 2] {
        let after = self.last.tomorrow().unwrap_or(self.last);
        [self.first, after].map(|day| Param::from(day.to_string()))
    }
}

fn days_before(day: Date, days: i32) -> Date {
    day.checked_sub(jiff::Span::new().days(days)).unwrap_or(Date::MIN)
}

fn days_between(first: Date, last: Date) -> i32 {
    (last - first).get_days()
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
            assert_eq!(i32::try_from(period.days().count()), Ok(days), "{query}");
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
            "from=-009999-01-01&to=9999-12-31",
        ] {
            assert_eq!(of(query).unwrap_err().code(), "invalid_query", "{query}");
        }
        assert!(of("from=9999-12-31&to=9999-12-31").is_ok());
    }
}
