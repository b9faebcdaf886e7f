// The portal's API on the real runtime and a real D1: what only these can show.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { after, before, describe, it } from "node:test";

import { startWorker } from "./worker.mjs";

const ROOT = resolve(import.meta.dirname, "../..");
const SITE = { "x-site-key": "sk_dental_dev_7hQ2mXw9" };
const DOCUMENT = JSON.parse(readFileSync(join(ROOT, "openapi.json"), "utf8"));

describe("the portal's API", () => {
  let worker;

  before(async () => {
    worker = await startWorker({ vars: { PORTAL_RATE_LIMIT_MAX: "100000", CHAT_RATE_LIMIT_MAX: "100000", LOG_LEVEL: "info" } });
  });

  after(() => worker.stop());

  const as = async (user, path) => (await worker.as(user, path)).json();
  const write = (...args) => worker.write(...args);

  it("serves its document and a page that reads it", async () => {
    assert.deepEqual(await (await worker.fetch("/openapi.json")).json(), DOCUMENT);
    const page = await worker.fetch("/docs");
    assert.match(page.headers.get("content-type"), /^text\/html/);
    assert.match(page.headers.get("content-security-policy"), /script-src 'sha256-/);
  });

  it("answers every list and screen of an owner, and of staff, in one round trip", async () => {
    const reads = Object.entries(DOCUMENT.paths).filter(([path, { get }]) => get?.security?.some((one) => "clerk" in one) && !path.includes("{") && !path.startsWith("/portal/knowledge/")
      // Those that must be told what they are about.
      && !get.parameters?.some(({ required }) => required));
    assert.ok(reads.length > 25);
    for (const [path, { get }] of reads) {
      const answer = await worker.as("user_demo_staff", `${path}?orgId=org_dental`, { headers: { "x-request-id": `read-${get.operationId ?? path.replaceAll("/", ".")}` } });
      assert.equal(answer.status, 200, `${path}: ${await answer.clone().text()}`);
      await answer.arrayBuffer();
      const line = await worker.logged("request_end", ({ requestId }) => requestId === `read-${get.operationId ?? path.replaceAll("/", ".")}`);
      assert.ok(line.d1RoundTrips <= 1, `${path}: ${line.d1RoundTrips} round trips`);
      const owner = await worker.as("user_demo_owner", path);
      assert.ok([200, 403].includes(owner.status), `${path}: ${owner.status}`);
      await owner.arrayBuffer();
    }
  });

  it("never gives more seats than there are", async () => {
    const { memberCount } = await as("user_demo_owner", "/portal/membership-caps");
    const capped = await write("user_demo_staff", "PATCH", "/portal/membership-caps?orgId=org_dental", { maxMembers: memberCount + 3 });
    assert.equal(capped.status, 200, await capped.clone().text());
    const join = (n) => write("user_demo_owner", "POST", "/portal/memberships", { orgId: "org_dental", clerkUserId: `user_seat_${n}`, role: "viewer" });
    const statuses = (await Promise.all(Array.from({ length: 12 }, (_, n) => join(n)))).map(({ status }) => status);
    assert.deepEqual(statuses.toSorted(), [...Array(3).fill(201), ...Array(9).fill(409)]);
    const [{ members, counted, traces }] = worker.rows(`SELECT
      (SELECT count(*) FROM user_memberships WHERE org_id = 'org_dental') AS members,
      (SELECT member_count FROM orgs WHERE id = 'org_dental') AS counted,
      (SELECT count(*) FROM audit_logs WHERE event_type = 'membership.created' AND org_id = 'org_dental') AS traces`);
    assert.deepEqual({ members, counted, traces }, { members: memberCount + 3, counted: memberCount + 3, traces: 3 });
  });

  it("keeps an owner when two demote each other", async () => {
    const second = await write("user_demo_owner", "POST", "/portal/memberships", { orgId: "org_chadis", clerkUserId: "user_demo_admin", role: "owner" });
    assert.equal(second.status, 403, "an owner of another org");
    const promoted = await write("user_demo_staff", "POST", "/portal/memberships", { orgId: "org_chadis", clerkUserId: "user_demo_admin", role: "owner" });
    assert.equal(promoted.status, 201, await promoted.clone().text());
    const { membership } = await promoted.json();
    const demote = (by, id) => write(by, "PATCH", `/portal/memberships/${id}?orgId=org_chadis`, { role: "viewer" });
    const answers = await Promise.all([demote("user_demo_other", membership.id), demote("user_demo_admin", "mem_demo_other")]);
    assert.ok(answers.some(({ status }) => status === 200));
    const [{ owners }] = worker.rows("SELECT count(*) AS owners FROM user_memberships WHERE org_id = 'org_chadis' AND role = 'owner'");
    assert.equal(owners, 1);
  });

  it("lets one of ten writers win who read the same configuration", async () => {
    const read = await worker.as("user_demo_owner", "/portal/config");
    const etag = read.headers.get("etag");
    assert.ok(etag);
    const save = (n) => write("user_demo_owner", "PATCH", "/portal/config", { branding: { company_name: `Name ${n}` } }, { "if-match": etag });
    const answers = await Promise.all(Array.from({ length: 10 }, (_, n) => save(n)));
    assert.deepEqual(answers.map(({ status }) => status).toSorted(), [200, ...Array(9).fill(412)]);
    const won = answers.find(({ status }) => status === 200);
    assert.notEqual(won.headers.get("etag"), etag);
    const [{ traces }] = worker.rows("SELECT count(*) AS traces FROM audit_logs WHERE event_type = 'org.config_updated'");
    assert.equal(traces, 1);
    const { config } = await as("user_demo_owner", "/portal/config");
    assert.ok(config.enabled_modules.length > 0, "the parts that were not sent stay");
  });

  it("streams an export", async () => {
    const answer = await worker.as("user_demo_owner", "/portal/conversations/export.csv");
    assert.equal(answer.status, 200);
    assert.match(answer.headers.get("content-type"), /^text\/csv/);
    assert.match(answer.headers.get("content-disposition"), /^attachment; filename=/);
    assert.equal(answer.headers.get("content-length"), null, "its length is not known in advance");
    const lines = (await answer.text()).split("\r\n").filter(Boolean);
    const [{ sessions }] = worker.rows("SELECT count(*) AS sessions FROM chat_sessions WHERE org_id = 'org_dental'");
    assert.equal(lines.length, sessions + 1);
  });

  it("finds what a visitor wrote a moment ago, and forgets it on demand", async () => {
    const turn = await worker.post("/chat", { message: "Do you offer quokkaberry fluoride?", visitor_id: "visitor_quokka" }, SITE);
    assert.equal(turn.status, 200);
    const { session_id: session } = await turn.json();
    const search = async () => (await as("user_demo_owner", "/portal/conversations?orgId=org_dental&q=quokkaberry")).conversations.map(({ id }) => id);
    const deadline = Date.now() + 60_000;
    let found = [];
    while (found.length === 0 && Date.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 500));
      found = await search();
    }
    assert.deepEqual(found, [session]);
    assert.deepEqual((await as("user_demo_other", "/portal/conversations?orgId=org_chadis&q=quokkaberry")).conversations, []);

    const gone = await write("user_demo_owner", "DELETE", "/portal/visitors/visitor_quokka?orgId=org_dental");
    assert.equal(gone.status, 200, await gone.clone().text());
    assert.deepEqual(await search(), []);
    assert.equal(worker.rows(`SELECT count(*) AS n FROM chat_messages WHERE session_id = '${session}'`)[0].n, 0);
  });

  it("keeps provider keys to itself", async () => {
    const secret = "AIza-not-to-be-seen";
    const { sites } = await as("user_demo_owner", "/portal/sites");
    const saved = await write("user_demo_owner", "PATCH", `/portal/sites/${sites[0].id}`, { googleApiKey: secret });
    assert.equal(saved.status, 200, await saved.clone().text());
    assert.ok(!(await saved.text()).includes(secret));
    const [{ stored }] = worker.rows(`SELECT google_api_key AS stored FROM portal_sites WHERE id = '${sites[0].id}'`);
    assert.match(stored, /^enc:v1:/);
    const everything = JSON.stringify([await as("user_demo_owner", "/portal/sites"), await as("user_demo_owner", "/portal/overview"), await as("user_demo_owner", "/audit/logs"), worker.log()]);
    assert.ok(!everything.includes(secret) && !everything.includes(stored));
  });

  it("ends a person's sessions from the next request on", async () => {
    assert.equal((await worker.as("user_demo_viewer", "/portal/me")).status, 200);
    const issued = Math.floor(Date.now() / 1000) - 5;
    const ended = await write("user_demo_staff", "POST", "/portal/users/usr_demo_viewer/revoke-sessions");
    assert.equal(ended.status, 200, await ended.clone().text());
    assert.equal((await worker.as("user_demo_viewer", "/portal/me", { claims: { iat: issued } })).status, 401);
    assert.equal((await worker.as("user_demo_viewer", "/portal/me", { claims: { iat: Math.floor(Date.now() / 1000) + 2 } })).status, 200);
  });
});
