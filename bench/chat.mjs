// Measures streamed answers beside bare JavaScript relays of the same provider, in one run on one machine: what the Worker
// adds until the first text, what each piece that is passed on costs, and what many open streams need.
//
//   cargo xtask bench chat [--turns 200] [--streams 500] [--only first|pieces|memory]

import { parseArgs } from "node:util";

import { freePort } from "../tests/runtime/worker.mjs";
import { artefact, median, processorMs, residentKib, script, settings, start } from "./contender.mjs";
import { startProvider } from "./provider.mjs";

const { values: options } = parseArgs({
  options: { turns: { type: "string", default: "200" }, streams: { type: "string", default: "500" }, only: { type: "string" } },
});
const TURNS = Number(options.turns);
const STREAMS = Number(options.streams);
const PIECES = 400;
const CHARACTERS = 25;
const AT_ONCE = 8;

/** No budget ends the measurement, and no rule holds an answer back. */
const UNLIMITED = `UPDATE plan_limits SET site_messages_per_minute = NULL, visitor_messages_per_minute = NULL,
  messages_per_day = NULL, messages_per_month = NULL, microusd_per_day = NULL, microusd_per_month = NULL,
  concurrent_sessions = NULL;
  DELETE FROM knowledge_policies`;

/** Passes the provider's bytes on unread: the least that a relay can do. */
const PIPE = `export default {
  async fetch(request, env) {
    await request.text();
    const upstream = await fetch(env.PROVIDER, { method: "POST", body: "{}" });
    return new Response(upstream.body, { headers: { "content-type": "text/event-stream" } });
  },
};`;

/** Reads each of the provider's events and writes one of its own: what a relay in JavaScript does. */
const RELAY = `export default {
  async fetch(request, env) {
    await request.text();
    const upstream = await fetch(env.PROVIDER, { method: "POST", body: "{}" });
    let rest = "", sent = 0;
    const events = new TransformStream({
      transform(text, controller) {
        const parts = (rest + text).split("\\r\\n\\r\\n");
        rest = parts.pop();
        for (const part of parts) {
          const text = JSON.parse(part.slice(6)).candidates[0].content.parts[0].text;
          sent += text.length;
          controller.enqueue("id: t." + sent + "\\nevent: delta\\ndata: " + JSON.stringify({ text }) + "\\n\\n");
        }
      },
    });
    const body = upstream.body.pipeThrough(new TextDecoderStream()).pipeThrough(events).pipeThrough(new TextEncoderStream());
    return new Response(body, { headers: { "content-type": "text/event-stream" } });
  },
};`;

/** The same by hand, with the runtime's own stream between: the least that a relay in JavaScript costs. */
const BY_HAND = `export default {
  async fetch(request, env, ctx) {
    await request.text();
    const upstream = await fetch(env.PROVIDER, { method: "POST", body: "{}" });
    const { readable, writable } = new IdentityTransformStream();
    const writer = writable.getWriter(), reader = upstream.body.getReader();
    const decoder = new TextDecoder(), encoder = new TextEncoder();
    ctx.waitUntil((async () => {
      let rest = "", sent = 0;
      for (;;) {
        const { value, done } = await reader.read();
        if (done) break;
        const parts = (rest + decoder.decode(value, { stream: true })).split("\\r\\n\\r\\n");
        rest = parts.pop();
        let out = "";
        for (const part of parts) {
          const text = JSON.parse(part.slice(6)).candidates[0].content.parts[0].text;
          sent += text.length;
          out += "id: t." + sent + "\\nevent: delta\\ndata: " + JSON.stringify({ text }) + "\\n\\n";
        }
        await writer.write(encoder.encode(out));
      }
      await writer.close();
    })());
    return new Response(readable, { headers: { "content-type": "text/event-stream" } });
  },
};`;

const MESSAGE = JSON.stringify({ message: "When are you open on Saturday?" });
const HEADERS = { "content-type": "application/json", accept: "text/event-stream", "x-site-key": "sk_dental_dev_7hQ2mXw9" };

async function contender(name, provider, shape) {
  const address = `${provider.url}/${shape.join("/")}`;
  const inspectorPort = await freePort();
  if (name === "koby-portal") {
    const vars = { LOG_LEVEL: "warn", GEMINI_API_KEY: "AIza-bench", GEMINI_BASE_URL: address };
    return { name, inspectorPort, ...(await start("koby", artefact(), { prepared: UNLIMITED, inspectorPort, ...settings(vars) })) };
  }
  const modules = script({ pipe: PIPE, relay: RELAY, "relay by hand": BY_HAND }[name]);
  return { name, inspectorPort, ...(await start(name.replaceAll(" ", "-"), modules, { inspectorPort, bindings: { PROVIDER: address } })) };
}

/** Asks, and resolves with the reader when the first text has come. */
async function begin({ url }) {
  const started = performance.now();
  const answer = await fetch(new URL("/chat", url), { method: "POST", headers: HEADERS, body: MESSAGE });
  if (answer.status !== 200) throw new Error(`${answer.status}: ${await answer.text()}`);
  const reader = answer.body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  while (!text.includes("word ")) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`no text in:\n${text}`);
    text += decoder.decode(value, { stream: true });
  }
  return { reader, text, ms: performance.now() - started };
}

async function readToEnd({ reader, text }) {
  const decoder = new TextDecoder();
  const pieces = [text];
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return pieces.join("");
    pieces.push(decoder.decode(value, { stream: true }));
  }
}

const NAMES = ["pipe", "relay", "relay by hand", "koby-portal"];

