import { describe, expect, it } from "vitest";
import { creditsOf, MAX_OFFERS, problemsOf, refuseOffer, webAddress, withTyped, type DraftOffer, type Plan } from "../src/lib/plan";
import type { CvSummary } from "../src/model/types";

const cv = { blocked: false, pending_count: 0 } as CvSummary;
const url = (n: number): DraftOffer => ({ kind: "url", url: `https://jobs.example/${n}` });
const plan = (fields: Partial<Plan>): Plan => ({ cv, mode: "adapt", offers: [url(1)], balance: 5, allowance: 0, ...fields });
const keys = (fields: Partial<Plan>) => problemsOf(plan(fields)).map((problem) => problem.key);

describe("a generation", () => {
  it("may start when all is there", () => {
    expect(keys({})).toEqual([]);
  });

  it("needs a CV that is not blocked, and an offer", () => {
    expect(keys({ cv: undefined })).toEqual(["gen.bad.cv"]);
    expect(keys({ cv: { ...cv, blocked: true } })).toEqual(["gen.bad.blocked"]);
    expect(keys({ offers: [] })).toEqual(["gen.offers.empty"]);
  });

  it("optimises for one offer or none, and not while changes are open", () => {
    expect(keys({ mode: "optimize", offers: [] })).toEqual([]);
    expect(keys({ mode: "optimize", offers: [url(1), url(2)] })).toEqual(["gen.bad.optimize"]);
    expect(keys({ mode: "optimize", cv: { ...cv, pending_count: 2 } })).toEqual(["gen.bad.pending"]);
  });

  it("takes the allowance first, then credits (cv R45)", () => {
    const offers = [url(1), url(2), url(3)];
    expect(creditsOf(plan({ offers, allowance: 2 }))).toBe(1);
    expect(creditsOf(plan({ offers, allowance: Number.POSITIVE_INFINITY }))).toBe(0);
    expect(keys({ offers, balance: 2 })).toEqual(["gen.bad.credits"]);
    expect(keys({ offers, balance: 2, allowance: 1 })).toEqual([]);
  });
});

describe("an offer", () => {
  it("joins once", () => {
    expect(refuseOffer([url(1)], url(1))?.key).toBe("gen.bad.duplicate");
    expect(refuseOffer([url(1)], url(2))).toBeNull();
  });

  it("must be an address, or enough text", () => {
    expect(refuseOffer([], { kind: "url", url: "jobs.example/1" })?.key).toBe("gen.bad.url");
    expect(refuseOffer([], { kind: "text", text: "Developer wanted" })?.key).toBe("gen.bad.text");
    expect(["https://a.example/x", " http://a.example ", "ftp://a.example", "javascript:alert(1)", "a.example"].map(webAddress)).toEqual(["https://a.example/x", "http://a.example/", null, null, null]);
  });

  it("is one of ten at most", () => {
    const full = Array.from({ length: MAX_OFFERS }, (_, n) => url(n));
    expect(refuseOffer(full, url(99))?.key).toBe("gen.bad.many");
  });
});

describe("what is typed and not added", () => {
  const typed = (fields: { url?: string; text?: string }) => withTyped([url(1)], { url: "", text: "", ...fields });
  const text = "We look for somebody who likes what we do. ".repeat(3);

  it("belongs to what is started", () => {
    expect(typed({ url: " https://jobs.example/2 ", text }).offers).toEqual([url(1), url(2), { kind: "text", text }]);
    expect(typed({ url: " ", text: "\n" })).toEqual({ offers: [url(1)], refused: [] });
  });

  it("is told when it cannot, and counts once", () => {
    const both = typed({ url: "jobs.example", text: "Developer" });
    expect(both.offers).toEqual([url(1)]);
    expect(both.refused.map((problem) => problem.key)).toEqual(["gen.bad.url", "gen.bad.text"]);
    expect(typed({ url: "https://jobs.example/1" })).toEqual({ offers: [url(1)], refused: [] });
  });
});
