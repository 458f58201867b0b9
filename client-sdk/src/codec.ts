import { decode, encode } from "@msgpack/msgpack";
import { SUBPROTOCOLS } from "./generated/protocol.js";
import type { ClientMessage } from "./wire.js";

/** One encoded message, before it is put into a batch. */
export type Item = string | Uint8Array;

/** How messages are written. A WebSocket message is a batch: an array of messages. */
export interface Codec {
  readonly name: "msgpack" | "json";
  /** The WebSocket subprotocol that stands for it. */
  readonly subprotocol: string;
  encode(message: ClientMessage): Item;
  /** Bytes of an item on the wire. */
  size(item: Item): number;
  /** Puts items together as a batch, without encoding them again. */
  join(items: readonly Item[]): Item;
  /**
   * Reads a batch.
   * @throws when it is not one.
   */
  decode(frame: string | ArrayBuffer): unknown[];
}

const utf8 = new TextEncoder();

function batchOf(value: unknown): unknown[] {
  if (!Array.isArray(value)) throw new TypeError("a WebSocket message must be an array of messages");
  return value;
}

/** Text frames, for debugging. */
export const json: Codec = {
  name: "json",
  subprotocol: SUBPROTOCOLS.json,
  encode: (message) => JSON.stringify(message),
  size: (item) => (typeof item === "string" ? utf8.encode(item).length : item.length),
  join: (items) => `[${items.join(",")}]`,
  decode: (frame) => batchOf(JSON.parse(typeof frame === "string" ? frame : new TextDecoder().decode(frame))),
};

/** The array header of a batch: at most 65 535 items, far above what a server allows. */
function arrayHead(length: number): number[] {
  return length < 16 ? [0x90 | length] : [0xdc, length >> 8, length & 0xff];
}

/** Binary frames; the default. */
export const msgpack: Codec = {
  name: "msgpack",
  subprotocol: SUBPROTOCOLS.msgpack,
  encode: (message) => encode(message, { ignoreUndefined: true }),
  size: (item) => item.length,
  join: (items) => {
    const head = arrayHead(items.length);
    const parts = items.map((item) => (typeof item === "string" ? utf8.encode(item) : item));
    const batch = new Uint8Array(parts.reduce((sum, part) => sum + part.length, head.length));
    batch.set(head);
    let offset = head.length;
    for (const part of parts) {
      batch.set(part, offset);
      offset += part.length;
    }
    return batch;
  },
  decode: (frame) => {
    if (typeof frame === "string") throw new TypeError("a text frame on a MessagePack connection");
    return batchOf(decode(frame));
  },
};
