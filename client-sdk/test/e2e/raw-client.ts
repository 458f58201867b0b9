/**
 * A client written from the protocol's description alone, over JSON: it shares no code with the SDK, so that both are
 * wrong together only if the description is.
 */
import { WebSocket } from "ws";

type Message = Record<string, unknown> & { readonly t: string };

export interface RawEvent {
  readonly seq: number;
  readonly kind: string;
  readonly data: unknown;
}

export class RawClient {
  readonly events: RawEvent[] = [];
  snapshot: { readonly seq: number; readonly epoch: number; readonly state: unknown } | undefined;
  #socket: WebSocket | undefined;
  #nextId = 1;

  constructor(
    private readonly url: string,
    private readonly token: () => Promise<string>,
    private readonly topic: string,
  ) {}

  /** Where its history ends. */
  get seq(): number {
    return this.events.at(-1)?.seq ?? this.snapshot?.seq ?? 0;
  }

  async connect(): Promise<void> {
    const token = await this.token();
    const socket = new WebSocket(this.url, ["estafette.v1.json"]);
    this.#socket = socket;
    await new Promise<void>((resolve, reject) => {
      socket.on("error", reject);
      socket.on("close", (code, reason) => {
        reject(new Error(`closed ${String(code)} ${reason.toString()}`));
      });
      socket.on("open", () => {
        socket.send(JSON.stringify([{ t: "hello", token, device: "raw-client" }]));
      });
      socket.on("message", (data: Buffer) => {
        for (const message of JSON.parse(data.toString()) as Message[]) {
          if (message.t === "welcome") {
            socket.send(JSON.stringify([this.#subscribe()]));
            resolve();
          }
          this.#take(message);
        }
      });
    });
  }

  cut(): void {
    this.#socket?.terminate();
  }

  #subscribe(): Message {
    const since = this.snapshot === undefined ? {} : { since: { epoch: this.snapshot.epoch, seq: this.seq } };
    return { t: "sub", id: this.#nextId++, topic: this.topic, ...since };
  }

  #take(message: Message): void {
    if (message["topic"] !== this.topic) return;
    if (message.t === "snap") {
      this.snapshot = message as never;
      this.events.length = 0;
    }
    if (message.t !== "ev") return;
    const event = message as unknown as RawEvent;
    if (event.seq !== this.seq + 1) throw new Error(`event ${String(event.seq)} after ${String(this.seq)}`);
    this.events.push(event);
  }
}
