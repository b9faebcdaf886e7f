// Stripe for tests: the fake's server, which is stopped by its id, and Stripe's own clients, pointed at it.

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { join, resolve } from "node:path";

import Stripe from "stripe";

import { STRIPE_SECRET } from "./worker.mjs";

const ROOT = resolve(import.meta.dirname, "../..");
const TARGET = process.env.CARGO_TARGET_DIR ?? join(ROOT, "target");
const BINARY = process.env.FAKE_STRIPE ?? join(TARGET, "debug/fake-stripe");
export const CLI = process.env.STRIPE_CLI ?? join(ROOT, "node_modules/.bin/stripe");
// Not every platform has a build of it.
export const CLI_RUNS = spawnSync(CLI, ["--version"], { env: { ...process.env, STRIPE_CLI_TELEMETRY_OPTOUT: "1" } }).status === 0;
/** Any test key does. */
export const KEY = "sk_test_runtime";

/** Starts the fake on a port of 127.0.0.1; 0 is a free one. */
export async function startFake(args, port = 0) {
  const child = spawn(BINARY, ["--port", String(port), ...args], { stdio: ["ignore", "pipe", "inherit"] });
  const kill = () => child.kill("SIGKILL");
  process.on("exit", kill);
  const exited = new Promise((resolve) => child.on("exit", resolve)).finally(() => process.off("exit", kill));
  let output = "";
  const url = await new Promise((ready, failed) => {
    child.on("error", failed);
    child.stdout.on("data", (chunk) => {
      output += chunk;
      const found = /listening on (http:\S+)/.exec(output);
      if (found) ready(found[1]);
    });
    exited.then((code) => failed(new Error(`the fake ended with ${code}: ${output}`)));
  });
  return new RunningFake(child, exited, url);
}

class RunningFake {
  constructor(child, exited, url) {
    this.child = child;
    this.exited = exited;
    this.url = url;
  }

  stop() {
    this.child.kill("SIGTERM");
    return this.exited;
  }

  /** Sends a form of one of its pages, as a browser does. */
  press(path, form, headers = {}) {
    return fetch(new URL(path, this.url), { method: "POST", redirect: "manual", body: new URLSearchParams(form), headers });
  }

  /** Has the command line make something happen, with a home of its own; `more` are its further arguments. */
  async trigger(kind, home, more = []) {
    const environment = { PATH: process.env.PATH, HOME: home, XDG_CONFIG_HOME: home, STRIPE_CLI_TELEMETRY_OPTOUT: "1", NO_COLOR: "1" };
    const args = ["trigger", kind, "--api-base", this.url, "--api-key", KEY, "--color", "off", ...more];
    const child = spawn(CLI, args, { env: environment, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    child.stdout.on("data", (chunk) => { output += chunk; });
    child.stderr.on("data", (chunk) => { output += chunk; });
    const code = await new Promise((resolve) => child.on("exit", resolve));
    assert.equal(code, 0, output);
    assert.match(output, /Trigger succeeded/, output);
  }
}

/** The SDK. */
export function clientOf(url, options = {}) {
  const { hostname, port } = new URL(url);
  return new Stripe(KEY, { host: hostname, port, protocol: "http", maxNetworkRetries: 0, telemetry: false, ...options });
}

/** Signs with Stripe's own library and delivers to a Worker. */
export function deliver(worker, event, { secret = STRIPE_SECRET, timestamp, path = "/webhooks/stripe" } = {}) {
  const payload = JSON.stringify(event);
  const signature = new Stripe("sk_test_unused").webhooks.generateTestHeaderString({ payload, secret, timestamp });
  return worker.post(path, payload, { "stripe-signature": signature });
}

/** Waits until a condition gives something. */
export async function until(what, find) {
  const deadline = Date.now() + 15_000;
  while (Date.now() < deadline) {
    const found = await find();
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`${what} did not come`);
}
