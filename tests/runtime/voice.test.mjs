// Sites that speak, on the real runtime: a local server stands for ElevenLabs.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, describe, it } from "node:test";
import { DatabaseSync } from "node:sqlite";

import { databaseFile, startWorker } from "./worker.mjs";

const DENTAL = { "x-site-key": "sk_dental_dev_7hQ2mXw9" };
const CHADIS = { "x-site-key": "sk_chadis_dev_9cV3nRz6" };
const PAGE = "http://localhost:3000";
const VOICE = { voice_id: "rachel", agent_id: "agent_a", stability: 0.5 };
/** What is set aside for "Hi", in milliseconds. */
const HI_MS = 2_480;
/** The same for a call. */
const CALL_MS = 600_000;

/** Something that is waited for, and given up after ten seconds. */
function promised(what) {
  const deferred = Promise.withResolvers();
  const timer = setTimeout(() => deferred.reject(new Error(`${what} did not happen`)), 10_000);
  deferred.promise.finally(() => clearTimeout(timer)).catch(() => {});
  return deferred;
}

/** The provider: each request is answered by what a test put in `answer`. */
class Provider {
  requests = [];

  async start() {
    this.server = createServer(async (request, response) => {
      const chunks = [];
      for await (const chunk of request) chunks.push(chunk);
      const text = Buffer.concat(chunks).toString();
      const seen = { method: request.method, url: request.url, key: request.headers["xi-api-key"], body: text && JSON.parse(text) };
      this.requests.push(seen);
      await this.answer(seen, response);
    });
    await new Promise((ready) => this.server.listen(0, "127.0.0.1", ready));
    this.host = `127.0.0.1:${this.server.address().port}`;
  }

  stop() {
    this.server.closeAllConnections();
    this.server.close();
  }

  /** Says all of it at once from now on. */
  says(bytes) {
    this.answer = (_, response) => response.writeHead(200, { "content-type": "audio/mpeg" }).end(bytes);
  }
}

