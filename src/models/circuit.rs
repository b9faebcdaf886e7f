//! Providers that fail are left alone for a while, so that visitors do not wait for what will not come.
//!
//! A circuit belongs to a model at an address by a key: what fails with the key of one customer says nothing about that
//! of another. It is known to one isolate alone and may be forgotten at any time.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sha2::{Digest as _, Sha256};

use crate::time::Timestamp;

/// Failures within [`WINDOW`] that open a circuit.
const MOST_FAILURES: u32 = 5;
const WINDOW: Duration = Duration::from_secs(30);
/// How long an open circuit lets nobody through.
const OPEN_FOR: Duration = Duration::from_secs(15);
/// How long it stays open at most when the provider asks for more.
const LONGEST_OPEN: Duration = Duration::from_mins(1);
/// How long one request is waited for that tries whether the provider is back; then another may.
const PROBE: Duration = Duration::from_secs(30);
/// Circuits that are known at a time; the one that was not used for longest goes.
const MOST_CIRCUITS: usize = 256;

/// Which circuit; nothing can be read out of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CircuitKey([u8; 16]);

impl CircuitKey {
    /// Of a provider's model at an address, by a key.
    pub fn of(provider: &str, address: &str, key: &str, model: &str) -> Self {
        let digest = Sha256::digest([provider, address, key, model].join("\0"));
        let mut half = [0; 16];
        half.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
        Self(half)
    }
}

#[derive(Debug, Clone, Copy)]
struct Circuit {
    failures: u32,
    counted_since: Timestamp,
    open_until: Option<Timestamp>,
    probed_until: Timestamp,
    used: Timestamp,
}

/// The circuits of this isolate.
#[derive(Debug, Default)]
pub struct Circuits(Mutex<HashMap<CircuitKey, Circuit>>);

impl Circuits {
    /// Whether a request may be sent. After an open circuit's time one may, and the others as soon as it succeeded.
    pub fn admits(&self, key: CircuitKey, now: Timestamp) -> bool {
        let mut circuits = self.lock();
        let Some(circuit) = circuits.get_mut(&key) else { return true };
        circuit.used = now;
        let Some(open_until) = circuit.open_until else { return true };
        if now < open_until || now < circuit.probed_until {
            return false;
        }
        circuit.probed_until = now.plus(PROBE);
        true
    }

    /// The provider began to answer, so that others may ask it again. Only the end of an answer shows that it is well:
    /// until then its failures count.
    pub fn began(&self, key: CircuitKey, now: Timestamp) {
        if let Some(circuit) = self.lock().get_mut(&key)
            && circuit.open_until.take().is_some()
        {
            circuit.counted_since = now;
        }
    }

    /// The provider answered to the end, be it with a refusal.
    pub fn succeeded(&self, key: CircuitKey) {
        self.lock().remove(&key);
    }

