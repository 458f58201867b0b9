/** The inspector's memory: the last messages of one topic, newest first. */
import type { Position } from "@estafette/client";

export interface Entry {
  /** Grows by one with each message. */
  readonly n: number;
  readonly type: "snapshot" | "event" | "live" | "mark";
  readonly kind: string;
  readonly at: string;
  readonly seq: number | null;
  readonly data: unknown;
}

export interface Tape {
  readonly entries: readonly Entry[];
  readonly count: number;
}

/** Messages kept; older ones are dropped. */
export const KEPT = 500;
export const EMPTY: Tape = { entries: [], count: 0 };

export function record(tape: Tape, entry: Omit<Entry, "n">): Tape {
  const count = tape.count + 1;
  return { count, entries: [{ ...entry, n: count }, ...tape.entries].slice(0, KEPT) };
}

export interface Wanted {
  readonly text: string;
  readonly durable: boolean;
  readonly volatile: boolean;
  readonly marks: boolean;
}

export function matches(entry: Entry, wanted: Wanted): boolean {
  const isWanted = { live: wanted.volatile, mark: wanted.marks, event: wanted.durable, snapshot: wanted.durable };
  if (!isWanted[entry.type]) return false;
  const text = wanted.text.trim().toLowerCase();
  return text === "" || entry.kind.toLowerCase().includes(text) || JSON.stringify(entry.data).toLowerCase().includes(text);
}

/** An entry as it stood on the wire. */
export function wire(entry: Entry, topic: string, position: Position | undefined): string {
  const { kind, at, data, seq } = entry;
  if (entry.type === "snapshot") return JSON.stringify({ t: "snap", topic, epoch: position?.epoch, seq, state: data }, null, 2);
  if (entry.type === "mark") return JSON.stringify({ t: "mark", heads: { [topic]: seq } }, null, 2);
  if (entry.type === "event") return JSON.stringify({ t: "ev", topic, seq, kind, at, data }, null, 2);
  return JSON.stringify({ t: "live", topic, kind, at, data }, null, 2);
}
