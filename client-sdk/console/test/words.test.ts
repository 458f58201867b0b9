import { describe, expect, it } from "vitest";
import { browserLanguage, translate } from "../src/i18n";
import { en } from "../src/i18n/en";
import { fr } from "../src/i18n/fr";
import { parseResume } from "../src/lib/resume";
import { prose, sentence } from "../src/lib/words";
import { EMPTY, KEPT, matches, record } from "../src/lib/tape";
import { nextChange } from "../src/review/review";
import type { Change } from "../src/model/types";

const names = (message: unknown) => JSON.stringify(message).match(/\{(\w+)\}/gu)?.sort() ?? [];

describe("dictionaries", () => {
  it("have the same keys, and the same values to fill in", () => {
    expect(Object.keys(fr).sort()).toEqual(Object.keys(en).sort());
    for (const key of Object.keys(en) as (keyof typeof en)[]) expect([key, [...new Set(names(fr[key]))]]).toEqual([key, [...new Set(names(en[key]))]]);
  });

  it("choose the form by number: French says zero in the singular", () => {
    expect([0, 1, 2].map((n) => translate("en", "review.count", { n }))).toEqual(["0 changes to review", "1 change to review", "2 changes to review"]);
    expect([0, 1, 2].map((n) => translate("fr", "gen.offers.chosen", { n }))).toEqual(["0 offre", "1 offre", "2 offres"]);
  });

  it("follow the browser", () => {
    expect(browserLanguage(["de-DE", "fr-CA", "en"])).toBe("fr");
    expect(browserLanguage(["ja"])).toBe("en");
  });
});

describe("parseResume", () => {
  const t = (key: Parameters<typeof translate>[1], values?: Parameters<typeof translate>[2]) => translate("en", key, values);
  it("takes a document, and says what is wrong with any other text", () => {
    expect(parseResume(t, '{"basics":{"name":"A"}}')).toEqual({ basics: { name: "A" } });
    expect(parseResume(t, "{,}")).toMatch(/^This is not valid JSON: /u);
    for (const bad of ["[]", "null", "3", '{"name":"A"}', '{"basics":[]}']) expect(parseResume(t, bad)).toBe(en["cvs.invalid.shape"]);
  });
});

describe("the review keys", () => {
  const changes = (["accepted", "pending", "pending", "rejected", "pending"] as const).map((status, n) => ({ id: `c${n}`, status }) as Change);
  it("walk the open changes, round and round", () => {
    expect(nextChange(changes, null, "j")).toBe("c1");
    expect(nextChange(changes, "c1", "j")).toBe("c2");
    expect(nextChange(changes, "c4", "j")).toBe("c1");
    expect(nextChange(changes, "c1", "k")).toBe("c4");
    expect(nextChange(changes, "c1", "x")).toBeUndefined();
    expect(nextChange([], null, "j")).toBeUndefined();
  });
});

describe("the inspector's tape", () => {
  it("keeps the last messages and counts all", () => {
    let tape = EMPTY;
    for (let n = 0; n < KEPT + 20; n += 1) tape = record(tape, { type: "event", kind: "k", at: "", seq: n, data: {} });
    expect(tape.entries).toHaveLength(KEPT);
    expect(tape.count).toBe(KEPT + 20);
    expect(tape.entries[0]?.seq).toBe(KEPT + 19);
  });

  it("filters by class, kind and content", () => {
    const entry = { n: 1, type: "live", kind: "step.delta", at: "", seq: null, data: { text: "Kubernetes" } } as const;
    expect(matches(entry, { text: "kuber", durable: false, volatile: true, marks: true })).toBe(true);
    expect(matches(entry, { text: "DELTA", durable: false, volatile: true, marks: true })).toBe(true);
    expect(matches(entry, { text: "", durable: true, volatile: false, marks: true })).toBe(false);
    expect(matches(entry, { text: "rust", durable: true, volatile: true, marks: true })).toBe(false);
  });
});

describe("what a model writes", () => {
  it("is shown as words, also while it is written", () => {
    expect(prose("Plain text so far")).toBe("Plain text so far");
    expect(prose('{"summary":"Led a team of \\"five\\"","action":"keep","skills":["Rust on AWS","sql"],"reason":"Because the offer asks for it, this comes fi')).toBe('Led a team of "five" · Rust on AWS\nBecause the offer asks for it, this comes fi');
    expect(prose('{"summary":"Un caf\\u00')).toBe("Un caf");
    expect(prose('{"sum')).toBe("");
  });

  it("and what a server says is a sentence", () => {
    expect(["the page is gone", "Really?", "", "Done."].map(sentence)).toEqual(["The page is gone.", "Really?", "", "Done."]);
  });
});
