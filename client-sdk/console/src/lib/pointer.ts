/** JSON pointers (RFC 6901): reading a document by path. */

export function segments(pointer: string): string[] {
  if (pointer === "") return [];
  return pointer
    .replace(/^\//u, "")
    .split("/")
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
}

/** What stands at `pointer`, or `undefined`. */
export function read(document: unknown, pointer: string): unknown {
  let value: unknown = document;
  for (const part of segments(pointer)) {
    if (typeof value !== "object" || value === null) return undefined;
    value = (value as Record<string, unknown>)[part];
  }
  return value;
}
