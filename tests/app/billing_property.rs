//! Whatever the schedule, the mirror ends up as Stripe is, and each event leaves its trace once.
//!
//! A history is made at random: customers, subscriptions, cards that are declined, invoices, time. Its events are
//! delivered while it goes on: one to five times each, shuffled, delayed, lost and sent again, in two versions of the API,
//! with a secret that is rolled, and with crashes before and after a commit.

use std::collections::BTreeMap;

use fake_stripe::delivery::{Disorder, Endpoint, Planner};
use fake_stripe::{AfterLastFailure, ApiVersion, Request, Settings, Stripe};
use futures_executor::block_on;
use koby_portal::jobs;
use serde_json::{Value, json};

use crate::support::fake_stripe::FakeStripe;
use crate::support::{NOON, TestApp};

/// Schedules of a run of the tests; `cargo xtask prove billing` asks for more.
const SCHEDULES: u64 = 40;
const ORGS: [&str; 2] = ["org_a", "org_b"];
const PRICES: [(&str, &str); 3] = [
    ("price_chatbot_monthly", "chatbot"),
    ("price_phone_monthly", "phone"),
    ("price_bundle_monthly", "bundle"),
];

/// Numbers that look random and are the same for the same seed (xorshift).
struct Dice(u64);

impl Dice {
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % most
    }

    fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }
}

struct World {
    app: TestApp,
    stripe: FakeStripe,
    dice: Dice,
    /// Events of each act that are still on their way.
    planners: Vec<Planner>,
    planned: usize,
}

impl World {
    fn new(seed: u64) -> Self {
        let app = TestApp::with(&[
            ("STRIPE_SECRET_KEY", "sk_test_1"),
            ("STRIPE_WEBHOOK_SECRET_PREVIOUS", "whsec_old"),
        ]);
        app.db.run_script("DELETE FROM billing_customers");
        let after = [
            AfterLastFailure::Cancel,
            AfterLastFailure::MarkUnpaid,
            AfterLastFailure::LeavePastDue,
        ];
        let settings = Settings {
            seed,
            now: NOON,
            after_last_failure: after[usize::try_from(seed).unwrap() % 3],
            ..Settings::default()
        };
        let stripe = FakeStripe::with(&app, Stripe::new(settings));
        Self { app, stripe, dice: Dice::new(seed), planners: Vec::new(), planned: 0 }
    }

    fn ask(&self, request: &Request) {
        // What Stripe refuses in this state changes nothing there.
        drop(self.stripe.machine().handle(request));
    }

    fn ids(&self, kind: &str) -> Vec<String> {
        let objects = self.stripe.machine().objects(kind);
        let live = objects.iter().filter(|object| object["deleted"] != true);
        live.map(|object| object["id"].as_str().unwrap().to_owned()).collect()
    }

    fn one_of(&mut self, kind: &str) -> Option<String> {
        let ids = self.ids(kind);
        (!ids.is_empty()).then(|| self.dice.one(&ids).clone())
    }

    /// Something that happens at Stripe.
    fn act(&mut self) {
        match self.dice.below(17) {
            0 => self.customer(),
            1..=3 => self.subscribe(),
            4 | 5 => self.change_subscription(),
            6 => self.end_subscription(),
            7 => self.card(),
            8 => self.change_customer(),
            9 | 10 => self.bill(),
            11 => self.change_catalogue(),
            _ => self.wait(),
        }
    }

    fn customer(&mut self) {
        let org = *self.dice.one(&ORGS);
        let of_org = |customer: &Value| customer["metadata"]["org_id"] == org;
        let has_one = self.stripe.machine().objects("customer").iter().any(of_org);
        if !has_one {
            let form = format!(
                "metadata[org_id]={org}&email=a@{org}.example&payment_method=pm_card_visa\
                 &invoice_settings[default_payment_method]=pm_card_visa"
            );
            self.ask(&Request::post("/v1/customers", &form));
        }
    }

    fn subscribe(&mut self) {
        let Some(customer) = self.one_of("customer") else { return self.customer() };
        let (price, _) = self.dice.one(&PRICES);
        let mut form = format!("customer={customer}&items[0][price]={price}");
        if self.dice.below(3) == 0 {
            let (second, _) = self.dice.one(&PRICES);
            form = format!("{form}&items[1][price]={second}&items[1][quantity]=2");
        }
        if self.dice.below(3) == 0 {
            form = format!("{form}&trial_period_days=5");
        }
        self.ask(&Request::post("/v1/subscriptions", &form));
    }

