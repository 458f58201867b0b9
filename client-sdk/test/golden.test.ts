/** The protocol's golden vectors, which the server's tests read too. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { json, msgpack } from "../src/codec.js";
import { ERROR_CODES, CLOSE_CODES, afterClose } from "../src/index.js";
import { parseServerMessage, type ClientMessage, type ServerMessage } from "../src/wire.js";

interface Vector {
  readonly name: string;
  readonly direction: "client" | "server";
  readonly messages: unknown[];
  readonly json: string;
  readonly msgpack: string;
  /** Where the reader understands something else than what was written. */
  readonly understood?: unknown[];
}

function vectors(file: string): Vector[] {
  return JSON.parse(readFileSync(new URL(`../../protocol/fixtures/${file}.json`, import.meta.url), "utf8")) as Vector[];
}

function bytesOf(hex: string): ArrayBuffer {
  return Uint8Array.from(Buffer.from(hex, "hex")).buffer;
}

const server = [...vectors("server"), ...vectors("tolerated").filter((vector) => vector.direction === "server")];

describe("what a server says is read", () => {
  test.each(server)("$name", ({ messages, json: text, msgpack: hex, understood }) => {
    const read = (values: unknown[]): (ServerMessage | undefined)[] => values.map(parseServerMessage);
    expect(json.decode(text)).toEqual(messages);
    expect(msgpack.decode(bytesOf(hex))).toEqual(messages);
    const known = read(msgpack.decode(bytesOf(hex))).filter((message) => message !== undefined);
    if (understood === undefined) expect(known).toEqual(messages);
    else expect(known).toMatchObject(understood as ServerMessage[]);
  });
});

describe("what a client says is written", () => {
  test.each(vectors("client"))("$name", ({ messages, json: text, msgpack: hex }) => {
    for (const codec of [json, msgpack]) {
      const batch = codec.join(messages.map((message) => codec.encode(message as ClientMessage)));
      const frame = typeof batch === "string" ? batch : Uint8Array.from(batch).buffer;
      expect(codec.decode(frame)).toEqual(messages);
    }
    // Key order is free, so the vectors are compared as values; they decode to the same.
    expect(json.decode(text)).toEqual(messages);
    expect(msgpack.decode(bytesOf(hex))).toEqual(messages);
  });
});

test("a frame of garbage is an error, never a hang", () => {
  const garbage = JSON.parse(readFileSync(new URL("../../protocol/fixtures/malformed.json", import.meta.url), "utf8")) as {
    codec: "json" | "msgpack";
    bytes: string;
  }[];
  for (const { codec, bytes } of garbage) {
    const text = Buffer.from(bytes, "hex").toString();
    const read = (): unknown[] => (codec === "json" ? json.decode(text) : msgpack.decode(bytesOf(bytes))).map(parseServerMessage);
    try {
      for (const message of read()) expect(message).toBeUndefined();
    } catch (error) {
      expect(error).toBeInstanceOf(Error);
    }
  }
});

test("every code has its meaning for the caller", () => {
  for (const { status } of Object.values(ERROR_CODES)) expect(status).toBeGreaterThanOrEqual(400);
  for (const [code, { after }] of Object.entries(CLOSE_CODES)) expect(afterClose(Number(code))).toBe(after);
  expect([1006, 1001, 1011, 3000, 4999].map(afterClose)).toEqual(Array(5).fill("reconnect"));
});
