//! Office hours: whether somebody is there now.
//!
//! A database of time zones would be a tenth of the artefact, so the zones of our customers are a table of offsets and
//! of the rule by which each moves its clocks; every other place is written as a fixed offset such as `-03:00`.
//! Rules: United States, 15 U.S.C. 260a; European Union, directive 2000/84/EC; Australia and New Zealand as their
//! states publish them; Israel, law of 2013; Chile, decree 1286 of 2022.

use serde_json::{Map, Value, json};

use crate::time::Timestamp;

/// Intervals of one day at most.
const MOST_INTERVALS: usize = 6;
const DAY_MINUTES: i64 = 24 * 60;
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// How a place moves its clocks by an hour in summer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Summer {
    Never,
    /// Second Sunday of March to first Sunday of November, at 2:00 by the wall.
    UnitedStates,
    /// Last Sunday of March to last Sunday of October, at 1:00 UTC.
    Europe,
    /// Friday before the last Sunday of March to last Sunday of October, at 2:00 by the wall.
    Israel,
    /// First Sunday of September, at 4:00 UTC, to that of April, at 3:00 UTC; where the 1st is a Sunday, the next.
    Chile,
    /// First Sunday of October to first Sunday of April, at 2:00 standard time.
    Australia,
    /// Last Sunday of September to first Sunday of April, at 2:00 standard time.
    NewZealand,
}