    fn change_subscription(&mut self) {
        let Some(id) = self.one_of("subscription") else { return };
        let (price, _) = *self.dice.one(&PRICES);
        let subscription = self.stripe.machine().object(&id, &ApiVersion::newest()).unwrap();
        let item = subscription["items"]["data"][0]["id"].as_str().unwrap_or_default();
        let form = match self.dice.below(5) {
            0 => "cancel_at_period_end=true".to_owned(),
            1 => "cancel_at_period_end=false".to_owned(),
            2 => format!("items[0][id]={item}&items[0][price]={price}"),
            3 => format!("items[0][price]={price}"),
            _ => format!("metadata[note]={}", self.dice.below(100)),
        };
        self.ask(&Request::post(&format!("/v1/subscriptions/{id}"), &form));
    }

    fn end_subscription(&mut self) {
        let Some(id) = self.one_of("subscription") else { return };
        self.ask(&Request::delete(&format!("/v1/subscriptions/{id}")));
    }

    fn card(&mut self) {
        let Some(customer) = self.one_of("customer") else { return };
        if self.dice.below(2) == 0 {
            self.stripe.machine().decline(&customer);
        } else {
            self.stripe.machine().accept(&customer);
        }
    }

    fn change_customer(&mut self) {
        let Some(customer) = self.one_of("customer") else { return };
        let address = format!("/v1/customers/{customer}");
        if self.dice.below(12) == 0 {
            return self.ask(&Request::delete(&address));
        }
        let form = format!("email=n{}@example.com&name=Name", self.dice.below(100));
        self.ask(&Request::post(&address, &form));
    }

    fn change_catalogue(&mut self) {
        let kind = *self.dice.one(&["product", "price"]);
        let Some(id) = self.one_of(kind) else { return };
        let member = if kind == "product" { "name" } else { "nickname" };
        let form = format!("{member}=n{}", self.dice.below(100));
        self.ask(&Request::post(&format!("/v1/{kind}s/{id}"), &form));
    }

    fn bill(&mut self) {
        let drafted = self.one_of("invoice").filter(|_| self.dice.below(3) > 0);
        let Some(id) = drafted else {
            let Some(customer) = self.one_of("customer") else { return };
            let item =
                format!("customer={customer}&amount={}&currency=usd", 100 + self.dice.below(900));
            self.ask(&Request::post("/v1/invoiceitems", &item));
            let form = format!("customer={customer}&pending_invoice_items_behavior=include");
            return self.ask(&Request::post("/v1/invoices", &form));
        };
        let step = *self.dice.one(&["finalize", "pay", "void", "mark_uncollectible", ""]);
        if step.is_empty() {
            return self.ask(&Request::delete(&format!("/v1/invoices/{id}")));
        }
        self.ask(&Request::post(&format!("/v1/invoices/{id}/{step}"), ""));
    }

    fn wait(&mut self) {
        let seconds = *self.dice.one(&[0, 1, 3_600, 86_400, 4 * 86_400, 31 * 86_400]);
        self.stripe.machine().advance(seconds);
        self.app.clock.advance(seconds);
    }

    /// Puts what has happened since on its way.
    fn post(&mut self) {
        let events: Vec<_> =
            self.stripe.machine().events().iter().skip(self.planned).cloned().collect();
        self.planned += events.len();
        let endpoint = Endpoint::new("/webhooks/stripe", "whsec_old")
            .versions(vec![ApiVersion::newest(), ApiVersion::acacia()])
            .rolled_to("whsec_test");
        let seed = self.dice.0;
        self.planners.push(Planner::new(&events, &[endpoint], Disorder::FULL, seed));
    }

