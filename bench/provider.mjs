// A model's provider to measure against, in a thread of its own: streams answers as Gemini does. The number of pieces, the
// characters of each and what lies between them come with the path: /{pieces}/{characters}/{pause in ms}/…; an answer
// with a pause goes on until its reader leaves.

import { createServer } from "node:http";
import { Worker, isMainThread, parentPort } from "node:worker_threads";

/** Starts the provider; gives its address and a way to stop it. */
export async function startProvider() {
  const thread = new Worker(new URL(import.meta.url));
  const port = await new Promise((resolve, reject) => { thread.once("message", resolve); thread.once("error", reject); });
  return { url: `http://127.0.0.1:${port}`, stop: () => thread.terminate() };
}

function piece(text, end) {
  const candidate = { content: { role: "model", parts: [{ text }] }, index: 0, ...(end ? { finishReason: "STOP" } : {}) };
  const usageMetadata = { promptTokenCount: 300, candidatesTokenCount: 40, totalTokenCount: 340 };
  return `data: ${JSON.stringify({ candidates: [candidate], usageMetadata, modelVersion: "gemini-2.5-flash" })}\r\n\r\n`;
}

function answer(request, response) {
  const [pieces, characters, pauseMs] = request.url.split("/").slice(1, 4).map(Number);
  const text = "word ".repeat(characters / 5);
  request.resume();
  response.writeHead(200, { "content-type": "text/event-stream" });
  let sent = 0;
  // One piece a turn of the loop: what is written together would be read together.
  const next = () => {
    if (response.destroyed) return;
    sent += 1;
    if (sent >= pieces) { response.end(piece(text, true)); return; }
    if (response.write(piece(text, false))) pause(next); else response.once("drain", next);
  };
  const pause = (work) => (pauseMs > 0 ? setTimeout(work, pauseMs) : setImmediate(work));
  next();
}

if (!isMainThread) {
  const server = createServer(answer);
  server.keepAliveTimeout = 60_000;
  server.listen(0, "127.0.0.1", () => parentPort.postMessage(server.address().port));
}