/// A place: its name, what its standard time is ahead of UTC in minutes, and its summer.
const ZONES: [(&str, i32, Summer); 111] = [
    ("UTC", 0, Summer::Never),
    ("Etc/UTC", 0, Summer::Never),
    ("GMT", 0, Summer::Never),
    ("America/New_York", -300, Summer::UnitedStates),
    ("America/Detroit", -300, Summer::UnitedStates),
    ("America/Indiana/Indianapolis", -300, Summer::UnitedStates),
    ("America/Toronto", -300, Summer::UnitedStates),
    ("America/Chicago", -360, Summer::UnitedStates),
    ("America/Winnipeg", -360, Summer::UnitedStates),
    ("America/Denver", -420, Summer::UnitedStates),
    ("America/Boise", -420, Summer::UnitedStates),
    ("America/Phoenix", -420, Summer::Never),
    ("America/Los_Angeles", -480, Summer::UnitedStates),
    ("America/Anchorage", -540, Summer::UnitedStates),
    ("America/Halifax", -240, Summer::UnitedStates),
    ("America/Puerto_Rico", -240, Summer::Never),
    ("America/Mexico_City", -360, Summer::Never),
    ("America/Guatemala", -360, Summer::Never),
    ("America/Costa_Rica", -360, Summer::Never),
    ("America/Panama", -300, Summer::Never),
    ("America/Bogota", -300, Summer::Never),
    ("America/Lima", -300, Summer::Never),
    ("America/Caracas", -240, Summer::Never),
    ("America/Argentina/Buenos_Aires", -180, Summer::Never),
    ("America/Montevideo", -180, Summer::Never),
    ("America/Sao_Paulo", -180, Summer::Never),
    ("Pacific/Honolulu", -600, Summer::Never),
    ("Atlantic/Canary", 0, Summer::Europe),
    ("Europe/London", 0, Summer::Europe),
    ("Europe/Dublin", 0, Summer::Europe),
    ("Europe/Lisbon", 0, Summer::Europe),
    ("Europe/Madrid", 60, Summer::Europe),
    ("Europe/Paris", 60, Summer::Europe),
    ("Europe/Brussels", 60, Summer::Europe),
    ("Europe/Amsterdam", 60, Summer::Europe),
    ("Europe/Luxembourg", 60, Summer::Europe),
    ("Europe/Berlin", 60, Summer::Europe),
    ("Europe/Zurich", 60, Summer::Europe),
    ("Europe/Vienna", 60, Summer::Europe),
    ("Europe/Rome", 60, Summer::Europe),
    ("Europe/Prague", 60, Summer::Europe),
    ("Europe/Warsaw", 60, Summer::Europe),
    ("Europe/Budapest", 60, Summer::Europe),
    ("Europe/Stockholm", 60, Summer::Europe),
    ("Europe/Oslo", 60, Summer::Europe),
    ("Europe/Copenhagen", 60, Summer::Europe),
    ("Europe/Helsinki", 120, Summer::Europe),
    ("Europe/Athens", 120, Summer::Europe),
    ("Europe/Bucharest", 120, Summer::Europe),
    ("Europe/Istanbul", 180, Summer::Never),
    ("Africa/Johannesburg", 120, Summer::Never),
    ("Africa/Lagos", 60, Summer::Never),
    ("Asia/Dubai", 240, Summer::Never),
    ("Asia/Kolkata", 330, Summer::Never),
    ("Asia/Singapore", 480, Summer::Never),
    ("Asia/Manila", 480, Summer::Never),
    ("Asia/Hong_Kong", 480, Summer::Never),
    ("Asia/Tokyo", 540, Summer::Never),
    ("Australia/Perth", 480, Summer::Never),
    ("Australia/Brisbane", 600, Summer::Never),
    ("Australia/Sydney", 600, Summer::Australia),
    ("America/Vancouver", -480, Summer::UnitedStates),
    ("America/Edmonton", -420, Summer::UnitedStates),
    ("America/Regina", -360, Summer::Never),
    ("America/St_Johns", -210, Summer::UnitedStates),
    ("America/Kentucky/Louisville", -300, Summer::UnitedStates),
    ("America/Tijuana", -480, Summer::UnitedStates),
    ("America/Monterrey", -360, Summer::Never),
    ("America/El_Salvador", -360, Summer::Never),
    ("America/Santo_Domingo", -240, Summer::Never),
    ("America/Jamaica", -300, Summer::Never),
    ("America/Guayaquil", -300, Summer::Never),
    ("America/La_Paz", -240, Summer::Never),
    ("America/Asuncion", -180, Summer::Never),
    ("America/Santiago", -240, Summer::Chile),
    ("Europe/Kyiv", 120, Summer::Europe),
    ("Europe/Kiev", 120, Summer::Europe),
    ("Europe/Sofia", 120, Summer::Europe),
    ("Europe/Zagreb", 60, Summer::Europe),
    ("Europe/Ljubljana", 60, Summer::Europe),
    ("Europe/Belgrade", 60, Summer::Europe),
    ("Europe/Sarajevo", 60, Summer::Europe),
    ("Europe/Bratislava", 60, Summer::Europe),
    ("Europe/Vilnius", 120, Summer::Europe),
    ("Europe/Riga", 120, Summer::Europe),
    ("Europe/Tallinn", 120, Summer::Europe),
    ("Europe/Malta", 60, Summer::Europe),
    ("Europe/Moscow", 180, Summer::Never),
    ("Atlantic/Reykjavik", 0, Summer::Never),
    ("Asia/Nicosia", 120, Summer::Europe),
    ("Asia/Jerusalem", 120, Summer::Israel),
    ("Asia/Riyadh", 180, Summer::Never),
    ("Asia/Qatar", 180, Summer::Never),
    ("Asia/Karachi", 300, Summer::Never),
    ("Asia/Dhaka", 360, Summer::Never),
    ("Asia/Bangkok", 420, Summer::Never),
    ("Asia/Ho_Chi_Minh", 420, Summer::Never),
    ("Asia/Jakarta", 420, Summer::Never),
    ("Asia/Kuala_Lumpur", 480, Summer::Never),
    ("Asia/Shanghai", 480, Summer::Never),
    ("Asia/Taipei", 480, Summer::Never),
    ("Asia/Seoul", 540, Summer::Never),
    ("Africa/Nairobi", 180, Summer::Never),
    ("Africa/Accra", 0, Summer::Never),
    ("Africa/Algiers", 60, Summer::Never),
    ("Australia/Melbourne", 600, Summer::Australia),
    ("Australia/Hobart", 600, Summer::Australia),
    ("Australia/Canberra", 600, Summer::Australia),
    ("Australia/Adelaide", 570, Summer::Australia),
    ("Australia/Darwin", 570, Summer::Never),
    ("Pacific/Auckland", 720, Summer::NewZealand),
];

/// A time zone: one of the table, or a fixed offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Zone {
    standard_minutes: i32,
    summer: Summer,
}

impl Zone {
    /// Reads a name of the table, or an offset such as `+02:00` or `-0330`, of at most 14 hours.
    pub fn parse(text: &str) -> Option<Self> {
        if let Some((_, standard_minutes, summer)) = ZONES.iter().find(|(name, ..)| *name == text) {
            return Some(Self { standard_minutes: *standard_minutes, summer: *summer });
        }
        let text = text.strip_prefix("UTC").unwrap_or(text);
        let (sign, digits) = match text.strip_prefix('-') {
            Some(digits) => (-1, digits),
            None => (1, text.strip_prefix('+')?),
        };
        let digits = digits.replacen(':', "", 1);
        let (hours, minutes) = digits.split_at_checked(2)?;
        if digits.len() != 4 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
        let is_offset = minutes < 60 && hours * 60 + minutes <= 14 * 60;
        is_offset.then_some(Self {
            standard_minutes: sign * (hours * 60 + minutes),
            summer: Summer::Never,
        })
    }

