// A conversation on its way to a person and back, on the real runtime: the visitor's page and the portal take turns.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { DatabaseSync } from "node:sqlite";

import { databaseFile, startWorker } from "./worker.mjs";

const SITE = { "x-site-key": "sk_dental_dev_7hQ2mXw9" };
const VISITOR = "visitor_runtime";

/** The site hands over, and captures leads. */
function handOver(folder) {
  const database = new DatabaseSync(databaseFile(folder));
  const config = { handoff: { enabled: true }, lead_capture: { enabled: true, consent_text: "You may contact me." } };
  database.prepare("UPDATE portal_sites SET config = ? WHERE site_key = ?").run(JSON.stringify(config), SITE["x-site-key"]);
  database.close();
}

describe("a conversation", () => {
  let worker;

  before(async () => {
    worker = await startWorker({
      vars: { PORTAL_RATE_LIMIT_MAX: "100000", CHAT_RATE_LIMIT_MAX: "100000" },
      beforeStart: handOver,
    });
  });

  after(() => worker.stop());

  async function ok(answer, status = 200) {
    const text = await answer.text();
    assert.equal(answer.status, status, text);
    return text === "" ? undefined : JSON.parse(text);
  }

  const visitor = (path, body = {}) => worker.post(path, { visitor_id: VISITOR, ...body }, SITE);

  async function begin() {
    const answer = await ok(await visitor("/chat", { message: "What are your Saturday opening hours?" }));
    return `/chat/sessions/${answer.session_id}`;
  }

  it("goes to a person, who answers and closes it", async () => {
    const own = await begin();
    const id = own.split("/").at(-1);
    const asked = await ok(await visitor(`${own}/handoff`));
    assert.deepEqual([asked.state, asked.handoff, asked.available], ["handed_off", "requested", true]);

    const { handoffs } = await ok(await worker.as("user_demo_owner", "/portal/handoffs?status=requested"));
    assert.deepEqual(handoffs.map((row) => row.id), [id]);
    const { notifications } = await ok(await worker.as("user_demo_owner", "/portal/notifications?unread=true"));
    assert.deepEqual(notifications.map((row) => [row.kind, row.targetId]), [["handoff_requested", id]]);
    await ok(await worker.write("user_demo_owner", "POST", `/portal/notifications/${notifications[0].id}/read`));

    const poll = `${own}/messages?visitor_id=${VISITOR}`;
    const before = await worker.fetch(poll, { headers: SITE });
    const tag = before.headers.get("etag");
    const known = (await ok(before)).messages.at(-1).id;
    const waits = await worker.fetch(`${poll}&after=${known}`, { headers: { ...SITE, "if-none-match": tag } });
    assert.deepEqual([waits.status, await waits.text()], [304, ""]);

    const portal = `/portal/conversations/${id}`;
    const early = await worker.write("user_demo_owner", "POST", `${portal}/reply`, { message: "Hello" });
    assert.equal((await ok(early, 409)).code, "handoff_not_accepted");
    const accepted = await ok(await worker.write("user_demo_owner", "POST", `${portal}/accept`));
    assert.equal(accepted.conversation.handoff, "accepted");
    const said = await ok(await worker.write("user_demo_owner", "POST", `${portal}/reply`, { message: "Hello, a person here." }));

    const seen = await worker.fetch(`${poll}&after=${known}`, { headers: { ...SITE, "if-none-match": tag } });
    const { messages, answered_by: by } = await ok(seen);
    assert.deepEqual(messages.map((message) => [message.id, message.author.kind, message.content]), [
      [said.message.id, "person", "Hello, a person here."],
    ]);
    assert.equal(by.kind, "person");

    const closed = await ok(await worker.write("user_demo_owner", "POST", `${portal}/close`));
    assert.equal(closed.conversation.state, "completed");
    const late = await visitor("/chat", { message: "Thanks", session_id: id });
    assert.equal((await ok(late, 409)).code, "session_closed");
    const again = await ok(await worker.fetch(`${own}?visitor_id=${VISITOR}`, { headers: SITE }));
    assert.deepEqual([again.session.state, again.messages.length], ["completed", 3]);

    const traces = worker.rows(`SELECT event_type FROM audit_logs WHERE target_id = '${id}' ORDER BY created_at, id`);
    assert.deepEqual(traces.map((row) => row.event_type), ["conversation.accepted", "conversation.replied", "conversation.closed"]);
    const line = await worker.logged("request_end", (line) => line.route?.includes("/reply") || line.path?.endsWith("/reply"));
    assert.ok(line.d1RoundTrips <= 2, JSON.stringify(line));
    assert.ok(!worker.output.includes("a person here") && !worker.output.includes(VISITOR), "the log holds no words and no visitor");
  });

  it("is rated, brings a lead once, and is forgotten", async () => {
    const own = await begin();
    const id = own.split("/").at(-1);
    const { messages } = await ok(await worker.fetch(`${own}?visitor_id=${VISITOR}`, { headers: SITE }));
    const answer = messages.at(-1);
    assert.equal(answer.author.kind, "assistant");
    for (const rating of ["up", "down", "down"]) {
      await ok(await visitor(`${own}/messages/${answer.id}/feedback`, { rating }));
    }
    const [thumbs] = worker.rows("SELECT sum(thumbs_up) AS up, sum(thumbs_down) AS down FROM metrics_rollup WHERE scope_id = '*'");
    assert.deepEqual(thumbs, { up: 0, down: 1 });

    const lead = { email: "ann@visitor.example", consent: true, consent_text: "You may contact me." };
    const count = () => worker.rows("SELECT coalesce(sum(leads), 0) AS n FROM metrics_rollup WHERE scope_id = 'org_dental'")[0].n;
    const before = count();
    await ok(await visitor(`${own}/lead`, lead));
    await ok(await visitor(`${own}/lead`, { ...lead, phone: "+1 555 010 4471" }));
    assert.equal(count() - before, 1);
    assert.equal(worker.rows(`SELECT phone FROM leads WHERE session_id = '${id}'`)[0].phone, "+1 555 010 4471");
    assert.equal(worker.rows(`SELECT count(*) AS n FROM outcome_events WHERE id = 'lead_captured:${id}'`)[0].n, 1);

    const foreign = await worker.fetch(`${own}?visitor_id=somebody`, { method: "DELETE", headers: SITE });
    assert.equal((await ok(foreign, 404)).code, "session_not_found");
    await ok(await worker.fetch(`${own}?visitor_id=${VISITOR}`, { method: "DELETE", headers: SITE }));
    const words = worker.rows(`SELECT DISTINCT content FROM chat_messages WHERE session_id = '${id}'`);
    assert.deepEqual(words, [{ content: "[removed]" }]);
    assert.equal(worker.rows(`SELECT email FROM leads WHERE session_id = '${id}'`)[0].email, null);
  });

  it("ends by the clock when it is quiet", async () => {
    const own = await begin();
    const id = own.split("/").at(-1);
    // Half an hour passes.
    const database = new DatabaseSync(databaseFile(worker.folder));
    database.exec("PRAGMA busy_timeout = 5000");
    database.exec(`UPDATE chat_sessions SET last_message_at = '2026-01-01T00:00:00.000Z' WHERE id = '${id}'`);
    database.close();
    const run = await worker.fetch("/cdn-cgi/handler/scheduled?cron=*+*+*+*+*");
    assert.equal(run.status, 200, await run.text());
    const line = await worker.logged("job", (line) => line.job === "idle_close");
    assert.equal(line.outcome, "done", JSON.stringify(line));
    const [row] = worker.rows(`SELECT status, closed_by, ended_at FROM chat_sessions WHERE id = '${id}'`);
    assert.deepEqual(row, { status: "completed", closed_by: "idle", ended_at: "2026-01-01T00:00:00.000Z" });
  });
});