/** Runs `work` on all contenders, each with a provider's answer of one shape. */
async function withContenders(provider, shape, work) {
  const running = [];
  try {
    for (const name of NAMES) running.push(await contender(name, provider, shape));
    await work(running);
  } finally {
    await Promise.all(running.map((one) => one.stop()));
  }
}

async function firstText(provider) {
  await withContenders(provider, [2, CHARACTERS, 0], async (running) => {
    const times = new Map(NAMES.map((name) => [name, []]));
    for (let turn = -20; turn < TURNS; turn += 1) {
      for (const one of running) {
        const begun = await begin(one);
        await readToEnd(begun);
        if (turn >= 0) times.get(one.name).push(begun.ms);
      }
    }
    console.log(`\nUntil the first text, one turn at a time, ${TURNS} turns, milliseconds\n`);
    console.log("| what | p50 | p95 | p50 beyond the pipe | goal |\n|---|---:|---:|---:|---|");
    const least = median(times.get("pipe"));
    for (const [name, all] of times) {
      const sorted = all.toSorted((a, b) => a - b);
      const [p50, p95] = [0.5, 0.95].map((share) => sorted[Math.floor(share * sorted.length)]);
      console.log(`| ${name} | ${p50.toFixed(1)} | ${p95.toFixed(1)} | ${(p50 - least).toFixed(1)} | ${name === "koby-portal" ? "≤ 10" : ""} |`);
    }
  });
}

/** Microseconds of processor time of each piece, with what a turn of two pieces costs taken off. */
async function eachPiece(provider) {
  const costs = new Map(NAMES.map((name) => [name, []]));
  for (const pieces of [2, PIECES]) {
    await withContenders(provider, [pieces, CHARACTERS, 0], async (running) => {
      for (const one of running) await streams(one, 2 * AT_ONCE);
      for (let round = 0; round < 3; round += 1) {
        for (const one of running) costs.get(one.name).push([pieces, await streams(one, 12 * AT_ONCE)]);
      }
    });
  }
  console.log(`\nProcessor time of workerd for each of ${PIECES} pieces of ${CHARACTERS} characters, ${AT_ONCE} streams at once, microseconds\n`);
  console.log("| what | a piece | beyond the relay by hand | goal |\n|---|---:|---:|---|");
  const figures = [...costs].map(([name, all]) => {
    const [few, many] = [2, PIECES].map((count) => median(all.filter(([pieces]) => pieces === count).map(([, ms]) => ms)));
    return [name, ((many - few) * 1000) / (PIECES - 2)];
  });
  const [, least] = figures.find(([name]) => name === "relay by hand");
  for (const [name, us] of figures) {
    console.log(`| ${name} | ${us.toFixed(1)} | ${(us - least).toFixed(1)} | ${name === "koby-portal" ? "≤ 20" : ""} |`);
  }
}

/** Processor time in milliseconds of one stream. */
async function streams(one, count) {
  const before = processorMs(one.pid);
  let left = count;
  const work = async () => {
    while (left > 0) {
      left -= 1;
      await readToEnd(await begin(one));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return (processorMs(one.pid) - before) / count;
}

/** What the isolate holds in JavaScript, garbage included, as the inspector tells (Chrome DevTools Protocol,
 * Runtime.getHeapUsage), and what the whole process does, its WebAssembly included; in MiB. */
async function memory({ inspectorPort, pid }, target) {
  const targets = await (await fetch(`http://127.0.0.1:${inspectorPort}/json`)).json();
  const socket = new WebSocket(targets.find(({ id }) => id === `core:user:${target}`).webSocketDebuggerUrl);
  await new Promise((resolve, reject) => { socket.onopen = resolve; socket.onerror = reject; });
  const told = new Promise((resolve) => { socket.onmessage = ({ data }) => resolve(JSON.parse(data).result); });
  socket.send(JSON.stringify({ id: 1, method: "Runtime.getHeapUsage" }));
  const { usedSize, embedderHeapUsedSize = 0, backingStorageSize = 0 } = await told;
  socket.close();
  const isolate = (usedSize + embedderHeapUsedSize + backingStorageSize) / 2 ** 20;
  return { isolate, process: residentKib(pid) / 1024 };
}

async function manyStreams(provider) {
  console.log(`\n${STREAMS} streams open in one isolate, MiB\n`);
  console.log("| what | JavaScript, none open | process | JavaScript | process | the process grew by | goal |\n|---|---:|---:|---:|---:|---:|---|");
  await withContenders(provider, [1_000_000, CHARACTERS, 5_000], async (running) => {
    for (const one of running) {
      const target = one.name === "koby-portal" ? "koby" : one.name.replaceAll(" ", "-");
      await (await begin(one)).reader.cancel();
      const idle = await memory(one, target);
      const open = [];
      while (open.length < STREAMS) open.push(...(await Promise.all(Array.from({ length: 25 }, () => begin(one)))));
      for (const { reader } of open) void drain(reader);
      await new Promise((passed) => setTimeout(passed, 3_000));
      const held = await memory(one, target);
      const figures = [idle.isolate, idle.process, held.isolate, held.process, held.process - idle.process];
      const goal = one.name === "koby-portal" ? "≤ 128 in the isolate" : "";
      console.log(`| ${one.name} | ${figures.map((mib) => mib.toFixed(1)).join(" | ")} | ${goal} |`);
      await Promise.all(open.map(({ reader }) => reader.cancel()));
    }
  });
}

async function drain(reader) {
  while (!(await reader.read().catch(() => ({ done: true }))).done);
}

const provider = await startProvider();
try {
  const parts = { first: firstText, pieces: eachPiece, memory: manyStreams };
  for (const [name, part] of Object.entries(parts)) if (!options.only || options.only === name) await part(provider);
} finally {
  await provider.stop();
}
