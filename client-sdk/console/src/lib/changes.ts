/** Where proposed changes stand in a document: field by field, so that they can be shown in place. */
import type { Change, JsonResume } from "../model/types";
import { diffDocuments } from "./diff";
import { read, segments } from "./pointer";

export interface FieldMark {
  readonly change: Change;
  readonly before: unknown;
  readonly after: unknown;
}

export interface RemovedMark {
  readonly change: Change;
  readonly before: unknown;
}

export interface Marks {
  /** Path of a field → what is proposed for it. */
  readonly fields: ReadonlyMap<string, FieldMark>;
  /** Path of a list → the entries that a change took out of it. */
  readonly removed: ReadonlyMap<string, readonly RemovedMark[]>;
}

export const NO_MARKS: Marks = { fields: new Map(), removed: new Map() };

/**
 * The open changes by field. A change of a whole entry is taken apart into its fields; one whose field holds another
 * value by now (cv R29: it will be superseded) is left out, as the diff would not be true.
 */
export function marksOf(content: JsonResume, changes: readonly Change[]): Marks {
  const fields = new Map<string, FieldMark>();
  const removed = new Map<string, RemovedMark[]>();
  for (const change of changes) {
    if (change.status !== "pending") continue;
    if (change.action === "remove" && isGone(content, change)) {
      const parent = parentOf(change.path);
      removed.set(parent, [...(removed.get(parent) ?? []), { change, before: change.before }]);
      continue;
    }
    if (!isSame(read(content, change.path), change.after)) continue;
    for (const leaf of diffDocuments(change.before ?? undefined, change.after, change.path))
      for (const field of spread(leaf)) fields.set(field.path, { change, before: field.before, after: field.after });
  }
  return { fields, removed };
}

/** An entry that is new as a whole is marked at each of its texts. */
function spread(leaf: { path: string; before: unknown; after: unknown }): { path: string; before: unknown; after: unknown }[] {
  if (isMap(leaf.after) && (leaf.before === undefined || leaf.before === null))
    return diffDocuments({}, leaf.after, leaf.path);
  return [leaf];
}

function isGone(content: JsonResume, change: Change): boolean {
  return change.after === null || change.after === undefined || !isSame(read(content, change.path), change.before);
}

export function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}

export function isSame(a: unknown, b: unknown): boolean {
  return Object.is(a, b) || JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isMap(value)) return value ?? null;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, item]) => [key, sorted(item)]));
}

const isMap = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);

/** The section of a path, for a heading, and the entry it belongs to ("TechCorp Inc"). */
export function placeOf(content: JsonResume, path: string): { readonly section: string; readonly entry: string | null } {
  const [section = "basics", index] = segments(path);
  if (section === "basics") return { section: segments(path)[1] === "summary" ? "summary" : "basics", entry: null };
  const item = index === undefined ? undefined : read(content, `/${section}/${index}`);
  if (!isMap(item)) return { section, entry: null };
  const name = ["name", "organization", "institution", "title", "language"].map((key) => item[key]).find((value) => typeof value === "string" && value !== "");
  return { section, entry: typeof name === "string" ? name : null };
}
