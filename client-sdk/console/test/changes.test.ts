import { describe, expect, it } from "vitest";
import { compare, marksOf, placeOf } from "../src/lib/changes";
import type { Change, JsonResume } from "../src/model/types";

const content: JsonResume = {
  basics: { name: "Jane", summary: "New summary" },
  work: [{ name: "TechCorp", summary: "Led it", highlights: ["kept"] }],
  skills: [{ name: "Backend", keywords: ["Rust", "Go"] }],
};

function change(fields: Partial<Change>): Change {
  return { id: "c1", section: "basics", field: "summary", item_index: null, path: "/basics/summary", before: "Old summary", after: "New summary", reason: "", action: "modify", status: "pending", decided_at: null, ...fields };
}

describe("marksOf", () => {
  it("puts an open change at its field", () => {
    const marks = marksOf(content, [change({})]);
    expect(marks.fields.get("/basics/summary")).toMatchObject({ before: "Old summary", after: "New summary" });
  });

  it("leaves decided changes out", () => {
    for (const status of ["accepted", "rejected", "superseded"] as const) expect(marksOf(content, [change({ status })]).fields.size).toBe(0);
  });

  it("leaves a change out whose field holds another value by now (cv R29)", () => {
    expect(marksOf(content, [change({ after: "Something else" })]).fields.size).toBe(0);
  });

  it("takes a change of a whole entry apart into its fields", () => {
    const marks = marksOf(content, [change({ path: "/work/0", before: { name: "TechCorp", summary: "Did it", highlights: ["kept"] }, after: { name: "TechCorp", summary: "Led it", highlights: ["kept"] } })]);
    expect([...marks.fields.keys()]).toEqual(["/work/0/summary"]);
  });

  it("matches the entries of a list by name, and says when they are in another order", () => {
    const skills: JsonResume = { skills: [{ name: "Backend", keywords: ["Rust", "Go"] }, { name: "Frontend", keywords: ["React"] }] };
    const before = [{ name: "Frontend", keywords: ["React"] }, { name: "Office", keywords: ["Word"] }, { name: "Backend", keywords: ["Go"] }];
    const marks = marksOf(skills, [change({ path: "/skills", before, after: skills.skills })]);
    expect([...marks.fields]).toMatchObject([["/skills/0/keywords", { before: ["Go"], after: ["Rust", "Go"] }]]);
    expect(marks.removed.get("/skills")?.map((mark) => mark.before)).toEqual([{ name: "Office", keywords: ["Word"] }]);
    expect(marks.reordered.get("/skills")?.id).toBe("c1");
  });

  it("does not mind the order of keys", () => {
    const marks = marksOf(content, [change({ path: "/work/0", before: { name: "TechCorp" }, after: { highlights: ["kept"], summary: "Led it", name: "TechCorp" } })]);
    expect([...marks.fields.keys()].sort()).toEqual(["/work/0/highlights", "/work/0/summary"]);
  });

  it("shows what was removed at its list, not at the entry that moved up", () => {
    const marks = marksOf(content, [change({ action: "remove", path: "/work/0/highlights/0", before: "dropped", after: null })]);
    expect(marks.fields.size).toBe(0);
    expect(marks.removed.get("/work/0/highlights")?.map((mark) => mark.before)).toEqual(["dropped"]);
  });
});

describe("placeOf", () => {
  it("names section and entry", () => {
    expect(placeOf(content, "/work/0/summary")).toEqual({ section: "work", entry: "TechCorp" });
    expect(placeOf(content, "/basics/summary")).toEqual({ section: "summary", entry: null });
    expect(placeOf(content, "/basics/label")).toEqual({ section: "basics", entry: null });
    expect(placeOf(content, "/work/7")).toEqual({ section: "work", entry: null });
  });
});

describe("compare", () => {
  it("finds a moved entry moved, and not every field of both changed", () => {
    const before = { skills: [{ name: "A", keywords: ["x"] }, { name: "B", keywords: ["y"] }] };
    const after = { skills: [{ name: "B", keywords: ["y"] }, { name: "A", keywords: ["x", "z"] }] };
    expect(compare(before, after)).toEqual([
      { kind: "order", path: "/skills", before: ["A", "B"], after: ["B", "A"] },
      { kind: "field", path: "/skills/1/keywords", before: ["x"], after: ["x", "z"] },
    ]);
  });

  it("finds nothing in a document and itself", () => {
    expect(compare(content, structuredClone(content))).toEqual([]);
  });
});
