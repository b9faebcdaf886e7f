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

/** The reads of the API's document that ask who calls. */
function reads() {
  const { paths } = JSON.parse(readFileSync(join(ROOT, "openapi.json"), "utf8"));
  return Object.entries(paths).filter(([, methods]) => methods.get?.security).map(([path]) => path);
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
  for (const path of reads()) {
    for (const [who, bearer, choice] of callers) {
      const query = [choice, QUERIES[path]].filter(Boolean).join("&");
      const id = `rows-${rows.length}`;
      const url = `${worker.url}${path.replace("{id}", IDS[path] ?? "")}?${query}`;
      const answer = await fetch(url, { headers: { authorization: `Bearer ${bearer}`, "x-request-id": id } });
      const text = await answer.text();
      const isJson = answer.headers.get("content-type")?.includes("json");
      const held = isJson ? returned(JSON.parse(text)) : Math.max(text.split("\r\n").length - 2, 1);
      const line = await worker.logged("request_end", ({ requestId }) => requestId === id);
      rows.push({ path, who, status: answer.status, held, read: line.d1RowsRead, trips: line.d1RoundTrips });
    }
  }
  print(rows);
}

function print(rows) {
  console.log("\n| read | caller | status | rows returned | rows read | within returned + 50 |");
  console.log("|---|---|---:|---:|---:|---|");
  for (const { path, who, status, held, read } of rows) {
    const verdict = status !== 200 ? "–" : read <= held + ALLOWANCE ? "yes" : "NO";
    console.log(`| ${path} | ${who} | ${status} | ${held} | ${read} | ${verdict} |`);
  }
}

await main();
