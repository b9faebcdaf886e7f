// Prints how many rows of D1 each read costs on a large population, beside the rows it returns.
//
//   cargo xtask bench rows
//
// A read should cost at most the rows it returns and 50 more. Figures are D1's own (`rows_read`), taken
// from the Worker's log lines.

import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";

import { databaseFile, startWorker, token } from "../tests/runtime/worker.mjs";
import { populate } from "./population.mjs";

const ROOT = resolve(import.meta.dirname, "..");
const ALLOWANCE = 50;
/** An org in the middle of the population, and rows of it. */
const IDS = {
  "/portal/conversations/{id}": "s_00500_0050", "/portal/leads/{id}": "lead_010005", "/portal/sites/{id}": "site_00500_0",
  "/portal/flows/{id}": "f_001500", "/portal/orgs/{id}/members": "org_00500",
};
const QUERIES = {
  "/portal/knowledge/versions": "documentId=kd_005000", "/portal/knowledge/chunks": "versionId=kv_005000",
};

/** Reads that are measured beside those without a choice: larger pages, and filters that few or no rows pass. */
const CHOICES = [
  ["/portal/conversations", "limit=100"],
  ["/portal/conversations", "hasLead=false"],
  ["/portal/conversations", "status=active"],
  ["/portal/clients", "limit=500"],
  ["/portal/events", "limit=200"],
  ["/portal/events", "type=user_message"],
  ["/portal/audit-logs", "eventType=nope"],
];

/** The reads of the API's document that ask who calls, each with what it needs in its query; then the choices. */
function reads() {
  const { paths } = JSON.parse(readFileSync(join(ROOT, "openapi.json"), "utf8"));
  const all = Object.entries(paths).filter(([, methods]) => methods.get?.security && methods.get.operationId);
  const unknown = CHOICES.filter(([path]) => paths[path]?.get === undefined);
  if (unknown.length > 0) throw new Error(`openapi.json has no ${unknown.join("; ")}`);
  return [...all.map(([path]) => [path, QUERIES[path]]), ...CHOICES];
}

/** The rows that an answer holds: the entries of its lists, or one. */
function returned(body) {
  if (body === null || typeof body !== "object") return 1;
  const lists = Object.values(body).filter(Array.isArray);
  return lists.length === 0 ? 1 : lists.reduce((sum, list) => sum + list.length, 0);
}

async function main() {
  const worker = await startWorker({
    vars: { PORTAL_RATE_LIMIT_MAX: "100000", LOG_LEVEL: "info" },
    beforeStart: (folder) => {
      const database = new DatabaseSync(databaseFile(folder));
      populate(database, console.log);
      database.close();
    },
  });
  try {
    await report(worker);
  } finally {
    await worker.stop();
  }
}

async function report(worker) {
  const callers = [
    ["owner", await token("user_00500_0"), "orgId=org_00500"],
    ["staff, all orgs", await token("user_demo_staff"), "scope=all"],
  ];
  const rows = [];
  for (const [path, wanted] of reads()) {
    for (const [who, bearer, choice] of callers) {
      const query = [choice, wanted].filter(Boolean).join("&");
      const id = `rows-${rows.length}`;
      const url = `${worker.url}${path.replace("{id}", IDS[path] ?? "")}?${query}`;
      const answer = await fetch(url, { headers: { authorization: `Bearer ${bearer}`, "x-request-id": id } });
      const text = await answer.text();
      const isJson = answer.headers.get("content-type")?.includes("json");
      const held = isJson ? returned(JSON.parse(text)) : Math.max(text.split("\r\n").length - 2, 1);
      const line = await worker.logged("request_end", ({ requestId }) => requestId === id);
      const read = wanted ? `${path}?${wanted}` : path;
      rows.push({ read, who, status: answer.status, held, cost: line.d1RowsRead });
    }
  }
  print(rows);
}

function print(rows) {
  console.log("\n| read | caller | status | rows returned | rows read | within returned + 50 |");
  console.log("|---|---|---:|---:|---:|---|");
  for (const { read, who, status, held, cost } of rows) {
    const verdict = status !== 200 ? "–" : cost <= held + ALLOWANCE ? "yes" : "NO";
    console.log(`| ${read} | ${who} | ${status} | ${held} | ${cost} | ${verdict} |`);
  }
}

await main();
