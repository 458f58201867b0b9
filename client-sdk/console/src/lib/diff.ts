/** Word-level differences of two texts, and of two JSON values; pure. */

export interface Piece {
  readonly kind: "same" | "add" | "del";
  readonly text: string;
}

/** Above this many cells of the table (words before × words after) the texts are shown whole: replaced by replaced. */
const MAX_CELLS = 1_000_000;

/** Words, runs of blanks and single punctuation marks; scripts without blanks fall apart by character. */
export function words(text: string): string[] {
  return (
    text.match(
      /\s+|[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]|[\p{L}\p{N}_]+(?:['’.+#-][\p{L}\p{N}_+#]+)*[+#]*|[^\s]/gu,
    ) ?? []
  );
}

/** The pieces that lead from `before` to `after`; joined without "del" they are `after`, without "add" `before`. */
export function diffWords(before: string, after: string): Piece[] {
  if (before === after) return before === "" ? [] : [{ kind: "same", text: before }];
  const pieces = join(diffSequence(words(before), words(after)));
  return isAnew(pieces, before, after) ? [{ kind: "del", text: before }, { kind: "add", text: after }] : pieces;
}

/** Below this share of characters that stay, a passage was written anew: two texts read better than a picket fence. */
const ANEW = 0.3;
/** Shorter texts are compared word by word in any case. */
const PASSAGE = 60;

function isAnew(pieces: readonly Piece[], before: string, after: string): boolean {
  if (before.length < PASSAGE || after.length < PASSAGE) return false;
  const stays = pieces.filter((piece) => piece.kind === "same").reduce((sum, piece) => sum + piece.text.trim().length, 0);
  return stays / Math.min(before.length, after.length) < ANEW;
}

/** The longest common subsequence of two lists, as pieces. */
function diffSequence(before: string[], after: string[]): Piece[] {
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) start += 1;
  let end = 0;
  while (
    end < before.length - start &&
    end < after.length - start &&
    before[before.length - 1 - end] === after[after.length - 1 - end]
  )
    end += 1;
  const a = before.slice(start, before.length - end);
  const b = after.slice(start, after.length - end);
  const head: Piece[] = before.slice(0, start).map((text) => ({ kind: "same", text }));
  const tail: Piece[] = before.slice(before.length - end).map((text) => ({ kind: "same", text }));
  return [...head, ...middle(a, b), ...tail];
}

function middle(a: string[], b: string[]): Piece[] {
  const all = (kind: "add" | "del", texts: string[]): Piece[] => texts.map((text) => ({ kind, text }));
  if (a.length === 0 || b.length === 0 || a.length * b.length > MAX_CELLS) return [...all("del", a), ...all("add", b)];
  const width = b.length + 1;
  const table = new Uint32Array((a.length + 1) * width);
  const at = (i: number, j: number) => table[i * width + j] ?? 0;
  for (let i = a.length - 1; i >= 0; i -= 1)
    for (let j = b.length - 1; j >= 0; j -= 1)
      table[i * width + j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
  const pieces: Piece[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length && j < b.length) {
    const left = a[i] ?? "";
    const right = b[j] ?? "";
    if (left === right) {
      pieces.push({ kind: "same", text: left });
      i += 1;
      j += 1;
    } else if (at(i + 1, j) >= at(i, j + 1)) {
      pieces.push({ kind: "del", text: left });
      i += 1;
    } else {
      pieces.push({ kind: "add", text: right });
      j += 1;
    }
  }
  return [...pieces, ...all("del", a.slice(i)), ...all("add", b.slice(j))];
}

/**
 * Gathers neighbours of one kind. A lone blank between two changes belongs to both sides, so that a rewritten phrase
 * reads as one deletion and one insertion and not as a picket fence.
 */
function join(pieces: Piece[]): Piece[] {
  const out: Piece[] = [];
  let del = "";
  let add = "";
  const flush = () => {
    if (del !== "") out.push({ kind: "del", text: del });
    if (add !== "") out.push({ kind: "add", text: add });
    del = "";
    add = "";
  };
  pieces.forEach((piece, index) => {
    if (piece.kind === "del") del += piece.text;
    else if (piece.kind === "add") add += piece.text;
    else {
      const next = pieces[index + 1];
      const bridge = del !== "" && add !== "" && next !== undefined && next.kind !== "same" && /^\s+$/u.test(piece.text);
      if (bridge) {
        del += piece.text;
        add += piece.text;
        return;
      }
      flush();
      const last = out.at(-1);
      if (last?.kind === "same") out[out.length - 1] = { kind: "same", text: last.text + piece.text };
      else out.push(piece);
    }
  });
  flush();
  return out;
}

export interface ListPiece {
  readonly kind: "same" | "add" | "del" | "moved";
  readonly text: string;
}

/** Differences of two lists of short texts (skills, keywords): an entry that only changed its place is "moved". */
export function diffList(before: readonly string[], after: readonly string[]): ListPiece[] {
  const kept = new Set(before);
  const now = new Set(after);
  const stable = new Set(
    diffSequence(
      before.filter((text) => now.has(text)),
      after.filter((text) => kept.has(text)),
    )
      .filter((piece) => piece.kind === "same")
      .map((piece) => piece.text),
  );
  return [
    ...after.map((text): ListPiece => ({ kind: !kept.has(text) ? "add" : stable.has(text) ? "same" : "moved", text })),
    ...before.filter((text) => !now.has(text)).map((text): ListPiece => ({ kind: "del", text })),
  ];
}

export interface EntryPiece {
  readonly kind: "same" | "moved" | "changed" | "add" | "del";
  /** Index in the older list; -1 for new ones. */
  readonly from: number;
  /** Index in the newer list; -1 for those that are gone. */
  readonly to: number;
}

/** From this share of common words on, two entries are one that was rewritten. */
const ALIKE = 0.5;

/**
 * Differences of two lists of sentences or of things: which entry stayed, moved, was rewritten, came or went. In the
 * order of the newer list, what is gone last. `names` (as long as the lists) match entries before their words do.
 */
export function diffEntries(before: readonly string[], after: readonly string[], names?: { readonly before: readonly string[]; readonly after: readonly string[] }): EntryPiece[] {
  const free = new Set(before.keys());
  const partner = new Map<number, number>();
  const match = (test: (from: number, to: number) => boolean) => {
    for (const to of after.keys()) {
      if (partner.has(to)) continue;
      const from = [...free].find((candidate) => test(candidate, to));
      if (from === undefined) continue;
      partner.set(to, from);
      free.delete(from);
    }
  };
  match((from, to) => before[from] === after[to]);
  if (names !== undefined) match((from, to) => names.before[from] !== "" && names.before[from] === names.after[to]);
  match((from, to) => likeness(before[from] ?? "", after[to] ?? "") >= ALIKE);
  const kept = [...partner].sort(([a], [b]) => a - b).map(([, from]) => String(from));
  const inPlace = new Set(diffSequence([...kept].sort((a, b) => Number(a) - Number(b)), kept).filter((piece) => piece.kind === "same").map((piece) => piece.text));
  const pieces = [...after.keys()].map((to): EntryPiece => {
    const from = partner.get(to);
    if (from === undefined) return { kind: "add", from: -1, to };
    if (before[from] !== after[to]) return { kind: "changed", from, to };
    return { kind: inPlace.has(String(from)) ? "same" : "moved", from, to };
  });
  return [...pieces, ...[...free].map((from): EntryPiece => ({ kind: "del", from, to: -1 }))];
}

/** The share of words that two texts have in common, 0 to 1. */
function likeness(a: string, b: string): number {
  const left = new Set(words(a.toLowerCase()).filter((word) => word.length > 2));
  const right = new Set(words(b.toLowerCase()).filter((word) => word.length > 2));
  const common = [...left].filter((word) => right.has(word)).length;
  return common / Math.max(1, left.size, right.size);
}

/** Pieces with long unchanged stretches cut to `context` characters around the changes. */
export function shorten(pieces: readonly Piece[], context = 26): Piece[] {
  return pieces.map((piece, index) => {
    if (piece.kind !== "same" || piece.text.length <= context * 2 + 8) return piece;
    const isFirst = index === 0;
    const isLast = index === pieces.length - 1;
    const head = isFirst ? "" : cutAfter(piece.text.slice(0, context));
    const tail = isLast ? "" : cutBefore(piece.text.slice(-context));
    return { kind: "same", text: `${head}${isFirst || isLast ? "…" : " … "}${tail}` };
  });
}

const cutAfter = (text: string) => text.replace(/\s\S*$/u, "");
const cutBefore = (text: string) => text.replace(/^\S*\s/u, "");

export interface FieldChange {
  /** JSON pointer of the field. */
  readonly path: string;
  readonly before: unknown;
  readonly after: unknown;
}

/** The fields in which two documents differ, leaf by leaf, in the order of the newer one. */
export function diffDocuments(before: unknown, after: unknown, path = ""): FieldChange[] {
  if (Object.is(before, after)) return [];
  if (isList(before) && isList(after)) {
    if ([...before, ...after].every((item) => typeof item === "string"))
      return JSON.stringify(before) === JSON.stringify(after) ? [] : [{ path, before, after }];
    const changes: FieldChange[] = [];
    for (let index = 0; index < Math.max(before.length, after.length); index += 1)
      changes.push(...diffDocuments(before[index], after[index], `${path}/${index}`));
    return changes;
  }
  if (isMap(before) && isMap(after)) {
    const keys = [...new Set([...Object.keys(after), ...Object.keys(before)])];
    return keys.flatMap((key) =>
      diffDocuments(before[key], after[key], `${path}/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`),
    );
  }
  return [{ path, before, after }];
}

const isList = (value: unknown): value is unknown[] => Array.isArray(value);
const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
