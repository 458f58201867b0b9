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

interface RemovedMark {
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
    for (const leaf of compare(change.before ?? undefined, change.after, change.path)) {
      if (leaf.kind === "gone") remove(leaf.path, leaf.before);
      else if (leaf.kind === "order") reordered.set(leaf.path, change);
      else for (const field of spread(leaf)) fields.set(field.path, { change, before: field.before, after: field.after });
    }
  }
  return { fields, removed, reordered };
}

export interface Difference {
  /** `field`: another value. `gone`: an entry left the list at `path`. `order`: the list's entries stand in another order; the values are their names. */
  readonly kind: "field" | "gone" | "order";
  /** Where, in the newer document. */
  readonly path: string;
  readonly before: unknown;
  readonly after: unknown;
}

/** The differences of two documents; entries of a section are matched by name and words, wherever they stand. */
export function compare(before: unknown, after: unknown, path = ""): Difference[] {
  if (isEntries(before) && isEntries(after)) return compareEntries(before, after, path);
  if (isMap(before) && isMap(after)) {
    const keys = [...new Set([...Object.keys(after), ...Object.keys(before)])];
    return keys.flatMap((key) => compare(before[key], after[key], `${path}/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`));
  }
  return diffDocuments(before, after, path).map((leaf) => ({ kind: "field", ...leaf }));
}

function compareEntries(before: Record<string, unknown>[], after: Record<string, unknown>[], path: string): Difference[] {
  const names = { before: before.map(nameOf), after: after.map(nameOf) };
  const pieces = diffEntries(before.map(readable), after.map(readable), names);
  const kept = pieces.filter((piece) => piece.from !== -1 && piece.to !== -1);
  const isReordered = kept.some((piece, index) => index > 0 && piece.from < (kept[index - 1]?.from ?? 0));
  const older = [...kept].sort((a, b) => a.from - b.from).map((piece) => names.before[piece.from] ?? "");
  const newer = kept.map((piece) => names.after[piece.to] ?? "");
  return [
    ...(isReordered ? [{ kind: "order" as const, path, before: older, after: newer }] : []),
    ...pieces.flatMap((piece): Difference[] =>
      piece.to === -1 ? [{ kind: "gone", path, before: before[piece.from], after: undefined }] : compare(before[piece.from], after[piece.to], `${path}/${piece.to}`),
    ),
  ];
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

function parentOf(path: string): string {
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
