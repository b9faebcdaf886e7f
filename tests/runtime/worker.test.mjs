// The release artefact on the real runtime, with the vendors' own libraries as clients.

import assert from "node:assert/strict";
import { connect } from "node:net";
import { after, before, describe, it } from "node:test";

import { Webhook } from "svix";

import { deliver } from "./stripe.mjs";
import { CLERK_SECRET, STRIPE_SECRET, rsaKey, startWorker, token } from "./worker.mjs";

const PAGE = "http://localhost:3000";
const SITE = { "x-site-key": "sk_dental_dev_7hQ2mXw9" };

describe("the Worker", () => {
  let worker;

  before(async () => {
    worker = await startWorker({ vars: { PORTAL_RATE_LIMIT_MAX: "100000", CHAT_RATE_LIMIT_MAX: "100000", LOG_LEVEL: "debug" } });
  });

  after(() => worker.stop());

  it("answers uptime monitors", async () => {
    const health = await worker.fetch("/health");
    assert.equal(health.status, 200);
    const body = await health.json();
    assert.equal(body.status, "ok");
    assert.equal(body.environment, "development");
    assert.equal(body.requestId, health.headers.get("x-request-id"));
    assert.ok(Math.abs(Date.parse(body.timestamp) - Date.now()) < 60_000);

    for (const path of ["/health/ready", "/v1/health", "/api/health"]) {
      const ready = await worker.fetch(path);
      const text = await ready.text();
      assert.equal(ready.status, 200, text);
      assert.equal(JSON.parse(text).services.database.status, "healthy");
    }
    const head = await worker.fetch("/health/ready", { method: "HEAD" });
    assert.deepEqual([head.status, await head.text()], [200, ""]);
  });

  it("shows an owner their portal", async () => {
    const overview = await (await worker.as("user_demo_owner", "/portal/overview")).json();
    assert.equal(overview.org.id, "org_dental");
    assert.ok(overview.stats.totalSessions > 0);
    assert.ok(!JSON.stringify(overview).includes("api_key"));
    const me = await (await worker.as("user_demo_owner", "/portal/me")).json();
    assert.equal(me.currentOrgRole, "owner");
    const { engines } = await (await worker.as("user_demo_owner", "/portal/engines")).json();
    assert.ok(engines.every((engine) => engine.id.startsWith("site_dental")));
    const all = await (await worker.as("user_demo_staff", "/portal/overview")).json();
    assert.equal(all.org, null);

    const line = await worker.logged("request_end", (line) => line.path === "/portal/overview" && line.orgId === "org_dental");
    assert.equal(line.d1RoundTrips, 1);
    assert.ok(line.d1RowsRead > 0 && line.d1RowsRead < 150, `${line.d1RowsRead} rows read`);
  });

  it("verifies signatures with the runtime's crypto", async () => {
    const me = "/portal/me";
    assert.equal((await worker.as("user_demo_owner", me)).status, 200);
    assert.equal((await worker.fetch(me)).status, 401);
    assert.equal((await worker.as("user_demo_owner", me, { key: rsaKey() })).status, 401);
    assert.equal((await worker.as("user_demo_owner", me, { claims: { azp: "https://evil.example" } })).status, 401);
    const expired = Math.floor(Date.now() / 1000) - 10;
    assert.equal((await worker.as("user_demo_owner", me, { claims: { exp: expired } })).status, 401);
    assert.equal((await worker.as("user_demo_suspended", me)).status, 403);
    assert.equal((await worker.as("user_demo_owner", "/portal/overview?orgId=org_chadis")).status, 403);
  });

  it("makes one row of twenty first logins at once", async () => {
    const bearer = await token("user_demo_new");
    const first = () => worker.fetch("/portal/me", { headers: { authorization: `Bearer ${bearer}` } });
    const answers = await Promise.all(Array.from({ length: 20 }, first));
    assert.deepEqual(answers.map((answer) => answer.status), Array(20).fill(200));
    assert.equal(worker.rows("SELECT count(*) AS n FROM users WHERE clerk_user_id = 'user_demo_new'")[0].n, 1);
    const overview = await worker.fetch("/portal/overview", { headers: { authorization: `Bearer ${bearer}` } });
    assert.equal(overview.status, 400);
    assert.equal((await overview.json()).error, "Organization required");
  });

  it("lets listed pages read answers and errors", async () => {
    const preflight = await worker.fetch("/portal/overview", {
      method: "OPTIONS", headers: { origin: PAGE, "access-control-request-method": "GET", "access-control-request-headers": "authorization" },
    });
    assert.equal(preflight.status, 204);
    assert.equal(preflight.headers.get("access-control-allow-origin"), PAGE);
    for (const [origin, expected] of [[PAGE, PAGE], ["https://evil.example", null]]) {
      const refused = await worker.fetch("/portal/overview", { headers: { origin } });
      assert.equal(refused.status, 401);
      assert.equal(refused.headers.get("access-control-allow-origin"), expected);
      assert.match(refused.headers.get("vary"), /Origin/);
    }
  });

  it("answers a visitor from the knowledge of the site's org, and stores the turn", async () => {
    const question = { message: "Are you open on Saturday? What are the opening hours?", visitor_id: "visitor_rt" };
    const answer = await worker.post("/chat", question, { ...SITE, origin: PAGE });
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get("access-control-allow-origin"), PAGE);
    const body = await answer.json();
    assert.match(body.response, /Saturday opening hours are eight to one/);
    assert.equal(body.citations[0].chunk_id, "chunk_org_dental");
    assert.ok(Number.isInteger(body.latency_ms));

    const next = await worker.post("/chat", { message: "Do you sell bicycles?", visitor_id: "visitor_rt", session_id: body.session_id }, SITE);
    const unknown = await next.json();
    assert.equal(unknown.session_id, body.session_id);
    assert.match(unknown.response, /^I don't know .*555\) 010-2233/);

    const messages = worker.rows(`SELECT role, content FROM chat_messages WHERE session_id = '${body.session_id}' ORDER BY created_at`);
    assert.deepEqual(messages.map((message) => message.role), ["user", "assistant", "user", "assistant"]);
    assert.equal(messages[1].content, body.response);
    const [session] = worker.rows(`SELECT * FROM chat_sessions WHERE id = '${body.session_id}'`);
    assert.deepEqual([session.message_count, session.visitor_id, session.org_id], [4, "visitor_rt", "org_dental"]);

    const line = await worker.logged("request_end", (line) => line.path === "/chat" && line.status === 200);
    assert.equal(line.d1RoundTrips, 3);
  });

  it("counts parallel turns without losing one", async () => {
    // Of an org's day, one address has a tenth.
    const raised = await worker.write("user_demo_staff", "PATCH", "/portal/budgets?orgId=org_chadis", { messagesPerDay: 1000 });
    assert.equal(raised.status, 200, await raised.text());
    const day = new Date().toISOString().slice(0, 10);
    const count = () => worker.rows(`SELECT answers FROM metrics_rollup WHERE scope_id = 'org_chadis' AND date = '${day}'`)[0].answers;
    const before = count();
    const turns = Array.from({ length: 25 }, () => worker.post("/chat", { message: "opening hours" }, { "x-site-key": "sk_chadis_dev_9cV3nRz6" }));
    const statuses = (await Promise.all(turns)).map((answer) => answer.status);
    assert.deepEqual(statuses, Array(25).fill(200));
    assert.equal(count(), before + 25);
  });

  it("lets in as many of a thousand parallel turns as a budget has left, and no more", async () => {
    const value = (sql) => worker.rows(sql)[0].n;
    const used = () => value("SELECT coalesce(sum(messages), 0) AS n FROM budget_counters WHERE scope_id = 'site_dental_web'");
    const turns = () => value("SELECT count(*) AS n FROM chat_turns WHERE site_id = 'site_dental_web'");
    const path = "/portal/sites/site_dental_web/budget";
    const before = { used: used(), turns: turns() };
    const few = { messagesPerDay: before.used + 7, siteMessagesPerMinute: 100_000, visitorMessagesPerMinute: 100_000 };
    assert.equal((await worker.write("user_demo_staff", "PATCH", path, few)).status, 200);
    const codes = [];
    // Four times 250 at once: each has a connection, and processes have a thousand.
    await Promise.all(Array.from({ length: 250 }, async () => {
      for (let time = 0; time < 4; time += 1) {
        const answer = await worker.post("/chat", { message: "hello" }, SITE);
        const { code } = await answer.json();
        codes.push(answer.status === 200 ? "answered" : code);
      }
    }));
    const count = (code) => codes.filter((one) => one === code).length;
    assert.deepEqual([count("answered"), count("message_budget_exhausted")], [7, 993]);
    assert.deepEqual([used(), turns()], [before.used + 7, before.turns + 7]);
    const none = { messagesPerDay: null, siteMessagesPerMinute: null, visitorMessagesPerMinute: null };
    assert.equal((await worker.write("user_demo_staff", "PATCH", path, none)).status, 200);
  });

  it("refuses what may not be let in", async () => {
    const session = (await (await worker.post("/chat", { message: "hello hours" }, SITE)).json()).session_id;
    for (const [status, body, headers] of [
      [401, { message: "hi" }, { "x-site-key": "sk_nowhere" }],
      [401, { message: "hi" }, {}],
      [403, { message: "hi" }, { "x-site-key": "sk_chadisold_dev_2bN5yJd8" }],
      [403, { message: "hi" }, { ...SITE, origin: "https://evil.example" }],
      [404, { message: "hi", session_id: session }, { "x-site-key": "sk_chadis_dev_9cV3nRz6" }],
      [400, { message: "" }, SITE],
      [400, { message: "x".repeat(5001) }, SITE],
      [400, "{", SITE],
      [413, { message: "x".repeat(70_000) }, SITE],
      [405, null, null],
    ]) {
      const answer = headers ? await worker.post("/chat", body, headers) : await worker.fetch("/chat");
      const problem = await answer.json();
      assert.equal(answer.status, status, JSON.stringify(problem));
      assert.equal(typeof problem.error, "string");
      assert.equal(problem.requestId, answer.headers.get("x-request-id"));
    }
  });

  it("counts a body whose length is not declared", async () => {
    const stream = new ReadableStream({
      start(controller) {
        for (let chunk = 0; chunk < 80; chunk += 1) controller.enqueue(new Uint8Array(1024).fill(32));
        controller.close();
      },
    });
    const answer = await worker.fetch("/chat", {
      method: "POST", duplex: "half", body: stream, headers: { ...SITE, "content-type": "application/json" },
    });
    assert.deepEqual([answer.status, (await answer.json()).error], [413, "Request too large"]);
  });

  it("counts a body in chunks, whatever length is declared beside", async () => {
    const sent = ["20000\r\n", " ".repeat(0x20000)];
    const answer = await send("/chat", { "content-length": 10, "transfer-encoding": "chunked", ...SITE }, sent);
    assert.match(answer, /^HTTP\/1.1 413 .*"Request too large"/s);
  });

  it("waits for all of a body whose length is declared", async () => {
    const body = JSON.stringify({ message: "hello hours" });
    const pieces = [body.slice(0, 5), body.slice(5)];
    const answer = await send("/chat", { "content-length": body.length, ...SITE }, pieces);
    assert.match(answer, /^HTTP\/1.1 200 .*"session_id"/s);
  });

  it("refuses a body that ends before its declared length", async () => {
    await send("/chat", { "content-length": 1000, "x-request-id": "cut-off", ...SITE }, [JSON.stringify({ message: "hello hours" })], { leave: true });
    const { status } = await worker.logged("request_end", ({ requestId }) => requestId === "cut-off");
    assert.equal(status, 400);
    // The next request is served.
    assert.equal((await worker.post("/chat", { message: "hello hours" }, SITE)).status, 200);
  });

  it("stores text byte for byte", async () => {
    const nickname = `quotes " ' \\ \\" tab \t line \n separators \u2028 \u2029 controls \u0000 \u0001 \u001f \u007f BOM \ufeff é 中 😀 \u{10FFFF} \\u0041 ]`;
    const event = {
      id: "evt_runtime_text", object: "event", type: "customer.subscription.updated", created: Math.floor(Date.now() / 1000), livemode: false,
      data: { object: {
        id: "sub_runtime_text", object: "subscription", customer: "cus_demo_dental", status: "canceled", metadata: {},
        items: { data: [{ quantity: 9_007_199_254_740_991, price: { id: "price_rt", nickname } }] },
      } },
    };
    const answer = await deliver(worker, event);
    assert.equal(answer.status, 200, await answer.text());
    const [row] = worker.rows(`SELECT hex(s.plan_nickname) AS nickname, CAST(s.quantity AS TEXT) AS quantity, s.trial_start, hex(e.payload) AS payload
      FROM billing_subscriptions s JOIN stripe_events e ON e.object_id = s.stripe_subscription_id WHERE s.stripe_subscription_id = 'sub_runtime_text'`);
    const text = (hex) => Buffer.from(hex, "hex").toString();
    assert.deepEqual({ ...row, nickname: text(row.nickname), payload: text(row.payload) }, { nickname, quantity: "9007199254740991", trial_start: null, payload: JSON.stringify(event) });
  });

  /** What is answered to a request whose body is sent piece by piece; `leave` goes away after the last. */
  function send(path, headers, pieces, { leave = false } = {}) {
    const { hostname, port, host } = new URL(worker.url);
    const lines = Object.entries({ host, "content-type": "application/json", connection: "close", ...headers }).map(([name, value]) => `${name}: ${value}`);
    return new Promise((done, fail) => {
      const socket = connect(Number(port), hostname);
      let answer = "";
      socket.setNoDelay(true).setTimeout(10_000, () => socket.destroy(new Error(`no answer to ${path}`)));
      socket.on("data", (data) => {
        answer += data;
        if (/\r\n\r\n.*\}\s*$/s.test(answer)) socket.destroy();
      });
      socket.on("error", fail).on("close", () => done(answer));
      socket.write(`POST ${path} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`, next);
      function next() {
        const piece = pieces.shift();
        if (piece !== undefined) socket.write(piece, () => setTimeout(next, 50));
        else if (leave) socket.destroy();
      }
    });
  }

  it("applies an event signed by Stripe's own library once, however often it comes", async () => {
    const now = Math.floor(Date.now() / 1000);
    const event = {
      id: "evt_runtime_1", object: "event", type: "customer.subscription.updated", created: now, livemode: false,
      api_version: "2026-10-28.endive",
      data: { object: {
        id: "sub_runtime", object: "subscription", customer: "cus_demo_dental", status: "past_due", metadata: {},
        items: { data: [{ quantity: 1, current_period_start: now, current_period_end: now + 86_400, price: { id: "price_rt", nickname: "Bundle" } }] },
      } },
    };
    const deliveries = await Promise.all(Array.from({ length: 10 }, () => deliver(worker, event)));
    const bodies = await Promise.all(deliveries.map((answer) => answer.json()));
    assert.ok(deliveries.every((answer) => answer.status === 200), JSON.stringify(bodies));
    assert.equal(bodies.filter((body) => body.eventId).length, 1);
    assert.equal(bodies.filter((body) => body.duplicate).length, 9);

    assert.equal(worker.rows("SELECT status FROM billing_subscriptions WHERE stripe_subscription_id = 'sub_runtime'")[0].status, "past_due");
    assert.equal(worker.rows("SELECT count(*) AS n FROM audit_logs WHERE target_id = 'sub_runtime'")[0].n, 1);
    assert.equal(worker.rows("SELECT status FROM stripe_events WHERE stripe_event_id = 'evt_runtime_1'")[0].status, "processed");
  });

  it("refuses forged, old and orphaned events", async () => {
    const event = { id: "evt_runtime_2", object: "event", type: "charge.succeeded", created: 1, livemode: false, data: { object: { id: "ch_1", object: "charge" } } };
    assert.equal((await deliver(worker, event, { secret: "whsec_other" })).status, 400);
    assert.equal((await deliver(worker, event, { timestamp: Math.floor(Date.now() / 1000) - 301 })).status, 400);
    assert.equal((await worker.post("/webhooks/stripe", event)).status, 400);
    assert.equal((await deliver(worker, event, { path: "/billing/webhook" })).status, 200);

    const orphan = { id: "sub_o", object: "subscription", customer: "cus_nobody", status: "active", items: { data: [] } };
    const created = Math.floor(Date.now() / 1000);
    const early = { ...event, id: "evt_runtime_3", type: "customer.subscription.created", created, data: { object: orphan } };
    assert.equal((await deliver(worker, early)).status, 503);
    const [row] = worker.rows("SELECT status, processing_error FROM stripe_events WHERE stripe_event_id = 'evt_runtime_3'");
    assert.deepEqual(row, { status: "failed", processing_error: "customer_unknown" });
    await worker.logged("stripe_webhook_failed", (line) => line.eventId === "evt_runtime_3");
  });

  it("takes what Svix's own library signed for Clerk once, and refuses the tokens of a session that ended", async () => {
    const claims = { sid: "sess_runtime_gone" };
    const overview = () => worker.as("user_demo_viewer", "/portal/overview", { claims });
    assert.equal((await overview()).status, 200);
    const event = { object: "event", type: "session.revoked", timestamp: Date.now(), data: { id: claims.sid, object: "session" } };
    const deliveries = await Promise.all(Array.from({ length: 10 }, () => deliverClerk(worker, "msg_runtime_1", event)));
    const bodies = await Promise.all(deliveries.map((answer) => answer.json()));
    assert.ok(deliveries.every((answer) => answer.status === 200), JSON.stringify(bodies));
    assert.equal(bodies.filter((body) => body.duplicate).length, 9);
    const refused = await overview();
    assert.deepEqual([refused.status, (await refused.json()).code], [401, "session_revoked"]);
    assert.equal((await worker.as("user_demo_viewer", "/portal/overview")).status, 200);

    const gone = { ...event, type: "user.deleted", data: { id: "user_runtime_gone", object: "user", deleted: true } };
    assert.equal((await deliverClerk(worker, "msg_runtime_2", gone)).status, 200);
    const [row] = worker.rows("SELECT status, email FROM users WHERE clerk_user_id = 'user_runtime_gone'");
    assert.deepEqual(row, { status: "inactive", email: null });

    const other = `whsec_${Buffer.alloc(32, 1).toString("base64")}`;
    assert.equal((await deliverClerk(worker, "msg_runtime_3", event, { secret: other })).status, 400);
    const late = new Date(Date.now() - 301_000);
    assert.equal((await deliverClerk(worker, "msg_runtime_3", event, { at: late })).status, 400);
    assert.equal((await worker.post("/webhooks/clerk", event)).status, 400);
  });

  it("writes one JSON object a line and nothing private", async () => {
    const bearer = await token("user_demo_owner");
    await worker.fetch("/portal/me", { headers: { authorization: `Bearer ${bearer}` } });
    await worker.post("/chat", { message: "a private question about hours" }, SITE);
    await worker.logged("request_end", (line) => line.path === "/chat");
    for (const line of worker.log()) {
      assert.deepEqual(Object.keys(line).slice(0, 4), ["timestamp", "level", "requestId", "message"]);
    }
    for (const secret of [bearer, "private question", SITE["x-site-key"], STRIPE_SECRET, CLERK_SECRET]) {
      assert.ok(!worker.log().some((line) => JSON.stringify(line).includes(secret)));
    }
  });
});

/** Signs with Svix's own library and delivers. */
function deliverClerk(worker, id, event, { secret = CLERK_SECRET, at = new Date() } = {}) {
  const payload = JSON.stringify(event);
  const headers = {
    "svix-id": id,
    "svix-timestamp": `${Math.floor(at.getTime() / 1000)}`,
    "svix-signature": new Webhook(secret).sign(id, at, payload),
  };
  return worker.post("/webhooks/clerk", payload, headers);
}