    /// What the wall shows ahead of UTC, in minutes.
    pub fn offset_minutes(self, now: Timestamp) -> i32 {
        self.standard_minutes + if self.is_summer(now) { 60 } else { 0 }
    }

    fn is_summer(self, now: Timestamp) -> bool {
        let minute = now.seconds().div_euclid(60);
        let Some(year) = year_of(now) else { return false };
        // Two o'clock by standard time, in UTC.
        let two = 120 - i64::from(self.standard_minutes);
        let at = |month: usize, nth: i64, minutes: i64| {
            nth_sunday(year, month, nth).map(|day| day * DAY_MINUTES + minutes)
        };
        let bounds = match self.summer {
            Summer::Never => return false,
            // It ends at two by the summer's own clock.
            Summer::UnitedStates => (at(3, 2, two), at(11, 1, two - 60)),
            Summer::Europe => (at(3, LAST, 60), at(10, LAST, 60)),
            // A Friday, two days before.
            Summer::Israel => (at(3, LAST, two - 2 * DAY_MINUTES), at(10, LAST, two - 60)),
            Summer::Chile => (after_saturday(year, 9, 240), after_saturday(year, 4, 180)),
            Summer::Australia => (at(10, 1, two), at(4, 1, two)),
            Summer::NewZealand => (at(9, LAST, two), at(4, 1, two)),
        };
        let (Some(begins), Some(ends)) = bounds else { return false };
        if begins < ends {
            (begins..ends).contains(&minute)
        } else {
            // The summer of the south lies around New Year.
            minute >= begins || minute < ends
        }
    }
}

fn year_of(now: Timestamp) -> Option<i64> {
    now.date().get(..4)?.parse().ok()
}

/// Days of a year before each month, in a year that is not a leap year.
const BEFORE_MONTH: [i64; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];

/// In place of a number: the last of its month.
const LAST: i64 = 0;

/// The nth Sunday of a month but December, or its last, in days since the epoch.
fn nth_sunday(year: i64, month: usize, nth: i64) -> Option<i64> {
    let first = first_of(year, month)?;
    if nth > 0 {
        return Some(sunday_from(first) + 7 * (nth - 1));
    }
    // The first Sunday of the next month, and a week less.
    Some(sunday_from(first_of(year, month + 1)?) - 7)
}

/// The Sunday on a day or next after it, in days since the epoch.
fn sunday_from(day: i64) -> i64 {
    day + (SUNDAY - day).rem_euclid(7)
}

/// Some minutes of the Sunday after the first Saturday of a month, in minutes since the epoch.
fn after_saturday(year: i64, month: usize, minutes: i64) -> Option<i64> {
    // The first Sunday that has a Saturday of its month before it.
    Some(sunday_from(first_of(year, month)? + 1) * DAY_MINUTES + minutes)
}

/// The epoch was a Thursday, so that this day and every seventh from it are Sundays.
const SUNDAY: i64 = 3;

/// The first day of a month, in days since the epoch.
fn first_of(year: i64, month: usize) -> Option<i64> {
    let before = *BEFORE_MONTH.get(month.checked_sub(1)?)?;
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    // Leap days of the years before this one, less those before the epoch.
    let past = year - 1;
    let leap_days = past.div_euclid(4) - past.div_euclid(100) + past.div_euclid(400) - 477;
    Some(365 * (year - 1970) + leap_days + before + i64::from(is_leap && month > 2))
}

/// When somebody is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hours {
    zone: Zone,
    /// Of each day from Monday on: from and to, in minutes of the day; `to` is not counted.
    days: [Vec<(i64, i64)>; 7],
}

