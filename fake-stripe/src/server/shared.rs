//! What requests, pages and deliveries share.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

use super::{Options, state_file};
use crate::random::Random;
use crate::{Request, Response, Settings, Stripe};

/// How many deliveries are remembered for the index page.
const REMEMBERED: usize = 500;

/// One attempt to deliver an event.
#[derive(Debug, Clone)]
pub(super) struct Sent {
    pub(super) event_id: String,
    pub(super) url: String,
    pub(super) outcome: String,
}

/// Which events the outbox has taken, and which of them have not arrived.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Ledger {
    /// How many of all events were taken.
    pub(super) taken: usize,
    /// How many deliveries of an event are under way.
    pub(super) under_way: BTreeMap<String, usize>,
    /// Events that are to be delivered once more.
    pub(super) again: Vec<String>,
}

impl Ledger {
    pub(super) fn begin(&mut self, event_id: &str) {
        *self.under_way.entry(event_id.to_owned()).or_default() += 1;
    }

    pub(super) fn end(&mut self, event_id: &str) {
        if let Some(count) = self.under_way.get_mut(event_id) {
            *count -= 1;
        }
        self.under_way.retain(|_, count| *count > 0);
    }

    /// After a restart, what was under way is delivered again.
    fn restarted(mut self) -> Self {
        self.again.extend(std::mem::take(&mut self.under_way).into_keys());
        self
    }
}

/// The machine and its clock.
struct Machine {
    stripe: Stripe,
    /// Real seconds when the machine's clock was last moved.
    seen_at: i64,
}

pub(super) struct Shared {
    pub(super) options: Options,
    machine: Mutex<Machine>,
    pub(super) ledger: Mutex<Ledger>,
    pub(super) random: Mutex<Random>,
    sent: Mutex<VecDeque<Sent>>,
    /// Wakes the outbox.
    pub(super) news: Notify,
    /// Whether there is something to write down.
    is_changed: AtomicBool,
}

impl Shared {
    /// The machine as it was left, or a new one, with its seed.
    pub(super) fn start(options: Options, base_url: &str) -> Result<Self, String> {
        let now = wall_seconds();
        let kept = options.state.as_deref().map(state_file::load).transpose()?.flatten();
        let (mut stripe, ledger) = kept.unwrap_or_else(|| {
            let settings = Settings { now, seed: wall_nanos(), ..Settings::default() };
            (Stripe::new(settings), Ledger::default())
        });
        stripe.set_base_url(base_url);
        if let Some(file) = &options.seed_file {
            let json = std::fs::read_to_string(file)
                .map_err(|error| format!("{}: {error}", file.display()))?;
            stripe.seed(&json)?;
        }
        // A clock that was advanced goes on from there; time that passed while nothing ran has passed.
        let seen_at = now.min(stripe.now());
        Ok(Self {
            options,
            machine: Mutex::new(Machine { stripe, seen_at }),
            ledger: Mutex::new(ledger.restarted()),
            random: Mutex::new(Random::new(wall_nanos())),
            sent: Mutex::new(VecDeque::new()),
            news: Notify::new(),
            is_changed: AtomicBool::new(true),
        })
    }

    /// Works with the machine, whose clock is moved by the time that has passed.
    pub(super) fn with<T>(&self, work: impl FnOnce(&mut Stripe) -> T) -> T {
        let mut machine = lock(&self.machine);
        let now = wall_seconds();
        let events = machine.stripe.events().len();
        let passed = now - machine.seen_at;
        machine.stripe.advance(passed);
        machine.seen_at = now;
        let result = work(&mut machine.stripe);
        if machine.stripe.events().len() > events {
            self.touch();
            self.news.notify_one();
        }
        result
    }

    /// There is something to write down.
    pub(super) fn touch(&self) {
        self.is_changed.store(true, Ordering::Relaxed);
    }

    /// Whether there was something to write down since this was asked last.
    pub(super) fn was_touched(&self) -> bool {
        self.is_changed.swap(false, Ordering::Relaxed)
    }

    /// Asks the API, as a page does.
    pub(super) fn ask(&self, method: &str, address: &str, form: &str) -> Response {
        let request = Request { body: form.to_owned(), ..Request::new(method, address) };
        self.touch();
        self.with(|stripe| stripe.handle(&request))
    }

    /// Delivers an event once more.
    pub(super) fn deliver_again(&self, event_id: &str) {
        lock(&self.ledger).again.push(event_id.to_owned());
        self.news.notify_one();
    }

    pub(super) fn remember(&self, sent: Sent) {
        let mut all = lock(&self.sent);
        all.push_back(sent);
        while all.len() > REMEMBERED {
            all.pop_front();
        }
    }

    /// How the deliveries of an event went.
    pub(super) fn deliveries_of(&self, event_id: &str) -> Vec<Sent> {
        lock(&self.sent).iter().filter(|sent| sent.event_id == event_id).cloned().collect()
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Real seconds since the epoch.
pub(super) fn wall_seconds() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or_default()
}

fn wall_nanos() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_under_way_is_delivered_again_after_a_restart() {
        let mut ledger = Ledger::default();
        for id in ["evt_1", "evt_1", "evt_2"] {
            ledger.begin(id);
        }
        ledger.end("evt_2");
        ledger.end("evt_1");
        assert_eq!(ledger.restarted().again, ["evt_1"]);
    }
}
