// The fake of Stripe, judged by Stripe's own clients: the SDK for Node and the command line.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";

import Stripe from "stripe";

import { CLI, CLI_RUNS, clientOf, startFake, until } from "./stripe.mjs";

const SECRET = "whsec_of_the_stripe_tests";
const SEED = {
  products: [{ id: "prod_chatbot", name: "AI Chatbot" }],
  prices: [{
    id: "price_chatbot_monthly", product: "prod_chatbot", currency: "usd", unit_amount: 5000,
    recurring: { interval: "month" }, lookup_key: "chatbot", nickname: "chatbot",
  }],
};

/** Takes deliveries, and answers what `status` says. */
async function receiver() {
  const deliveries = [];
  const state = { deliveries, status: () => 200 };
  const server = createServer((request, response) => {
    const chunks = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", () => {
      const delivery = { body: Buffer.concat(chunks), signature: request.headers["stripe-signature"] };
      deliveries.push(delivery);
      response.writeHead(state.status(delivery)).end();
    });
  });
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  state.url = `http://127.0.0.1:${server.address().port}/webhooks/stripe`;
  state.close = () => new Promise((closed) => server.close(closed));
  return state;
}

/** The fake with a product to sell. */
function startShop(folder, args) {
  const seed = join(folder, "seed.json");
  writeFileSync(seed, JSON.stringify(SEED));
  return startFake(["--seed-file", seed, ...args]);
}

