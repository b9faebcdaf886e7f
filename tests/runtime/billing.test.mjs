// Subscriptions on the real runtime and a real D1, with the fake of Stripe on the other side: from the checkout to what
// the mirror holds. The fake is one for the whole file, and is started again with other options where a test wants them.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, describe, it } from "node:test";
import { isDeepStrictEqual } from "node:util";

import { CLI, CLI_RUNS, KEY, clientOf, deliver, startFake, until } from "./stripe.mjs";
import { STRIPE_SECRET, databaseFile, freePort, startWorker } from "./worker.mjs";

const ROOT = resolve(import.meta.dirname, "../..");
const CLOCK = "/cdn-cgi/handler/scheduled?cron=*+*+*+*+*";
const PREVIOUS_SECRET = "whsec_before_it_was_rolled";
const PAGE = "http://localhost:3000/billing";
const HOUR = 3_600;
/** Of what the mirror takes over, what leaves an entry in the audit trail. */
const TRACED = /^customer\.(created|updated|deleted|subscription\..+)$|^invoice\.(paid|payment_failed|payment_action_required|voided|marked_uncollectible)$/;
/** What it takes over. */
const MIRRORED = /^(customer\.(created|updated|deleted|subscription\..+)|invoice\.(?!upcoming).+|checkout\.session\..+|product\..+|price\..+)$/;
/** What the fake begins with: as it is for people, but that nobody has subscribed. */
const SEED = { ...JSON.parse(readFileSync(join(ROOT, "seeds/stripe.json"), "utf8")), subscriptions: [] };
/** org_dental begins without an account of ours; its customer at Stripe is in the fake's seed. org_runtime is for the
 * command line, and nobody is a member of it. */
const PREPARED = `DELETE FROM billing_invoice_lines; DELETE FROM billing_invoices; DELETE FROM billing_subscriptions;
  DELETE FROM billing_customers;
  INSERT INTO orgs (id, name, slug, plan) VALUES ('org_runtime', 'Runtime', 'runtime', 'phone')`;

function prepare(folder) {
  const db = new DatabaseSync(databaseFile(folder));
  db.exec(PREPARED);
  db.close();
}

