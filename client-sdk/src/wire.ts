/**
 * The messages of protocol version 1, as the SDK reads and writes them. `parseServerMessage` is the edge: what it lets
 * through has the form that the types promise.
 */
import { isErrorCode, type ErrorCode } from "./codes.js";

/** A place in a topic's log. `epoch` is the life of the log (equal or not); `seq` the last event seen. */
export interface Position {
  readonly epoch: number;
  readonly seq: number;
}

/** The bounds of a connection, told in `welcome`. */
export interface Limits {
  readonly message_bytes: number;
  readonly batch_len: number;
  readonly subscriptions: number;
  readonly calls_in_flight: number;
  readonly messages_per_second: number;
}

export type ClientMessage =
  | { readonly t: "hello"; readonly token: string; readonly device: string; readonly client?: string }
  | { readonly t: "auth"; readonly id: number; readonly token: string }
  | { readonly t: "sub"; readonly id: number; readonly topic: string; readonly since?: Position }
  | { readonly t: "unsub"; readonly id: number; readonly topic: string }
  | {
      readonly t: "call";
      readonly id: number;
      readonly method: string;
      readonly params: unknown;
      readonly key?: string;
    }
  | { readonly t: "ping"; readonly id: number };

export interface Welcome {
  readonly t: "welcome";
  readonly session: string;
  readonly user: string;
  readonly node: string;
  readonly heartbeat_ms: number;
  readonly expires_at: string;
  readonly limits: Limits;
}
export interface Ok {
  readonly t: "ok";
  readonly id: number;
  readonly result?: unknown;
}
export interface Err {
  readonly t: "err";
  readonly id: number;
  readonly code: ErrorCode;
  readonly message: string;
  readonly details?: unknown;
  readonly retry_after_ms?: number;
}
export interface Snap {
  readonly t: "snap";
  readonly topic: string;
  readonly epoch: number;
  readonly seq: number;
  readonly state: unknown;
}
export interface Ev {
  readonly t: "ev";
  readonly topic: string;
  readonly seq: number;
  readonly kind: string;
  readonly at: string;
  readonly data: unknown;
}
export interface Live {
  readonly t: "live";
  readonly topic: string;
  readonly key: string;
  readonly kind: string;
  readonly at: string;
  readonly data: unknown;
}
export interface Mark {
  readonly t: "mark";
  readonly heads: Readonly<Record<string, number>>;
}
export interface Pong {
  readonly t: "pong";
  readonly id: number;
}
export interface Expiring {
  readonly t: "expiring";
  readonly at: string;
}
export interface Revoked {
  readonly t: "revoked";
  readonly topic: string;
  readonly message: string;
}
export interface Drain {
  readonly t: "drain";
  readonly reconnect_after_ms: number;
}
export type ServerMessage =
  | Welcome
  | Ok
  | Err
  | Snap
  | Ev
  | Live
  | Mark
  | Pong
  | Expiring
  | Revoked
  | Drain;

/** A message that is not of this protocol: the connection is given up, as nothing after it can be trusted. */
export class ProtocolViolation extends Error {
  override readonly name = "ProtocolViolation";
}

type Fields = Readonly<Record<string, unknown>>;
type Check = (value: unknown) => boolean;

const text: Check = (value) => typeof value === "string";
const count: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const map: Check = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
const heads: Check = (value) => map(value) && Object.values(value as Fields).every(count);
const limits: Check = (value) => map(value) && LIMIT_FIELDS.every((field) => count((value as Fields)[field]));
const LIMIT_FIELDS = ["message_bytes", "batch_len", "subscriptions", "calls_in_flight", "messages_per_second"] as const;

/** One row a message: the fields that must be there, and their form. */
const SHAPES: Readonly<Record<ServerMessage["t"], Readonly<Record<string, Check>>>> = {
  welcome: { session: text, user: text, node: text, heartbeat_ms: count, expires_at: text, limits },
  ok: { id: count },
  err: { id: count, code: text, message: text },
  snap: { topic: text, epoch: count, seq: count },
  ev: { topic: text, seq: count, kind: text, at: text },
  live: { topic: text, key: text, kind: text, at: text },
  mark: { heads },
  pong: { id: count },
  expiring: { at: text },
  revoked: { topic: text, message: text },
  drain: { reconnect_after_ms: count },
};

/**
 * Checks one message of a decoded batch. `undefined` for a `t` that this version does not know, which is ignored.
 * @throws ProtocolViolation when it is not a message.
 */
export function parseServerMessage(value: unknown): ServerMessage | undefined {
  if (!map(value)) throw new ProtocolViolation("a message must be a map");
  const fields = value as Fields;
  const t = fields["t"];
  if (typeof t !== "string") throw new ProtocolViolation("a message must have a text field `t`");
  if (!Object.hasOwn(SHAPES, t)) return undefined;
  for (const [field, check] of Object.entries(SHAPES[t as ServerMessage["t"]])) {
    if (!check(fields[field])) throw new ProtocolViolation(`\`${t}\` has a wrong or missing field \`${field}\``);
  }
  // A code of a later version still reaches the caller, as the closest thing that this version knows.
  if (t === "err" && !isErrorCode(fields["code"])) return { ...fields, code: "internal" } as unknown as Err;
  return fields as unknown as ServerMessage;
}
