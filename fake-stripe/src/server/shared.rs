//! What requests, pages and deliveries share.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

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

/// The machine and its clock.
struct Machine {
    stripe: Stripe,
    /// Real seconds when the machine's clock was last moved.
    seen_at: i64,
}

pub(super) struct Shared {
    pub(super) options: Options,
    machine: Mutex<Machine>,
    /// How many events were given to the outbox.
    pub(super) given: Mutex<usize>,
    /// What is to be sent once more.
    pub(super) again: Mutex<Vec<String>>,
    pub(super) random: Mutex<Random>,
    sent: Mutex<VecDeque<Sent>>,
    /// Wakes the outbox.
    pub(super) news: Notify,
    /// The state that was written down last.
    pub(super) saved: Mutex<String>,
}

impl Shared {
    /// The machine as it was left, or a new one, with its seed.
    pub(super) fn start(options: Options, base_url: &str) -> Result<Self, String> {
        let now = wall_seconds();
        let (mut stripe, given) =
            match options.state.as_deref().map(state_file::load).transpose()?.flatten() {
                Some(kept) => kept,
                None => {
                    (Stripe::new(Settings { now, seed: wall_nanos(), ..Settings::default() }), 0)
                }
            };
        stripe.set_base_url(base_url);
        if let Some(file) = &options.seed_file {
            let json = std::fs::read_to_string(file)
                .map_err(|error| format!("{}: {error}", file.display()))?;
            stripe.seed(&json)?;
        }
        // A clock that was advanced goes on from there; time that passed while nothing ran has passed.
        let seen_at = now.min(stripe.now());
        let seen_at = if stripe.now() > now { now } else { seen_at };
        Ok(Self {
            options,
            machine: Mutex::new(Machine { stripe, seen_at }),
            given: Mutex::new(given),
            again: Mutex::new(Vec::new()),
            random: Mutex::new(Random::new(wall_nanos())),
            sent: Mutex::new(VecDeque::new()),
            news: Notify::new(),
            saved: Mutex::new(String::new()),
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
            self.news.notify_one();
        }
        result
    }

    /// Asks the API, as a page does.
    pub(super) fn ask(&self, method: &str, address: &str, form: &str) -> Response {
        let request = Request { body: form.to_owned(), ..Request::new(method, address) };
        self.with(|stripe| stripe.handle(&request))
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
