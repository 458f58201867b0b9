/** A model endpoint that speaks the chat-completions API, in a mood of the test's choosing. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** `well`: answers; `mute`: takes the request and writes nothing until the mood changes; `busy`: 429; `down`: 503. */
export type Mood = "well" | "mute" | "busy" | "down";

/** When a busy endpoint wants to be asked again, seconds. */
export const BUSY_FOR_S = 4;

export interface Model {
  readonly baseUrl: string;
  /** The mood for all requests; those that wait are answered in the new one. */
  mood(mood: Mood): void;
  /** Requests with this text in them stay without answer, whatever the mood, until it is released. */
  hold(text: string): void;
  release(text: string): void;
  /** Answers this many of those that wait, the oldest first. */
  answer(count: number): void;
  /** How many wait for an answer. */
  readonly waiting: number;
  close(): Promise<void>;
}

interface Request {
  readonly text: string;
  readonly response: ServerResponse;
}

export async function openModel(): Promise<Model> {
  let now: Mood = "well";
  const held = new Set<string>();
  let waiting: Request[] = [];
  const isHeld = ({ text }: Request) => [...held].some((word) => text.includes(word));
  const take = (request: Request): void => {
    if (now === "mute" || isHeld(request)) waiting.push(request);
    else perform(now, request);
  };
  const again = () => {
    const before = waiting;
    waiting = [];
    for (const request of before) take(request);
  };
  const server = createServer((message, response) => {
    void read(message).then((text) => {
      const request = { text, response };
      response.on("close", () => {
        waiting = waiting.filter((other) => other !== request);
      });
      take(request);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    mood: (mood) => {
      now = mood;
      again();
    },
    hold: (text) => held.add(text),
    release: (text) => {
      held.delete(text);
      again();
    },
    answer: (count) => {
      const free = waiting.filter((request) => !isHeld(request)).slice(0, count);
      waiting = waiting.filter((request) => !free.includes(request));
      for (const request of free) perform("well", request);
    },
    get waiting() {
      return waiting.length;
    },
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

async function read(message: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

function perform(mood: Exclude<Mood, "mute">, { text, response }: Request): void {
  if (mood === "busy") {
    response.writeHead(429, { "retry-after": String(BUSY_FOR_S) }).end();
    return;
  }
  if (mood === "down") {
    response.writeHead(503).end();
    return;
  }
  const body = JSON.parse(text) as { readonly model: string; readonly response_format?: { readonly json_schema: { readonly schema: Schema } } };
  const schema = body.response_format?.json_schema.schema ?? {};
  const content = JSON.stringify(instance(schema, schema));
  response.writeHead(200, { "content-type": "text/event-stream" });
  const send = (data: unknown) => response.write(`data: ${JSON.stringify(data)}\n\n`);
  const choice = (delta: unknown, finish_reason: string | null) => send({ model: body.model, choices: [{ index: 0, delta, finish_reason }] });
  choice({ content }, null);
  choice({}, "stop");
  send({ model: body.model, choices: [], usage: { prompt_tokens: 120, completion_tokens: 30, total_tokens: 150 } });
  response.end("data: [DONE]\n\n");
}

interface Schema {
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, Schema>>;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly minimum?: number;
}

/** The smallest value that a schema allows. */
function instance(schema: Schema, root: Schema): unknown {
  const name = schema.$ref?.split("/").at(-1);
  if (name !== undefined) return instance(root.$defs?.[name] ?? {}, root);
  if (schema.enum !== undefined || schema.const !== undefined) return schema.enum?.[0] ?? schema.const;
  const [choice] = schema.anyOf ?? schema.oneOf ?? schema.allOf ?? [];
  if (choice !== undefined) return instance(choice, root);
  switch (typeof schema.type === "string" ? schema.type : schema.type?.[0]) {
    case "object":
      return Object.fromEntries(Object.entries(schema.properties ?? {}).map(([key, of]) => [key, instance(of, root)]));
    case "array":
      return [];
    case "string":
      return "something";
    case "integer":
    case "number":
      return schema.minimum ?? 0;
    case "boolean":
      return true;
    default:
      return null;
  }
}
