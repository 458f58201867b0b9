/**
 * The messages of protocol version 1, as the SDK reads and writes them. `parseServerMessage` is the edge: what it lets
 * through has the form that the types promise.
 */
import { isErrorCode } from "./codes.js";
import type { ClientMessage, Limits, Outage, Position, ServerMessage } from "./generated/protocol.js";

export type { ClientMessage, Limits, Outage, Position, ServerMessage };

type Of<T extends ServerMessage["t"]> = Extract<ServerMessage, { t: T }>;
export type Welcome = Of<"welcome">;
export type Ok = Of<"ok">;
export type Err = Of<"err">;
export type Followed = Of<"followed">;
export type Snap = Of<"snap">;
export type Ev = Of<"ev">;
export type Live = Of<"live">;

/** A message that is not of this protocol: the connection is given up, as nothing after it can be trusted. */
class ProtocolViolation extends Error {
  override readonly name = "ProtocolViolation";
}

type Fields = Readonly<Record<string, unknown>>;
type Check = (value: unknown) => boolean;

const text: Check = (value) => typeof value === "string";
const count: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const map: Check = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
const heads: Check = (value) => map(value) && Object.values(value as Fields).every(count);
const outages: Check = (value) => Array.isArray(value) && value.every((each) => map(each) && text((each as Fields)["what"]) && text((each as Fields)["message"]));
const limits: Check = (value) => map(value) && LIMIT_FIELDS.every((field) => count((value as Fields)[field]));
const LIMIT_FIELDS = ["message_bytes", "batch_len", "subscriptions", "calls_in_flight", "messages_per_second"] as const;

/** One row a message: the fields that must be there, and their form. */
const SHAPES: Readonly<Record<ServerMessage["t"], Readonly<Record<string, Check>>>> = {
  welcome: { session: text, user: text, node: text, heartbeat_ms: count, expires_at: text, limits },
  ok: { id: count },
  err: { id: count, code: text, message: text },
  followed: { id: count, topic: text, epoch: count, seq: count },
  snap: { topic: text, epoch: count, seq: count },
  ev: { topic: text, seq: count, kind: text, at: text },
  live: { topic: text, key: text, kind: text, at: text },
  mark: { heads },
  pong: { id: count },
  expiring: { at: text },
  revoked: { topic: text, message: text },
  health: { outages },
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