describe("Stripe's own clients", () => {
  let folder;
  let hook;
  let fake;
  let stripe;

  const verified = () => hook.deliveries.map(({ body, signature }) => stripe.webhooks.constructEvent(body, signature, SECRET));
  const delivered = (id) => until(`the delivery of ${id}`, () => verified().find((event) => event.id === id));
  const press = (...form) => fake.press(...form);

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "fake-stripe-"));
    hook = await receiver();
    fake = await startShop(folder, ["--webhook", hook.url, "--webhook-secret", SECRET]);
    stripe = clientOf(fake.url);
  });

  after(async () => {
    await fake?.stop();
    await hook?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  describe("the SDK", () => {
    it("makes customers and walks through all of them", async () => {
      const made = [];
      for (let at = 0; at < 23; at += 1) {
        made.push((await stripe.customers.create({ email: `walker${at}@example.com`, metadata: { at: String(at) } })).id);
      }
      const walked = [];
      for await (const customer of stripe.customers.list({ limit: 5 })) walked.push(customer.id);
      assert.deepEqual(walked.slice(0, 23), made.toReversed());
      const found = await stripe.customers.list({ email: "walker7@example.com" });
      assert.deepEqual(found.data.map((customer) => customer.metadata.at), ["7"]);
      assert.equal((await stripe.customers.del(made[0])).deleted, true);
      assert.equal((await stripe.customers.retrieve(made[0])).deleted, true);
    });

    it("finds prices, their products and what was sown", async () => {
      const product = await stripe.products.create({ name: "Phone" });
      const price = await stripe.prices.create({
        product: product.id, currency: "usd", unit_amount: 40000, recurring: { interval: "month" }, lookup_key: "phone",
      });
      const found = await stripe.prices.list({ lookup_keys: ["phone", "chatbot"], expand: ["data.product"] });
      assert.deepEqual(found.data.map((one) => [one.id, one.product.name]), [
        [price.id, "Phone"], ["price_chatbot_monthly", "AI Chatbot"],
      ]);
    });

    it("sees what is answered again for a key, and what another request with it is told", async () => {
      const options = { idempotencyKey: "key-of-the-test" };
      const first = await stripe.customers.create({ email: "once@example.com" }, options);
      const again = await stripe.customers.create({ email: "once@example.com" }, options);
      assert.equal(again.id, first.id);
      assert.equal(again.lastResponse.headers["idempotent-replayed"], "true");
      assert.equal(first.lastResponse.idempotencyKey, "key-of-the-test");
      assert.equal(first.lastResponse.apiVersion, "2026-10-28.endive");
      await assert.rejects(
        stripe.customers.create({ email: "other@example.com" }, options),
        Stripe.errors.StripeIdempotencyError,
      );
    });

    it("sees errors of their own classes", async () => {
      const { StripeAuthenticationError, StripeCardError, StripeInvalidRequestError, StripeRateLimitError } = Stripe.errors;
      await assert.rejects(stripe.customers.retrieve("cus_none"), (error) => {
        assert.ok(error instanceof StripeInvalidRequestError);
        assert.deepEqual([error.statusCode, error.code, error.param], [404, "resource_missing", "id"]);
        return error.requestId.startsWith("req_");
      });
      const refused = new Stripe("sk_live_1", { host: "127.0.0.1", port: new URL(fake.url).port, protocol: "http" });
      await assert.rejects(refused.customers.list(), StripeAuthenticationError);
      const customer = await stripe.customers.create({ payment_method: "pm_card_chargeCustomerFail" });
      await stripe.invoiceItems.create({ customer: customer.id, amount: 700, currency: "usd" });
      const invoice = await stripe.invoices.create({ customer: customer.id, pending_invoice_items_behavior: "include" });
      await assert.rejects(
        stripe.invoices.pay(invoice.id, { payment_method: "pm_card_visa_chargeDeclined" }),
        (error) => error instanceof StripeCardError && error.decline_code === "generic_decline",
      );
      await press("/actions/fail", { status: "429", retry_after: "1" });
      await assert.rejects(stripe.customers.list(), StripeRateLimitError);
    });

    it("gets through failures, and finds an answer that was lost", async () => {
      const patient = clientOf(fake.url, { maxNetworkRetries: 2 });
      await press("/actions/fail", { status: "500", should_retry: "true" });
      await press("/actions/fail", { lost: "true" });
      const customer = await patient.customers.create({ email: "lost@example.com" });
      const found = await stripe.customers.list({ email: "lost@example.com" });
      assert.deepEqual(found.data.map((one) => one.id), [customer.id]);
    });

    it("takes somebody from checkout to a subscription that the webhook hears of", async () => {
      const session = await stripe.checkout.sessions.create({
        mode: "subscription",
        line_items: [{ price: "price_chatbot_monthly", quantity: 1 }],
        customer_email: "buyer@example.com",
        client_reference_id: "org_dental",
        subscription_data: { metadata: { org_id: "org_dental" }, trial_period_days: 14 },
        success_url: "https://portal.example/done?session={CHECKOUT_SESSION_ID}",
        cancel_url: "https://portal.example/back",
      });
      const page = await (await fetch(session.url)).text();
      assert.match(page, /AI Chatbot.*\$50\.00 \/ month/s);
      assert.match(page, /14 days free/);
      const left = await press(new URL(session.url).pathname, { choice: "cancel" });
      assert.equal(left.headers.get("location"), "https://portal.example/back");
      const foreign = await press(new URL(session.url).pathname, { choice: "good" }, { origin: "https://evil.example" });
      assert.equal(foreign.status, 403);
      const bought = await press(new URL(session.url).pathname, { choice: "good" });
      assert.deepEqual(
        [bought.status, bought.headers.get("location")],
        [303, `https://portal.example/done?session=${session.id}`],
      );
      const complete = await stripe.checkout.sessions.retrieve(session.id, { expand: ["subscription", "customer"] });
      assert.deepEqual([complete.status, complete.subscription.status], ["complete", "trialing"]);
      assert.equal(complete.subscription.metadata.org_id, "org_dental");
      const [event] = (await stripe.events.list({ type: "checkout.session.completed" })).data;
      const heard = await delivered(event.id);
      assert.equal(heard.data.object.client_reference_id, "org_dental");
      assert.deepEqual(heard.data, event.data);
      assert.equal(heard.data.object.subscription, complete.subscription.id);
    });

    it("changes a subscription in the portal, and time renews it", async () => {
      const customer = await stripe.customers.create({
        email: "portal@example.com", payment_method: "pm_card_visa", invoice_settings: { default_payment_method: "pm_card_visa" },
      });
      const subscription = await stripe.subscriptions.create({ customer: customer.id, items: [{ price: "price_chatbot_monthly" }] });
      const portal = await stripe.billingPortal.sessions.create({ customer: customer.id, return_url: "https://portal.example/portal" });
      const path = new URL(portal.url).pathname;
      assert.match(await (await fetch(portal.url)).text(), /AI Chatbot, \$50\.00 \/ month.*portal\.example\/portal/s);
      await press(path, { action: "cancel_later", subscription: subscription.id });
      assert.equal((await stripe.subscriptions.retrieve(subscription.id)).cancel_at_period_end, true);
      await press(path, { action: "resume", subscription: subscription.id });
      await press(path, { action: "month" });
      await press("/actions/advance", { seconds: "7200" });
      const invoices = await stripe.invoices.list({ subscription: subscription.id });
      assert.deepEqual(invoices.data.map((one) => [one.status, one.billing_reason]), [
        ["paid", "subscription_cycle"], ["paid", "subscription_create"],
      ]);
      assert.match(await (await fetch(invoices.data[0].hosted_invoice_url)).text(), /1 × AI Chatbot/);
      await press(path, { action: "bad_card" });
      await press(path, { action: "month" });
      await press("/actions/advance", { seconds: "7200" });
      assert.equal((await stripe.subscriptions.retrieve(subscription.id)).status, "past_due");
      const [failed] = (await stripe.events.list({ type: "invoice.payment_failed" })).data;
      assert.equal((await delivered(failed.id)).data.object.parent.subscription_details.subscription, subscription.id);
    });

    it("reads thin events and what they are about", async () => {
      const customer = await stripe.customers.create({ email: "thin@example.com" });
      const [event] = (await stripe.events.list({ type: "customer.created", limit: 1 })).data;
      const thin = await stripe.v2.core.events.retrieve(event.id);
      assert.deepEqual([thin.type, thin.related_object.id], ["v1.customer.created", customer.id]);
      const other = await (await fetch(`${fake.url}/`)).text();
      assert.match(other, /thin@example\.com/);
    });

    it("is told again what its webhook refused", async () => {
      let refusals = 2;
      hook.status = () => (refusals-- > 0 ? 503 : 200);
      const customer = await stripe.customers.create({ email: "again@example.com" });
      const attempts = () => verified().filter((event) => event.data.object.id === customer.id);
      await until("the third attempt", () => attempts().length >= 3);
      hook.status = () => 200;
      assert.equal(new Set(attempts().map((event) => event.id)).size, 1);
    });
  });

  describe("the command line", { skip: CLI_RUNS ? false : `${CLI} does not run` }, () => {
    for (const kind of [
      "billing_portal.session.created", "checkout.session.async_payment_failed", "checkout.session.async_payment_succeeded",
      "checkout.session.completed", "checkout.session.expired",
      "customer.created", "customer.deleted", "customer.updated",
      "customer.subscription.created", "customer.subscription.deleted", "customer.subscription.paused",
      "customer.subscription.trial_will_end", "customer.subscription.updated",
      "invoice.created", "invoice.deleted", "invoice.finalized", "invoice.marked_uncollectible", "invoice.paid",
      "invoice.payment_action_required", "invoice.payment_failed", "invoice.payment_succeeded", "invoice.sent",
      "invoice.updated", "invoice.voided", "invoiceitem.created",
      "payment_intent.payment_failed", "payment_intent.succeeded", "payment_method.attached",
      "price.created", "price.updated", "product.created", "product.deleted", "product.updated", "setup_intent.succeeded",
    ]) {
      it(`triggers ${kind}`, async () => {
        const known = new Set((await stripe.events.list({ type: kind, limit: 100 })).data.map((event) => event.id));
        await fake.trigger(kind, folder);
        const events = (await stripe.events.list({ type: kind, limit: 100 })).data;
        const event = events.find((one) => !known.has(one.id));
        assert.ok(event, `no ${kind} in /v1/events`);
        const heard = await delivered(event.id);
        assert.deepEqual([heard.type, heard.api_version], [kind, "2026-10-28.endive"]);
        assert.deepEqual(heard.data, event.data);
      });
    }
  });
});

