// Measures how many signed events of Stripe the built Worker applies in a second, beside a plain mirror in JavaScript that
// awaits four statements in turn, and beside the floor: a JavaScript worker that does nothing but send our one batch. All
// get the same events in one run on one machine, and their rows are looked at afterwards.
//
//   cargo xtask bench webhooks [--events 500] [--rounds 10] [--log-level info] [--direct]
//
// Each round is one event for each subscription, of as many organizations; two rounds before are not counted. --direct goes
// around Miniflare's own entry worker, as it does for bench/run.mjs. On a machine that others use as well, the processor
// time of workerd says more than the events a second.

import { createHmac } from "node:crypto";
import { DatabaseSync } from "node:sqlite";
import { parseArgs } from "node:util";

import { STRIPE_SECRET, databaseFile } from "../tests/runtime/worker.mjs";
import { artefact, median, processorMs, script, settings, sql, start } from "./contender.mjs";
import { CONNECTIONS, answersPerSecond, request } from "./driver.mjs";

const { values: options } = parseArgs({
  options: {
    events: { type: "string", default: "500" },
    rounds: { type: "string", default: "10" },
    "log-level": { type: "string", default: "info" },
    direct: { type: "boolean", default: false },
  },
});
const EVENTS = Number(options.events);
const ROUNDS = Number(options.rounds);
/** WebAssembly is compiled in earnest only where it is found to be called often. */
const WARM_UP = 2;
const ALL_ROUNDS = WARM_UP + ROUNDS;
const GOAL = 1.5;
const PATH = "/webhooks/stripe";
const BEGAN = Math.floor(Date.now() / 1000) - ALL_ROUNDS;

/** Organizations and their customers, which all contenders know. */
const CUSTOMERS = `WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ${EVENTS})
  INSERT INTO orgs (id, name, slug, plan) SELECT printf('org_bench_%d', i), 'Practice ' || i, printf('bench-%d', i), 'chatbot' FROM n;
  INSERT INTO billing_customers (id, org_id, stripe_customer_id) SELECT 'customer_' || id, id, 'cus' || substr(id, 4)
  FROM orgs WHERE id LIKE 'org_bench_%'`;

/** A subscription as Stripe sends it, one more seat in each round. */
function subscription(at, round) {
  const month = 30 * 86_400;
  const period = { current_period_start: BEGAN, current_period_end: BEGAN + month };
  const price = {
    id: "price_bundle_monthly", object: "price", active: true, billing_scheme: "per_unit", created: 1_700_000_000, currency: "usd",
    custom_unit_amount: null, livemode: false, lookup_key: null, metadata: { plan: "bundle" }, nickname: "bundle", product: "prod_bundle",
    recurring: { interval: "month", interval_count: 1, meter: null, trial_period_days: null, usage_type: "licensed" },
    tax_behavior: "unspecified", tiers_mode: null, transform_quantity: null, type: "recurring", unit_amount: 42_500, unit_amount_decimal: "42500",
  };
  const item = {
    id: `si_bench_${at}`, object: "subscription_item", billing_thresholds: null, created: BEGAN, ...period, discounts: [], metadata: {},
    plan: { ...price, object: "plan", amount: 42_500, amount_decimal: "42500", interval: "month", interval_count: 1, usage_type: "licensed" },
    price, quantity: round + 1, subscription: `sub_bench_${at}`, tax_rates: [],
  };
  return {
    id: `sub_bench_${at}`, object: "subscription", application: null, application_fee_percent: null,
    automatic_tax: { disabled_reason: null, enabled: false, liability: null }, billing_cycle_anchor: BEGAN, billing_cycle_anchor_config: null,
    billing_mode: { type: "classic" }, billing_thresholds: null, cancel_at: null, cancel_at_period_end: false, canceled_at: null,
    cancellation_details: { comment: null, feedback: null, reason: null }, collection_method: "charge_automatically", created: BEGAN,
    currency: "usd", customer: `cus_bench_${at}`, days_until_due: null, default_payment_method: `pm_bench_${at}`, default_source: null,
    default_tax_rates: [], description: null, discounts: [], ended_at: null,
    invoice_settings: { account_tax_ids: null, issuer: { type: "self" } },
    items: { object: "list", data: [item], has_more: false, total_count: 1, url: `/v1/subscription_items?subscription=sub_bench_${at}` },
    latest_invoice: `in_bench_${at}`, livemode: false, metadata: { org_id: `org_bench_${at}` }, next_pending_invoice_item_invoice: null,
    on_behalf_of: null, pause_collection: null,
    payment_settings: { payment_method_options: null, payment_method_types: null, save_default_payment_method: "off" },
    pending_invoice_item_interval: null, pending_setup_intent: null, pending_update: null, quantity: round + 1, schedule: null,
    start_date: BEGAN, status: "active", test_clock: null, transfer_data: null, trial_end: null,
    trial_settings: { end_behavior: { missing_payment_method: "create_invoice" } }, trial_start: null,
  };
}

