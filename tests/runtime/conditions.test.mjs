// The Worker under other conditions: Clerk's key set over the network, production, tight limits, a panic.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, describe, it } from "node:test";

import { exportJWK } from "jose";

import { rsaKey, startWorker, token } from "./worker.mjs";

const CLERK = { CLERK_DOMAIN: "clerk.runtime.example" };
const ISSUER = { iss: "https://clerk.runtime.example" };

describe("with Clerk's key set over the network", () => {
  const keys = { first: rsaKey(), second: rsaKey(), short: rsaKey(1024) };
  let published;
  let fetches = 0;
  let server;
  let worker;

  const jwk = async (kid, key) => ({ ...(await exportJWK(key.publicKey)), kid, use: "sig", alg: "RS256" });
  const me = async (kid, key) => {
    const bearer = await token("user_demo_owner", { key, header: { kid }, claims: ISSUER });
    return worker.fetch("/portal/me", { headers: { authorization: `Bearer ${bearer}` } });
  };

  before(async () => {
    server = createServer((_, response) => {
      fetches += 1;
      if (!published) {
        response.statusCode = 500;
        response.end();
        return;
      }
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ keys: published }));
    });
    await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
    const url = `http://127.0.0.1:${server.address().port}/.well-known/jwks.json`;
    worker = await startWorker({ vars: { ...CLERK, CLERK_JWKS_URL: url } });
  });

  after(async () => {
    await worker.stop();
    server.close();
  });

  it("answers 503 while the keys cannot be had, then serves, and fetches once", async () => {
    const down = await me("ins_1", keys.first);
    assert.deepEqual([down.status, (await down.json()).code], [503, "keys_unavailable"]);
    assert.equal(fetches, 2, "one retry");

    published = [await jwk("ins_1", keys.first), await jwk("ins_short", keys.short)];
    assert.equal((await me("ins_1", keys.first)).status, 200);
    assert.equal(fetches, 3);
    published = undefined;
    assert.equal((await me("ins_1", keys.first)).status, 200);
    assert.equal((await me("ins_1", keys.second)).status, 401, "another key under a known id");
    assert.equal((await me("ins_2", keys.second)).status, 401, "an unknown id, in the cool-down");
    assert.equal(fetches, 3);
  });

  it("refuses RSA keys under 2048 bits", async () => {
    const bearer = await shortToken(keys.short);
    const answer = await worker.fetch("/portal/me", { headers: { authorization: `Bearer ${bearer}` } });
    assert.equal(answer.status, 401);
    await worker.logged("auth_failed", (line) => line.reason.includes("2048 bits"));
  });
});

/** jose refuses to sign with a short key, so the signature is made by hand. */
async function shortToken(key) {
  const { createSign } = await import("node:crypto");
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const now = Math.floor(Date.now() / 1000);
  const claims = { sub: "user_demo_owner", azp: "http://localhost:3000", iat: now, exp: now + 60, ...ISSUER };
  const signed = `${part({ alg: "RS256", typ: "JWT", kid: "ins_short" })}.${part(claims)}`;
  return `${signed}.${createSign("RSA-SHA256").update(signed).sign(key.privateKey).toString("base64url")}`;
}

describe("in production", () => {
  let worker;

  before(async () => {
    worker = await startWorker({ vars: { ...CLERK, ENVIRONMENT: "production", CORS_ALLOW_ALL: "true", ALLOWED_ORIGINS: "https://app.example.com" } });
  });

  after(() => worker.stop());

  it("never accepts the local key, and says what it refused", async () => {
    const bearer = await token("user_demo_owner", { claims: { azp: "https://app.example.com" } });
    const answer = await worker.fetch("/portal/me", { headers: { authorization: `Bearer ${bearer}` } });
    assert.equal(answer.status, 401);
    const ready = await worker.fetch("/health/ready");
    assert.equal(ready.status, 503);
    const { problems } = (await ready.json()).services.configuration;
    assert.deepEqual(problems.map((problem) => problem.split(/[ =]/)[0]).sort(), ["CORS_ALLOW_ALL", "LOCAL_JWT_KEY"]);
    assert.equal((await worker.fetch("/health")).status, 200);
  });

  it("lets only listed pages read", async () => {
    const allowed = async (origin) => (await worker.fetch("/portal/me", { headers: { origin } })).headers.get("access-control-allow-origin");
    assert.equal(await allowed("https://app.example.com"), "https://app.example.com");
    assert.equal(await allowed("http://localhost:3000"), null);
  });
});

describe("with tight limits", () => {
  let worker;

  before(async () => {
    worker = await startWorker({ vars: { PORTAL_RATE_LIMIT_MAX: "3", CHAT_RATE_LIMIT_MAX: "2" } });
  });

  after(() => worker.stop());

  it("tells who asks too often when to come back", async () => {
    for (const expected of [401, 401, 401, 429]) {
      const answer = await worker.fetch("/portal/me");
      assert.equal(answer.status, expected);
      if (expected === 429) {
        assert.match(answer.headers.get("retry-after"), /^\d+$/);
        assert.match(answer.headers.get("ratelimit"), /^"portal";r=0;t=\d+$/);
        assert.equal(answer.headers.get("ratelimit-policy"), '"portal";q=3;w=60');
      }
    }
    const say = () => worker.post("/chat", { message: "hours" }, { "x-site-key": "sk_dental_dev_7hQ2mXw9" });
    assert.deepEqual([(await say()).status, (await say()).status, (await say()).status], [200, 200, 429]);
    assert.equal((await worker.fetch("/health")).status, 200);
    await worker.logged("rate_limit_exceeded");
  });
});

describe("with the platform's limiter", () => {
  let worker;

  before(async () => {
    worker = await startWorker({ vars: { CHAT_RATE_LIMIT_MAX: "64" } });
  });

  after(() => worker.stop());

  it("counts by the binding where the isolate would let pass", async () => {
    const say = async () => (await worker.post("/chat", { message: "hours" }, { "x-site-key": "sk_dental_dev_7hQ2mXw9" })).status;
    const statuses = [];
    for (let turn = 0; turn < 60; turn += 1) statuses.push(await say());
    assert.deepEqual(statuses.slice(0, 30), Array(30).fill(200));
    assert.ok(statuses.includes(429), "the binding allows 30 a minute beyond the isolate's own quarter");
  });
});

describe("after a panic", () => {
  let worker;

  before(async () => {
    assert.ok(process.env.KOBY_PANIC_PROBE_DIR, "KOBY_PANIC_PROBE_DIR names the build with the probe");
    worker = await startWorker({ build: process.env.KOBY_PANIC_PROBE_DIR });
  });

  after(() => worker.stop());

  it("serves the next request", async () => {
    for (let round = 0; round < 3; round += 1) {
      assert.equal((await worker.as("user_demo_owner", "/portal/me")).status, 200);
      const panicked = await worker.fetch("/panic-probe");
      await panicked.arrayBuffer();
      assert.equal(panicked.status, 500);
      assert.equal((await worker.as("user_demo_owner", "/portal/overview")).status, 200);
    }
    await worker.logged("internal_error", (line) => line.reason.includes("panic-probe was asked to panic"));
  });

  it("has no such route in the artefact that is deployed", async () => {
    const deployed = await startWorker();
    try {
      assert.equal((await deployed.fetch("/panic-probe")).status, 404);
    } finally {
      await deployed.stop();
    }
  });
});