impl Hours {
    /// Reads a site's `office_hours`.
    ///
    /// # Errors
    /// What is expected of it, in words that follow its name.
    pub fn read(settings: &Map<String, Value>) -> Result<Self, String> {
        let zone = settings.get("timezone").and_then(Value::as_str).and_then(Zone::parse);
        let zone = zone.ok_or(
            "needs a \"timezone\": one such as America/New_York or Europe/Madrid, or an offset such as -05:00",
        )?;
        let written = settings.get("days").and_then(Value::as_object);
        let written =
            written.ok_or("needs \"days\", such as {\"mon\": [[\"09:00\", \"17:00\"]]}")?;
        if let Some(name) = written.keys().find(|name| !DAYS.contains(&name.as_str())) {
            return Err(format!("has the day \"{name:.20}\", which is none of mon to sun"));
        }
        let mut days: [Vec<(i64, i64)>; 7] = Default::default();
        for (name, day) in DAYS.iter().zip(&mut days) {
            *day = match written.get(*name) {
                None | Some(Value::Null) => Vec::new(),
                Some(value) => intervals(value).ok_or_else(|| {
                    format!("must have in \"{name}\" at most {MOST_INTERVALS} pairs such as [\"09:00\", \"17:00\"], each ending later than it begins")
                })?,
            };
        }
        Ok(Self { zone, days })
    }

    /// Whether somebody is there at that moment.
    pub fn is_open(&self, now: Timestamp) -> bool {
        let wall = now.seconds().div_euclid(60) + i64::from(self.zone.offset_minutes(now));
        let (day, minute) = (wall.div_euclid(DAY_MINUTES), wall.rem_euclid(DAY_MINUTES));
        // The epoch was a Thursday.
        let weekday = usize::try_from((day + 3).rem_euclid(7)).unwrap_or_default();
        let intervals = self.days.get(weekday).map_or(&[][..], Vec::as_slice);
        intervals.iter().any(|(from, to)| (*from..*to).contains(&minute))
    }
}

fn intervals(value: &Value) -> Option<Vec<(i64, i64)>> {
    let pairs = value.as_array().filter(|pairs| pairs.len() <= MOST_INTERVALS)?;
    pairs
        .iter()
        .map(|pair| {
            let [from, to] = pair.as_array()?.as_slice() else { return None };
            let (from, to) = (minute_of(from.as_str()?)?, minute_of(to.as_str()?)?);
            (from < to).then_some((from, to))
        })
        .collect()
}

/// `HH:MM`, up to `24:00`, in minutes of the day.
fn minute_of(text: &str) -> Option<i64> {
    let (hours, minutes) = text.split_once(':')?;
    let number = |text: &str| {
        let plain = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        plain.then(|| text.parse::<i64>().ok()).flatten()
    };
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    let minute = hours * 60 + minutes;
    (minutes < 60 && minute <= DAY_MINUTES).then_some(minute)
}

/// Time zone and days of a site's `office_hours` as pages are told them, without what else stands there; nothing where
/// they cannot be read.
pub fn shown(settings: &Map<String, Value>) -> Option<Value> {
    Hours::read(settings).ok()?;
    let written = settings.get("days")?.as_object()?;
    let days: Map<String, Value> = DAYS
        .iter()
        .filter_map(|day| Some((*day, written.get(*day).filter(|value| !value.is_null())?)))
        .map(|(day, intervals)| (day.to_owned(), intervals.clone()))
        .collect();
    Some(json!({ "timezone": settings.get("timezone")?, "days": days }))
}

