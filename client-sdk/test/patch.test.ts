import fc from "fast-check";
import { expect, test } from "vitest";
import { applyPatch, FoldError, isEqual, readPointer, type PatchOperation } from "../src/index.js";

const document = { a: [1, 2, 3], "x/y": { "m~n": 8 }, deep: { er: { est: true } } };
const apply = (...patch: PatchOperation[]): unknown => applyPatch<unknown>(document, patch);

test("each operation of RFC 6902", () => {
  expect(apply({ op: "add", path: "/a/1", value: 9 })).toMatchObject({ a: [1, 9, 2, 3] });
  expect(apply({ op: "add", path: "/a/-", value: 9 })).toMatchObject({ a: [1, 2, 3, 9] });
  expect(apply({ op: "add", path: "/new", value: null })).toMatchObject({ new: null });
  expect(apply({ op: "add", path: "", value: 1 })).toBe(1);
  expect(apply({ op: "remove", path: "/a/0" })).toMatchObject({ a: [2, 3] });
  expect(apply({ op: "remove", path: "/deep" })).not.toHaveProperty("deep");
  expect(apply({ op: "replace", path: "/x~1y/m~0n", value: 1 })).toMatchObject({ "x/y": { "m~n": 1 } });
  expect(apply({ op: "move", from: "/a/0", path: "/a/2" })).toMatchObject({ a: [2, 3, 1] });
  expect(apply({ op: "copy", from: "/a", path: "/b" })).toMatchObject({ a: [1, 2, 3], b: [1, 2, 3] });
  expect(apply({ op: "test", path: "/deep", value: { er: { est: true } } })).toBe(document);
  expect(readPointer(document, "/deep/er/est")).toBe(true);
});

test("what does not fit is refused, and nothing of the patch is done", () => {
  const bad: PatchOperation[] = [
    { op: "add", path: "/a/9", value: 1 },
    { op: "add", path: "/none/x", value: 1 },
    { op: "add", path: "/a/01", value: 1 },
    { op: "add", path: "a", value: 1 },
    { op: "remove", path: "/none" },
    { op: "replace", path: "/none", value: 1 },
    { op: "replace", path: "/a/-", value: 1 },
    { op: "replace", path: "/toString", value: 1 },
    { op: "test", path: "/a/0", value: 2 },
    { op: "move", from: "/deep", path: "/deep/er/x" },
    { op: "copy", from: "/none", path: "/b" },
  ];
  for (const operation of bad)
    expect(() => apply({ op: "add", path: "/first", value: 1 }, operation), JSON.stringify(operation)).toThrow(FoldError);
  expect(document).toEqual({ a: [1, 2, 3], "x/y": { "m~n": 8 }, deep: { er: { est: true } } });
});

test("no document is changed in place, and no prototype is reached", () => {
  const patched = applyPatch<Record<string, unknown>>({}, [{ op: "add", path: "/__proto__", value: { polluted: 1 } }]);
  expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  expect(Object.hasOwn(patched, "__proto__")).toBe(true);
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue(), { minKeys: 1 }), fc.jsonValue(), (before, value) => {
      const copy = structuredClone(before);
      const pointer = `/${Object.keys(before)[0]!.replaceAll("~", "~0").replaceAll("/", "~1")}`;
      const after = applyPatch<unknown>(before, [{ op: "replace", path: pointer, value }]);
      expect(isEqual(before, copy)).toBe(true);
      expect(isEqual(readPointer(after, pointer), value)).toBe(true);
    }),
  );
});