    /// The provider failed in a way that passes, and may have said for how long.
    pub fn failed(&self, key: CircuitKey, now: Timestamp, retry_after: Option<Duration>) {
        let mut circuits = self.lock();
        if circuits.len() >= MOST_CIRCUITS && !circuits.contains_key(&key) {
            let oldest = circuits.iter().min_by_key(|(_, circuit)| circuit.used);
            if let Some(oldest) = oldest.map(|(key, _)| *key) {
                circuits.remove(&oldest);
            }
        }
        let fresh = Circuit {
            failures: 0,
            counted_since: now,
            open_until: None,
            probed_until: now,
            used: now,
        };
        let circuit = circuits.entry(key).or_insert(fresh);
        if circuit.open_until.is_none() && circuit.counted_since.plus(WINDOW) < now {
            *circuit = fresh;
        }
        circuit.used = now;
        circuit.failures += 1;
        if circuit.open_until.is_some() || circuit.failures >= MOST_FAILURES {
            let open_for = retry_after.unwrap_or_default().clamp(OPEN_FOR, LONGEST_OPEN);
            circuit.open_until = Some(now.plus(open_for));
            circuit.probed_until = now;
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<CircuitKey, Circuit>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    fn key(key: &str) -> CircuitKey {
        CircuitKey::of("gemini", "https://a.example", key, "m")
    }

    fn open(circuits: &Circuits, key: CircuitKey, now: i64) {
        for _ in 0..MOST_FAILURES {
            assert!(circuits.admits(key, at(now)));
            circuits.failed(key, at(now), None);
        }
        assert!(!circuits.admits(key, at(now)));
    }

    #[test]
    fn some_failures_in_a_short_time_open_it() {
        let circuits = Circuits::default();
        for second in 0..10 {
            circuits.failed(key("a"), at(second * 10), None);
            assert!(circuits.admits(key("a"), at(second * 10)), "four in half a minute");
        }
        open(&circuits, key("b"), 0);
    }

    #[test]
    fn one_customers_key_is_not_anothers() {
        let circuits = Circuits::default();
        open(&circuits, key("a"), 0);
        assert!(circuits.admits(key("b"), at(0)));
        assert!(circuits.admits(CircuitKey::of("gemini", "https://a.example", "a", "n"), at(0)));
        assert!(circuits.admits(CircuitKey::of("gemini", "https://b.example", "a", "m"), at(0)));
    }

    #[test]
    fn one_request_tries_whether_it_is_back() {
        let circuits = Circuits::default();
        open(&circuits, key("a"), 0);
        assert!(!circuits.admits(key("a"), at(14)));
        assert!(circuits.admits(key("a"), at(15)));
        assert!(!circuits.admits(key("a"), at(16)), "another one is under way");
        circuits.failed(key("a"), at(16), None);
        assert!(!circuits.admits(key("a"), at(30)));
        assert!(circuits.admits(key("a"), at(31)));
        circuits.succeeded(key("a"));
        assert!(circuits.admits(key("a"), at(31)) && circuits.admits(key("a"), at(31)));
    }

    #[test]
    fn a_provider_that_begins_and_dies_is_left_alone() {
        let circuits = Circuits::default();
        for _ in 0..MOST_FAILURES {
            assert!(circuits.admits(key("a"), at(0)));
            circuits.began(key("a"), at(0));
            circuits.failed(key("a"), at(0), None);
        }
        assert!(!circuits.admits(key("a"), at(1)));
        assert!(circuits.admits(key("a"), at(20)));
        circuits.began(key("a"), at(20));
        assert!(circuits.admits(key("a"), at(20)), "others need not wait for its end");
        circuits.failed(key("a"), at(21), None);
        assert!(!circuits.admits(key("a"), at(22)), "it died again");
        assert!(circuits.admits(key("a"), at(40)));
        circuits.began(key("a"), at(40));
        circuits.succeeded(key("a"));
        circuits.failed(key("a"), at(41), None);
        assert!(circuits.admits(key("a"), at(41)), "the count begins anew");
    }

    #[test]
    fn a_probe_that_is_lost_is_made_up_for() {
        let circuits = Circuits::default();
        open(&circuits, key("a"), 0);
        assert!(circuits.admits(key("a"), at(20)));
        assert!(!circuits.admits(key("a"), at(49)));
        assert!(circuits.admits(key("a"), at(50)));
    }

    #[test]
    fn it_stays_open_as_long_as_the_provider_asks_within_reason() {
        let circuits = Circuits::default();
        open(&circuits, key("a"), 0);
        assert!(circuits.admits(key("a"), at(15)));
        circuits.failed(key("a"), at(15), Some(Duration::from_hours(1)));
        assert!(!circuits.admits(key("a"), at(74)));
        assert!(circuits.admits(key("a"), at(75)));
    }

    #[test]
    fn their_number_is_bounded() {
        let circuits = Circuits::default();
        open(&circuits, key("first"), 0);
        for number in 0..2_000 {
            circuits.failed(key(&number.to_string()), at(1), None);
        }
        assert_eq!(circuits.lock().len(), MOST_CIRCUITS);
        assert!(circuits.admits(key("first"), at(2)), "forgotten");
    }
}
