// OpenAI's own client against the Worker: models, answers whole and as they come, its error classes, a visitor who goes.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";

import OpenAI, { AuthenticationError, BadRequestError, NotFoundError, PermissionDeniedError, RateLimitError } from "openai";

import { startWorker } from "./worker.mjs";

const BOT = "site_dental_web";
const QUESTION = [{ role: "user", content: "What are your Saturday opening hours?" }];

describe("OpenAI's own client", () => {
  let worker;
  let issued;
  let client;

  const clientOf = (apiKey) => new OpenAI({ apiKey, baseURL: `${worker.url}/v1`, maxRetries: 0 });
  const budget = async (path, limits) => {
    const answer = await worker.write("user_demo_owner", "PATCH", path, limits);
    assert.equal(answer.status, 200, await answer.text());
  };
  const count = (sql) => worker.rows(sql)[0].n;

  before(async () => {
    worker = await startWorker({ vars: { PORTAL_RATE_LIMIT_MAX: "100000", GATEWAY_RATE_LIMIT_MAX: "100000", LOG_LEVEL: "info" } });
    const answer = await worker.write("user_demo_owner", "POST", "/portal/gateway-tokens", { name: "Runtime" });
    issued = await answer.json();
    assert.equal(answer.status, 201, JSON.stringify(issued));
    client = clientOf(issued.secret);
  });

  after(() => worker.stop());

  it("lists the bots as models", async () => {
    const models = [];
    for await (const model of client.models.list()) models.push(model);
    assert.deepEqual(models.map((model) => [model.id, model.object]), [[BOT, "model"]]);
    assert.ok(models[0].created > 1_700_000_000 && models[0].owned_by);
    assert.equal((await client.models.retrieve(BOT)).id, BOT);
    const bots = await (await worker.fetch("/bots", { headers: { authorization: `Bearer ${issued.secret}` } })).json();
    assert.deepEqual([bots.bots[0].id, bots.bots[0].model], [BOT, "builtin"]);
    assert.ok(!JSON.stringify(bots).includes("You are the assistant"));
  });

  it("answers whole, and goes on with a session", async () => {
    const { data, response } = await client.chat.completions
      .create({ model: BOT, messages: QUESTION, user: "ann", temperature: 0.2, max_tokens: 300, top_p: 0.9 })
      .withResponse();
    assert.match(data.choices[0].message.content, /eight to one/);
    assert.deepEqual([data.object, data.choices[0].finish_reason, data.usage.total_tokens], ["chat.completion", "stop", 0]);
    assert.equal(data._request_id, response.headers.get("x-request-id"));
    assert.equal(data.citations[0].chunk_id, "chunk_org_dental");
    assert.match(response.headers.get("ratelimit"), /"org-day";r=\d+.*"gateway";r=\d+/);
    const next = await client.chat.completions.create({
      model: BOT,
      messages: [...QUESTION, data.choices[0].message, { role: "system", content: "The visitor is a member." }, { role: "user", content: "Thanks" }],
      user: "ann",
      session_id: data.session_id,
    });
    assert.equal(next.session_id, data.session_id);
    assert.equal(count(`SELECT message_count AS n FROM chat_sessions WHERE id = '${data.session_id}'`), 4);
    const line = await worker.logged("request_end", (line) => line.path === "/v1/chat/completions" && line.status === 200);
    assert.equal(line.orgId, "org_dental");
    assert.ok(worker.rows(`SELECT last_used_at FROM gateway_tokens WHERE id = '${issued.token.id}'`)[0].last_used_at);
  });

  it("streams chunks, with usage where asked for", async () => {
    const stream = await client.chat.completions.create({
      model: BOT, messages: QUESTION, stream: true, stream_options: { include_usage: true },
    });
    const chunks = [];
    for await (const chunk of stream) chunks.push(chunk);
    assert.equal(chunks[0].choices[0].delta.role, "assistant");
    assert.match(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? "").join(""), /eight to one/);
    assert.equal(chunks.at(-2).choices[0].finish_reason, "stop");
    assert.ok(chunks.at(-2).session_id && chunks.at(-2).citations.length === 1);
    assert.deepEqual([chunks.at(-1).choices, chunks.at(-1).usage.total_tokens], [[], 0]);
  });

  it("puts a stream together with the client's own helper", async () => {
    const runner = client.chat.completions.stream({ model: BOT, messages: QUESTION });
    const completion = await runner.finalChatCompletion();
    assert.match(completion.choices[0].message.content, /eight to one/);
    assert.equal(completion.choices[0].finish_reason, "stop");
  });

  it("raises the client's error classes", async () => {
    const create = (more, by = client) => by.chat.completions.create({ model: BOT, messages: QUESTION, ...more });
    for (const [call, type, code] of [
      [() => create({}, clientOf(`kgw_${"x".repeat(43)}`)), AuthenticationError, "invalid_api_key"],
      [() => create({}, clientOf("sk_dental_dev_7hQ2mXw9")), AuthenticationError, "invalid_api_key"],
      [() => clientOf("nonsense").models.list(), AuthenticationError, "invalid_api_key"],
      [() => create({ model: "site_chadis_web" }), NotFoundError, "model_not_found"],
      [() => client.models.retrieve("nowhere"), NotFoundError, "model_not_found"],
      [() => create({ model: "site_dental_phone" }), PermissionDeniedError, "site_not_for_chat"],
      [() => create({ tools: [{ type: "function", function: { name: "x" } }] }), BadRequestError, "unsupported_parameter"],
      [() => create({ stream: true, messages: [] }), BadRequestError, "invalid_body"],
    ]) {
      await assert.rejects(call, (error) => {
        assert.ok(error instanceof type, `${error}`);
        assert.equal(error.code, code);
        assert.match(error.requestID, /^req_/);
        return true;
      });
    }
  });

  it("tells a limit that passes from a budget that is used up, and is not asked again for the latter", async () => {
    const site = `/portal/sites/${BOT}/budget`;
    const retrying = new OpenAI({ apiKey: issued.secret, baseURL: `${worker.url}/v1`, maxRetries: 3 });
    const ends = () => worker.log("request_end").filter((line) => line.path === "/v1/chat/completions").length;
    for (const [limits, code] of [
      [{ siteMessagesPerMinute: 0 }, "rate_limit_exceeded"],
      [{ siteMessagesPerMinute: null, messagesPerDay: 0 }, "insufficient_quota"],
    ]) {
      await budget(site, limits);
      const by = code === "insufficient_quota" ? retrying : client;
      const before = ends();
      await assert.rejects(by.chat.completions.create({ model: BOT, messages: QUESTION, stream: true }), (error) => {
        assert.ok(error instanceof RateLimitError, `${error}`);
        assert.equal(error.code, code);
        return true;
      });
      await worker.logged("request_end", () => ends() > before);
      assert.equal(ends(), before + 1);
    }
    await budget(site, { messagesPerDay: null });
    assert.equal((await client.chat.completions.create({ model: BOT, messages: QUESTION })).object, "chat.completion");
  });

  it("answers more calls than conversations may be open, and leaves those to pages", async () => {
    const site = `/portal/sites/${BOT}/budget`;
    await budget(site, { concurrentSessions: 3 });
    const messages = [{ role: "user", content: "hello" }];
    const sessions = new Set();
    for (let call = 0; call < 8; call += 1) {
      sessions.add((await client.chat.completions.create({ model: BOT, messages })).session_id);
    }
    assert.equal(sessions.size, 8);
    const page = await worker.post("/chat", { message: "hello" }, { "x-site-key": "sk_dental_dev_7hQ2mXw9" });
    assert.equal(page.status, 200, await page.text());
    await budget(site, { concurrentSessions: null });
  });

  it("records the turn of a caller who goes", async () => {
    const stream = await client.chat.completions.create({ model: BOT, messages: QUESTION, user: "goer", stream: true });
    for await (const chunk of stream) {
      assert.equal(chunk.choices[0].delta.role, "assistant");
      break;
    }
    const turn = () => worker.rows("SELECT id, status FROM chat_turns WHERE visitor_id = 'goer'")[0];
    for (let attempt = 0; attempt < 100 && turn().status === "running"; attempt += 1) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const { id, status } = turn();
    assert.ok(["answered", "partial"].includes(status), status);
    assert.equal(count(`SELECT count(*) AS n FROM chat_messages WHERE id = '${id}'`), 1);
    assert.equal((await client.chat.completions.create({ model: BOT, messages: QUESTION })).object, "chat.completion");
  });

  it("refuses a token at once when it is revoked", async () => {
    const answer = await worker.write("user_demo_owner", "DELETE", `/portal/gateway-tokens/${issued.token.id}`);
    assert.deepEqual(await answer.json(), { revoked: true });
    await assert.rejects(client.models.list(), AuthenticationError);
    await assert.rejects(client.chat.completions.create({ model: BOT, messages: QUESTION }), AuthenticationError);
    assert.ok(!worker.output.includes(issued.secret));
  });
});
