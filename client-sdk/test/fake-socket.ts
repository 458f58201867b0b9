import { json } from "../src/codec.js";
import type { WebSocketConstructor, WebSocketLike } from "../src/index.js";
import type { ClientMessage, ServerMessage } from "../src/wire.js";
import { LIMITS } from "./fake-server.js";

/** A socket whose other end is the test: for what only time decides. Speaks JSON. */
export class FakeSocket implements WebSocketLike {
  static opened: FakeSocket[] = [];
  binaryType = "";
  protocol = "";
  onopen: ((event: never) => void) | null = null;
  onmessage: ((event: never) => void) | null = null;
  onclose: ((event: never) => void) | null = null;
  onerror: ((event: never) => void) | null = null;
  closedWith: number | undefined;
  readonly sent: ClientMessage[] = [];

  constructor(
    readonly url: string,
    private readonly offers?: string | string[],
  ) {
    FakeSocket.opened.push(this);
  }
  send(data: string | Uint8Array): void {
    this.sent.push(...(json.decode(data as string) as ClientMessage[]));
  }
  close(code = 1000): void {
    this.closedWith = code;
  }
  open(protocol = String(this.offers)): void {
    this.protocol = protocol;
    this.onopen?.({} as never);
  }
  say(...batch: ServerMessage[]): void {
    this.onmessage?.({ data: JSON.stringify(batch) } as never);
  }
  welcome(heartbeatMs = 15_000): void {
    const names = { session: "s1", user: "u1", node: "n1", expires_at: "2026-11-21T06:00:00.000Z" };
    this.say({ t: "welcome", ...names, heartbeat_ms: heartbeatMs, limits: LIMITS });
  }
  end(code: number, reason = ""): void {
    this.onclose?.({ code, reason } as never);
  }
  /** What the client sent of one kind. */
  of<T extends ClientMessage["t"]>(t: T): Extract<ClientMessage, { t: T }>[] {
    return this.sent.filter((message): message is Extract<ClientMessage, { t: T }> => message.t === t);
  }
}

export const FakeSocketClass: WebSocketConstructor = FakeSocket;
