//! How long to wait before something that failed is tried again: longer each time, and not for all at once.

use std::time::Duration;

use crate::ids::random_bytes;

/// The wait behind so many attempts: `first`, then `factor` times as long each time, and up to half as much again, so that
/// what failed together is not tried together.
pub fn wait(first: Duration, factor: u32, attempts: i64) -> Duration {
    let power = u32::try_from(attempts.clamp(1, u32::MAX.into()) - 1).unwrap_or_default();
    let least = first.saturating_mul(factor.saturating_pow(power));
    jittered(least, least / 2)
}

/// The least, and up to `most_more` of it.
pub fn jittered(least: Duration, most_more: Duration) -> Duration {
    // Without randomness, half of it.
    let [roll] = random_bytes::<1>().unwrap_or([128]);
    least.saturating_add(most_more.saturating_mul(roll.into()) / 255)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_wait_is_longer_and_has_some_jitter() {
        for (attempts, seconds) in [(0, 30), (1, 30), (2, 120), (3, 480), (4, 1_920)] {
            let waits = [(); 20].map(|()| wait(Duration::from_secs(30), 4, attempts));
            let (least, most) =
                (Duration::from_secs(seconds), Duration::from_secs(seconds * 3 / 2));
            assert!(waits.iter().all(|wait| (least..=most).contains(wait)), "{waits:?}");
            assert!(waits.iter().any(|wait| *wait != waits[0]));
        }
    }

    #[test]
    fn no_number_of_attempts_is_too_much() {
        for attempts in [i64::MIN, i64::MAX] {
            assert_eq!(wait(Duration::MAX, 5, attempts), Duration::MAX);
        }
    }
}
