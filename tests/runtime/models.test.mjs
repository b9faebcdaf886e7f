// Models as visitors meet them: a provider's own stream read and passed on under workerd, its failures, its silence.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, afterEach, before, describe, it } from "node:test";

import { LLMock } from "@copilotkit/aimock";
import { GoogleGenAI } from "@google/genai";
import { EventSourceParserStream } from "eventsource-parser/stream";

import { startWorker } from "./worker.mjs";

const SITE = { "x-site-key": "sk_dental_dev_7hQ2mXw9" };
const QUESTION = { message: "When are you open on Saturday?" };
const ANSWER = "We are open on Saturday from eight to one.";

/** Sends a question and gives the events of its answer. */
async function events(worker, signal) {
  const answer = await worker.fetch("/chat", {
    method: "POST",
    headers: { ...SITE, "content-type": "application/json", accept: "text/event-stream" },
    body: JSON.stringify(QUESTION),
    signal,
  });
  assert.equal(answer.status, 200);
  return answer.body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream());
}

describe("the mock that stands for Gemini", () => {
  const gemini = new LLMock({ port: 0, chunkSize: 10, logLevel: "silent" });
  let client;

  before(async () => {
    gemini.onMessage(/./, { content: ANSWER });
    await gemini.start();
    // The version that the Worker asks.
    client = new GoogleGenAI({ apiKey: "AIza-runtime", httpOptions: { baseUrl: gemini.url, apiVersion: "v1beta" } });
  });

  after(() => gemini.stop());

  const question = { model: "gemini-2.5-flash", contents: QUESTION.message, config: { maxOutputTokens: 300 } };

  it("streams to Google's own client, which asks where the Worker asks", async () => {
    const chunks = [];
    for await (const chunk of await client.models.generateContentStream(question)) chunks.push(chunk);
    assert.ok(chunks.length > 1);
    assert.equal(chunks.map((chunk) => chunk.text ?? "").join(""), ANSWER);
    assert.equal(chunks.at(-1).candidates[0].finishReason, "STOP");
    assert.ok(chunks.at(-1).usageMetadata.promptTokenCount >= 0);
    const sent = gemini.getRequests().at(-1);
    assert.equal(sent.path, "/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse");
    assert.ok(sent.headers["x-goog-api-key"]);
  });

  it("fails as Gemini does when it is busy", async () => {
    gemini.setChaos({ rateLimitRate: 1 });
    await assert.rejects(client.models.generateContentStream(question), (error) => {
      assert.equal(error.status, 429, `${error}`);
      return true;
    });
    gemini.clearChaos();
  });
});

describe("with a provider that plays its part", () => {
  const gemini = new LLMock({ port: 0, chunkSize: 10, logLevel: "silent" });
  let openai;
  let worker;

  before(async () => {
    openai = new LLMock({ port: 0, logLevel: "silent" });
    for (const mock of [gemini, openai]) {
      const by = mock === gemini ? "gemini" : "openai";
      mock.onMessage(/./, { content: `${ANSWER} (${by})` });
      await mock.start();
    }
    worker = await startWorker({
      vars: {
        GEMINI_API_KEY: "AIza-runtime", GEMINI_BASE_URL: gemini.url,
        OPENAI_API_KEY: "sk-runtime", OPENAI_BASE_URL: `${openai.url}/v1`,
      },
    });
  });

  afterEach(() => {
    gemini.clearChaos();
    openai.clearChaos();
  });

  after(async () => {
    await worker.stop();
    await gemini.stop();
    await openai.stop();
  });

  const ask = async () => {
    const answer = await worker.post("/chat", QUESTION, SITE);
    assert.equal(answer.status, 200);
    return answer.json();
  };

  it("answers in its words, and sends the key in a header alone", async () => {
    assert.equal((await ask()).response, `${ANSWER} (gemini)`);
    const line = await worker.logged("model_attempt", (line) => line.outcome === "stop");
    assert.deepEqual([line.provider, line.model], ["gemini", "gemini-2.5-flash"]);
    const sent = gemini.getRequests().at(-1);
    assert.equal(sent.path, "/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse");
    assert.ok(sent.headers["x-goog-api-key"]);
    assert.ok(!worker.output.includes("AIza-runtime") && !worker.output.includes("on Saturday"));
  });

  for (const [what, chaos] of [
    ["fails", { dropRate: 1 }],
    ["answers nonsense", { malformedRate: 1 }],
    ["breaks the connection", { disconnectRate: 1 }],
    ["is busy", { rateLimitRate: 1 }],
  ]) {
    it(`asks the next one when the first ${what}`, async () => {
      gemini.setChaos(chaos);
      assert.equal((await ask()).response, `${ANSWER} (openai)`);
    });
  }

  it("answers by itself when nobody else does", async () => {
    gemini.setChaos({ dropRate: 1 });
    openai.setChaos({ dropRate: 1 });
    const answer = await ask();
    assert.ok(answer.response.length > 0 && !answer.response.includes("("), answer.response);
  });
});

