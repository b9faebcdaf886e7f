//! Days and months of the Gregorian calendar, in UTC.

const DAY: i64 = 86_400;

/// Days of a civil date since 1970-01-01.
fn days_of(year: i64, month: i64, day: i64) -> i64 {
    // Years are counted from March, so that the leap day is the last day of a year.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * month + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The civil date of a day since 1970-01-01: year, month, day.
fn date_of(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let is_after_new_year = month >= 10;
    let civil_month = if is_after_new_year { month - 9 } else { month + 3 };
    (year + era * 400 + i64::from(is_after_new_year), civil_month, day)
}

fn days_in(year: i64, month: i64) -> i64 {
    let (next_year, next) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
    days_of(next_year, next, 1) - days_of(year, month, 1)
}

/// So many months later, on the same day of the month or its last one.
fn add_months(at: i64, months: i64) -> i64 {
    let (year, month, day) = date_of(at.div_euclid(DAY));
    let counted = year * 12 + month - 1 + months;
    let (year, month) = (counted.div_euclid(12), counted.rem_euclid(12) + 1);
    days_of(year, month, day.min(days_in(year, month))) * DAY + at.rem_euclid(DAY)
}

/// So many intervals (`day`, `week`, `month`, `year`) later.
pub(crate) fn add(at: i64, interval: &str, count: i64) -> i64 {
    match interval {
        "day" => at + count * DAY,
        "week" => at + count * 7 * DAY,
        "year" => add_months(at, count * 12),
        _ => add_months(at, count),
    }
}

/// The first end of an interval after `at`, counted from the anchor: a subscription of the 31st renews on the last day
/// of shorter months, and on the 31st again.
pub(crate) fn next_end(anchor: i64, interval: &str, count: i64, at: i64) -> i64 {
    let mut steps = 1;
    loop {
        let end = add(anchor, interval, count.max(1) * steps);
        if end > at {
            return end;
        }
        steps += 1;
    }
}

/// `2026-11-22T01:02:03.000Z`
pub(crate) fn rfc3339(at: i64) -> String {
    let (year, month, day) = date_of(at.div_euclid(DAY));
    let of_day = at.rem_euclid(DAY);
    let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.000Z")
}

/// `2026-11-22 01:02`, for people.
#[cfg(feature = "server")]
pub(crate) fn shown(at: i64) -> String {
    rfc3339(at).replace('T', " ").chars().take(16).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_dates_agree() {
        for days in (-800_000..800_000).step_by(97) {
            let (year, month, day) = date_of(days);
            assert_eq!(days_of(year, month, day), days);
            assert!(day <= days_in(year, month));
        }
        assert_eq!(rfc3339(951_782_400), "2000-02-29T00:00:00.000Z");
    }

    #[test]
    fn a_subscription_of_the_31st_keeps_its_day() {
        let january = 1_801_353_600; // 2027-01-31
        let mut at = january;
        let mut ends = Vec::new();
        for _ in 0..3 {
            at = next_end(january, "month", 1, at);
            ends.push(rfc3339(at)[..10].to_owned());
        }
        assert_eq!(ends, ["2027-02-28", "2027-03-31", "2027-04-30"]);
    }
}
