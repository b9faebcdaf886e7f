// A large full-text index for measurements: passages that read like pages of small businesses, each about a topic of its
// own, with the words that all of them share and names that few do.

import { createHash } from "node:crypto";

/** Sizes: one org with most of it, and many small ones beside it. */
export const SIZES = { big: 60_000, orgs: 400, perOrg: 100 };

const TOPICS = {
  "Opening hours": "hours open close morning evening Saturday Sunday weekday holiday lunch desk phone answer",
  "Prices": "price cost fee charge discount package deposit invoice card cash monthly yearly tax",
  "Booking": "appointment book cancel move confirm reminder slot waiting list online calendar first visit",
  "Insurance": "insurance plan coverage claim network deductible estimate approval card member share",
  "Parking": "parking garage street bus station elevator wheelchair entrance floor bicycle ticket",
  "Deliveries": "delivery order parcel tracking warehouse courier return refund exchange label week",
  "Warranty": "warranty repair spare part technician defect receipt replacement battery screen service",
  "Accounts": "account password sign email code security session device profile notification settings",
  "Privacy": "privacy data consent record copy deletion storage encryption request retention law",
  "Treatments": "treatment pain doctor nurse recovery medicine check result week home exercise swelling",
  "Courses": "course lesson teacher beginner certificate exam room material group level semester",
  "Rooms": "room bed breakfast towel key guest arrival departure night quiet window balcony",
  "Menu": "menu dish vegetarian allergy kitchen table dessert wine lunch dinner terrace children",
  "Events": "event ticket stage seat doors program speaker recording venue catering evening badge",
  "Vehicles": "vehicle rental fuel insurance license driver mileage tyre inspection keys accident map",
};
const SENTENCES = [
  (w) => `The ${w()} is ${w()} by the ${w()} and takes about ${w.number()} minutes.`,
  (w) => `Please tell us about the ${w()} before the ${w()}, because the ${w()} depends on it.`,
  (w) => `You can change the ${w()} until ${w.number()} hours before the ${w()} without charge.`,
  (w) => `For ${w.proper()} customers the ${w()} costs $${w.number()}, and the ${w()} is included.`,
  (w) => `Our team checks the ${w()} and the ${w()} every day and writes to you if the ${w()} is late.`,
  (w) => `If the ${w()} does not fit, bring the ${w()} back with the ${w()} within ${w.number()} days.`,
  (w) => `Most people ask for the ${w()} first; the ${w()} and the ${w()} follow in the next step.`,
  (w) => `The ${w.proper()} ${w()} comes with a ${w()} and needs no ${w()}.`,
  (w) => `We do not offer the ${w()} on public holidays, but the ${w()} can be reached by phone.`,
];

/** A generator that gives the same numbers in each run. */
export function random(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const SYLLABLES = ["ba", "cor", "di", "fen", "gul", "har", "in", "jo", "kal", "lin", "mo", "ner", "op", "pra", "qui", "ros", "sta", "ter", "un", "vel"];
/** Names: few are everywhere, most are rare, as names of products and people are. */
const nameOf = (at) => {
  const syllables = [at % 20, Math.floor(at / 20) % 20, Math.floor(at / 400) % 20];
  const text = syllables.map((index) => SYLLABLES[index]).join("");
  return text[0].toUpperCase() + text.slice(1);
};

const pick = (next, list) => list[Math.floor(next() * list.length)];

/** One passage: its heading and its text. */
export function passage(next) {
  const [heading, words] = pick(next, Object.entries(TOPICS));
  const own = words.split(" ");
  const others = Object.values(TOPICS).flatMap((topic) => topic.split(" "));
  const word = () => (next() < 0.75 ? pick(next, own) : pick(next, others));
  word.number = () => Math.ceil(next() * 180);
  word.proper = () => nameOf(Math.floor(8_000 * next() ** 3));
  const sentences = Array.from({ length: 5 + Math.floor(next() * 5) }, () => pick(next, SENTENCES)(word));
  return { heading: `${heading} ${word.proper()}`, content: sentences.join(" ") };
}

/** Questions with common words, with rare ones, and with both. */
export function questions(count, seed = 99) {
  const next = random(seed);
  const words = () => pick(next, Object.values(TOPICS)).split(" ");
  const name = () => nameOf(Math.floor(8_000 * next() ** 3));
  const forms = [
    () => `What is the ${pick(next, words())} for the ${name()} ${pick(next, words())}?`,
    () => { const own = words(); return `How much is the ${pick(next, own)} and when does the ${pick(next, own)} ${pick(next, own)}?`; },
    () => `Can I change the ${pick(next, words())} before the ${pick(next, words())}?`,
    () => `${pick(next, words())} ${pick(next, words())} ${pick(next, words())} ${pick(next, words())} ${pick(next, words())} ${pick(next, words())}`,
    () => `tell me about ${name().toLowerCase().replace(/[aeiou]/, "")}`,
    () => `¿Cuánto cuesta el ${pick(next, words())} y a qué hora abren?`,
  ];
  return Array.from({ length: count }, (_, at) => forms[at % forms.length]());
}

export const tenantKey = (org) => `t${createHash("sha256").update(org).digest("hex").slice(0, 16)}`;

/** Fills an index; `say` is told how far it has come. */
export function fill(search, say, sizes = SIZES, bigOrg = "org_dental") {
  search.exec("PRAGMA synchronous = OFF; PRAGMA cache_size = -400000; BEGIN");
  const insert = search.prepare(`INSERT INTO passages
    (chunk_id, org_id, tenant_key, source_id, document_id, version_id, title, content, page_label) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`);
  const next = random(7);
  let count = 0;
  const add = (org, passages) => {
    const key = tenantKey(org);
    for (let at = 0; at < passages; at += 1) {
      const document = `${org}_d${Math.floor(at / 20)}`;
      const { heading, content } = passage(next);
      insert.run(`${org}_c${at}`, org, key, `${org}_s`, document, `${document}_v`, `Guide ${nameOf(at % 500)}`, content, heading);
      count += 1;
      if (count % 20_000 === 0) say(`${count} passages`);
    }
  };
  // Small orgs come before, between and behind the big one, as they would.
  const half = Math.floor(sizes.orgs / 2);
  for (let org = 0; org < half; org += 1) add(`org_${String(org).padStart(5, "0")}`, sizes.perOrg);
  add(bigOrg, sizes.big);
  for (let org = half; org < sizes.orgs; org += 1) add(`org_${String(org).padStart(5, "0")}`, sizes.perOrg);
  search.exec("COMMIT");
  return count;
}
