//! How events reach a webhook: more than once, in any order, late, and after failures.
//!
//! A [`Planner`] holds what is to be delivered and says what comes next. Whoever performs a delivery reports the status;
//! what was not answered 2xx comes again, until everything has arrived. The order depends on the seed alone.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::event::Event;
use crate::object::Read as _;
use crate::random::Random;
use crate::resources::events::fits;
use crate::signature::signed;
use crate::stripe::Stripe;
use crate::version::ApiVersion;

/// How an endpoint wants its events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Style {
    /// With a snapshot, in one of these versions; several are mixed, as while an endpoint is moved to a newer one.
    Snapshot(Vec<ApiVersion>),
    /// Without one: `v2.core.event`.
    Thin,
}

/// Somebody who wants events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// Where deliveries go; the planner only passes it on.
    pub url: String,
    /// `whsec_…`
    pub secret: String,
    /// A second secret that replaces the first one half-way: from a third of all deliveries to two thirds both sign,
    /// then the new one alone.
    pub rolled_secret: Option<String>,
    /// With or without snapshots.
    pub style: Style,
    /// `*`, types, or beginnings such as `invoice.*`.
    pub enabled_events: Vec<String>,
}

impl Endpoint {
    /// An endpoint for all events, with snapshots of the newest version.
    pub fn new(url: &str, secret: &str) -> Self {
        Self {
            url: url.to_owned(),
            secret: secret.to_owned(),
            rolled_secret: None,
            style: Style::Snapshot(vec![ApiVersion::newest()]),
            enabled_events: vec!["*".to_owned()],
        }
    }

    /// With versions that are mixed.
    #[must_use]
    pub fn versions(mut self, versions: Vec<ApiVersion>) -> Self {
        self.style = Style::Snapshot(versions);
        self
    }

    /// With a secret that replaces the first one half-way.
    #[must_use]
    pub fn rolled_to(mut self, secret: &str) -> Self {
        self.rolled_secret = Some(secret.to_owned());
        self
    }

    /// The endpoints that were registered with the API and are enabled.
    pub fn registered(stripe: &Stripe) -> Vec<Self> {
        let enabled = stripe
            .store
            .all("webhook_endpoint")
            .filter(|endpoint| endpoint.word("status") == "enabled");
        enabled
            .map(|endpoint| {
                let version = endpoint.text("api_version").and_then(ApiVersion::parse);
                let version = version.unwrap_or_else(|| stripe.settings().version.clone());
                let texts = |path: &str| {
                    endpoint
                        .items(path)
                        .iter()
                        .filter_map(|text| text.as_str())
                        .map(str::to_owned)
                        .collect()
                };
                Self {
                    url: endpoint.word("url").to_owned(),
                    secret: endpoint.word("_secrets.0").to_owned(),
                    rolled_secret: None,
                    style: Style::Snapshot(vec![version]),
                    enabled_events: texts("enabled_events"),
                }
            })
            .collect()
    }

    /// Whether the endpoint wants events of this type.
    pub fn wants(&self, kind: &str) -> bool {
        self.enabled_events.iter().any(|asked| fits(asked, kind))
    }
}

/// How deliveries go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Disorder {
    /// Each event is delivered once, and up to so many times.
    pub most_copies: usize,
    /// Whether the order is drawn.
    pub is_shuffled: bool,
    /// So many of a hundred deliveries are lost on their way and come again later.
    pub dropped_percent: u8,
    /// So many of a hundred are put behind others when their turn comes.
    pub delayed_percent: u8,
}

impl Disorder {
    /// In order, once each.
    pub const NONE: Self =
        Self { most_copies: 1, is_shuffled: false, dropped_percent: 0, delayed_percent: 0 };
    /// Everything that Stripe may do.
    pub const FULL: Self =
        Self { most_copies: 5, is_shuffled: true, dropped_percent: 10, delayed_percent: 15 };
}

/// One delivery, ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Where it goes.
    pub url: String,
    /// The event's id.
    pub event_id: String,
    /// The event's type.
    pub kind: String,
    /// The bytes that are signed.
    pub body: String,
    /// The `Stripe-Signature` header.
    pub signature: String,
    /// How often this copy was sent before.
    pub attempt: u32,
    copy: Copy,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Copy {
    /// Which event and which endpoint.
    event: usize,
    endpoint: usize,
    /// Which of the endpoint's versions.
    version: usize,
    attempts: u32,
    is_delayed: bool,
}