/// Whether somebody is there now, by a site's configuration: always, where it states no hours that can be read.
pub fn is_open(config: &Map<String, Value>, now: Timestamp) -> bool {
    let hours = config.get("office_hours").and_then(Value::as_object);
    hours.and_then(|hours| Hours::read(hours).ok()).is_none_or(|hours| hours.is_open(now))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A moment of UTC.
    fn at(text: &str) -> Timestamp {
        let moment: jiff::Timestamp = text.parse().unwrap();
        Timestamp::from_millis(moment.as_millisecond())
    }

    fn offset(zone: &str, moment: &str) -> i32 {
        Zone::parse(zone).unwrap().offset_minutes(at(moment))
    }

    #[test]
    fn clocks_move_when_the_rules_say() {
        for (zone, moment, minutes) in [
            // 2026-03-08, 2:00 EST.
            ("America/New_York", "2026-03-08T06:59:59Z", -300),
            ("America/New_York", "2026-03-08T07:00:00Z", -240),
            ("America/New_York", "2026-11-01T05:59:59Z", -240),
            ("America/New_York", "2026-11-01T06:00:00Z", -300),
            ("America/New_York", "2027-03-14T06:59:59Z", -300),
            ("America/New_York", "2027-03-14T07:00:00Z", -240),
            ("America/Los_Angeles", "2026-03-08T09:59:59Z", -480),
            ("America/Los_Angeles", "2026-03-08T10:00:00Z", -420),
            ("America/Los_Angeles", "2026-11-01T08:59:59Z", -420),
            ("America/Los_Angeles", "2026-11-01T09:00:00Z", -480),
            ("America/Phoenix", "2026-07-01T00:00:00Z", -420),
            // 2026-03-27, a Friday, 2:00 IST, and 2026-10-25, 2:00 IDT.
            ("Asia/Jerusalem", "2026-03-26T23:59:59Z", 120),
            ("Asia/Jerusalem", "2026-03-27T00:00:00Z", 180),
            ("Asia/Jerusalem", "2026-10-24T22:59:59Z", 180),
            ("Asia/Jerusalem", "2026-10-24T23:00:00Z", 120),
            ("America/Santiago", "2026-04-05T02:59:59Z", -180),
            ("America/Santiago", "2026-04-05T03:00:00Z", -240),
            ("America/Santiago", "2026-09-06T03:59:59Z", -240),
            ("America/Santiago", "2026-09-06T04:00:00Z", -180),
            ("America/Santiago", "2024-09-08T03:59:59Z", -240),
            ("America/Santiago", "2024-09-08T04:00:00Z", -180),
            ("America/Vancouver", "2026-03-08T10:00:00Z", -420),
            ("Europe/Kyiv", "2026-03-29T01:00:00Z", 180),
            ("Australia/Adelaide", "2026-04-04T16:29:59Z", 630),
            ("Australia/Adelaide", "2026-04-04T16:30:00Z", 570),
            ("Asia/Shanghai", "2026-07-01T00:00:00Z", 480),
            ("Europe/Madrid", "2026-03-29T00:59:59Z", 60),
            ("Europe/Madrid", "2026-03-29T01:00:00Z", 120),
            ("Europe/Madrid", "2026-10-25T00:59:59Z", 120),
            ("Europe/Madrid", "2026-10-25T01:00:00Z", 60),
            ("Europe/London", "2026-03-29T01:00:00Z", 60),
            ("Europe/London", "2026-12-31T23:59:59Z", 0),
            ("Australia/Sydney", "2026-01-01T00:00:00Z", 660),
            ("Australia/Sydney", "2026-04-04T15:59:59Z", 660),
            ("Australia/Sydney", "2026-04-04T16:00:00Z", 600),
            ("Australia/Sydney", "2026-10-03T15:59:59Z", 600),
            ("Australia/Sydney", "2026-10-03T16:00:00Z", 660),
            ("Pacific/Auckland", "2026-09-26T13:59:59Z", 720),
            ("Pacific/Auckland", "2026-09-26T14:00:00Z", 780),
            ("America/Mexico_City", "2026-07-01T00:00:00Z", -360),
            ("-05:00", "2026-07-01T00:00:00Z", -300),
            ("+0530", "2026-07-01T00:00:00Z", 330),
            ("UTC+2", "2026-07-01T00:00:00Z", 0),
        ] {
            if zone == "UTC+2" {
                assert_eq!(Zone::parse(zone), None);
                continue;
            }
            assert_eq!(offset(zone, moment), minutes, "{zone} at {moment}");
        }
    }

    #[test]
    fn places_that_are_not_known_are_refused() {
        for zone in [
            "",
            "Mars/Olympus",
            "america/new_york",
            "+15:00",
            "+1:00",
            "+01:60",
            "05:00",
            "+é1:0",
            "-",
        ] {
            assert_eq!(Zone::parse(zone), None, "{zone}");
        }
        assert_eq!(Zone::parse("UTC+02:00"), Zone::parse("+02:00"));
    }

    fn office(timezone: &str) -> Map<String, Value> {
        let week = json!([["09:00", "12:30"], ["13:30", "17:00"]]);
        let hours = json!({"timezone": timezone, "days": {"mon": week, "sat": [["22:00", "24:00"]], "sun": [["00:00", "02:00"]]}});
        json!({ "office_hours": hours }).as_object().unwrap().clone()
    }

    #[test]
    fn the_office_opens_by_its_own_clock() {
        let config = office("America/New_York");
        for (moment, open) in [
            // Monday before and after the clocks went forward: nine is 14:00, then 13:00 UTC.
            ("2026-03-02T13:59:59Z", false),
            ("2026-03-02T14:00:00Z", true),
            ("2026-03-09T12:59:59Z", false),
            ("2026-03-09T13:00:00Z", true),
            ("2026-03-09T16:29:59Z", true),
            ("2026-03-09T16:30:00Z", false),
            ("2026-03-09T17:30:00Z", true),
            ("2026-03-09T21:00:00Z", false),
            // Tuesday.
            ("2026-03-10T15:00:00Z", false),
            // Over midnight from Saturday to Sunday, as two intervals.
            ("2026-03-15T01:59:59Z", false),
            ("2026-03-15T02:00:00Z", true),
            ("2026-03-15T03:59:59Z", true),
            ("2026-03-15T04:00:00Z", true),
            ("2026-03-15T06:00:00Z", false),
            // Sunday in Greenwich, still Saturday in New York when the week ends.
            ("1969-12-29T14:00:00Z", true),
        ] {
            assert_eq!(is_open(&config, at(moment)), open, "{moment}");
        }
    }

    #[test]
    fn a_site_without_hours_that_can_be_read_is_always_open() {
        let night = at("2026-03-15T03:00:00Z");
        for config in [
            json!({}),
            json!({"office_hours": null}),
            json!({"office_hours": {"timezone": "x"}}),
            json!({"office_hours": 7}),
        ] {
            assert!(is_open(config.as_object().unwrap(), night), "{config}");
        }
        // Hours without a day are hours: nobody is ever there.
        let closed = json!({"office_hours": {"timezone": "UTC", "days": {}}});
        assert!(!is_open(closed.as_object().unwrap(), night));
    }

    #[test]
    fn hours_that_do_not_fit_are_refused() {
        let read = |days: Value| {
            Hours::read(json!({"timezone": "UTC", "days": days}).as_object().unwrap()).map(|_| ())
        };
        assert_eq!(read(json!({"mon": [], "tue": null, "wed": [["00:00", "24:00"]]})), Ok(()));
        for days in [
            json!({"mon": [["17:00", "09:00"]]}),
            json!({"mon": [["09:00", "09:00"]]}),
            json!({"mon": [["9:00", "17:00"]]}),
            json!({"mon": [["09:60", "17:00"]]}),
            json!({"mon": [["09:00", "24:01"]]}),
            json!({"mon": [["09:00"]]}),
            json!({"mon": ["09:00", "17:00"]}),
            json!({"mon": "09:00-17:00"}),
            json!({"mon": vec![["09:00", "10:00"]; 7]}),
        ] {
            assert!(read(days.clone()).unwrap_err().contains("\"mon\""), "{days}");
        }
        assert!(read(json!({"monday": []})).unwrap_err().contains("\"monday\""));
        assert!(read(json!(null)).unwrap_err().contains("\"days\""));
        assert!(Hours::read(&Map::new()).unwrap_err().contains("\"timezone\""));
    }

    #[test]
    fn months_begin_when_the_calendar_says() {
        let epoch = jiff::civil::date(1970, 1, 1);
        for year in 1970..2110 {
            for month in 1..=12 {
                let first = jiff::civil::date(year, month, 1);
                let days = i64::from(first.since(epoch).unwrap().get_days());
                let month = usize::try_from(month).unwrap();
                assert_eq!(first_of(i64::from(year), month), Some(days), "{year}-{month}");
            }
            for (month, nth) in [(3, 2), (11, 1), (4, 1), (10, 1)] {
                let sunday = jiff::civil::date(year, month, 1)
                    .nth_weekday_of_month(nth, jiff::civil::Weekday::Sunday);
                let days = i64::from(sunday.unwrap().since(epoch).unwrap().get_days());
                let month = usize::try_from(month).unwrap();
                assert_eq!(
                    nth_sunday(i64::from(year), month, i64::from(nth)),
                    Some(days),
                    "{year}-{month}"
                );
            }
            for month in [3, 9, 10] {
                let sunday = jiff::civil::date(year, month, 1)
                    .nth_weekday_of_month(-1, jiff::civil::Weekday::Sunday);
                let days = i64::from(sunday.unwrap().since(epoch).unwrap().get_days());
                let month = usize::try_from(month).unwrap();
                assert_eq!(nth_sunday(i64::from(year), month, LAST), Some(days), "{year}-{month}");
            }
        }
        assert_eq!((first_of(2026, 0), first_of(2026, 13)), (None, None));
    }

    #[test]
    fn names_are_listed_once() {
        let mut names: Vec<&str> = ZONES.iter().map(|(name, ..)| *name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ZONES.len());
    }
}