    /// Delivers something, if anything is on its way.
    fn deliver(&mut self) -> bool {
        self.planners.retain(|planner| !planner.is_done());
        if self.planners.is_empty() {
            return false;
        }
        let at = self.dice.below(self.planners.len());
        let Some(delivery) = self.planners[at].next(self.app.clock.seconds()) else { return true };
        let status = match self.dice.below(20) {
            // Before it began.
            0 => 503,
            luck => {
                if luck == 1 {
                    self.app.db.fail_after(0, "D1_ERROR: Network connection lost");
                }
                let headers = [("stripe-signature", delivery.signature.as_str())];
                let answer = self.app.post("/webhooks/stripe", &headers, delivery.body.clone());
                assert_ne!(answer.status, 400, "{}", answer.text);
                // After it was done, before anybody was told.
                if luck == 2 { 503 } else { answer.status }
            }
        };
        self.planners[at].report(&delivery, status);
        true
    }

    fn live(&mut self) {
        for _ in 0..3 + self.dice.below(4) {
            for _ in 0..=self.dice.below(5) {
                self.act();
            }
            self.post();
            for _ in 0..self.dice.below(40) {
                self.deliver();
            }
        }
        for _ in 0..5_000 {
            if !self.deliver() {
                return;
            }
        }
        let left = "SELECT event_type, object_id, status, processing_error, attempts FROM stripe_events WHERE status = 'failed'";
        panic!("delivered again and again, never taken: {:?}", self.app.db.rows(left));
    }

    fn rows(&self, sql: &str) -> BTreeMap<String, Value> {
        let rows = self.app.db.rows(sql).into_iter();
        rows.map(|row| (row["id"].as_str().unwrap().to_owned(), row)).collect()
    }
}

fn moment(seconds: &Value) -> Value {
    seconds.as_i64().map_or(Value::Null, |seconds| {
        json!(koby_portal::time::Timestamp::from_seconds(seconds).to_string())
    })
}

/// What of a subscription is compared.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Compared {
    /// Events of the older version have the period of the whole, and not those of items of their own.
    AllButPeriodsOfItems,
    All,
}

/// What the mirror should say of a subscription.
fn mirrored_subscription(object: &Value, compared: Compared) -> Value {
    let items = object["items"]["data"].as_array().unwrap();
    let end = items.iter().filter_map(|item| item["current_period_end"].as_i64()).min();
    let mut prices: Vec<String> = items
        .iter()
        .map(|item| {
            let end = match compared {
                Compared::All => moment(&item["current_period_end"]),
                Compared::AllButPeriodsOfItems => json!("-"),
            };
            format!("{} {} {} {end}", item["id"], item["price"]["id"], item["quantity"])
        })
        .collect();
    prices.sort();
    json!({"id": object["id"], "status": object["status"], "ends": moment(&json!(end)),
        "cancels": i64::from(object["cancel_at_period_end"] == true), "canceled": moment(&object["canceled_at"]),
        "ended": moment(&object["ended_at"]), "trial": moment(&object["trial_end"]),
        "note": object["metadata"]["note"], "items": prices.join(", ").replace('"', "")})
}

fn subscriptions_agree(world: &World, seed: u64, compared: Compared) {
    let end = match compared {
        Compared::All => "i.current_period_end",
        Compared::AllButPeriodsOfItems => "'-'",
    };
    let mirror = world.rows(&format!(
        "SELECT stripe_subscription_id AS id, status, current_period_end AS ends, cancel_at_period_end AS cancels,
                canceled_at AS canceled, ended_at AS ended, trial_end AS trial, metadata ->> 'note' AS note,
                (SELECT group_concat(line, ', ') FROM (
                   SELECT i.stripe_item_id || ' ' || i.stripe_price_id || ' ' || i.quantity || ' ' || {end} AS line
                     FROM billing_subscription_items i WHERE i.billing_subscription_id = s.id ORDER BY 1)) AS items
           FROM billing_subscriptions s"
    ));
    let source: BTreeMap<String, Value> = world
        .stripe
        .machine()
        .objects("subscription")
        .iter()
        .map(|object| {
            let id = object["id"].as_str().unwrap().to_owned();
            (id, mirrored_subscription(object, compared))
        })
        .collect();
    assert_eq!(mirror, source, "seed {seed}");
}