/** The bodies of a round. */
function bodies(round) {
  return Array.from({ length: EVENTS }, (_, at) => JSON.stringify({
    id: `evt_bench_${round}_${at}`, object: "event", api_version: "2026-10-28.endive", created: BEGAN + round,
    data: { object: subscription(at, round), previous_attributes: { quantity: round } },
    livemode: false, pending_webhooks: 1, request: { id: null, idempotency_key: null }, type: "customer.subscription.updated",
  }));
}

/** A request with its signature, made before the clock runs. */
function signed(url, body) {
  const now = Math.floor(Date.now() / 1000);
  const mac = createHmac("sha256", STRIPE_SECRET).update(`${now}.${body}`).digest("hex");
  return request(url, "POST", PATH, { "content-type": "application/json; charset=utf-8", "stripe-signature": `t=${now},v1=${mac}` }, body);
}

/** What both workers in JavaScript share: ids that grow with time, as ours do. */
const SHARED = `
  const newId = () => Date.now().toString(16).padStart(12, "0") + crypto.randomUUID().slice(12);
  const time = (seconds) => seconds == null ? null : new Date(seconds * 1000).toISOString();
  const read = (event) => {
    const { object } = event.data, [item] = object.items.data;
    return { object, item, columns: [item.price.id, object.status, object.status, item.price.nickname, item.quantity,
      Number(object.cancel_at_period_end), time(item.current_period_start), time(item.current_period_end), time(object.canceled_at),
      time(object.ended_at), time(object.trial_start), time(object.trial_end), JSON.stringify(object.metadata)] };
  };`;

/** A mirror as it is usually written: verify, parse, and one statement after the other. */
const MIRROR = `${SHARED}
  const SECRET = ${JSON.stringify(STRIPE_SECRET)};
  const encoder = new TextEncoder();
  let key;
  const bytes = (hex) => Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
  async function verified(header, body) {
    const parts = Object.fromEntries((header ?? "").split(",").map((part) => part.split("=")));
    if (!(Math.abs(Date.now() / 1000 - Number(parts.t)) <= 300)) return false;
    key ??= await crypto.subtle.importKey("raw", encoder.encode(SECRET), { name: "HMAC", hash: "SHA-256" }, false, ["verify"]);
    return crypto.subtle.verify("HMAC", key, bytes(parts.v1 ?? ""), encoder.encode(parts.t + "." + body));
  }
  export default {
    async fetch(request, env) {
      const body = await request.text();
      if (!await verified(request.headers.get("stripe-signature"), body)) return new Response("Invalid signature", { status: 400 });
      const event = JSON.parse(body);
      const { object, columns } = read(event);
      const now = new Date().toISOString();
      const taken = await env.DB.prepare(\`INSERT INTO stripe_events (id, stripe_event_id, event_type, api_version, livemode, object_type,
          object_id, payload, received_at, processed_at, status) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9, 'processed')
          ON CONFLICT (stripe_event_id) DO NOTHING\`)
        .bind(newId(), event.id, event.type, event.api_version, Number(event.livemode), object.object, object.id, body, now).run();
      if (taken.meta.changes === 0) return Response.json({ received: true, duplicate: true });
      const customer = await env.DB.prepare("SELECT id, org_id FROM billing_customers WHERE stripe_customer_id = ?").bind(object.customer).first();
      if (!customer) return new Response("Unknown customer", { status: 503 });
      await env.DB.prepare(\`INSERT INTO billing_subscriptions (id, org_id, billing_customer_id, stripe_subscription_id, created_at, updated_at,
          stripe_event_created, stripe_price_id, status, stripe_status, plan_nickname, quantity, cancel_at_period_end,
          current_period_start, current_period_end, canceled_at, ended_at, trial_start, trial_end, metadata)
          VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
          ON CONFLICT (stripe_subscription_id) DO UPDATE SET updated_at = excluded.updated_at,
            stripe_event_created = excluded.stripe_event_created, stripe_price_id = excluded.stripe_price_id, status = excluded.status,
            stripe_status = excluded.stripe_status, plan_nickname = excluded.plan_nickname, quantity = excluded.quantity,
            cancel_at_period_end = excluded.cancel_at_period_end, current_period_start = excluded.current_period_start,
            current_period_end = excluded.current_period_end, canceled_at = excluded.canceled_at, ended_at = excluded.ended_at,
            trial_start = excluded.trial_start, trial_end = excluded.trial_end, metadata = excluded.metadata
          WHERE excluded.stripe_event_created >= billing_subscriptions.stripe_event_created\`)
        .bind(newId(), customer.org_id, customer.id, object.id, time(object.created), now, event.created, ...columns).run();
      await env.DB.prepare(\`INSERT INTO audit_logs (id, org_id, actor_type, actor_id, event_type, target_type, target_id, metadata, created_at)
          VALUES (?, ?, 'integration', 'stripe', 'billing.subscription.updated', 'subscription', ?, ?, ?)\`)
        .bind(newId(), customer.org_id, object.id, JSON.stringify({ status: object.status, stripe_event_id: event.id }), now).run();
      return Response.json({ received: true });
    },
  };`;

