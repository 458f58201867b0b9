import fc from "fast-check";
import { expect, test } from "vitest";
import { Backoff, MAX_WISH_MS } from "../src/backoff.js";

test("the ceiling doubles from the base to the maximum", () => {
  const backoff = new Backoff({ baseMs: 100, maxMs: 1_000 }, () => 1);
  expect([1, 2, 3, 4, 5, 6].map(() => backoff.next())).toEqual([100, 200, 400, 800, 1_000, 1_000]);
  backoff.reset();
  expect(backoff.next()).toBe(100);
});

test("jitter is full: from nothing to the ceiling", () => {
  expect(new Backoff({ baseMs: 100 }, () => 0).next()).toBe(0);
  expect(new Backoff({ baseMs: 100 }, () => 0.5).next()).toBe(50);
});

test("a server's wish is a lower bound, and the jitter on top is as wide as the wish, within the maximum", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 100_000 }), fc.double({ min: 0, max: 1, noNaN: true }), (wish, random) => {
      const delay = new Backoff({ baseMs: 50, maxMs: 1_000 }, () => random).next(wish);
      expect(delay).toBeGreaterThanOrEqual(wish);
      expect(delay).toBeLessThanOrEqual(wish + Math.min(1_000, Math.max(50, wish)));
    }),
  );
});

test("those who were told the same come back spread over as long again, and not in step", () => {
  const delays = [0, 0.25, 0.5, 0.75, 1].map((random) => new Backoff({}, () => random).next(4_000));
  expect(delays).toEqual([4_000, 5_000, 6_000, 7_000, 8_000]);
});

test("a mistaken wish does not silence a client for good, and one that is no number is none", () => {
  const backoff = new Backoff({}, () => 0);
  expect(backoff.next(1e12)).toBe(MAX_WISH_MS);
  expect(backoff.next(Number.POSITIVE_INFINITY)).toBe(MAX_WISH_MS);
  expect(backoff.next(Number.NaN)).toBe(0);
  expect(backoff.next(-5)).toBe(0);
});

test("no number of attempts leaves the bounds", () => {
  const backoff = new Backoff({ baseMs: 500, maxMs: 30_000 }, () => 1);
  for (let n = 0; n < 2_000; n += 1) expect(backoff.next()).toBeLessThanOrEqual(30_000);
});