fn invoices_agree(world: &World, seed: u64) {
    let mirror = world.rows(
        "SELECT stripe_invoice_id AS id, status, total_cents AS total, amount_paid_cents AS paid,
                amount_remaining_cents AS remaining, stripe_invoice_number AS number, paid_at,
                coalesce((SELECT sum(l.amount_cents) FROM billing_invoice_lines l WHERE l.billing_invoice_id = i.id), 0) AS lines,
                has_all_lines
           FROM billing_invoices i WHERE stripe_event_rank <> 9",
    );
    let expected = |object: &Value| {
        let lines = object["lines"]["data"].as_array().unwrap();
        let sum: i64 = lines.iter().map(|line| line["amount"].as_i64().unwrap()).sum();
        json!({"id": object["id"], "status": object["status"], "total": object["total"],
            "paid": object["amount_paid"], "remaining": object["amount_remaining"], "number": object["number"],
            "paid_at": moment(&object["status_transitions"]["paid_at"]), "lines": sum, "has_all_lines": 1})
    };
    let source: BTreeMap<String, Value> = world
        .stripe
        .machine()
        .objects("invoice")
        .iter()
        .filter(|object| object["deleted"] != true)
        .map(|object| (object["id"].as_str().unwrap().to_owned(), expected(object)))
        .collect();
    assert_eq!(mirror, source, "seed {seed}");
}

fn customers_agree(world: &World, seed: u64) {
    let mirror = world.rows(
        "SELECT stripe_customer_id AS id, org_id, email, name FROM billing_customers WHERE deleted_at IS NULL",
    );
    let source: BTreeMap<String, Value> = world
        .stripe
        .machine()
        .objects("customer")
        .iter()
        .filter(|object| object["deleted"] != true)
        .map(|object| {
            let row = json!({"id": object["id"], "org_id": object["metadata"]["org_id"],
                "email": object["email"], "name": object["name"]});
            (object["id"].as_str().unwrap().to_owned(), row)
        })
        .collect();
    assert_eq!(mirror, source, "seed {seed}");
}

/// Products and prices are compared where an event told of them: the others never changed.
fn the_catalogue_agrees(world: &World, seed: u64) {
    let mirror = world.rows(
        "SELECT stripe_product_id AS id, name FROM stripe_products
         UNION ALL SELECT stripe_price_id, nickname FROM plan_prices",
    );
    let machine = world.stripe.machine();
    for event in machine.events() {
        let member = match event.kind.as_str() {
            "product.updated" => "name",
            "price.updated" => "nickname",
            _ => continue,
        };
        let told = event.snapshot(&ApiVersion::newest())["data"]["object"].clone();
        let id = told["id"].as_str().unwrap();
        let object = machine.object(id, &ApiVersion::newest()).unwrap();
        assert_eq!(mirror[id]["name"], object[member], "seed {seed} {id}");
    }
}

/// Whether an event leaves an entry in the audit trail.
fn is_traced(kind: &str) -> bool {
    let invoice = kind.strip_prefix("invoice.");
    let is_traced_step = |step| {
        ["paid", "payment_failed", "payment_action_required", "voided", "marked_uncollectible"]
            .contains(&step)
    };
    ["customer.created", "customer.updated", "customer.deleted"].contains(&kind)
        || kind.starts_with("customer.subscription.")
        || invoice.is_some_and(is_traced_step)
}

fn each_event_left_its_trace_once(world: &World, seed: u64) {
    let receipts = world.rows(
        "SELECT stripe_event_id AS id, status, processing_error AS reason FROM stripe_events
          WHERE event_type NOT LIKE 'reconcile.%'",
    );
    let traces = world.rows(
        "SELECT metadata ->> 'stripe_event_id' AS id, count(*) AS entries FROM audit_logs
          WHERE actor_id = 'stripe' AND event_type <> 'billing.org_mismatch' GROUP BY 1",
    );
    let events = world.stripe.machine().events().to_vec();
    assert_eq!(receipts.len(), events.len(), "seed {seed}");
    for event in events {
        let receipt = &receipts[&event.id];
        let entries = traces.get(&event.id).map_or(json!(0), |row| row["entries"].clone());
        let is_applied = receipt["status"] == "processed";
        let is_recorded = receipt["reason"] == "not_mirrored";
        assert!(is_applied || is_recorded, "seed {seed}: {} {receipt}", event.kind);
        let expected = usize::from(is_applied && is_traced(&event.kind));
        assert_eq!(entries, expected, "seed {seed}: {} {}", event.kind, event.id);
    }
}

