// Files become what the assistant quotes, on the real runtime and a real D1.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { crc32, deflateRawSync, deflateSync } from "node:zlib";

import { startWorker, token } from "./worker.mjs";

const SITE = { "x-site-key": "sk_dental_dev_7hQ2mXw9" };
const DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
const UPLOAD = "/portal/knowledge/documents/upload";

/** A PDF whose pages hold one line each. */
function pdf(lines) {
  const objects = ["<< /Type /Catalog /Pages 2 0 R >>", "", "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"];
  const kids = [];
  for (const line of lines) {
    const data = deflateSync(Buffer.from(`BT /F1 12 Tf 72 720 Td (${line}) Tj ET`)).toString("latin1");
    objects.push(`<< /Filter /FlateDecode /Length ${data.length} >>\nstream\n${data}\nendstream`);
    objects.push(`<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents ${objects.length} 0 R >>`);
    kids.push(`${objects.length} 0 R`);
  }
  objects[1] = `<< /Type /Pages /Kids [${kids.join(" ")}] /Count ${kids.length} /Resources << /Font << /F1 3 0 R >> >> >>`;
  const body = objects.map((object, at) => `${at + 1} 0 obj\n${object}\nendobj\n`).join("");
  return Buffer.from(`%PDF-1.7\n${body}trailer\n<< /Root 1 0 R /Size ${objects.length + 1} >>\n%%EOF\n`, "latin1");
}

/** A ZIP of texts. */
function zip(files) {
  const parts = [];
  const directory = [];
  let offset = 0;
  for (const [name, text] of Object.entries(files)) {
    const content = Buffer.from(text);
    const data = deflateRawSync(content);
    const head = Buffer.alloc(26);
    head.writeUInt16LE(20, 0);
    head.writeUInt16LE(8, 4);
    head.writeUInt32LE(crc32(content), 10);
    head.writeUInt32LE(data.length, 14);
    head.writeUInt32LE(content.length, 18);
    head.writeUInt16LE(name.length, 22);
    const local = Buffer.concat([Buffer.from("PK\x03\x04"), head, Buffer.from(name), data]);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE(offset, 10);
    directory.push(Buffer.concat([Buffer.from("PK\x01\x02\x14\0", "latin1"), head, rest, Buffer.from(name)]));
    parts.push(local);
    offset += local.length;
  }
  const entries = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06", "latin1");
  end.writeUInt16LE(directory.length, 8);
  end.writeUInt16LE(directory.length, 10);
  end.writeUInt32LE(entries.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, entries, end]);
}

const paragraph = (text, style = "") => `<w:p><w:pPr>${style && `<w:pStyle w:val="${style}"/>`}</w:pPr><w:r><w:t>${text}</w:t></w:r></w:p>`;

