// The widget's public half on the real runtime: what pages are told, caching, refusals, events.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";

import { startWorker } from "./worker.mjs";

const PAGE = "https://brightsmile.example";
const KEY = "dk_dental_live_8rW3xKb6";

describe("the widget", () => {
  let worker;

  before(async () => {
    worker = await startWorker();
  });

  after(() => worker.stop());

  const config = (key, headers = {}) => worker.fetch(`/widget/config/${key}`, { headers });

  it("is configured for a page that is listed", async () => {
    const answer = await config(KEY, { origin: PAGE });
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get("access-control-allow-origin"), PAGE);
    assert.equal(answer.headers.get("cache-control"), "public, max-age=300");
    assert.match(answer.headers.get("vary"), /Origin/);
    assert.match(answer.headers.get("ratelimit"), /^"widget";r=\d+;t=\d+$/);
    const { config: told } = await answer.json();
    assert.deepEqual([told.deployKey, told.deploy_key, told.orgSlug], [KEY, KEY, told.org_slug]);
    assert.equal(told.theme.primaryColor, "#0f766e");
    assert.equal(told.theme.position, "bottom-right");
    assert.equal(told.widgetVersion, "1.0.0");
    assert.deepEqual(told.endpoints, {
      chat: `${worker.url}/v1/chat`, session: `${worker.url}/chat/sessions`, events: `${worker.url}/widget/events`,
    });
    assert.equal((await worker.logged("request_end", (line) => line.route?.startsWith("/widget/config"))).orgId, "org_dental");
  });

  it("is not sent again to who has it", async () => {
    const tag = (await config(KEY, { origin: PAGE })).headers.get("etag");
    const again = await config(KEY, { origin: PAGE, "if-none-match": tag });
    assert.deepEqual([again.status, await again.text()], [304, ""]);
    assert.equal(again.headers.get("etag"), tag);
    assert.match(again.headers.get("vary"), /Origin/);
  });

  it("is refused to other pages, and says to whom", async () => {
    const answer = await config(KEY, { origin: "https://evil.example" });
    assert.equal(answer.status, 403);
    assert.equal(answer.headers.get("access-control-allow-origin"), null);
    const problem = await answer.json();
    assert.equal(problem.error, "origin_not_allowed");
    assert.match(problem.message, /https:\/\/evil\.example/);
    assert.equal((await config("dk_nowhere", { origin: PAGE })).status, 404);
  });

  it("explains why an embed is refused", async () => {
    const check = async (origin) => {
      const answer = await worker.fetch(`/widget/check?key=${KEY}&origin=${encodeURIComponent(origin)}`);
      return answer.json();
    };
    const works = await check("https://www.brightsmile.example");
    assert.equal(works.ok, true, JSON.stringify(works));
    const refused = await check("https://evil.example");
    assert.deepEqual([refused.ok, refused.code], [false, "origin_not_allowed"]);
  });

  it("tells what happened, and it is counted", async () => {
    const batch = { deployKey: KEY, events: [{ name: "widget_opened" }, { name: "booking_opened" }, { name: "widget_opened" }] };
    const answer = await worker.post("/widget/events", batch, { origin: PAGE });
    assert.deepEqual([answer.status, await answer.json()], [202, { accepted: 3, sampled: false }]);
    const rows = worker.rows("SELECT scope_id, event, count FROM widget_event_counts ORDER BY event");
    assert.deepEqual(rows, [
      { scope_id: "wdep_dental_live", event: "booking_opened", count: 1 },
      { scope_id: "wdep_dental_live", event: "widget_opened", count: 2 },
    ]);
  });

  it("goes on with a key that was replaced", async () => {
    const rotated = await worker.write("user_demo_admin", "POST", "/portal/widget/deployments/wdep_dental_live/rotate-key");
    const { deployment, previousKey } = await rotated.json();
    assert.deepEqual([rotated.status, previousKey], [200, KEY]);
    for (const key of [KEY, deployment.deployKey]) {
      assert.equal((await config(key, { origin: PAGE })).status, 200, key);
    }
    const leaked = await worker.write("user_demo_admin", "POST", "/portal/widget/deployments/wdep_dental_live/rotate-key", { overlapHours: 0 });
    assert.equal(leaked.status, 200);
    for (const key of [KEY, deployment.deployKey]) {
      assert.equal((await config(key, { origin: PAGE })).status, 404, key);
    }
  });

  it("has the look that an admin gives it", async () => {
    const changed = await worker.write("user_demo_admin", "PATCH", "/portal/widget/profiles/wprof_dental", { theme: { primaryColor: "#112233", borderRadius: null } });
    const { profile } = await changed.json();
    assert.deepEqual([changed.status, profile.theme.primaryColor], [200, "#112233"]);
    const answer = await config("dk_dental_dev_5mJ8qTz2", { origin: "http://localhost:3000" });
    assert.equal((await answer.json()).config.theme.primaryColor, "#112233");
  });
});
