/** Where proposed changes stand in a document: field by field, so that they can be shown in place. */
import type { Change, JsonResume } from "../model/types";
import { diffDocuments, diffEntries } from "./diff";
import { read, segments } from "./pointer";
import { isMap, readable } from "./resume";

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
  /** Path of a list → a change that puts its entries into another order. */
  readonly reordered: ReadonlyMap<string, Change>;
}

export const NO_MARKS: Marks = { fields: new Map(), removed: new Map(), reordered: new Map() };

/**
 * The open changes by field. A change of a whole entry, or of a whole list of entries, is taken apart into its fields;
 * one whose field holds another value by now (cv R29: it will be superseded) is left out, as the diff would not be true.
 */
export function marksOf(content: JsonResume, changes: readonly Change[]): Marks {
  const fields = new Map<string, FieldMark>();
  const removed = new Map<string, RemovedMark[]>();
  const reordered = new Map<string, Change>();
  for (const change of changes) {
    if (change.status !== "pending") continue;
    const remove = (list: string, before: unknown) => removed.set(list, [...(removed.get(list) ?? []), { change, before }]);
    if (change.action === "remove" && isGone(content, change)) {
      remove(parentOf(change.path), change.before);
      continue;
    }
    if (!isSame(read(content, change.path), change.after)) continue;
    const take = (before: unknown, after: unknown, path: string): void => {
      for (const leaf of diffDocuments(before ?? undefined, after, path)) for (const field of spread(leaf)) fields.set(field.path, { change, before: field.before, after: field.after });
    };
    const { before, after, path } = change;
    if (!isEntries(before) || !isEntries(after)) {
      take(before, after, path);
      continue;
    }
    const pieces = diffEntries(before.map(readable), after.map(readable), { before: before.map(nameOf), after: after.map(nameOf) });
    for (const piece of pieces) {
      if (piece.to === -1) remove(path, before[piece.from]);
      else take(before[piece.from], after[piece.to], `${path}/${piece.to}`);
    }
    const order = pieces.map((piece) => piece.from).filter((from) => from !== -1 && pieces.some((piece) => piece.from === from && piece.to !== -1));
    if (order.some((from, index) => index > 0 && from < (order[index - 1] ?? 0))) reordered.set(path, change);
  }
  return { fields, removed, reordered };
}

const isEntries = (value: unknown): value is Record<string, unknown>[] => Array.isArray(value) && value.length > 0 && value.every(isMap);

/** What names an entry of a section: the company of a job, the name of a group of skills; "" where nothing does. */
export function nameOf(item: unknown): string {
  if (!isMap(item)) return "";
  const parts = ["name", "organization", "institution", "title", "language", "position"].map((key) => item[key]).filter((value) => typeof value === "string" && value !== "");
  return typeof parts[0] === "string" ? parts[0] : "";
}

/** An entry that is new as a whole is marked at each of its texts. */
function spread(leaf: { path: string; before: unknown; after: unknown }): { path: string; before: unknown; after: unknown }[] {
  if (isMap(leaf.after) && (leaf.before === undefined || leaf.before === null)) return diffDocuments({}, leaf.after, leaf.path);
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

/** The section of a path, for a heading, and the entry it belongs to ("TechCorp Inc"). */
export function placeOf(content: JsonResume, path: string): { readonly section: string; readonly entry: string | null } {
  const [section = "basics", index] = segments(path);
  if (section === "basics") return { section: segments(path)[1] === "summary" ? "summary" : "basics", entry: null };
  const item = index === undefined ? undefined : read(content, `/${section}/${index}`);
  const entry = nameOf(item);
  return { section, entry: entry === "" ? null : entry };
}
