// A web site as a source of knowledge, from the portal to an answer, on the real runtime.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, describe, it } from "node:test";

import { startWorker } from "./worker.mjs";

const CLOCK = "/cdn-cgi/handler/scheduled?cron=*+*+*+*+*";

/** A small site; requests to it are kept with their headers. */
async function startSite() {
  const seen = [];
  const page = (title, text, links = "") =>
    [200, { "content-type": "text/html; charset=utf-8" }, `<!doctype html><title>${title}</title><main><h1>${title}</h1><p>${text}</p>${links}</main>`];
  const answers = {
    "/robots.txt": [200, { "content-type": "text/plain" }, "User-agent: *\nDisallow: /secret\nSitemap: /map.xml\n"],
    "/map.xml": [200, { "content-type": "application/xml" }, "<urlset><url><loc>/orphan</loc></url></urlset>"],
    "/": page("Home", "Welcome to the practice.", "<a href='/kayaks?utm_source=x#top'>x</a> <a href=/secret>x</a> <a href=/away>x</a> <a href=/logo.png>x</a>"),
    "/kayaks": page("Kayak rental", "A kayak rental costs twenty euros per hour, paddles included."),
    "/orphan": page("Orphan", "Nobody links here."),
    "/away": [302, { location: "http://169.254.169.254/latest/meta-data/" }, ""],
  };
  const server = createServer((request, response) => {
    seen.push({ path: request.url, agent: request.headers["user-agent"], condition: request.headers["if-none-match"] });
    const [status, headers, body] = answers[request.url] ?? [404, { "content-type": "text/html" }, "Not found"];
    const etag = `"${body.length}"`;
    if (status === 200 && request.headers["if-none-match"] === etag) {
      response.writeHead(304, { etag }).end();
    } else {
      response.writeHead(status, { ...headers, etag }).end(body);
    }
  });
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  return { server, seen, answers, url: `http://127.0.0.1:${server.address().port}` };
}

describe("a web site as a source", () => {
  let worker;
  let site;
  let source;

  const rows = (sql, name) => worker.rows(sql, name);
  const status = () => rows(`SELECT * FROM knowledge_sources WHERE id = '${source.id}'`)[0];

  /** Lets the clock strike until the source is no longer being read. */
  async function read() {
    for (let attempt = 0; attempt < 10; attempt += 1) {
      const run = await worker.fetch(CLOCK);
      assert.equal(run.status, 200, await run.text());
      if (status().status !== "syncing") break;
    }
    // What came in last is cut and published.
    await (await worker.fetch(CLOCK)).text();
  }

  before(async () => {
    site = await startSite();
    worker = await startWorker({ vars: { PORTAL_RATE_LIMIT_MAX: "100000", CHAT_RATE_LIMIT_MAX: "100000" } });
  });

  after(async () => {
    await worker?.stop();
    site?.server.closeAllConnections();
    site?.server.close();
  });

  it("is read by the clock", async () => {
    const config = { start_url: `${site.url}/`, max_pages: 20 };
    const made = await worker.write("user_demo_owner", "POST", "/portal/knowledge/sources", { name: "Site", type: "url", config });
    const body = await made.json();
    assert.equal(made.status, 201, JSON.stringify(body));
    source = body.source;
    assert.equal(source.status, "syncing");
    await read();
    const { status: now, error_message: error, sync_cursor: counts } = status();
    assert.deepEqual([now, error], ["connected", null]);
    assert.deepEqual(JSON.parse(counts), { round: 1, new: 3, changed: 0, unchanged: 0, gone: 0, skipped: 1, failed: 0, left_out: 0 });
    assert.deepEqual(site.seen.map(({ path }) => path).sort(), ["/", "/away", "/kayaks", "/map.xml", "/orphan", "/robots.txt", "/sitemap.xml"]);
    assert.ok(site.seen.every(({ agent }) => agent.startsWith("KobyPortalBot/1.0")));
    const line = await worker.logged("job", (line) => line.job === "knowledge_crawl" && line.items > 0);
    assert.equal(line.outcome, "more");
  });

  it("is told page by page", async () => {
    const answer = await worker.as("user_demo_owner", `/portal/knowledge/sources/${source.id}/pages`);
    const { pages } = await answer.json();
    const told = pages.map(({ url, state, error }) => [url.slice(site.url.length), state, error]);
    assert.deepEqual(told, [
      ["/", "live", null],
      ["/away", "skipped", "It redirects to an address that is not called: it must name a host, not an IP address."],
      ["/kayaks", "live", null],
      ["/orphan", "live", null],
    ]);
    assert.ok(pages.every(({ next_at: next, fetched_at: last }) => next > last));
  });

  it("is quoted", async () => {
    const [document] = rows(`SELECT * FROM knowledge_documents WHERE source_id = '${source.id}' AND title = 'Kayak rental'`);
    assert.deepEqual([document.status, document.external_id, document.path], ["ready", `${site.url}/kayaks`, "/kayaks"]);
    const passages = rows(`SELECT content FROM passages WHERE document_id = '${document.id}'`, "SEARCH");
    assert.match(passages[0].content, /twenty euros/);
    const answer = await worker.post("/chat", { message: "How much is a kayak rental?" }, { "x-site-key": "sk_dental_dev_7hQ2mXw9" });
    const said = await answer.json();
    assert.equal(answer.status, 200, JSON.stringify(said));
    assert.match(said.response, /twenty euros/);
    assert.equal(said.citations[0].document_id, document.id);
  });

  it("is read again by the portal's wish, one answer without a body for each page", async () => {
    site.seen.length = 0;
    site.answers["/orphan"] = [410, {}, ""];
    const asked = await worker.write("user_demo_owner", "POST", `/portal/knowledge/sources/${source.id}/sync`);
    assert.equal(asked.status, 202, await asked.text());
    await read();
    const conditions = site.seen.filter(({ condition }) => condition !== undefined).map(({ path }) => path);
    assert.deepEqual(conditions.sort(), ["/", "/kayaks", "/orphan"]);
    assert.deepEqual(JSON.parse(status().sync_cursor), { round: 2, new: 0, changed: 0, unchanged: 2, gone: 1, skipped: 1, failed: 0, left_out: 0 });
    assert.equal(rows(`SELECT count(*) AS n FROM passages WHERE title = 'Orphan'`, "SEARCH")[0].n, 0);
  });

  it("belongs to its organization", async () => {
    const foreign = await worker.as("user_demo_other", `/portal/knowledge/sources/${source.id}/pages`);
    assert.equal(foreign.status, 404, await foreign.text());
  });
});