/// What the org's subscriptions entitle it to, worked out by another way than the Worker's.
fn entitlements_follow(world: &World, seed: u64) {
    let now = koby_portal::time::Timestamp::from_seconds(world.app.clock.seconds()).to_string();
    let since = world.rows(
        "SELECT stripe_subscription_id AS id, strftime('%Y-%m-%dT%H:%M:%fZ', past_due_since, '+7 days') AS until
           FROM billing_subscriptions WHERE past_due_since IS NOT NULL",
    );
    let machine = world.stripe.machine();
    let owners: BTreeMap<String, Value> = machine
        .events()
        .iter()
        .filter(|event| event.kind == "customer.created")
        .map(|event| event.snapshot(&ApiVersion::newest())["data"]["object"].clone())
        .map(|customer| {
            (customer["id"].as_str().unwrap().to_owned(), customer["metadata"]["org_id"].clone())
        })
        .collect();
    for org in ORGS {
        let (mut live, mut grace, mut late, mut ended) = (false, false, false, false);
        let mut plans = Vec::new();
        for subscription in machine.objects("subscription") {
            if owners[subscription["customer"].as_str().unwrap()] != org {
                continue;
            }
            let counts = match subscription["status"].as_str().unwrap() {
                "active" | "trialing" => {
                    live = true;
                    true
                }
                "past_due" => {
                    let until =
                        since[subscription["id"].as_str().unwrap()]["until"].as_str().unwrap();
                    let in_time = until > now.as_str();
                    grace |= in_time;
                    late |= !in_time;
                    in_time
                }
                "canceled" | "unpaid" | "paused" => {
                    ended = true;
                    false
                }
                _ => false,
            };
            let items = subscription["items"]["data"].as_array().unwrap().clone();
            let plan_of = |item: &Value| {
                PRICES.iter().find(|(price, _)| item["price"]["id"] == *price).unwrap().1
            };
            plans.extend(items.iter().filter(|_| counts).map(plan_of));
        }
        let standing = match (grace, live, late, ended) {
            (true, ..) => "grace",
            (_, true, ..) => "good",
            (_, _, true, _) => "read_only",
            (_, _, _, true) => "none",
            _ => "unbilled",
        };
        let both = plans.contains(&"chatbot") && plans.contains(&"phone");
        let plan =
            if plans.contains(&"bundle") || both { Some("bundle") } else { plans.first().copied() };
        let row = &world
            .app
            .db
            .rows(&format!("SELECT plan, billing_standing FROM orgs WHERE id = '{org}'"))[0];
        assert_eq!(row["billing_standing"], standing, "seed {seed} {org}");
        if let Some(plan) = plan {
            assert_eq!(row["plan"], plan, "seed {seed} {org}");
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a test has an environment")]
fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn whatever_the_schedule_the_mirror_is_the_source() {
    let schedules = number("BILLING_SCHEDULES").unwrap_or(SCHEDULES);
    let first = number("BILLING_SEED").unwrap_or(1);
    let mut deliveries = 0;
    for seed in first..first + schedules {
        let mut world = World::new(seed);
        world.live();
        customers_agree(&world, seed);
        subscriptions_agree(&world, seed, Compared::AllButPeriodsOfItems);
        invoices_agree(&world, seed);
        the_catalogue_agrees(&world, seed);
        each_event_left_its_trace_once(&world, seed);
        // Days of grace end by a job, and the nightly comparison brings what events lack, and changes no more.
        block_on(jobs::run_due(&world.app.job()));
        subscriptions_agree(&world, seed, Compared::All);
        entitlements_follow(&world, seed);
        each_event_left_its_trace_once(&world, seed);
        let drift = world.app.lines.of("billing_drift");
        let is_period =
            |line: &Value| line["object"] == "subscription" && line["drift"] == "differs";
        assert!(drift.iter().all(is_period), "seed {seed}: {drift:?}");
        assert_eq!(world.app.lines.of("billing_reconciled").len(), 1, "seed {seed}");
        deliveries += world.app.lines.of("stripe_webhook_received").len();
        if seed % 500 == 0 {
            eprintln!("{seed} schedules, {deliveries} deliveries");
        }
    }
    eprintln!("{schedules} schedules, {deliveries} deliveries");
}
