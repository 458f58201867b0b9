import { describe, expect, it } from "vitest";
import { changedOf, emptyOf, type Field } from "../src/lib/fields";

const FIELDS: readonly Field[] = [
  { name: "name", label: "auth.name", kind: "text", required: true },
  { name: "description", label: "ops.description", kind: "area", nullable: true },
  { name: "price", label: "ops.price", kind: "number", decimals: 2 },
  { name: "on", label: "ops.active", kind: "switch" },
  { name: "until", label: "ops.promo.until", kind: "date", nullable: true },
  { name: "kind", label: "ops.currency", kind: "choice", choices: [{ value: "a", label: "A" }], required: true },
];

describe("what a dialog sends", () => {
  it("is, of a new one, what was filled in", () => {
    const empty = emptyOf(FIELDS);
    expect(empty).toEqual({ name: "", description: "", price: null, on: false, until: "", kind: "a" });
    expect(changedOf(FIELDS, null, { ...empty, name: "Pro", price: 9.5 })).toEqual({ name: "Pro", price: 9.5, on: false, kind: "a" });
  });

  it("is, of an old one, only what changed", () => {
    const before = { name: "Pro", description: "x", price: 9.5, on: true, until: "2026-12-01T00:00:00Z", kind: "a" };
    expect(changedOf(FIELDS, before, before)).toEqual({});
    expect(changedOf(FIELDS, before, { ...before, price: 12, on: false })).toEqual({ price: 12, on: false });
  });

  it("takes away what may be taken away, and leaves what may not", () => {
    const before = { name: "Pro", description: "x", price: 9.5, on: true, until: "2026-12-01T00:00:00Z", kind: "a" };
    expect(changedOf(FIELDS, before, { ...before, description: "", price: null, until: "" })).toEqual({ description: null, until: null });
  });

  it("makes a day an instant", () => {
    expect(changedOf(FIELDS, null, { name: "x", until: "2026-12-01" })).toEqual({ name: "x", until: "2026-12-01T00:00:00Z" });
  });
});
