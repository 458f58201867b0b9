import { describe, expect, it } from "vitest";
import { diffDocuments, diffList, diffWords, words } from "../src/lib/diff";

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
