// Sends requests back to back over some connections, and counts whole answers.

import { connect } from "node:net";

export const CONNECTIONS = 8;

/** A request as bytes; `url` says the host. */
export function request(url, method, path, headers = {}, body = "") {
  const length = body === "" ? {} : { "content-length": Buffer.byteLength(body) };
  const lines = Object.entries({ host: url.host, ...headers, ...length }).map(([name, value]) => `${name}: ${value}`);
  return `${method} ${path} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n${body}`;
}

/**
 * Whole answers a second, until the time is over or `next` gives no further request. Fails at the first answer that is
 * not 200.
 */
export async function answersPerSecond(url, next, seconds) {
  const count = { answers: 0 };
  const started = Date.now();
  const until = started + seconds * 1000;
  await Promise.all(Array.from({ length: CONNECTIONS }, () => drive(url, next, until, count)));
  return { ...count, perSecond: count.answers / ((Date.now() - started) / 1000) };
}

/** One connection. */
function drive(url, next, until, count) {
  return new Promise((done, fail) => {
    const socket = connect(Number(url.port), url.hostname);
    let pending = Buffer.alloc(0);
    const send = () => {
      const request = Date.now() < until ? next() : undefined;
      if (request === undefined) socket.end();
      else socket.write(request);
    };
    socket.setNoDelay(true);
    socket.on("connect", send);
    socket.on("error", fail);
    socket.on("close", done);
    socket.on("data", (chunk) => {
      pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
      const end = pending.indexOf("\r\n\r\n");
      if (end < 0) return;
      const head = pending.toString("latin1", 0, end);
      const length = Number(/content-length: (\d+)/i.exec(head)?.[1]);
      if (Number.isNaN(length)) { fail(new Error(`an answer without a length:\n${head}`)); socket.destroy(); return; }
      if (pending.length < end + 4 + length) return;
      if (!head.startsWith("HTTP/1.1 200")) { fail(new Error(`${head}\n${pending.toString("utf8", end + 4)}`)); socket.destroy(); return; }
      pending = Buffer.alloc(0);
      count.answers += 1;
      send();
    });
  });
}
