// Measures retrieval as the Worker does it: how often the answer is among the first passages, on the labelled questions
// over the seeds, and how long a question takes on a large index.
//
//   cargo xtask bench retrieval [--passages 100000] [--only quality|speed]

import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { parseArgs } from "node:util";

import { databaseFile, startWorker, token } from "../tests/runtime/worker.mjs";
import { SIZES, fill, questions, tenantKey } from "./passages.mjs";

const ROOT = resolve(import.meta.dirname, "..");
const { values: options } = parseArgs({
  options: { passages: { type: "string", default: "100000" }, asked: { type: "string", default: "300" }, only: { type: "string" } },
});
const OWNERS = { org_dental: "user_demo_owner", org_chadis: "user_demo_other" };

/** The live passages of DB, as `cargo xtask search-rebuild` finds them. */
function index(folder) {
  const db = new DatabaseSync(databaseFile(folder), { readOnly: true });
  const live = db.prepare(`SELECT c.id, c.org_id, d.source_id, d.id AS document_id, v.id AS version_id, d.title, c.content, c.page_label
    FROM knowledge_chunks c JOIN knowledge_versions v ON v.id = c.version_id AND v.is_live = 1
    JOIN knowledge_documents d ON d.id = v.document_id AND d.live_version_id = v.id AND d.status = 'ready' ORDER BY c.id`).all();
  db.close();
  const search = new DatabaseSync(databaseFile(folder, "SEARCH"));
  search.exec("DELETE FROM passages; BEGIN");
  const insert = search.prepare(`INSERT INTO passages
    (chunk_id, org_id, tenant_key, source_id, document_id, version_id, title, content, page_label) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`);
  for (const row of live) {
    insert.run(row.id, row.org_id, tenantKey(row.org_id), row.source_id, row.document_id, row.version_id, row.title, row.content, row.page_label);
  }
  search.exec("COMMIT");
  search.close();
  return live.length;
}

async function bearers() {
  const claims = { exp: Math.floor(Date.now() / 1000) + 3_600 };
  const entries = Object.entries(OWNERS).map(async ([org, user]) => [org, await token(user, { claims })]);
  return Object.fromEntries(await Promise.all(entries));
}

async function ask(worker, bearer, query, limit) {
  const started = performance.now();
  const answer = await fetch(`${worker.url}/portal/knowledge/retrieve`, {
    method: "POST",
    headers: { authorization: `Bearer ${bearer}`, "content-type": "application/json" },
    body: JSON.stringify({ query, limit }),
  });
  const body = await answer.json();
  if (answer.status !== 200) throw new Error(`${query}: ${answer.status} ${JSON.stringify(body)}`);
  return { results: body.results, ms: performance.now() - started };
}

const VARS = { PORTAL_RATE_LIMIT_MAX: "1000000", LOG_LEVEL: "warn" };

async function quality() {
  let passages = 0;
  const worker = await startWorker({ vars: VARS, beforeStart: (folder) => { passages = index(folder); } });
  try {
    const lines = readFileSync(join(ROOT, "tests/fixtures/retrieval_questions.tsv"), "utf8").trimEnd().split("\n");
    const halves = { "tuned on": [], "held out": [] };
    const keys = await bearers();
    for (const [at, line] of lines.entries()) {
      const [org, expected, query] = line.split("\t");
      if (line.startsWith("#") || expected === "-") continue;
      const { results } = await ask(worker, keys[org], query, 20);
      const rank = results.findIndex(({ chunkId }) => expected.split(" ").includes(chunkId));
      halves[(at + 1) % 2 === 0 ? "held out" : "tuned on"].push(rank);
    }
    console.log(`\n${passages} passages of two organizations\n\n| questions | count | first | among three | among five | mean reciprocal rank |\n|---|---:|---:|---:|---:|---:|`);
    for (const [name, ranks] of Object.entries(halves)) {
      const share = (within) => `${((100 * ranks.filter((rank) => rank >= 0 && rank < within).length) / ranks.length).toFixed(1)} %`;
      const mean = ranks.reduce((sum, rank) => sum + (rank < 0 ? 0 : 1 / (rank + 1)), 0) / ranks.length;
      console.log(`| ${name} | ${ranks.length} | ${share(1)} | ${share(3)} | ${share(5)} | ${mean.toFixed(3)} |`);
    }
  } finally {
    await worker.stop();
  }
}

function shown(name, times) {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))].toFixed(1);
  console.log(`| ${name} | ${times.length} | ${at(0.5)} | ${at(0.95)} | ${at(1)} |`);
}

/** What D1 says the statements of each question took, in whole milliseconds. */
const statements = (worker) =>
  worker.log("request_end").filter(({ route }) => route === "/portal/knowledge/retrieve").map(({ d1Ms }) => d1Ms);

async function speed() {
  const count = Number(options.passages);
  const scale = count / (SIZES.big + SIZES.orgs * SIZES.perOrg);
  const sizes = { ...SIZES, big: Math.round(SIZES.big * scale), orgs: Math.round(SIZES.orgs * scale) };
  const worker = await startWorker({
    vars: { ...VARS, LOG_LEVEL: "info" },
    beforeStart: (folder) => {
      const search = new DatabaseSync(databaseFile(folder, "SEARCH"));
      search.exec("DELETE FROM passages");
      fill(search, console.log, sizes);
      search.exec("UPDATE passages SET org_id = 'org_chadis', tenant_key = '" + tenantKey("org_chadis") + "' WHERE org_id = 'org_00003'");
      search.close();
    },
  });
  try {
    const keys = await bearers();
    const asked = questions(Number(options.asked));
    console.log(`\n${count} passages, ${sizes.big} of them of one organization; milliseconds, one request at a time, over HTTP\n`);
    console.log("| what | requests | p50 | p95 | most |\n|---|---:|---:|---:|---:|");
    const base = [];
    for (let at = 0; at < 100; at += 1) {
      const started = performance.now();
      await (await fetch(`${worker.url}/portal/me`, { headers: { authorization: `Bearer ${keys.org_dental}` } })).arrayBuffer();
      base.push(performance.now() - started);
    }
    shown("GET /portal/me: one trip to DB, for comparison", base);
    for (const [org, name] of [["org_dental", `the organization with ${sizes.big}`], ["org_chadis", `an organization with ${SIZES.perOrg}`]]) {
      for (const query of asked.slice(0, 10)) await ask(worker, keys[org], query, 5);
      const times = [];
      const before = statements(worker).length;
      for (const query of asked) times.push((await ask(worker, keys[org], query, 5)).ms);
      shown(`retrieve, ${name}`, times);
      await worker.logged("request_end", () => statements(worker).length === before + asked.length);
      shown("of it, the statements in D1 by its own clock", statements(worker).slice(before));
    }
  } finally {
    await worker.stop();
  }
}

if (!options.only || options.only === "quality") await quality();
if (!options.only || options.only === "speed") await speed();
