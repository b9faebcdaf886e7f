// Streamed bodies and the clock on the real runtime.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { DatabaseSync } from "node:sqlite";

import { databaseFile, startWorker } from "./worker.mjs";

const EXPORT = "/portal/conversations/export.csv?to=2020-12-31&siteId=";

/** 1300 conversations of a site, all of the year 2020, and one whose counter is no number among the last. */
function addConversations(folder) {
  const database = new DatabaseSync(databaseFile(folder));
  for (const [site, counter] of [["site_dental_web", "0"], ["site_dental_phone", "iif(i = 3, 'many', 0)"]]) {
    database.exec(`INSERT INTO chat_sessions (id, site_id, org_id, started_at, status, message_count)
      WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1300)
      SELECT '${site}_' || i, '${site}', 'org_dental', strftime('%Y-%m-%dT%H:%M:%fZ', '2020-01-01', '+' || i || ' minutes'), 'completed', ${counter} FROM n`);
  }
  database.close();
}

describe("conversations", () => {
  let worker;

  before(async () => {
    worker = await startWorker({ vars: { PORTAL_RATE_LIMIT_MAX: "100000" }, beforeStart: addConversations });
  });

  after(() => worker.stop());

  it("are exported page by page", async () => {
    const answer = await worker.as("user_demo_owner", `${EXPORT}site_dental_web`);
    assert.equal(answer.status, 200);
    const lines = (await answer.text()).split("\r\n");
    assert.equal(lines.length, 1302, "a header, the rows, and the end of the last line");
    assert.equal(new Set(lines).size, 1302);
    assert.equal((await worker.logged("export_end")).rows, 1300);
  });

  it("are exported whole or not at all", async () => {
    const answer = await worker.as("user_demo_owner", `${EXPORT}site_dental_phone`);
    assert.equal(answer.status, 200);
    await assert.rejects(answer.text(), "the transfer breaks off");
    assert.equal((await worker.logged("export_failed")).code, "internal_error");
    assert.equal((await worker.fetch("/health")).status, 200, "others are served");
  });

  it("reach the index by the clock", async () => {
    const [{ said }] = worker.rows("SELECT count(*) AS said FROM chat_messages");
    const run = await worker.fetch("/cdn-cgi/handler/scheduled?cron=*+*+*+*+*");
    assert.equal(run.status, 200, await run.text());
    const line = await worker.logged("job", ({ job }) => job === "search_feed");
    assert.deepEqual([line.outcome, line.items], ["done", said]);
    assert.equal(worker.rows("SELECT count(*) AS n FROM messages", "SEARCH")[0].n, said);
    assert.equal(worker.rows("SELECT count(*) AS n FROM search_changes")[0].n, 0);
  });
});
