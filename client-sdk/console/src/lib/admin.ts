/** Nodes, readers and timelines as administrators read them; pure. */
import type { Language } from "../i18n";
import type { Explanation, NodeView, Note, SlowReader } from "../model/admin";
import { duration } from "./format";

/** A heartbeat that should have been renewed, seconds: nodes write one every second. */
export const LATE_SECONDS = 3;
/** A heartbeat after which others take the node's tasks, seconds. */
export const LOST_SECONDS = 10;

export type Pulse = "fresh" | "late" | "lost";

export function pulseOf(seconds: number): Pulse {
  if (seconds >= LOST_SECONDS) return "lost";
  return seconds >= LATE_SECONDS ? "late" : "fresh";
}

export interface SlowReaderOf extends SlowReader {
  /** The node that serves it. */
  readonly node: string;
}

/** The slow readers of all nodes, the most waiting bytes first. */
export function slowReaders(nodes: readonly NodeView[]): readonly SlowReaderOf[] {
  return nodes
    .flatMap((node) => (node.stats?.slow_readers ?? []).map((reader) => ({ ...reader, node: node.id })))
    .sort((one, other) => other.bytes - one.bytes || other.behind - one.behind);
}

export interface Totals {
  readonly sockets: number;
  readonly behind: number;
  readonly bytes: number;
  readonly running: number;
}

export function totals(nodes: readonly NodeView[]): Totals {
  const sum = (of: (node: NodeView) => number | undefined) => nodes.reduce((all, node) => all + (of(node) ?? 0), 0);
  return {
    sockets: sum((node) => node.stats?.sockets),
    behind: sum((node) => node.stats?.behind),
    bytes: sum((node) => node.stats?.outbox_bytes),
    running: sum((node) => node.tasks),
  };
}

/** Positions in a row that are shown as one line. */
const RUN = 4;

/** Notes of one kind that follow each other, or one alone. */
export type Line = { readonly note: Note } | { readonly run: readonly Note[] };

/** A connection and what it noted, the oldest first. */
export interface Chapter {
  readonly connection: string;
  readonly node: string;
  readonly from: string;
  readonly to: string;
  readonly open: boolean;
  readonly lines: readonly Line[];
}

/** The notes by connection, the newest connection first; many positions in a row become one line. */
export function chapters(notes: readonly Note[]): readonly Chapter[] {
  const by = new Map<string, Note[]>();
  for (const note of notes) {
    const own = by.get(note.connection);
    if (own === undefined) by.set(note.connection, [note]);
    else own.push(note);
  }
  return [...by.entries()].reverse().flatMap(([connection, own]) => {
    const [first, last] = [own[0], own.at(-1)];
    if (first === undefined || last === undefined) return [];
    return [{ connection, node: first.node, from: first.at, to: last.at, open: last.what !== "closed", lines: fold(own) }];
  });
}

function fold(notes: readonly Note[]): readonly Line[] {
  const lines: Line[] = [];
  let run: Note[] = [];
  const flush = () => {
    if (run.length >= RUN) lines.push({ run });
    else lines.push(...run.map((note) => ({ note })));
    run = [];
  };
  for (const note of notes) {
    if (note.what === "position") run.push(note);
    else {
      flush();
      lines.push({ note });
    }
  }
  flush();
  return lines;
}

/** The topics that the notes are about, in the order of the alphabet. */
export function topicsOf(notes: readonly Note[]): readonly string[] {
  return [...new Set(notes.flatMap((note) => (note.topic === null ? [] : [note.topic])))].sort();
}

/** Notes of one topic and those of the connections themselves; `null`: all. */
export function ofTopic(notes: readonly Note[], topic: string | null): readonly Note[] {
  if (topic === null) return notes;
  const kept = notes.filter((note) => note.topic === topic);
  const connections = new Set(kept.map((note) => note.connection));
  return notes.filter((note) => note.topic === topic || (note.topic === null && connections.has(note.connection)));
}

/** Of the notes of an answer those that show it, the oldest first. */
export function proofOf({ fate, notes }: Explanation, topic: string, seq: number): readonly Note[] {
  const own = notes.filter((note) => note.topic === topic);
  const reached = own.find((note) => note.seq !== null && note.seq >= seq);
  switch (fate) {
    case "no_such_event":
    case "not_subscribed":
      return [];
    case "sent":
    case "in_snapshot":
    case "client_had_it": {
      if (reached === undefined) return [];
      const before = own.slice(0, own.indexOf(reached)).filter((note) => note.connection === reached.connection);
      return unique(notes, [before.findLast((note) => note.what === "subscribed"), before.findLast((note) => note.seq !== null), reached]);
    }
    case "on_its_way":
    case "subscription_ended":
    case "connection_ended": {
      const subscribed = own.findLast((note) => note.what === "subscribed");
      if (subscribed === undefined) return [];
      const after = notes.slice(notes.indexOf(subscribed)).filter((note) => note.connection === subscribed.connection);
      const came = own.filter((note) => note.seq !== null).reduce<Note | undefined>((far, note) => (far === undefined || (note.seq ?? 0) >= (far.seq ?? 0) ? note : far), undefined);
      const end = fate === "on_its_way" ? undefined : after.find((note) => (fate === "connection_ended" ? note.what === "closed" : note.what === "ended" && note.topic === topic));
      return unique(notes, [subscribed, came, end]);
    }
  }
}

/** `chosen` without gaps and repetitions, in the order of `notes`. */
function unique(notes: readonly Note[], chosen: readonly (Note | undefined)[]): readonly Note[] {
  return notes.filter((note) => chosen.includes(note));
}

/** "10:02:03.214", UTC as in the logs. */
export function utcClock(at: string): string {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? at : date.toISOString().slice(11, 23);
}

/** "2026-11-21 10:02:03", UTC. */
export function utcTime(at: string): string {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? at : date.toISOString().slice(0, 19).replace("T", " ");
}

/** A long time in days and hours, a shorter one as {@link duration} writes it, in whole seconds. */
export function longTime(language: Language, ms: number): string {
  const hours = Math.floor(ms / 3_600_000);
  if (hours >= 48) return `${Math.floor(hours / 24)}\u202f${language === "fr" ? "j" : "d"} ${hours % 24}\u202fh`;
  return duration(language, Math.floor(Math.max(0, ms) / 1000) * 1000).replace(/[.,]0(?=\u202f)/u, "");
}

/** A positive whole number, as it is typed. */
export function parseSeq(text: string): number | null {
  const plain = text.trim();
  if (!/^\d{1,15}$/u.test(plain)) return null;
  const seq = Number(plain);
  return seq >= 1 ? seq : null;
}
