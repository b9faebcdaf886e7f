//! Deliveries in the background: signed when they are sent, sent again when they are not taken.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use super::http_post::post;
use super::shared::{Sent, Shared, lock, wall_seconds};
use crate::delivery::{Endpoint, Style};
use crate::{Event, signed};

/// Pauses between attempts, in milliseconds; after the last one it is given up.
const PAUSES_MS: [u64; 8] = [250, 500, 1_000, 2_000, 5_000, 15_000, 60_000, 300_000];

/// Brings each event to each endpoint that wants it, for ever.
pub(super) async fn run(shared: Arc<Shared>) {
    loop {
        for parcel in parcels(&shared) {
            // The first attempts keep their order; what fails waits by itself.
            if parcel.attempt(&shared).await {
                parcel.end(&shared);
            } else {
                tokio::spawn(parcel.insist(Arc::clone(&shared)));
            }
        }
        shared.news.notified().await;
    }
}

/// What is new or asked for again, as often as it is to arrive.
fn parcels(shared: &Shared) -> Vec<Parcel> {
    let (events, endpoints) = news(shared);
    let mut random = lock(&shared.random);
    let mut parcels = Vec::new();
    for event in &events {
        for endpoint in endpoints.iter().filter(|endpoint| endpoint.wants(&event.kind)) {
            for _ in 0..=random.below(shared.options.duplicates.max(1)) {
                parcels.push(Parcel { event: event.clone(), endpoint: endpoint.clone() });
            }
        }
    }
    if shared.options.shuffle {
        random.shuffle(&mut parcels);
    }
    let mut ledger = lock(&shared.ledger);
    for parcel in &parcels {
        ledger.begin(&parcel.event.id);
    }
    parcels
}

/// The events that were not taken yet, and those that are asked for again.
fn news(shared: &Shared) -> (Vec<Event>, Vec<Endpoint>) {
    let (again, taken) = {
        let mut ledger = lock(&shared.ledger);
        (std::mem::take(&mut ledger.again), ledger.taken)
    };
    let (events, endpoints, count) = shared.with(|stripe| {
        let all = stripe.events();
        let repeated = all.iter().filter(|event| again.contains(&event.id));
        let events: Vec<Event> = repeated.chain(all.iter().skip(taken)).cloned().collect();
        (events, Endpoint::registered(stripe), all.len())
    });
    lock(&shared.ledger).taken = count;
    let options = &shared.options;
    let main = options.webhook.as_ref().map(|url| {
        let mut endpoint = Endpoint::new(url, &options.webhook_secret);
        if options.thin {
            endpoint.style = Style::Thin;
        }
        endpoint
    });
    (events, main.into_iter().chain(endpoints).collect())
}

struct Parcel {
    event: Event,
    endpoint: Endpoint,
}

impl Parcel {
    /// Sends once; whether it was taken.
    async fn attempt(&self, shared: &Shared) -> bool {
        sleep(Duration::from_millis(shared.options.delay_ms)).await;
        let body = match &self.endpoint.style {
            Style::Snapshot(versions) => {
                versions.first().map(|version| self.event.snapshot(version))
            }
            Style::Thin => Some(self.event.thin()),
        };
        let body = body.unwrap_or_default().to_string();
        let signature = signed(&body, &[&self.endpoint.secret], wall_seconds());
        let answer = post(&self.endpoint.url, &body, &signature).await;
        let is_crashed = is_crashed(shared);
        let outcome = match &answer {
            Ok(status) if is_crashed => format!("{status}, thrown away"),
            Ok(status) => status.to_string(),
            Err(reason) => reason.clone(),
        };
        shared.remember(Sent {
            event_id: self.event.id.clone(),
            url: self.endpoint.url.clone(),
            outcome,
        });
        matches!(answer, Ok(200..=299)) && !is_crashed
    }

    /// Sends again and again, with longer and longer pauses.
    async fn insist(self, shared: Arc<Shared>) {
        for pause in PAUSES_MS {
            sleep(Duration::from_millis(pause)).await;
            if self.attempt(&shared).await {
                break;
            }
        }
        self.end(&shared);
    }

    /// It has arrived, or was given up.
    fn end(&self, shared: &Shared) {
        lock(&shared.ledger).end(&self.event.id);
        shared.touch();
    }
}

/// Whether the answer is lost, as if the sender had stopped before it read it.
fn is_crashed(shared: &Shared) -> bool {
    const PARTS: u32 = 10_000;
    let drawn = u32::try_from(lock(&shared.random).below(10_000)).unwrap_or(PARTS);
    f64::from(drawn) < shared.options.crash_rate * f64::from(PARTS)
}