describe("with a provider that takes its time", () => {
  const piece = (text, more = {}) => {
    const candidates = [{ content: { role: "model", parts: [{ text }] }, ...more }];
    return `data: ${JSON.stringify({ candidates, usageMetadata: { promptTokenCount: 3, candidatesTokenCount: 4 } })}\r\n\r\n`;
  };
  const requests = [];
  let behave;
  let provider;
  let worker;

  before(async () => {
    provider = createServer((request, response) => {
      request.resume();
      const closed = new Promise((resolve) => response.on("close", resolve));
      requests.push({ closed, response });
      behave(response);
    });
    await new Promise((ready) => provider.listen(0, "127.0.0.1", ready));
    const url = `http://127.0.0.1:${provider.address().port}`;
    worker = await startWorker({ vars: { GEMINI_API_KEY: "AIza-runtime", GEMINI_BASE_URL: url } });
  });

  after(async () => {
    await worker.stop();
    provider.closeAllConnections();
    provider.close();
  });

  // Longer than what the rules of the organization about answers hold back.
  const OPENING = "We are open on Saturday, ".repeat(30);
  const begin = (response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(piece(OPENING));
  };

  it("passes its words on as they come", async () => {
    // The rest is sent only after the visitor has seen the beginning.
    behave = begin;
    const stream = await events(worker);
    let text = "";
    for await (const event of stream) {
      if (event.event !== "delta") continue;
      if (text === "") requests.at(-1).response.end(piece("from eight to one.", { finishReason: "STOP" }));
      text += JSON.parse(event.data).text;
    }
    assert.equal(text, `${OPENING}from eight to one.`);
  });

  it("lets it stop when the visitor leaves", async () => {
    // That somebody has left is noticed when something is sent to them.
    behave = (response) => {
      begin(response);
      const more = setInterval(() => response.write(piece("and open ")), 100);
      response.on("close", () => clearInterval(more));
    };
    const leave = new AbortController();
    const reader = (await events(worker, leave.signal)).getReader();
    for (;;) {
      const { value } = await reader.read();
      if (value?.event === "delta") break;
    }
    leave.abort();
    await reader.read().catch(() => undefined);
    await requests.at(-1).closed;
    await worker.logged("model_attempt", (line) => line.outcome === "dropped");
  });

  it("is told when an answer breaks off", async () => {
    behave = (response) => {
      begin(response);
      setTimeout(() => response.destroy(), 100);
    };
    const answer = await worker.post("/chat", QUESTION, SITE);
    const { response, finish_reason: finish } = await answer.json();
    assert.deepEqual([response.startsWith(OPENING.trim()), finish], [true, "cut"]);
    await worker.logged("model_attempt", (line) => line.outcome === "cut");
  });

  it("does without it when it says nothing", async () => {
    behave = (response) => response.writeHead(200, { "content-type": "text/event-stream" }).write(": wait\n\n");
    const answer = await worker.post("/chat", QUESTION, SITE);
    assert.equal(answer.status, 200);
    await worker.logged("model_attempt", (line) => line.reason?.startsWith("no text within"));
    await requests.at(-1).closed;
  });
});
