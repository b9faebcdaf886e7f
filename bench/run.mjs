// Measures the built Worker beside bare JavaScript workers, in one run on one machine: requests per
// second over 8 connections, without wrangler in between. Absolute figures drift with the machine;
// the ratios are what counts.
//
//   cargo xtask bench [--seconds 4] [--rounds 3] [--log-level info] [--direct]
//
// --direct goes around Miniflare's own entry worker, which every request otherwise passes: bare then
// answers four times as many, and what the runtime itself costs vanishes from the comparison.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { gzipSync } from "node:zlib";

import { token } from "../tests/runtime/worker.mjs";
import { BUILD, artefact, median, script, settings, sql, start } from "./contender.mjs";
import { CONNECTIONS, answersPerSecond, request } from "./driver.mjs";

const { values: options } = parseArgs({
  options: {
    seconds: { type: "string", default: "4" },
    rounds: { type: "string", default: "3" },
    "log-level": { type: "string", default: "info" },
    direct: { type: "boolean", default: false },
  },
});
const seconds = Number(options.seconds);
const rounds = Number(options.rounds);

/** A list's two statements, as `list_sql!` makes them: for one org and for all. */
function list(file) {
  const org = sql("auth/sql/scope.sql", file);
  const all = org.replace(/(?<=\(SELECT org_id FROM scope\) = )[A-Za-z][\w.]*/g, "'*'")
    .replace(/LIMIT \+\?/g, "LIMIT EXISTS (SELECT 1 FROM scope WHERE org_id = '*') * +?");
  return [org, all];
}

const day = (offset) => new Date(Date.now() - offset * 86_400_000).toISOString();
const CALLER = ["user_demo_owner", null, 0];
/** The caller, of a token that names no session. */
const caller = () => [sql("auth/sql/scope.sql", "auth/sql/caller.sql"), [...CALLER, null]];
const scoped = (file, values = []) => [sql("auth/sql/scope.sql", file), [...CALLER, ...values]];
const listed = (file, values) => list(file).map((text) => [text, [...CALLER, ...values]]);
const LAST = "\u{10FFFF}";

/** What each read sends to D1, with its values. */
const BATCHES = {
  "GET /portal/overview": () => [
    caller(),
    scoped("overview/sql/overview_org.sql"),
    scoped("overview/sql/overview_sites.sql"),
    scoped("overview/sql/overview_stats.sql", [day(30).slice(0, 10), day(0).slice(0, 10)]),
    scoped("overview/sql/overview_active.sql", [day(0)]),
  ],
  "GET /portal/me": () => [caller()],
  "GET /portal/engines": () => [caller(), ...listed("sites/sql/engines.sql", [LAST, LAST, 501, day(0), day(0).slice(0, 10)])],
  "GET /portal/events": () => [caller(), ...listed("events/sql/events.sql", [LAST, LAST, LAST, null, 51])],
};

const BARE = `export default { fetch() { return new Response("ok"); } };`;

/** The same one batch, without authentication, decoding, middleware or a log. */
const floorOf = (batch) => `
  const BATCH = ${JSON.stringify(batch)};
  export default {
    async fetch(request, env) {
      const results = await env.DB.batch(BATCH.map(([sql, values]) => env.DB.prepare(sql).bind(...values)));
      return Response.json(results.map((result) => result.results));
    },
  };`;

async function requestsPerSecond({ url, path, headers }, duration) {
  const bytes = request(url, "GET", path, headers);
  return (await answersPerSecond(url, () => bytes, duration)).perSecond;
}

async function main() {
  const { direct } = options;
  const bare = await start("bare", script(BARE), { direct });
  const koby = await start("koby", artefact(), { direct, ...settings({ LOG_LEVEL: options["log-level"] }) });
  const bearer = await token("user_demo_owner", { claims: { exp: Math.floor(Date.now() / 1000) + 3600 } });
  const signed = { authorization: `Bearer ${bearer}`, origin: "http://localhost:3000" };
  const running = [bare, koby];

  const contenders = [
    { name: BARE_NAME, url: bare.url, path: "/" },
    { name: "GET /health", url: koby.url, path: "/health" },
  ];
  for (const [name, batch] of Object.entries(BATCHES)) {
    const floor = await start("floor", script(floorOf(batch())), { direct });
    running.push(floor);
    contenders.push({ name: floorName(name), url: floor.url, path: "/" });
    contenders.push({ name, url: koby.url, path: name.split(" ")[1], headers: signed });
  }
  try {
    for (const contender of contenders) await requestsPerSecond(contender, 1);
    const figures = new Map(contenders.map(({ name }) => [name, []]));
    for (let round = 0; round < rounds; round += 1) {
      for (const contender of contenders) figures.get(contender.name).push(await requestsPerSecond(contender, seconds));
    }
    report(new Map([...figures].map(([name, numbers]) => [name, median(numbers)])));
  } finally {
    await Promise.all(running.map((worker) => worker.stop()));
  }
}

const BARE_NAME = "bare: \"ok\"";
const floorName = (name) => `floor of ${name}: its batch alone`;

function report(figures) {
  const goals = { "GET /health": "≥ 0.75 × bare", "GET /portal/overview": "≥ 0.70 × floor, ≥ 0.17 × bare" };
  console.log(`\n${CONNECTIONS} connections, median of ${rounds} rounds of ${seconds} s, LOG_LEVEL=${options["log-level"]}, this machine, this run\n`);
  console.log("| what | requests/s | × bare | × its floor | goal |");
  console.log("|---|---:|---:|---:|---|");
  for (const [name, figure] of figures) {
    const floor = figures.get(floorName(name));
    const ratio = (base) => (base ? (figure / base).toFixed(2) : "");
    const goal = goals[name] ?? (floor ? "≥ 0.70 × floor" : "");
    console.log(`| ${name} | ${figure.toFixed(0)} | ${ratio(figures.get(BARE_NAME))} | ${ratio(floor)} | ${goal} |`);
  }
  const wasm = readFileSync(join(BUILD, "index_bg.wasm"));
  console.log(`\nwasm: ${(wasm.length / 1024).toFixed(1)} KiB, ${(gzipSync(wasm, { level: 9 }).length / 1024).toFixed(1)} KiB gzipped `);
}

await main();