describe("a state that is kept", () => {
  it("outlives the server, and what arrived does not come again", async () => {
    const folder = mkdtempSync(join(tmpdir(), "fake-stripe-"));
    const hook = await receiver();
    const args = ["--webhook", hook.url, "--webhook-secret", SECRET, "--state", join(folder, "state.json")];
    const first = await startShop(folder, args);
    const { id } = await clientOf(first.url).customers.create({ email: "kept@example.com" });
    await until("its event", () => hook.deliveries.some(({ body }) => body.includes(id)));
    await first.stop();
    const second = await startShop(folder, args);
    assert.equal((await clientOf(second.url).customers.retrieve(id)).email, "kept@example.com");
    await clientOf(second.url).customers.update(id, { name: "Kept" });
    await until("the update", () => hook.deliveries.some(({ body }) => body.includes("customer.updated")));
    assert.equal(hook.deliveries.filter(({ body }) => body.includes("customer.created")).length, 1);
    await second.stop();
    await hook.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it("remembers what its webhook has not taken, and delivers it after a restart", async () => {
    const folder = mkdtempSync(join(tmpdir(), "fake-stripe-"));
    const hook = await receiver();
    hook.status = () => 503;
    const args = ["--webhook", hook.url, "--webhook-secret", SECRET, "--state", join(folder, "state.json")];
    const first = await startShop(folder, args);
    const { id } = await clientOf(first.url).customers.create({ email: "kept@example.com" });
    await until("its first attempt", () => hook.deliveries.some(({ body }) => body.includes(id)));
    await first.stop();
    hook.deliveries.length = 0;
    hook.status = () => 200;
    const second = await startShop(folder, args);
    await until("its event", () => hook.deliveries.some(({ body }) => body.includes(id)));
    await second.stop();
    await hook.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it("delivers without snapshots where asked, as the SDK reads them", async () => {
    const folder = mkdtempSync(join(tmpdir(), "fake-stripe-"));
    const hook = await receiver();
    const fake = await startShop(folder, ["--webhook", hook.url, "--webhook-secret", SECRET, "--thin"]);
    const stripe = clientOf(fake.url);
    const customer = await stripe.customers.create({ email: "thin@example.com" });
    const notes = () => hook.deliveries.map(({ body, signature }) => stripe.parseEventNotification(body, signature, SECRET));
    const note = await until("the note", () => notes().find((one) => one.related_object.id === customer.id));
    assert.equal(note.type, "v1.customer.created");
    assert.equal((await note.fetchRelatedObject()).email, "thin@example.com");
    assert.equal((await note.fetchEvent()).id, note.id);
    await fake.stop();
    await hook.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it("delivers all in disorder, more than once and through crashes", async () => {
    const folder = mkdtempSync(join(tmpdir(), "fake-stripe-"));
    const hook = await receiver();
    const args = ["--webhook", hook.url, "--webhook-secret", SECRET, "--duplicates", "3", "--shuffle", "--crash-rate", "0.3"];
    const fake = await startShop(folder, args);
    const stripe = clientOf(fake.url);
    await Promise.all(Array.from({ length: 10 }, (_, at) => stripe.customers.create({ name: `${at}` })));
    const all = (await stripe.events.list({ limit: 100 })).data.map((event) => event.id);
    const bodies = () => hook.deliveries.map(({ body, signature }) => stripe.webhooks.constructEvent(body, signature, SECRET).id);
    await until("every event", () => all.every((id) => bodies().includes(id)));
    assert.ok(bodies().length > all.length);
    await fake.stop();
    await hook.close();
    rmSync(folder, { recursive: true, force: true });
  });
});