/// What is still to be delivered.
#[derive(Debug, Clone)]
pub struct Planner {
    events: Vec<Event>,
    endpoints: Vec<Endpoint>,
    disorder: Disorder,
    random: Random,
    queue: VecDeque<Copy>,
    /// Deliveries at the start, and those that were handed out: where the secret is in its roll.
    planned: usize,
    handed_out: usize,
    arrived: usize,
}

impl Planner {
    /// Plans the deliveries of events to those endpoints that want them.
    pub fn new(events: &[Event], endpoints: &[Endpoint], disorder: Disorder, seed: u64) -> Self {
        let mut random = Random::new(seed);
        let mut queue = Vec::new();
        for (event, kind) in events.iter().map(|event| &event.kind).enumerate() {
            for (endpoint, wanted) in endpoints.iter().enumerate() {
                if !wanted.wants(kind) {
                    continue;
                }
                let versions = match &wanted.style {
                    Style::Snapshot(versions) => versions.len(),
                    Style::Thin => 1,
                };
                for _ in 0..=random.below(disorder.most_copies) {
                    let version = random.below(versions);
                    queue.push(Copy { event, endpoint, version, attempts: 0, is_delayed: false });
                }
            }
        }
        if disorder.is_shuffled {
            random.shuffle(&mut queue);
        }
        let planned = queue.len();
        Self {
            events: events.to_vec(),
            endpoints: endpoints.to_vec(),
            disorder,
            random,
            queue: queue.into(),
            planned,
            handed_out: 0,
            arrived: 0,
        }
    }

    /// Whether everything has arrived.
    pub fn is_done(&self) -> bool {
        self.queue.is_empty()
    }

    /// How many deliveries were planned.
    pub fn planned(&self) -> usize {
        self.planned
    }

    /// How many arrived.
    pub fn arrived(&self) -> usize {
        self.arrived
    }

    /// The next delivery, signed for the present second; nothing when all have arrived.
    pub fn next(&mut self, now: i64) -> Option<Delivery> {
        loop {
            let mut copy = self.queue.pop_front()?;
            // Each copy is delayed at most once, so that this ends.
            if !copy.is_delayed && self.random.percent(self.disorder.delayed_percent) {
                copy.is_delayed = true;
                self.put_back(copy);
                continue;
            }
            if self.random.percent(self.disorder.dropped_percent) {
                copy.attempts += 1;
                self.put_back(copy);
                continue;
            }
            self.handed_out += 1;
            return self.delivery(copy, now);
        }
    }

    fn delivery(&self, copy: Copy, now: i64) -> Option<Delivery> {
        let (event, endpoint) = (self.events.get(copy.event)?, self.endpoints.get(copy.endpoint)?);
        let body = match &endpoint.style {
            Style::Snapshot(versions) => event.snapshot(versions.get(copy.version)?),
            Style::Thin => event.thin(),
        };
        let body = body.to_string();
        Some(Delivery {
            url: endpoint.url.clone(),
            event_id: event.id.clone(),
            kind: event.kind.clone(),
            signature: signed(&body, &self.secrets(endpoint), now),
            body,
            attempt: copy.attempts,
            copy,
        })
    }

    /// The secrets that sign now.
    fn secrets<'a>(&self, endpoint: &'a Endpoint) -> Vec<&'a str> {
        let old = endpoint.secret.as_str();
        let Some(new) = endpoint.rolled_secret.as_deref() else { return vec![old] };
        match self.handed_out * 3 {
            done if done <= self.planned => vec![old],
            done if done <= self.planned * 2 => vec![old, new],
            _ => vec![new],
        }
    }

    /// Tells how a delivery was answered; what was not 2xx comes again.
    pub fn report(&mut self, delivery: &Delivery, status: u16) {
        if (200..300).contains(&status) {
            self.arrived += 1;
            return;
        }
        let copy = Copy { attempts: delivery.copy.attempts + 1, ..delivery.copy.clone() };
        self.put_back(copy);
    }

    fn put_back(&mut self, copy: Copy) {
        let at = if self.disorder.is_shuffled {
            self.random.below(self.queue.len() + 1)
        } else {
            self.queue.len()
        };
        self.queue.insert(at, copy);
    }

    /// Performs everything, until all has arrived or so many deliveries were made; whether all has arrived.
    pub fn run(
        &mut self,
        most: usize,
        mut now: impl FnMut() -> i64,
        mut send: impl FnMut(&Delivery) -> u16,
    ) -> bool {
        for _ in 0..most {
            let Some(delivery) = self.next(now()) else { return true };
            let status = send(&delivery);
            self.report(&delivery, status);
        }
        self.is_done()
    }
}