describe("billing", () => {
  let folder;
  let port;
  let worker;
  let fake;
  let stripe;

  /** Starts the fake where the Worker looks for it, with what it held before. */
  async function serve(...options) {
    await fake?.stop();
    const kept = ["--seed-file", join(folder, "seed.json"), "--state", join(folder, "state.json")];
    fake = await startFake([...kept, ...options], port);
    stripe = clientOf(fake.url);
  }

  const toWorker = (secret = STRIPE_SECRET) => ["--webhook", `${worker.url}/webhooks/stripe`, "--webhook-secret", secret];
  const letPass = (seconds) => fake.press("/actions/advance", { seconds: String(seconds) });
  const row = (sql) => worker.rows(sql)[0];
  const standing = (org) => row(`SELECT plan, billing_standing AS standing FROM orgs WHERE id = '${org}'`);
  const receipt = (event) => row(`SELECT status, processing_error AS reason FROM stripe_events WHERE stripe_event_id = '${event}'`);

  async function overview(user) {
    const answer = await worker.as(user, "/billing/overview");
    assert.equal(answer.status, 200, await answer.clone().text());
    return answer.json();
  }

  const checkout = (user, priceId) =>
    worker.write(user, "POST", "/billing/checkout-session", { priceId, successUrl: `${PAGE}?done={CHECKOUT_SESSION_ID}`, cancelUrl: PAGE });

  /** Opens a checkout and fills in its page; gives Stripe's session. */
  async function subscribe(user, price, choice = "good") {
    const opened = await checkout(user, price);
    const { url, sessionId } = await opened.json();
    assert.equal(opened.status, 201);
    const page = await (await fetch(url)).text();
    assert.match(page, /Due today/);
    const paid = await fake.press(url, { choice });
    assert.deepEqual([paid.status, paid.headers.get("location")], [303, `${PAGE}?done=${sessionId}`]);
    return stripe.checkout.sessions.retrieve(sessionId);
  }

  /** Opens the billing portal; gives what presses its buttons. */
  async function portal(user) {
    const opened = await worker.write(user, "POST", "/billing/portal-session", { returnUrl: PAGE });
    const { url } = await opened.json();
    assert.equal(opened.status, 201);
    return async (form) => assert.equal((await fake.press(url, form)).status, 303);
  }

  /** What Stripe lists of what happened to a customer in the last 30 days, and the mirror takes over. */
  async function told(customer) {
    const events = [];
    for await (const event of stripe.events.list({ limit: 100 })) {
      const { id, customer: owner } = event.data.object;
      if ([id, owner].includes(customer) && MIRRORED.test(event.type)) events.push(event);
    }
    return events;
  }

  /** Waits until all of that is applied, and looks for the traces of all that was: one for each event that leaves one. */
  async function applied(customer) {
    const events = await told(customer);
    const processed = () => worker.rows(`SELECT stripe_event_id AS id, event_type AS type FROM stripe_events
      WHERE stripe_customer_id = '${customer}' AND status = 'processed' AND stripe_event_id LIKE 'evt_%'`);
    await until(`what Stripe told of ${customer}`, () => {
      const ids = new Set(processed().map(({ id }) => id));
      return events.every(({ id }) => ids.has(id));
    });
    const receipts = processed();
    const traces = worker.rows(`SELECT a.metadata ->> 'stripe_event_id' AS id FROM audit_logs a
      JOIN stripe_events e ON e.stripe_event_id = a.metadata ->> 'stripe_event_id' AND e.stripe_customer_id = '${customer}'
      WHERE a.actor_id = 'stripe' AND e.stripe_event_id LIKE 'evt_%'`);
    const leaves = receipts.filter(({ type }) => TRACED.test(type));
    assert.deepEqual(traces.map(({ id }) => id).sort(), leaves.map(({ id }) => id).sort());
    return receipts.map(({ type }) => type);
  }

  /** Holds the mirror of a subscription to what Stripe has. */
  async function likeStripe(id) {
    const theirs = await stripe.subscriptions.retrieve(id);
    const ours = row(`SELECT s.status, s.stripe_price_id AS price, s.cancel_at_period_end AS ends, s.current_period_end AS until,
        c.stripe_customer_id AS customer FROM billing_subscriptions s JOIN billing_customers c ON c.id = s.billing_customer_id
      WHERE s.stripe_subscription_id = '${id}'`);
    const [item] = theirs.items.data;
    assert.deepEqual(ours, {
      status: theirs.status, price: item.price.id, ends: Number(theirs.cancel_at_period_end),
      until: new Date(item.current_period_end * 1_000).toISOString(), customer: theirs.customer,
    });
  }

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "koby-billing-"));
    writeFileSync(join(folder, "seed.json"), JSON.stringify(SEED));
    port = await freePort();
    worker = await startWorker({
      vars: {
        STRIPE_SECRET_KEY: KEY, STRIPE_BASE_URL: `http://127.0.0.1:${port}`, STRIPE_WEBHOOK_SECRET_PREVIOUS: PREVIOUS_SECRET,
        PORTAL_RATE_LIMIT_MAX: "100000",
      },
      beforeStart: prepare,
    });
    await serve(...toWorker());
  });

  after(async () => {
    await fake?.stop();
    await worker?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it("sells an owner a plan, once", async () => {
    const { products, prices } = SEED;
    const theirs = prices.map(({ id, metadata: { plan }, unit_amount: cents }, at) => [id, plan, products[at].name, cents]);
    const listed = async () => {
      const { plans } = await (await worker.as("user_demo_other", "/billing/plans")).json();
      return plans.map(({ priceId, plan, name, unitAmountCents }) => [priceId, plan, name, unitAmountCents]);
    };
    await until("the prices", async () => isDeepStrictEqual((await listed()).slice(0, 3), theirs));
    assert.deepEqual(standing("org_chadis"), { plan: "chatbot", standing: "unbilled" });

    const { customer, subscription } = await subscribe("user_demo_other", "price_phone_monthly");
    await until("the plan", () => standing("org_chadis").plan === "phone");
    const events = await applied(customer);
    assert.ok(["customer.created", "checkout.session.completed", "customer.subscription.created", "invoice.paid"].every((type) => events.includes(type)), events);
    await likeStripe(subscription);

    const { currentPlan, entitlement, subscriptions, recentInvoices, customer: account } = await overview("user_demo_other");
    assert.deepEqual(entitlement, { plan: "phone", standing: "good", graceEndsAt: null });
    assert.deepEqual([currentPlan.name, currentPlan.status, currentPlan.cancelAtPeriodEnd], ["AI Phone Service", "active", false]);
    assert.deepEqual(subscriptions.map((one) => [one.stripeSubscriptionId, one.status]), [[subscription, "active"]]);
    assert.deepEqual(recentInvoices.map((one) => [one.status, one.totalCents, one.amountPaidCents]), [["paid", 40_000, 40_000]]);
    assert.deepEqual([account.stripeCustomerId, account.email], [customer, "elena.ruiz@chadis.example.com"]);
    const [{ n: started }] = worker.rows("SELECT count(*) AS n FROM audit_logs WHERE event_type = 'billing.checkout_started' AND org_id = 'org_chadis'");
    assert.equal(started, 1);

    const again = await checkout("user_demo_other", "price_phone_monthly");
    assert.deepEqual([again.status, (await again.json()).code], [409, "already_subscribed"]);
    assert.equal((await stripe.checkout.sessions.list()).data.length, 1, "nothing was asked of Stripe");
  });

  it("gives days of grace for a payment that failed, takes a better card, and ends what is canceled", async () => {
    const { customer, subscriptions: [{ stripeSubscriptionId: id }] } = await overview("user_demo_other");
    const press = await portal("user_demo_other");
    await press({ action: "bad_card" });
    await press({ action: "month" });
    await letPass(2 * HOUR);
    await until("the days of grace", () => standing("org_chadis").standing === "grace");
    await applied(customer.stripeCustomerId);
    await likeStripe(id);
    const late = await overview("user_demo_other");
    assert.deepEqual([late.currentPlan.status, late.entitlement.plan, late.entitlement.standing], ["past_due", "phone", "grace"]);
    assert.ok(Date.parse(late.entitlement.graceEndsAt) > Date.now());
    assert.deepEqual(late.recentInvoices.map((one) => one.status), ["open", "paid"]);

    await press({ action: "good_card" });
    await until("the recovery", () => standing("org_chadis").standing === "good");
    await applied(customer.stripeCustomerId);
    await likeStripe(id);
    const well = await overview("user_demo_other");
    assert.deepEqual([well.currentPlan.status, well.entitlement], ["active", { plan: "phone", standing: "good", graceEndsAt: null }]);
    assert.deepEqual(well.recentInvoices.map((one) => one.status), ["paid", "paid"]);

    await press({ action: "cancel_now", subscription: id });
    await until("the end", () => standing("org_chadis").standing === "none");
    assert.ok((await applied(customer.stripeCustomerId)).includes("customer.subscription.deleted"));
    await likeStripe(id);
    const over = await overview("user_demo_other");
    assert.deepEqual([over.currentPlan, over.subscriptions, over.entitlement], [null, [], { plan: "none", standing: "none", graceEndsAt: null }]);
    const { notices } = await (await worker.as("user_demo_other", "/portal/notices")).json();
    assert.deepEqual(notices.map(({ kind }) => kind), ["billing.ended", "billing.recovered", "billing.past_due"]);
  });

  it("takes what either secret signed, and nothing else", async () => {
    const event = (id) => ({ id, object: "event", type: "charge.succeeded", created: 1, livemode: false, data: { object: { id: "ch_1", object: "charge" } } });
    assert.equal((await deliver(worker, event("evt_previous"), { secret: PREVIOUS_SECRET })).status, 200);
    assert.deepEqual(receipt("evt_previous"), { status: "skipped", reason: "not_mirrored" });
    const foreign = await deliver(worker, event("evt_foreign"), { secret: "whsec_foreign" });
    assert.deepEqual([foreign.status, (await foreign.json()).code], [400, "invalid_signature"]);
    assert.equal(receipt("evt_foreign"), undefined);
    assert.equal((await deliver(worker, event("evt_foreign"))).status, 200, "the same event of Stripe's own");
  });

  it("ends up as Stripe is, whatever becomes of the deliveries", async () => {
    // Signed by the former secret: while it is rolled, nothing is lost. More crashes would keep the last delivery waiting.
    await serve(...toWorker(PREVIOUS_SECRET), "--duplicates", "3", "--shuffle", "--delay-ms", "5", "--crash-rate", "0.1");
    const before = worker.log("stripe_webhook_received").length;
    const { customer, subscription } = await subscribe("user_demo_owner", "price_chatbot_monthly");
    assert.equal(customer, "cus_demo_dental", "the one that the org has");
    await until("the subscription", () => standing("org_dental").standing === "good");
    const press = await portal("user_demo_owner");
    const { items: { data: [{ id: item }] } } = await stripe.subscriptions.retrieve(subscription);
    await press({ action: "change", subscription, item, price: "price_bundle_monthly" });
    await press({ action: "bad_card" });
    await press({ action: "month" });
    await letPass(2 * HOUR);
    await press({ action: "good_card" });
    await press({ action: "cancel_later", subscription });
    const sent = await until("the last delivery", delivered);
    await applied(customer);
    const receipts = new Set(worker.rows("SELECT stripe_event_id AS id FROM stripe_events WHERE status IN ('processed', 'skipped')").map(({ id }) => id));
    assert.deepEqual(sent.filter((id) => !receipts.has(id)), []);
    const came = worker.log("stripe_webhook_received").slice(before).map(({ eventId }) => eventId);
    assert.ok(new Set(came).size < came.length, "some came more than once");
    await likeStripe(subscription);
    const { entitlement, currentPlan } = await overview("user_demo_owner");
    assert.deepEqual(entitlement, { plan: "bundle", standing: "good", graceEndsAt: null });
    assert.deepEqual([currentPlan.status, currentPlan.cancelAtPeriodEnd], ["active", true]);
    const invoices = worker.rows("SELECT stripe_invoice_id AS id, status, total_cents AS total, amount_paid_cents AS paid FROM billing_invoices WHERE org_id = 'org_dental'");
    const theirs = (await stripe.invoices.list({ customer })).data;
    const byId = (a, b) => a.id.localeCompare(b.id);
    assert.deepEqual(invoices.sort(byId), theirs.map(({ id, status, total, amount_paid: paid }) => ({ id, status, total, paid })).sort(byId));
  });

  /** The ids of all events, once the fake has delivered them: so says the state that it writes twice a second. */
  function delivered() {
    const { stripe: { events }, ledger } = JSON.parse(readFileSync(join(folder, "state.json"), "utf8"));
    return ledger.taken === events.length && Object.keys(ledger.under_way).length === 0 && events.map(({ id }) => id);
  }

  describe("the command line", { skip: CLI_RUNS ? false : `${CLI} does not run` }, () => {
    /** Triggers an event; gives the newest of its kind, once its receipt is there. */
    async function triggered(kind, ...more) {
      await fake.trigger(kind, folder, more);
      const [event] = (await stripe.events.list({ type: kind, limit: 1 })).data;
      await until(`the receipt of ${kind}`, () => receipt(event.id));
      return event;
    }

    it("reaches the mirror", async () => {
      await serve(...toWorker());
      const price = await triggered("price.created");
      assert.deepEqual(receipt(price.id), { status: "processed", reason: null });
      const payment = await triggered("payment_intent.succeeded");
      assert.deepEqual(receipt(payment.id), { status: "skipped", reason: "not_mirrored" });
      const stranger = await triggered("customer.created");
      assert.deepEqual(receipt(stranger.id), { status: "skipped", reason: "customer_unknown" });
    });

    it("subscribes an organization", async () => {
      const event = await triggered("customer.subscription.created", "--add", "customer:metadata[org_id]=org_runtime");
      const { id, customer } = event.data.object;
      await applied(customer);
      await likeStripe(id);
      assert.deepEqual(standing("org_runtime"), { plan: "phone", standing: "good" }, "a price of no plan leaves it");
    });
  });

  it("is healed by the comparison with Stripe", async () => {
    const [{ subscription: gone }] = worker.rows("SELECT stripe_subscription_id AS subscription FROM billing_subscriptions WHERE org_id = 'org_dental'");
    await serve();
    await (await portal("user_demo_owner"))({ action: "cancel_now", subscription: gone });
    const { customer, subscription: made } = await subscribe("user_demo_other", "price_bundle_monthly");
    assert.deepEqual([standing("org_dental"), standing("org_chadis").standing], [{ plan: "bundle", standing: "good" }, "none"], "nobody told of it");

    assert.equal((await worker.write("user_demo_owner", "POST", "/portal/billing/reconcile")).status, 403);
    await compare();
    assert.ok((await healed()) > 0);
    assert.deepEqual([standing("org_dental").standing, standing("org_chadis")], ["none", { plan: "bundle", standing: "good" }]);
    await Promise.all([likeStripe(gone), likeStripe(made)]);
    await Promise.all([applied(customer), applied("cus_demo_dental")]);
    await compare();
    assert.equal(await healed(), 0, "nothing is left to heal");
  });

  /** Staff ask for the comparison, and the clock strikes. */
  async function compare() {
    const asked = await worker.write("user_demo_staff", "POST", "/portal/billing/reconcile");
    assert.deepEqual([asked.status, await asked.json()], [202, { due: true }]);
    const struck = await worker.fetch(CLOCK);
    assert.equal(struck.status, 200, await struck.text());
  }

  /** What the last run healed. */
  async function healed() {
    const { runs: [{ outcome, items }] } = await (await worker.as("user_demo_staff", "/portal/billing/reconcile")).json();
    assert.equal(outcome, "done");
    return items;
  }
});