/** Our statements for such an event, in their order. */
const mirrored = (name) => sql(`billing/mirror/sql/${name}.sql`);
const BATCH = {
  claim: mirrored("event_claim"), customer: mirrored("customer_insert"), upsert: mirrored("subscription_upsert"),
  unsettled: mirrored("subscription_unsettled"), forget: mirrored("subscription_items_forget"), items: mirrored("subscription_items_upsert"),
  entitlement: sql("billing/mirror/sql/due_of_event.sql", "billing/mirror/sql/entitlement.sql"),
  audit: mirrored("event_audit_insert"),
};

/** The same one batch, without signature, judgement or a log. */
const FLOOR = `${SHARED}
  const SQL = ${JSON.stringify(BATCH)};
  export default {
    async fetch(request, env) {
      const body = await request.text();
      const event = JSON.parse(body);
      const { object, item, columns } = read(event);
      const now = new Date().toISOString(), delivery = newId();
      const version = [event.id, delivery, object.id, event.created, 1, delivery];
      const items = [{ stripe_item_id: item.id, stripe_price_id: item.price.id, plan: item.price.nickname, quantity: item.quantity,
        current_period_start: time(item.current_period_start), current_period_end: time(item.current_period_end) }];
      const values = {
        claim: [newId(), event.id, event.type, event.api_version, Number(event.livemode), object.object, object.id, body, now, delivery,
          event.created, object.customer, object.metadata.org_id, "failed", null, 0, 0],
        customer: [newId(), event.id, delivery, object.customer, now],
        upsert: [...version, null, now, newId(), time(object.created), null, ...columns],
        unsettled: version,
        forget: [delivery, object.id, JSON.stringify(items.map((item) => item.stripe_item_id))],
        items: [delivery, object.id, JSON.stringify(items)],
        entitlement: [event.id, delivery, now, "+7 days"],
        audit: [newId(), event.id, delivery, now, "billing.subscription.updated", "subscription", object.id,
          JSON.stringify({ status: object.status, plan: item.price.nickname, stripe_event_id: event.id }), object.customer, "{}"],
      };
      await env.DB.batch(Object.entries(SQL).map(([name, text]) => env.DB.prepare(text).bind(...values[name])));
      return Response.json({ received: true });
    },
  };`;

const OURS = "koby-portal";
const PLAIN = "plain mirror: four statements in turn";
const LEAST = "floor: our batch alone";

