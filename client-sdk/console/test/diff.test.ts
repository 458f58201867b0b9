import { describe, expect, it } from "vitest";
import { diffDocuments, diffEntries, diffList, diffWords, shorten, words } from "../src/lib/diff";

const before = (pieces: ReturnType<typeof diffWords>) => pieces.filter((piece) => piece.kind !== "add").map((piece) => piece.text).join("");
const after = (pieces: ReturnType<typeof diffWords>) => pieces.filter((piece) => piece.kind !== "del").map((piece) => piece.text).join("");

describe("diffWords", () => {
  it("keeps both texts whole, whatever they are", () => {
    const texts = ["", "a", "a b", "Ran C++ and Node.js; 40 % faster", "Ran C# and Node.js, 40 % faster!", "日本語の履歴書", "  two  blanks ", "l’été, l'hiver\nnew line"];
    for (const left of texts)
      for (const right of texts) {
        const pieces = diffWords(left, right);
        expect(before(pieces)).toBe(left);
        expect(after(pieces)).toBe(right);
      }
  });

  it("marks a word and not the sentence", () => {
    expect(diffWords("Built fast tools", "Built safe tools")).toEqual([
      { kind: "same", text: "Built " },
      { kind: "del", text: "fast" },
      { kind: "add", text: "safe" },
      { kind: "same", text: " tools" },
    ]);
  });

  it("reads a rewritten phrase as one deletion and one insertion", () => {
    const kinds = diffWords("Full Stack Software Engineer", "Senior Platform Engineer").map((piece) => piece.kind);
    expect(kinds).toEqual(["del", "add", "same"]);
  });

  it("shows a passage that was written anew as two texts", () => {
    const old = "After many years at a start-up I decided to become independent, and to help teams reach their potential.";
    const fresh = "Architect and coach with 14 years of experience, currently at a bank. Key skills: Python, teams.";
    expect(diffWords(old, fresh)).toEqual([{ kind: "del", text: old }, { kind: "add", text: fresh }]);
  });

  it("keeps names of technologies together", () => {
    expect(words("C++, Node.js and CI/CD")).toEqual(["C++", ",", " ", "Node.js", " ", "and", " ", "CI", "/", "CD"]);
  });

  it("gives up on alignment, not on truth, for very long texts", () => {
    const left = Array.from({ length: 1500 }, (_, i) => `a${i}`).join(" ");
    const right = Array.from({ length: 1500 }, (_, i) => `b${i}`).join(" ");
    const pieces = diffWords(left, right);
    expect(before(pieces)).toBe(left);
    expect(after(pieces)).toBe(right);
  });
});

describe("diffList", () => {
  it("tells moved from new", () => {
    expect(diffList(["Docker", "Kubernetes", "AWS"], ["Kubernetes", "Docker", "Terraform"])).toEqual([
      { kind: "same", text: "Kubernetes" },
      { kind: "moved", text: "Docker" },
      { kind: "add", text: "Terraform" },
      { kind: "del", text: "AWS" },
    ]);
  });
});

describe("diffDocuments", () => {
  it("names the fields that differ, by pointer", () => {
    const left = { basics: { name: "A", label: "Dev" }, work: [{ name: "X", highlights: ["one"] }] };
    const right = { basics: { name: "A", label: "Lead" }, work: [{ name: "X", highlights: ["one", "two"] }, { name: "Y" }] };
    expect(diffDocuments(left, right)).toEqual([
      { path: "/basics/label", before: "Dev", after: "Lead" },
      { path: "/work/0/highlights", before: ["one"], after: ["one", "two"] },
      { path: "/work/1", before: undefined, after: { name: "Y" } },
    ]);
  });

  it("escapes keys, and finds nothing in equal documents", () => {
    expect(diffDocuments({ "a/b~c": 1 }, { "a/b~c": 2 })).toEqual([{ path: "/a~1b~0c", before: 1, after: 2 }]);
    expect(diffDocuments({ a: [1, { b: null }] }, { a: [1, { b: null }] })).toEqual([]);
  });
});

describe("diffEntries", () => {
  const kinds = (before: string[], after: string[]) => diffEntries(before, after).map((piece) => piece.kind);
  it("tells moved, rewritten, new and gone entries apart", () => {
    const before = ["Led the migration to services", "Cut costs by half", "Wrote the billing system", "Ran the meetings"];
    const after = ["Wrote the billing system", "Led the migration to micro services", "Cut costs by half", "Owned security"];
    expect(diffEntries(before, after)).toEqual([
      { kind: "moved", from: 2, to: 0 },
      { kind: "changed", from: 0, to: 1 },
      { kind: "same", from: 1, to: 2 },
      { kind: "add", from: -1, to: 3 },
      { kind: "del", from: 3, to: -1 },
    ]);
  });

  it("finds equal lists equal, also with entries that repeat", () => {
    expect(kinds(["a", "a", "b"], ["a", "a", "b"])).toEqual(["same", "same", "same"]);
    expect(kinds([], [])).toEqual([]);
  });

  it("uses every entry once", () => {
    const pieces = diffEntries(["x", "x", "y"], ["x", "y", "x", "x"]);
    expect(pieces.filter((piece) => piece.kind === "add")).toHaveLength(1);
    expect(new Set(pieces.filter((piece) => piece.from !== -1).map((piece) => piece.from)).size).toBe(3);
  });
});

describe("shorten", () => {
  it("keeps every change, and a little around it", () => {
    const long = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen";
    const pieces = shorten(diffWords(`${long} OLD ${long}`, `${long} NEW ${long}`));
    expect(pieces.map((piece) => piece.kind)).toEqual(["same", "del", "add", "same"]);
    expect(pieces[0]?.text).toMatch(/^….*fifteen $/u);
    expect(pieces[3]?.text).toMatch(/^ one.*…$/u);
  });
});
