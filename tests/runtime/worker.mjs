// Starts the built Worker under wrangler and workerd, with a D1 of its own, and stops it by its id.

import { spawn, spawnSync } from "node:child_process";
import { createHash, generateKeyPairSync } from "node:crypto";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";

import { SignJWT } from "jose";

const ROOT = resolve(import.meta.dirname, "../..");
const WRANGLER = join(ROOT, "node_modules/wrangler/bin/wrangler.js");
const ENVIRONMENT = { ...process.env, CI: "1", WRANGLER_SEND_METRICS: "false", WRANGLER_HIDE_BANNER: "true" };
const DATABASES = { DB: "koby-portal-db", SEARCH: "koby-search-db" };

export const STRIPE_SECRET = "whsec_of_the_runtime_tests";
export const CLERK_SECRET = `whsec_${Buffer.alloc(32, 9).toString("base64")}`;
const ENCRYPTION_KEYS = `test:${Buffer.alloc(32, 7).toString("base64")}`;

/** An RSA key pair with the texts that configuration and tests need. */
export function rsaKey(bits = 2048) {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: bits });
  const pem = publicKey.export({ type: "spki", format: "pem" }).trim().replaceAll("\n", "\\n");
  return { publicKey, privateKey, pem };
}

export const LOCAL_KEY = rsaKey();

/** A session token as Clerk issues it; `claims` and `header` replace or add. */
export async function token(user, { key = LOCAL_KEY, header = {}, claims = {} } = {}) {
  const now = Math.floor(Date.now() / 1000);
  return new SignJWT({
    sub: user, sid: "sess_runtime", iss: "https://clerk.koby-portal.localhost", azp: "http://localhost:3000",
    iat: now, nbf: now - 10, exp: now + 60, v: 2, ...claims,
  })
    .setProtectedHeader({ alg: "RS256", typ: "JWT", kid: "local_dev", cat: "cl_B7d4PD111AAA", ...header })
    .sign(key.privateKey);
}

/** Migrated and seeded databases, made once per test file and copied for each Worker. */
let prepared;

