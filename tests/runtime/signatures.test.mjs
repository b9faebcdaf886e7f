// The tables of signatures that the Worker's own tests read, put to the vendors' libraries: what a table says of them is
// what they say. These tests need no Worker.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it, mock } from "node:test";

import { Webhook as StandardWebhook } from "standardwebhooks";
import Stripe from "stripe";
import { Webhook as SvixWebhook } from "svix";

const table = (name) => JSON.parse(readFileSync(new URL(`../fixtures/${name}.json`, import.meta.url), "utf8"));

/** Whether one of the secrets verifies; the libraries hold one each. */
const verdict = (secrets, verify) => {
  const passes = secrets.some((secret) => {
    try {
      verify(secret);
      return true;
    } catch {
      return false;
    }
  });
  return passes ? "accept" : "reject";
};

/** At a moment of the clock, in seconds, which these libraries read themselves. */
const at = (now, run) => {
  mock.timers.enable({ apis: ["Date"], now: now * 1000 });
  try {
    return run();
  } finally {
    mock.timers.reset();
  }
};

describe("signatures of Clerk's events", () => {
  for (const [name, Webhook] of [["svix", SvixWebhook], ["standardwebhooks", StandardWebhook]]) {
    it(`${name} judges the table as it says`, () => {
      for (const { name: told, secrets, headers, body, now, ours, why, ...judged } of table("svix_signatures")) {
        const verify = (secret) => new Webhook(secret).verify(body, headers, { jsonParse: false });
        assert.equal(at(now, () => verdict(secrets, verify)), judged[name], told);
        assert.ok(ours === judged[name] || why || name === "standardwebhooks", `${told}: a difference without a reason`);
      }
    });
  }

  it("nothing passes here that Svix refuses", () => {
    for (const { name, ours, svix } of table("svix_signatures")) {
      assert.ok(ours === "reject" || svix === "accept", name);
    }
  });
});

describe("signatures of Stripe's events", () => {
  it("stripe judges the table as it says", () => {
    const { webhooks } = new Stripe("sk_test_not_used");
    for (const { name, secrets, header, body, now, ours, stripe, why } of table("stripe_signatures")) {
      const verify = (secret) => webhooks.constructEvent(body, header, secret, 300, undefined, now * 1000);
      assert.equal(verdict(secrets, verify), stripe, name);
      assert.equal(ours !== stripe, why !== undefined, `${name}: a difference has a reason, and nothing else has one`);
    }
  });
});
