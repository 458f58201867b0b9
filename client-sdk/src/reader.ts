import type { SubscriptionStatus } from "./api.js";
import type { Ev, Live, Position } from "./wire.js";

/**
 * One who reads a topic, with a place of its own: several share the topic's one subscription on the wire, and none is
 * told anything twice or out of order because of another.
 */
export interface Reader {
  /** The place after the last thing handed over; `undefined` until the first snapshot. */
  position: Position | undefined;
  /** Whether it wants more now. A full one is left out, and continues from its position later. */
  wants: boolean;
  status: SubscriptionStatus;
  readonly onSnapshot: (state: unknown, position: Position) => void;
  readonly onEvent: (event: Ev, position: Position) => void;
  readonly onLive: (event: Live) => void;
  readonly onStatus: (status: SubscriptionStatus) => void;
  /** The server's head, as its heartbeat tells it. */
  readonly onMark: (head: number) => void;
}

/** Tells a reader where its subscription stands, if that is news. */
export function tell(reader: Reader, status: SubscriptionStatus): void {
  if (reader.status.at === status.at) return;
  reader.status = status;
  reader.onStatus(status);
}

/** Whether a subscription that stands at `cursor` gives this reader all it needs. */
export function serves(cursor: Position, reader: Reader): boolean {
  return reader.position?.epoch === cursor.epoch && reader.position.seq >= cursor.seq;
}

/** The place from which every one of these readers can be served, if there is one. */
export function commonPosition(readers: readonly Reader[]): Position | undefined {
  let common: Position | undefined;
  for (const { position } of readers) {
    if (position === undefined || (common !== undefined && position.epoch !== common.epoch)) return undefined;
    if (common === undefined || position.seq < common.seq) common = position;
  }
  return common;
}