export function prepare() {
  if (prepared) return prepared;
  const folder = mkdtempSync(join(tmpdir(), "koby-runtime-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  writeConfiguration(folder, join(ROOT, "build"));
  for (const name of Object.keys(DATABASES)) wrangler(folder, "d1", "migrations", "apply", name, "--local");
  const seeds = readdirSync(join(ROOT, "seeds")).filter((name) => name.endsWith(".sql")).sort();
  const script = seeds.map((name) => readFileSync(join(ROOT, "seeds", name), "utf8")).join("\n");
  execute(folder, "DB", script);
  execute(folder, "SEARCH", passage("org_dental", "Our Saturday opening hours are eight to one.")
    + passage("org_chadis", "Support answers on Saturday opening hours from nine to noon."));
  prepared = folder;
  return folder;
}

function passage(org, content) {
  const tenant = `t${createHash("sha256").update(org).digest("hex").slice(0, 16)}`;
  return `INSERT INTO passages (chunk_id, org_id, tenant_key, source_id, document_id, version_id, title, content, page_label)
    VALUES ('chunk_${org}', '${org}', '${tenant}', 'source_${org}', 'document_${org}', 'version_${org}', 'Hours', '${content}', 'p. 1');\n`;
}

/** The repository's own configuration, pointed at a build and without its build command. */
function writeConfiguration(folder, build) {
  const text = readFileSync(join(ROOT, "wrangler.toml"), "utf8")
    .replace(/^\[build\]\n(?:(?!\[).*\n)*/m, "")
    .replace(/^main = .*$/m, `main = ${JSON.stringify(join(build, "index.js"))}`)
    .replace(/^migrations_dir = "(.*)"$/gm, (_, path) => `migrations_dir = ${JSON.stringify(join(ROOT, path))}`);
  writeFileSync(join(folder, "wrangler.toml"), text);
}

function wrangler(folder, ...args) {
  const run = spawnSync(process.execPath, [WRANGLER, ...args], { cwd: folder, env: ENVIRONMENT, encoding: "utf8" });
  if (run.status !== 0) throw new Error(`wrangler ${args.join(" ")} failed:\n${run.stdout}\n${run.stderr}`);
  return run.stdout;
}

function execute(folder, name, script) {
  const file = join(folder, `${name}.sql`);
  writeFileSync(file, script);
  wrangler(folder, "d1", "execute", name, "--local", "--file", file);
}

/** A port that nobody listens on. */
export async function freePort() {
  const server = createServer();
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  const { port } = server.address();
  await new Promise((closed) => server.close(closed));
  return port;
}

/** Opens a database that a Worker may be writing to: while it holds the file for itself, reads wait. */
function openToRead(file) {
  const database = new DatabaseSync(file, { readOnly: true });
  database.exec("PRAGMA busy_timeout = 5000");
  return database;
}

/** The file of a local database below a Worker's folder. */
export function databaseFile(folder, name = "DB") {
  const states = join(folder, ".wrangler/state/v3/d1/miniflare-D1DatabaseObject");
  const table = name === "DB" ? "orgs" : "passages";
  const files = readdirSync(states).filter((file) => file.endsWith(".sqlite") && file !== "metadata.sqlite");
  const found = files.map((file) => join(states, file)).find((file) => {
    const database = openToRead(file);
    try {
      return database.prepare("SELECT 1 FROM sqlite_master WHERE name = ?").get(table) !== undefined;
    } finally {
      database.close();
    }
  });
  if (!found) throw new Error(`no ${name} below ${states}`);
  return found;
}

/** Starts a Worker; `vars` replace or add variables and secrets; an empty text removes one. */
export async function startWorker({ build = process.env.KOBY_BUILD_DIR ?? join(ROOT, "build"), vars = {}, beforeStart } = {}) {
  const folder = mkdtempSync(join(tmpdir(), "koby-worker-"));
  cpSync(join(prepare(), ".wrangler"), join(folder, ".wrangler"), { recursive: true });
  writeConfiguration(folder, build);
  const secrets = { LOCAL_JWT_KEY: LOCAL_KEY.pem, STRIPE_WEBHOOK_SECRET: STRIPE_SECRET, CLERK_WEBHOOK_SECRET: CLERK_SECRET, ENCRYPTION_KEYS, ...vars };
  const lines = Object.entries(secrets).map(([name, value]) => `${name}="${value}"`);
  writeFileSync(join(folder, ".dev.vars"), `${lines.join("\n")}\n`);

  beforeStart?.(folder);
  const port = await freePort();
  const child = spawn(
    process.execPath,
    [WRANGLER, "dev", "--ip", "127.0.0.1", "--port", String(port), "--inspector-port", "0"],
    { cwd: folder, env: ENVIRONMENT, detached: true, stdio: ["ignore", "pipe", "pipe"] },
  );
  const worker = new RunningWorker(child, folder, `http://127.0.0.1:${port}`);
  await worker.ready();
  return worker;
}

class RunningWorker {
  output = "";
  /** The files of its databases. */
  files = {};

  constructor(child, folder, url) {
    this.child = child;
    this.folder = folder;
    this.url = url;
    child.stdout.on("data", (chunk) => { this.output += chunk; });
    child.stderr.on("data", (chunk) => { this.output += chunk; });
    this.exited = new Promise((resolve) => child.on("exit", resolve));
    process.on("exit", () => this.kill("SIGKILL"));
  }

  async ready() {
    const deadline = Date.now() + 60_000;
    while (Date.now() < deadline) {
      if (this.child.exitCode !== null) break;
      const answer = await fetch(`${this.url}/health`).catch(() => undefined);
      await answer?.arrayBuffer();
      if (answer?.ok) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    this.kill("SIGKILL");
    throw new Error(`the Worker did not start:\n${this.output}`);
  }

  kill(signal) {
    try {
      process.kill(-this.child.pid, signal);
    } catch {
      // The group is gone already.
    }
  }

  async stop() {
    this.kill("SIGTERM");
    await this.exited;
    this.kill("SIGKILL");
    rmSync(this.folder, { recursive: true, force: true });
  }

  fetch(path, options) {
    return fetch(this.url + path, options);
  }

  async as(user, path, options = {}) {
    const headers = { authorization: `Bearer ${await token(user, options)}` };
    return this.fetch(path, { headers: { ...headers, ...options.headers } });
  }

  /** A write as a person, with a JSON body or none. */
  async write(user, method, path, body, headers = {}) {
    const authorization = `Bearer ${await token(user)}`;
    const type = body === undefined ? {} : { "content-type": "application/json" };
    return this.fetch(path, { method, headers: { authorization, ...type, ...headers }, body: JSON.stringify(body) });
  }

  post(path, body, headers = {}) {
    const text = typeof body === "string" ? body : JSON.stringify(body);
    return this.fetch(path, { method: "POST", headers: { "content-type": "application/json", ...headers }, body: text });
  }

  /** Rows of the Worker's own database, read beside it. */
  rows(sql, name = "DB") {
    this.files[name] ??= databaseFile(this.folder, name);
    const database = openToRead(this.files[name]);
    try {
      return database.prepare(sql).all().map((row) => ({ ...row }));
    } finally {
      database.close();
    }
  }

  /** The Worker's log lines. */
  log(message) {
    // wrangler puts a label before what was logged as a warning or an error, and colours around it.
    return this.output
      .split("\n")
      .map((line) => /\{"timestamp".*\}/.exec(line)?.[0])
      .filter((text) => text !== undefined)
      .map((text) => JSON.parse(text))
      .filter((line) => message === undefined || line.message === message);
  }

  /** Waits until a log line appears: output arrives after the answer. */
  async logged(message, matches = () => true) {
    for (let attempt = 0; attempt < 100; attempt += 1) {
      const line = this.log(message).find(matches);
      if (line) return line;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`no ${message} in:\n${this.output}`);
  }
}
