// Workers to be measured: each in a workerd of its own, without wrangler in between, over a copy of the seeded databases.

import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";

import { Miniflare, convertV4MiniflareOptions } from "miniflare";

import { LOCAL_KEY, databaseFile, prepare } from "../tests/runtime/worker.mjs";

const ROOT = resolve(import.meta.dirname, "..");
export const BUILD = process.env.KOBY_BUILD_DIR ?? join(ROOT, "build");
const IDS = { DB: "00000000-0000-0000-0000-0000000000d0", SEARCH: "00000000-0000-0000-0000-0000000000d1" };

/** A statement as the Worker sends it: without comment lines. */
export function sql(...files) {
  const text = files.map((file) => readFileSync(join(ROOT, "src", file), "utf8")).join("");
  return text.split("\n").filter((line) => !line.trimStart().startsWith("--")).join("\n");
}

/** A Worker in JavaScript. */
export const script = (contents) => [{ type: "ESModule", path: "/worker.mjs", contents }];

/** The built Worker. */
export const artefact = () => [
  { type: "ESModule", path: "/index.js", contents: readFileSync(join(BUILD, "index.js"), "utf8") },
  { type: "CompiledWasm", path: "/index_bg.wasm", contents: readFileSync(join(BUILD, "index_bg.wasm")) },
];

/** What the built Worker is started with: limits of requests that nothing reaches. */
export function settings(vars = {}) {
  const limit = (namespace) => ({ namespace_id: namespace, simple: { limit: 100_000_000, period: 60 } });
  return {
    bindings: {
      ENVIRONMENT: "development", CLERK_DOMAIN: "clerk.koby-portal.localhost",
      ALLOWED_ORIGINS: "http://localhost:3000", LOCAL_JWT_KEY: LOCAL_KEY.pem,
      PORTAL_RATE_LIMIT_MAX: "100000000", CHAT_RATE_LIMIT_MAX: "100000000", ...vars,
    },
    ratelimits: { PORTAL_LIMITER: limit("1001"), CHAT_LIMITER: limit("1002") },
  };
}

/**
 * Starts one Worker. `prepared` is a statement for its copy of DB; `direct` goes around Miniflare's own entry worker;
 * `more` are options of Miniflare.
 */
export async function start(name, modules, { prepared, direct = false, ...more } = {}) {
  const folder = mkdtempSync(join(tmpdir(), "koby-bench-"));
  cpSync(join(prepare(), ".wrangler"), join(folder, ".wrangler"), { recursive: true });
  if (prepared) {
    const db = new DatabaseSync(databaseFile(folder));
    db.exec(prepared);
    db.close();
  }
  const others = new Set(children());
  const miniflare = new Miniflare(convertV4MiniflareOptions({
    name,
    modules,
    modulesRoot: "/",
    compatibilityDate: "2026-11-01",
    d1Databases: IDS,
    resourcePersistencePath: join(folder, ".wrangler/state/v3"),
    unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }],
    handleStructuredLogs: () => {},
    ...more,
  }));
  const entry = await miniflare.ready;
  const url = direct ? await miniflare.unsafeGetDirectURL() : entry;
  const pid = children().find((id) => !others.has(id));
  const stop = async () => { await miniflare.dispose(); rmSync(folder, { recursive: true, force: true }); };
  return { url, pid, miniflare, folder, stop };
}

/** Ids of the processes that this one started and that run; none where the system does not tell. */
function children() {
  try {
    return readdirSync("/proc").filter((id) => /^\d+$/.test(id) && parentOf(id) === String(process.pid)).map(Number);
  } catch {
    return [];
  }
}

function parentOf(id) {
  try {
    return readFileSync(`/proc/${id}/stat`, "utf8").split(") ").at(-1).split(" ")[1];
  } catch {
    return undefined;
  }
}

/** Processor time that a process has used, in milliseconds (proc(5): utime and stime, in hundredths of a second). */
export function processorMs(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** Memory that a process holds, in KiB (proc(5): VmRSS). */
export function residentKib(pid) {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))[1]);
}

export const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];
