/**
 * A client written from `protocol/README.md` alone, as somebody outside the project would: no code of the SDK, and no
 * knowledge of the server. The numbers name the README's statements. It is strict on purpose: what the README
 * excludes ends it with an error that every later wait reports.
 */
import { decode, encode } from "@msgpack/msgpack";
import { WebSocket } from "ws";

export type Codec = "msgpack" | "json";
export type Fields = Record<string, unknown>;

export interface Message extends Fields {
  readonly t: string;
}

export interface OutsideEvent {
  readonly seq: number;
  readonly kind: string;
  readonly at: string;
  readonly data: Fields;
}

/** An `err` (P34). */
export class Refused extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly details: unknown,
  ) {
    super(message);
  }
}

/** What is known of one topic: all events since the first snapshot, across reconnects. */
export class TopicLog {
  epoch = -1;
  seq = -1;
  state: Fields = {};
  snapshots = 0;
  head = 0;
  readonly events: OutsideEvent[] = [];
  readonly volatile: { readonly key: string; readonly kind: string; readonly data: Fields }[] = [];

  of(kind: string): OutsideEvent[] {
    return this.events.filter((event) => event.kind === kind);
  }
}

const WAIT_MS = 60_000;

export class OutsideClient {
  readonly topics = new Map<string, TopicLog>();
  welcome: Fields = {};
  #socket: WebSocket | undefined;
  #next = 1;
  #broken: Error | undefined;
  readonly #waiting = new Map<number, (answer: Message) => void>();
  readonly #watchers = new Set<() => void>();

  constructor(
    private readonly url: string,
    private readonly codec: Codec,
    private readonly token: string,
    private readonly device: string,
  ) {}

  /** P1, P2, P8, P27: one connection; subscriptions of an earlier one are resumed by their positions. */
  async connect(): Promise<void> {
    const socket = new WebSocket(this.url, [`estafette.v1.${this.codec}`], { perMessageDeflate: false });
    this.#socket = socket;
    this.welcome = {};
    socket.on("open", () => {
      const batch: Message[] = [{ t: "hello", token: this.token, device: this.device, client: "outside/1" }];
      for (const [topic, log] of this.topics) {
        batch.push({ t: "sub", id: this.#next++, topic, since: { epoch: log.epoch, seq: log.seq } });
      }
      this.#send(batch);
    });
    socket.on("message", (bytes: Buffer, binary: boolean) => {
      try {
        if (binary !== (this.codec === "msgpack")) throw new Error("a frame of the other codec (P2)");
        const batch: unknown = binary ? decode(bytes) : JSON.parse(bytes.toString());
        if (!Array.isArray(batch) || batch.length === 0) throw new Error("a message is no batch (P4)");
        for (const message of batch as Message[]) this.#take(message);
      } catch (error) {
        this.#broken ??= error as Error;
      }
      this.#look();
    });
    socket.on("error", (error) => this.#fail(error));
    socket.on("close", (code, reason) => this.#fail(new Error(`closed ${String(code)} ${reason.toString()}`)));
    await this.until("welcome", () => this.welcome["t"] === "welcome");
  }

  /** Breaks the connection as a lost network would. Calls that wait are lost. */
  async cut(): Promise<void> {
    const socket = this.#socket;
    if (socket === undefined) return;
    socket.removeAllListeners();
    socket.on("error", () => undefined);
    const gone = new Promise((resolve) => socket.once("close", resolve));
    socket.terminate();
    await gone;
    this.#waiting.clear();
  }

  /** P9, P10. */
  async call(method: string, params: Fields, key?: string): Promise<Fields> {
    const answer = await this.#request({ t: "call", method, params, ...(key === undefined ? {} : { key }) });
    return (answer["result"] ?? {}) as Fields;
  }

  /** P12: resolves with the snapshot. */
  async subscribe(topic: string): Promise<TopicLog> {
    const log = new TopicLog();
    this.topics.set(topic, log);
    try {
      await this.#request({ t: "sub", topic });
    } catch (error) {
      this.topics.delete(topic);
      throw error;
    }
    await this.until(`the snapshot of ${topic}`, () => log.snapshots > 0);
    return log;
  }

  /** Waits for a condition over what arrives. */
  async until(what: string, holds: () => boolean): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => end(new Error(`${what} did not come`)), WAIT_MS);
      const end = (error?: Error): void => {
        clearTimeout(timer);
        this.#watchers.delete(look);
        if (error === undefined) resolve();
        else reject(error);
      };
      const look = (): void => {
        if (this.#broken !== undefined) end(new Error(`waiting for ${what}: ${this.#broken.message}`));
        else if (holds()) end();
      };
      this.#watchers.add(look);
      look();
    });
  }

  async #request(fields: Message): Promise<Message> {
    const id = this.#next++;
    let answer: Message | undefined;
    this.#waiting.set(id, (message) => (answer = message));
    this.#send([{ ...fields, id }]);
    await this.until(`the answer to ${fields.t}`, () => answer !== undefined);
    const { t, code, message, details } = answer as unknown as Message & { code: string; message: string };
    if (t === "err") throw new Refused(code, message, details);
    return answer as unknown as Message;
  }