describe("a site that speaks", () => {
  const provider = new Provider();
  let worker;

  before(async () => {
    await provider.start();
    worker = await startWorker({
      vars: {
        ELEVENLABS_BASE_URL: `http://${provider.host}`, ELEVENLABS_API_KEY: "xi-platform",
        PORTAL_RATE_LIMIT_MAX: "100000", CHAT_RATE_LIMIT_MAX: "100000",
      },
      beforeStart: (folder) => {
        const database = new DatabaseSync(databaseFile(folder));
        database.prepare("UPDATE portal_sites SET config = ?, assigned_voices = ? WHERE id = 'site_chadis_web'")
          .run(JSON.stringify({ voice: VOICE }), JSON.stringify([VOICE.voice_id]));
        database.exec(`INSERT INTO budgets (scope_id, org_id, site_id, site_messages_per_minute, visitor_messages_per_minute,
                                            voice_seconds_per_month, updated_at)
          VALUES ('site_chadis_web', 'org_chadis', 'site_chadis_web', 10000, 10000, 17, '2026-01-01T00:00:00.000Z'),
                 ('site_dental_web', 'org_dental', 'site_dental_web', 10000, 10000, NULL, '2026-01-01T00:00:00.000Z'),
                 ('org_dental', 'org_dental', NULL, NULL, NULL, 60000, '2026-01-01T00:00:00.000Z')`);
        database.close();
      },
    });
    const patch = { elevenlabsApiKey: "xi-dental", config: { voice: VOICE } };
    const answer = await worker.write("user_demo_owner", "PATCH", "/portal/sites/site_dental_web", patch);
    assert.equal(answer.status, 200, await answer.text());
  });

  after(async () => {
    await worker?.stop();
    provider.stop();
  });

  const speak = (body, headers = DENTAL, options = {}) => worker.fetch("/voice", {
    method: "POST", headers: { "content-type": "application/json", ...headers }, body: JSON.stringify(body), ...options,
  });
  const used = (scope) => worker.rows(`SELECT clips, calls, voice_ms, microusd FROM budget_counters
    WHERE scope_id = '${scope}' AND length(period) = 10`)[0] ?? { clips: 0, calls: 0, voice_ms: 0, microusd: 0 };
  const settled = async (scope, expected) => {
    for (let attempt = 0; attempt < 100; attempt += 1) {
      if (JSON.stringify(used(scope)) === JSON.stringify(expected)) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    assert.deepEqual(used(scope), expected);
  };

  it("hands sound on as it comes", async () => {
    const heard = promised("the first piece was heard");
    provider.answer = async (_, response) => {
      response.writeHead(200, { "content-type": "audio/mpeg" });
      response.write(Buffer.alloc(160, 1));
      // A Worker that waits for all of it would never let this go on.
      await heard.promise;
      response.end(Buffer.alloc(1_440, 2));
    };
    const answer = await speak({ text: "We open at eight." }, { ...DENTAL, origin: PAGE });
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get("content-type"), "audio/mpeg");
    assert.equal(answer.headers.get("access-control-allow-origin"), PAGE);
    assert.match(answer.headers.get("ratelimit"), /"org-month-voice-seconds";r=\d+/);
    const reader = answer.body.getReader();
    const first = await reader.read();
    assert.deepEqual([first.value.length, first.value[0]], [160, 1]);
    heard.resolve();
    let length = 0;
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) length += piece.value.length;
    assert.equal(length, 1_440);
    const [seen] = provider.requests;
    assert.deepEqual([seen.method, seen.url, seen.key], ["POST", "/v1/text-to-speech/rachel/stream?output_format=mp3_44100_128", "xi-dental"]);
    assert.deepEqual([seen.body.text, seen.body.voice_settings.stability], ["We open at eight.", 0.5]);
    // 1600 bytes at 16 a millisecond; the site pays for itself.
    await settled("org_dental", { clips: 1, calls: 0, voice_ms: 100, microusd: 0 });
    assert.ok(!worker.output.includes("xi-dental"));
  });

  it("stops the provider when the visitor goes", async () => {
    const gone = promised("the provider was left");
    provider.answer = (_, response) => {
      const more = setInterval(() => response.write(Buffer.alloc(160, 1)), 20);
      response.on("close", () => {
        clearInterval(more);
        gone.resolve(response.writableFinished);
      });
      response.writeHead(200, { "content-type": "audio/mpeg" });
    };
    const controller = new AbortController();
    const answer = await speak({ text: "A long story." }, DENTAL, { signal: controller.signal });
    await answer.body.getReader().read();
    controller.abort();
    assert.equal(await gone.promise, false);
    assert.equal(used("org_dental").clips, 2);
    assert.ok(used("org_dental").voice_ms > 100 + 2_000, "what was set aside stays");
  });

  it("breaks the transfer when the provider breaks off", async () => {
    provider.answer = (_, response) => {
      response.writeHead(200, { "content-type": "audio/mpeg", "content-length": "1000" });
      response.write(Buffer.alloc(160, 1), () => setTimeout(() => response.destroy(), 50));
    };
    const answer = await speak({ text: "Hi" });
    assert.equal(answer.status, 200);
    await assert.rejects(answer.arrayBuffer());
    await worker.logged("voice_cut");
    provider.says(Buffer.alloc(16));
    assert.equal((await speak({ text: "Hi" })).status, 200, "the next is served");
  });

  it("answers clients of the former service, and asks a busy provider once more", async () => {
    let calls = 0;
    provider.answer = (_, response) => {
      calls += 1;
      if (calls === 1) return response.writeHead(503, { "content-type": "application/json" }).end('{"detail":"secret"}');
      return response.writeHead(200, { "content-type": "audio/mpeg" }).end(Buffer.from([1, 2, 3, 255]));
    };
    const answer = await speak({ text: "Hi" }, { ...DENTAL, accept: "application/json" });
    assert.deepEqual(await answer.json(), { audioBase64: "AQID/w==", mimeType: "audio/mpeg" });
    provider.answer = (_, response) => response.writeHead(401, { "content-type": "application/json" }).end('{"detail":"secret"}');
    const before = used("org_dental");
    const refused = await speak({ text: "Hi" });
    const body = await refused.json();
    assert.deepEqual([refused.status, body.code, body.error], [503, "voice_key_refused", "Service temporarily unavailable"]);
    assert.ok(!JSON.stringify(body).includes("secret"));
    await settled("org_dental", before);
  });

  it("never says more than a limit in parallel", async () => {
    provider.says(Buffer.alloc(HI_MS * 16));
    const answers = await Promise.all(Array.from({ length: 40 }, () => speak({ text: "Hi" }, CHADIS)));
    const bodies = await Promise.all(answers.map((answer) => answer.arrayBuffer()));
    const heard = answers.filter((answer) => answer.status === 200);
    assert.equal(heard.length, 6, answers.map((answer) => answer.status).join());
    assert.ok(bodies.filter((body) => body.byteLength === HI_MS * 16).length === 6);
    await settled("site_chadis_web", { clips: 6, calls: 0, voice_ms: 6 * HI_MS, microusd: 6 * 200 });
    assert.equal(provider.requests.filter((request) => request.key === "xi-platform").length, 6);
    assert.equal((await (await speak({ text: "Hi" }, CHADIS)).json()).code, "voice_budget_exhausted");
  });

  it("gives the address of the site's agent", async () => {
    const before = used("org_dental");
    const signed = `ws://${provider.host}/v1/convai/conversation?agent_id=agent_a&conversation_signature=s`;
    provider.answer = (_, response) => response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ signed_url: signed }));
    const answer = await worker.fetch("/voice/signed-url", { headers: { ...DENTAL, origin: PAGE } });
    assert.deepEqual(await answer.json(), { signed_url: signed, expires_in: 900 });
    assert.equal(provider.requests.at(-1).url, "/v1/convai/conversation/get-signed-url?agent_id=agent_a");
    const former = await worker.post("/voice/signed-url", { action: "get_conversation_token", data: {} }, DENTAL);
    assert.equal(former.status, 200);
    provider.answer = (_, response) => response.writeHead(200, { "content-type": "application/json" }).end('{"signed_url":"wss://evil.example/x"}');
    const evil = await worker.fetch("/voice/signed-url", { headers: DENTAL });
    assert.deepEqual([evil.status, (await evil.json()).code], [502, "voice_bad_answer"]);
    await settled("org_dental", { ...before, calls: 2, voice_ms: before.voice_ms + 2 * CALL_MS });
  });
});
