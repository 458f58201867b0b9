import type { PatchOperation } from "../generated/protocol.js";

/** An event that does not fit the state: the state is not the one that the event was made for. Get a snapshot. */
export class FoldError extends Error {
  override readonly name = "FoldError";
}

type Container = Record<string, unknown> | unknown[];

/**
 * Applies a JSON patch (RFC 6902) and returns a new document: all operations, or a throw and nothing. What the patch
 * does not touch is shared with the old document, so that renderers can compare by identity.
 * @throws FoldError
 */
export function applyPatch<T>(document: T, patch: readonly PatchOperation[]): T {
  return patch.reduce<unknown>(applyOperation, document) as T;
}

function applyOperation(document: unknown, operation: PatchOperation): unknown {
  const path = parsePointer(operation.path);
  switch (operation.op) {
    case "add":
      return add(document, path, operation.value);
    case "remove":
      return remove(document, path);
    case "replace":
      read(document, path);
      return path.length === 0 ? operation.value : change(document, path, (at, key) => put(at, key, operation.value));
    case "move": {
      if (`${operation.path}/`.startsWith(`${operation.from}/`) && operation.path !== operation.from)
        throw new FoldError(`cannot move ${operation.from} into itself`);
      const from = parsePointer(operation.from);
      const value = read(document, from);
      return add(remove(document, from), path, value);
    }
    case "copy":
      return add(document, path, read(document, parsePointer(operation.from)));
    case "test":
      if (!isEqual(read(document, path), operation.value)) throw new FoldError(`test failed at ${operation.path}`);
      return document;
  }
}

/** The tokens of a JSON pointer (RFC 6901). */
function parsePointer(pointer: string): string[] {
  if (pointer === "") return [];
  if (!pointer.startsWith("/")) throw new FoldError(`not a JSON pointer: ${pointer}`);
  return pointer
    .slice(1)
    .split("/")
    .map((token) => token.replaceAll("~1", "/").replaceAll("~0", "~"));
}

/**
 * The value at a pointer.
 * @throws FoldError when there is none.
 */
export function readPointer(document: unknown, pointer: string): unknown {
  return read(document, parsePointer(pointer));
}

function read(document: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((at, key) => child(at, key), document);
}

function child(at: unknown, key: string): unknown {
  if (Array.isArray(at)) return at[indexOf(key, at.length - 1)] as unknown;
  if (isMap(at) && Object.hasOwn(at, key)) return at[key];
  throw new FoldError(`nothing at ${key}`);
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function indexOf(key: string, last: number): number {
  const index = /^(0|[1-9]\d*)$/.test(key) ? Number(key) : Number.NaN;
  if (!(index <= last)) throw new FoldError(`no index ${key}`);
  return index;
}

/** Copies the containers along a path, and lets `edit` make the last one anew. */
function change(document: unknown, path: readonly string[], edit: (at: Container, key: string) => Container): unknown {
  const [key, ...rest] = path;
  if (key === undefined) throw new FoldError("the whole document has no container");
  if (!isMap(document) && !Array.isArray(document)) throw new FoldError(`no container at ${key}`);
  if (rest.length === 0) return edit(document, key);
  return put(document, key, change(child(document, key), rest, edit));
}

function put(at: Container, key: string, value: unknown): Container {
  if (Array.isArray(at)) return at.with(indexOf(key, at.length - 1), value);
  // Through entries, so that a key like __proto__ is a key like any other.
  return Object.fromEntries([...Object.entries(at).filter(([name]) => name !== key), [key, value]]);
}

function add(document: unknown, path: readonly string[], value: unknown): unknown {
  if (path.length === 0) return value;
  return change(document, path, (at, key) => {
    if (!Array.isArray(at)) return put(at, key, value);
    return at.toSpliced(key === "-" ? at.length : indexOf(key, at.length), 0, value);
  });
}

function remove(document: unknown, path: readonly string[]): unknown {
  if (path.length === 0) return null;
  return change(document, path, (at, key) => {
    if (Array.isArray(at)) return at.toSpliced(indexOf(key, at.length - 1), 1);
    child(at, key);
    return Object.fromEntries(Object.entries(at).filter(([name]) => name !== key));
  });
}

/** Whether two JSON values are the same. */
export function isEqual(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((item, index) => isEqual(item, b[index]));
  if (!isMap(a) || !isMap(b)) return a === b;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && isEqual(a[key], b[key]));
}