  #send(batch: Message[]): void {
    this.#socket?.send(this.codec === "msgpack" ? encode(batch) : JSON.stringify(batch));
  }

  #take(message: Message): void {
    switch (message.t) {
      case "welcome":
        this.welcome = message;
        break;
      case "ok":
      case "err": {
        const id = message["id"] as number;
        this.#waiting.get(id)?.(message);
        this.#waiting.delete(id);
        break;
      }
      case "snap": {
        const log = this.#log(message);
        log.epoch = message["epoch"] as number;
        log.seq = message["seq"] as number;
        log.state = message["state"] as Fields;
        log.snapshots += 1;
        break;
      }
      case "ev": {
        const log = this.#log(message);
        const event = message as unknown as OutsideEvent;
        if (event.seq !== log.seq + 1) throw new Error(`event ${String(event.seq)} after ${String(log.seq)} (P12)`);
        log.seq = event.seq;
        log.events.push(event);
        break;
      }
      case "live":
        this.#log(message).volatile.push(message as never);
        break;
      case "mark":
        for (const [topic, head] of Object.entries(message["heads"] as Record<string, number>)) {
          const log = this.topics.get(topic);
          if (log !== undefined) log.head = head;
        }
        break;
      default:
        // P7: others may come.
        break;
    }
  }

  #log(message: Message): TopicLog {
    const log = this.topics.get(message["topic"] as string);
    if (log === undefined) throw new Error(`${message.t} of a topic that is not subscribed`);
    return log;
  }

  #fail(error: Error): void {
    this.#broken ??= error;
    this.#look();
  }

  #look(): void {
    for (const watcher of [...this.#watchers]) watcher();
  }
}


/** The HTTP side (P35, P36). */
export class OutsideHttp {
  constructor(
    private readonly base: string,
    private readonly bearer?: string,
  ) {}

  async request(method: string, path: string, body?: unknown, key?: string): Promise<{ status: number; type: string; body: Fields }> {
    const headers: Record<string, string> = {};
    if (this.bearer !== undefined) headers["authorization"] = `Bearer ${this.bearer}`;
    if (body !== undefined) headers["content-type"] = "application/json";
    if (key !== undefined) headers["idempotency-key"] = key;
    const init = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
    const answer = await fetch(`${this.base}${path}`, init);
    const text = await answer.text();
    const type = answer.headers.get("content-type") ?? "";
    return { status: answer.status, type, body: (text === "" ? {} : JSON.parse(text)) as Fields };
  }

  async get(path: string): Promise<Fields> {
    return this.#ok("GET", path);
  }

  async post(path: string, body: unknown, key?: string): Promise<Fields> {
    return this.#ok("POST", path, body, key);
  }

  async #ok(method: string, path: string, body?: unknown, key?: string): Promise<Fields> {
    const answer = await this.request(method, path, body, key);
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${String(answer.status)} ${JSON.stringify(answer.body)}`);
    return answer.body;
  }
}