describe("knowledge", () => {
  let worker;

  before(async () => {
    worker = await startWorker({ vars: { PORTAL_RATE_LIMIT_MAX: "100000", CHAT_RATE_LIMIT_MAX: "100000" } });
  });

  after(() => worker.stop());

  async function upload(query, type, body) {
    const authorization = `Bearer ${await token("user_demo_owner")}`;
    const answer = await worker.fetch(`${UPLOAD}?${query}`, { method: "POST", headers: { authorization, "content-type": type }, body });
    return { status: answer.status, body: await answer.json() };
  }

  async function ask(message) {
    const answer = await worker.post("/chat", { message }, SITE);
    assert.equal(answer.status, 200, await answer.clone().text());
    return answer.json();
  }

  async function tick() {
    const run = await worker.fetch("/cdn-cgi/handler/scheduled?cron=*+*+*+*+*");
    assert.equal(run.status, 200, await run.text());
  }

  /** Waits until no document of a source is on its way. */
  async function settled() {
    for (let attempt = 0; attempt < 100; attempt += 1) {
      await tick();
      const [{ open }] = worker.rows("SELECT (SELECT count(*) FROM knowledge_ingestion_jobs WHERE status IN ('pending', 'processing')) + (SELECT count(*) FROM knowledge_documents WHERE index_due_at IS NOT NULL) + (SELECT count(*) FROM knowledge_removals WHERE is_told = 0) AS open");
      if (open === 0) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error(`documents are still on their way:\n${worker.output}`);
  }

  it("is taken from files and quoted with its place", async () => {
    const word = paragraph("Garden rules", "Heading1") + paragraph("Hedgehogs sleep in our garden during winter.");
    const files = [
      ["text/markdown", "# Aquarium\n\nThe aquarium holds eleven goldfish.", "How many goldfish live in the aquarium?", "Aquarium"],
      ["application/pdf", pdf(["Cover sheet of the manual.", "Parrots recite poems every Tuesday afternoon."]), "Which poems do parrots recite?", "p. 1–2"],
      [DOCX, zip({ "word/document.xml": `<w:document><w:body>${word}</w:body></w:document>` }), "Where do hedgehogs sleep in winter?", "Garden rules"],
    ];
    const documents = [];
    for (const [type, body] of files) {
      const taken = await upload("sourceId=ksrc_dental_files", type, body);
      assert.equal(taken.status, 201, JSON.stringify(taken.body));
      assert.equal(taken.body.effect, "queued");
      documents.push(taken.body.document.id);
    }
    await settled();
    for (const [at, [type, , question, place]] of files.entries()) {
      const { message, citations } = await ask(question);
      assert.equal(citations[0]?.document_id, documents[at], `${type}: ${JSON.stringify(message)}`);
      assert.equal(citations[0].pointer, place);
    }
    const runs = worker.rows("SELECT DISTINCT outcome FROM job_runs WHERE job = 'knowledge_ingestion'");
    assert.deepEqual(runs, [{ outcome: "done" }]);
  });

  it("follows its versions, the archive and deletions", async () => {
    const first = (await upload("sourceId=ksrc_dental_files&title=Lift", "text/plain", "The lift carries four penguins.")).body;
    const id = first.document.id;
    await upload(`documentId=${id}`, "text/plain", "The lift carries nine penguins.");
    await settled();
    assert.match(JSON.stringify(await ask("How many penguins does the lift carry?")), /nine penguins/);
    const back = await worker.write("user_demo_owner", "POST", `/portal/knowledge/documents/${id}/rollback`, { versionId: first.version_id });
    assert.equal(back.status, 202, await back.text());
    await settled();
    assert.match(JSON.stringify(await ask("How many penguins does the lift carry?")), /four penguins/);
    assert.equal((await worker.write("user_demo_owner", "DELETE", `/portal/knowledge/documents/${id}`)).status, 200);
    await settled();
    assert.equal(worker.rows(`SELECT count(*) AS n FROM passages WHERE document_id = '${id}'`, "SEARCH")[0].n, 0);
  });

  it("refuses what is too large, and what unfolds into too much", async () => {
    // Within the limit of a file, but more text than a document has.
    const large = await upload("sourceId=ksrc_dental_files", "text/plain", Buffer.alloc(10 * 1024 * 1024, "word "));
    assert.deepEqual([large.status, large.body.code], [413, "document_too_long"]);
    const bomb = zip({ "word/document.xml": " ".repeat(25 << 20) });
    const refused = await upload("sourceId=ksrc_dental_files", DOCX, bomb);
    assert.deepEqual([refused.status, refused.body.code], [400, "document_too_complex"]);
    assert.equal((await worker.fetch("/health")).status, 200);
  });

  it("takes a long text in at once", async () => {
    const text = Array.from({ length: 40_000 }, (_, n) => `Corridor ${n} has a blue carpet.`).join(" ");
    const taken = await upload("sourceId=ksrc_dental_files&title=Corridors", "text/plain", text);
    assert.equal(taken.status, 201, JSON.stringify(taken.body));
    await settled();
    const [{ n }] = worker.rows(`SELECT count(*) AS n FROM passages WHERE document_id = '${taken.body.document.id}'`, "SEARCH");
    assert.ok(n > 500, `${n} passages`);
  });
});