async function contenders() {
  const { direct } = options;
  const vars = { LOG_LEVEL: options["log-level"], STRIPE_WEBHOOK_SECRET: STRIPE_SECRET };
  const all = [[PLAIN, "mirror", script(MIRROR), {}], [LEAST, "floor", script(FLOOR), {}], [OURS, "koby", artefact(), settings(vars)]];
  const running = [];
  for (const [name, id, modules, more] of all) {
    running.push({ name, ...(await start(id, modules, { direct, prepared: CUSTOMERS, ...more })) });
  }
  return running;
}

/** Delivers a round to one contender; gives events a second, and processor time of an event where the system tells. */
async function deliver({ url, pid }, round) {
  const requests = round.map((body) => signed(url, body));
  const used = () => (pid ? processorMs(pid) : Number.NaN);
  const before = used();
  let next = 0;
  const { answers, perSecond } = await answersPerSecond(url, () => requests[next++], Number.POSITIVE_INFINITY);
  if (answers !== EVENTS) throw new Error(`${answers} answers to ${EVENTS} events`);
  return { perSecond, ms: (used() - before) / EVENTS };
}

/** Fails unless every event was applied, once, and the last of each subscription is what is there. */
function examine({ name, folder }) {
  const sent = EVENTS * ALL_ROUNDS;
  const db = new DatabaseSync(databaseFile(folder), { readOnly: true });
  const count = (rest) => db.prepare(`SELECT count(*) AS n FROM ${rest}`).get().n;
  const seen = {
    processed: count("stripe_events WHERE stripe_event_id LIKE 'evt_bench_%' AND status = 'processed'"),
    others: count("stripe_events WHERE stripe_event_id LIKE 'evt_bench_%' AND status <> 'processed'"),
    traces: count("audit_logs WHERE event_type = 'billing.subscription.updated' AND target_id LIKE 'sub_bench_%'"),
    mirrored: count(`billing_subscriptions s JOIN billing_customers c ON c.id = s.billing_customer_id AND c.org_id = s.org_id
      AND substr(s.stripe_subscription_id, 5) = substr(c.stripe_customer_id, 5)
      WHERE s.stripe_subscription_id LIKE 'sub_bench_%' AND s.status = 'active' AND s.quantity = ${ALL_ROUNDS}`),
    entitled: count("orgs WHERE id LIKE 'org_bench_%' AND plan = 'bundle' AND billing_standing = 'good'"),
  };
  db.close();
  const due = { processed: sent, others: 0, traces: sent, mirrored: EVENTS, entitled: name === PLAIN ? 0 : EVENTS };
  for (const [what, figure] of Object.entries(due)) {
    if (seen[what] !== figure) throw new Error(`${name}: ${what} is ${seen[what]}, not ${figure}`);
  }
}

async function main() {
  const running = await contenders();
  try {
    const figures = new Map(running.map(({ name }) => [name, []]));
    for (let round = 0; round < ALL_ROUNDS; round += 1) {
      const all = bodies(round);
      for (const one of running) {
        const figure = await deliver(one, all);
        if (round >= WARM_UP) figures.get(one.name).push(figure);
      }
    }
    running.forEach(examine);
    report(figures);
  } finally {
    await Promise.all(running.map((worker) => worker.stop()));
  }
}

function report(figures) {
  const middle = (name, member) => median(figures.get(name).map((figure) => figure[member]));
  // Each round by itself: what else the machine does in a round slows all of them.
  const ratio = (member, name, base) =>
    median(figures.get(name).map((figure, round) => figure[member] / figures.get(base)[round][member])).toFixed(2);
  console.log(`\n${CONNECTIONS} connections, medians of ${ROUNDS} rounds of ${EVENTS} events, LOG_LEVEL=${options["log-level"]}, this machine, this run\n`);
  console.log("| what | events/s | × plain mirror | × floor | goal | processor time of an event, ms | plain mirror's ÷ it |");
  console.log("|---|---:|---:|---:|---|---:|---:|");
  for (const name of figures.keys()) {
    const rates = [PLAIN, LEAST].map((base) => ratio("perSecond", name, base));
    const goal = name === OURS ? `≥ ${GOAL} × plain mirror` : "";
    const times = [middle(name, "ms").toFixed(2), ratio("ms", PLAIN, name)];
    console.log(`| ${[name, middle(name, "perSecond").toFixed(0), ...rates, goal, ...times].join(" | ")} |`);
  }
}

await main();
