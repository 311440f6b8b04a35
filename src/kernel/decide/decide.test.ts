import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { isAtRest, moves, type RunStatus, runStatuses } from "../model/status.ts";
import { NonRetryableError, RetryAfter } from "../model/user-errors.ts";
import { allowanceFor, chargedDeaths, isCrashLoop, isSuspect } from "./crash.ts";
import { fingerprintOf, normalise, recordError } from "./failure.ts";
import { flattenMatch, matches, readPath } from "./match.ts";
import { decideRetry, delayOf, type RetryPolicy } from "./retry.ts";

const now = Date.UTC(2026, 10, 20, 9, 30);
const policy: RetryPolicy = { attempts: 3, backoff: "exponential", firstMs: 100, maxMs: 1_000, jitter: 0.2 };

describe("retry", () => {
  it("waits between the base delay and the base delay plus jitter", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 60 }),
        fc.float({ min: 0, max: Math.fround(0.999), noNaN: true }),
        fc.constantFrom("constant", "linear", "exponential"),
        (charged, chance, backoff) => {
          const base = Math.min(
            1_000,
            { constant: 100, linear: 100 * charged, exponential: 100 * 2 ** Math.min(charged - 1, 40) }[backoff],
          );
          const delay = delayOf({ ...policy, backoff }, charged, chance);
          assert.ok(delay >= Math.floor(base) && delay <= base * 1.2);
          assert.equal(delay, Math.floor(delay));
        },
      ),
    );
  });

  it("stops after the policy's attempts, for a non-retryable error, and if `when` returns false", () => {
    assert.deepEqual(decideRetry(policy, 3, new Error("x"), 0, now), { kind: "exhausted", because: "attempts" });
    assert.deepEqual(decideRetry(policy, 1, new NonRetryableError("x"), 0, now), {
      kind: "exhausted",
      because: "non-retryable",
    });
    assert.deepEqual(decideRetry({ ...policy, when: () => false }, 1, new Error("x"), 0, now), {
      kind: "exhausted",
      because: "non-retryable",
    });
  });

  it("waits at least as long as a RetryAfter says: a duration, seconds as text, or an HTTP date", () => {
    const date = new Date(now + 7_000).toUTCString();
    for (const [delay, delayMs] of [
      ["5s", 5_000],
      [4_000, 4_000],
      ["120", 120_000],
      [date, 7_000],
      ["Sun, 06 Nov 1994 08:49:37 GMT", 100],
    ] as const)
      assert.deepEqual(decideRetry(policy, 1, new RetryAfter(delay), 0, now), { kind: "retry", delayMs }, `${delay}`);
  });

  it("refuses a RetryAfter that is neither", () => {
    for (const delay of ["soon", "", "1.5", "-3", "2026-11-20T09:30:00Z", Number.NaN, null, undefined])
      assert.throws(() => new RetryAfter(delay as never), { code: "invalid-option" }, String(delay));
  });
});

describe("failures", () => {
  it("with one cause have one fingerprint, whatever their details", () => {
    const error = (message: string) => recordError(new Error(message));
    const same = ["card 4711 of 'Ann' declined", "card 9 of 'Bo' declined"].map((message) =>
      fingerprintOf("order", "pay", error(message)),
    );
    assert.equal(same[0], same[1]);
    assert.notEqual(same[0], fingerprintOf("order", "ship", error("card 4711 of 'Ann' declined")));
    assert.equal(fingerprintOf("o", "items[1]/pay", error("x")), fingerprintOf("o", "items[22]/pay", error("x")));
    assert.equal(
      normalise("run 018f2b3c-1111-7222-8333-444455556666 took 12 ms"),
      normalise("run 018f2b3c-9999-7222-8333-444455556666 took 7 ms"),
    );
  });

  it("are recorded in bounded size, whatever was thrown", () => {
    for (const thrown of [
      null,
      undefined,
      7,
      "text",
      { a: 1 },
      Object.assign(new Error("x"), { cause: new Error("deep") }),
      Symbol("s"),
      new Map(),
    ]) {
      assert.equal(typeof recordError(thrown).message, "string");
    }
    const huge = recordError(new Error("x".repeat(10_000_000)));
    assert.ok(JSON.stringify(huge).length < 64 * 1024);
    assert.equal(recordError(new Error("bad \ud800 text")).message.isWellFormed(), true);
  });
});

describe("matching", () => {
  it("compares scalars at own paths by value and type", () => {
    assert.equal(matches({ "deal.id": 8841 }, { deal: { id: 8841 } }), true);
    assert.equal(matches({ "deal.id": "8841" }, { deal: { id: 8841 } }), false);
    assert.equal(matches({ gone: null }, {}), false);
    assert.equal(matches({ gone: null }, { gone: null }), true);
    assert.equal(readPath({}, "constructor.name"), undefined);
    assert.equal(readPath({}, "__proto__.polluted"), undefined);
    assert.deepEqual(flattenMatch({ deal: { id: 1, owner: null }, region: "eu" }, "e"), {
      "deal.id": 1,
      "deal.owner": null,
      region: "eu",
    });
  });

  it("refuses a match with a value that cannot be compared, and names it", () => {
    const cases: readonly (readonly [Record<string, unknown>, RegExp])[] = [
      [{ order: undefined }, /match\.order is undefined/],
      [{ at: new Date(0) }, /match\.at is a Date/],
      [{ deal: { ids: new Map() } }, /match\.deal\.ids is a Map/],
      [{ deal: {} }, /match\.deal is an empty object/],
      [{}, /match is an empty object/],
      [{ list: [1] }, /match\.list is an array/],
      [{ n: Number.NaN }, /match\.n is the number NaN/],
      [{ n: 1n }, /match\.n is the bigint 1/],
      [{ f: () => 1 }, /match\.f is the function/],
      [{ "deal.id": 1, deal: { id: 2 } }, /match\.deal\.id is given twice/],
    ];
    for (const [match, message] of cases)
      assert.throws(() => flattenMatch(match, "paid"), { code: "invalid-option", message });
    assert.deepEqual(flattenMatch(Object.assign(Object.create(null), { a: 1 }), "paid"), { a: 1 });
  });
});

describe("crash loops", () => {
  it("count only the crashes of a run that was the only suspect", () => {
    assert.deepEqual([0, 1, 2, 3, 4, 5].map(chargedDeaths), [0, 0, 0, 1, 2, 3]);
    assert.deepEqual([0, 1, 2].map(isSuspect), [false, false, true]);
    assert.deepEqual(
      [isCrashLoop(5, 0), isCrashLoop(6, 0), isCrashLoop(6, 1), isCrashLoop(7, 1), isCrashLoop(99, allowanceFor(99))],
      [false, true, false, true, true],
    );
  });
});

describe("status changes", () => {
  it("lead every status to an end, and leave an end only by an action", () => {
    const reaches = (from: RunStatus, seen = new Set<RunStatus>()): boolean => {
      if (isAtRest(from)) return true;
      if (seen.has(from)) return false;
      seen.add(from);
      return moves[from].some((to) => reaches(to, seen));
    };
    for (const status of runStatuses) assert.equal(reaches(status), true, status);
    assert.deepEqual(
      [moves.completed, moves.cancelled],
      [["compensating"], []],
      "only a parent's compensation changes a completed run",
    );
  });
});
