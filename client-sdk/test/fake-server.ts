/** A scripted server: speaks the protocol truly over a real socket, and does wrong what a test tells it to. */
import { decode, encode } from "@msgpack/msgpack";
import type { AddressInfo } from "node:net";
import { WebSocketServer, type WebSocket } from "ws";
import type { ClientMessage, Ev, Limits, Position, ServerMessage } from "../src/wire.js";

export const LIMITS: Limits = {
  message_bytes: 256 * 1024,
  batch_len: 64,
  subscriptions: 256,
  calls_in_flight: 32,
  messages_per_second: 100,
};

type Call = Extract<ClientMessage, { t: "call" }>;
type Sub = Extract<ClientMessage, { t: "sub" }>;

interface Log {
  epoch: number;
  /** Events up to here are no longer kept. */
  cut: number;
  events: Ev[];
}

export class Peer {
  readonly subscribed = new Set<string>();
  readonly received: ClientMessage[] = [];
  token: string | undefined;
  constructor(
    readonly socket: WebSocket,
    private readonly isJson: boolean,
  ) {}

  send(...batch: ServerMessage[]): void {
    this.sendRaw(batch);
  }
  sendRaw(value: unknown): void {
    this.socket.send(this.isJson ? JSON.stringify(value) : encode(value));
  }
  read(data: Buffer): ClientMessage[] {
    return (this.isJson ? JSON.parse(data.toString()) : decode(data)) as ClientMessage[];
  }
  close(code: number, reason = ""): void {
    this.socket.close(code, reason);
  }
  /** Takes everything and says nothing more, not even to a ping: as when a node hangs. */
  silent = false;
  /** As when a cable is pulled. */
  cut(): void {
    this.socket.terminate();
  }
}

export class FakeServer {
  readonly peers: Peer[] = [];
  /** Every peer that ever came, in order. */
  readonly history: Peer[] = [];
  readonly calls: Call[] = [];
  heartbeatMs = 60_000;
  limits: Limits = LIMITS;
  /** Each hook may take the message over by returning true. */
  onHello: (peer: Peer, hello: Extract<ClientMessage, { t: "hello" }>) => boolean = () => false;
  onSub: (peer: Peer, sub: Sub) => boolean = () => false;
  onCall: (peer: Peer, call: Call) => boolean = () => false;
  onAuth: (peer: Peer, auth: Extract<ClientMessage, { t: "auth" }>) => boolean = () => false;
  /** Tells the head with the answer to a `sub`. */
  tellsHead = false;
  readonly #logs = new Map<string, Log>();
  readonly #results = new Map<string, unknown>();

  readonly port: number;

  private constructor(private readonly server: WebSocketServer) {
    this.port = (server.address() as AddressInfo).port;
    server.on("connection", (socket) => this.#accept(socket));
  }

  static async start(port = 0): Promise<FakeServer> {
    const server = new WebSocketServer({
      host: "127.0.0.1",
      port,
      handleProtocols: (offers) => [...offers].find((offer) => offer.startsWith("estafette.v1.")) ?? false,
    });
    await new Promise((resolve) => server.once("listening", resolve));
    return new FakeServer(server);
  }


  get url(): string {
    return `ws://127.0.0.1:${String(this.port)}/v1/live`;
  }

  get peer(): Peer {
    const last = this.peers.at(-1);
    if (last === undefined) throw new Error("nobody is connected");
    return last;
  }

  async stop(): Promise<void> {
    for (const peer of this.peers) peer.cut();
    await new Promise((resolve) => this.server.close(resolve));
  }

  log(topic: string): Log {
    let log = this.#logs.get(topic);
    if (log === undefined) this.#logs.set(topic, (log = { epoch: 7, cut: 0, events: [] }));
    return log;
  }

  head(topic: string): number {
    const { cut, events } = this.log(topic);
    return cut + events.length;
  }

  /** Appends without telling anybody. */
  append(topic: string, data: unknown = {}, kind = "test.event"): Ev {
    const log = this.log(topic);
    const event: Ev = { t: "ev", topic, seq: this.head(topic) + 1, kind, at: "2026-11-21T05:16:15.123Z", data };
    log.events.push(event);
    return event;
  }

  /** Appends and tells everybody who subscribed. */
  publish(topic: string, data: unknown = {}, kind = "test.event"): Ev {
    const event = this.append(topic, data, kind);
    for (const peer of this.peers) if (peer.subscribed.has(topic)) peer.send(event);
    return event;
  }

  /** Drops the log's first events, as retention does. */
  truncate(topic: string, upTo: number): void {
    const log = this.log(topic);
    log.events = log.events.filter((event) => event.seq > upTo);
    log.cut = upTo;
  }

  mark(): void {
    for (const peer of this.peers) {
      const heads: Record<string, number> = {};
      for (const topic of peer.subscribed) heads[topic] = this.head(topic);
      peer.send({ t: "mark", heads });
    }
  }

  state(topic: string): { seq: number } {
    return { seq: this.head(topic) };
  }

  /** The protocol's own answer to a `sub`. */
  grant(peer: Peer, sub: Sub): void {
    if (peer.subscribed.has(sub.topic)) {
      peer.send({ t: "err", id: sub.id, code: "conflict", message: `${sub.topic} is subscribed to already` });
      return;
    }
    const log = this.log(sub.topic);
    peer.subscribed.add(sub.topic);
    const head: Position = { epoch: log.epoch, seq: this.head(sub.topic) };
    peer.send(this.tellsHead ? { t: "ok", id: sub.id, result: head } : { t: "ok", id: sub.id });
    const { since } = sub;
    if (since?.epoch === log.epoch && since.seq >= log.cut && since.seq <= head.seq) {
      const missing = log.events.filter((event) => event.seq > since.seq);
      if (missing.length > 0) peer.send(...missing);
    } else {
      peer.send({ t: "snap", topic: sub.topic, ...head, state: this.state(sub.topic) });
    }
  }

  #accept(socket: WebSocket): void {
    const peer = new Peer(socket, socket.protocol === "estafette.v1.json");
    this.history.push(peer);
    socket.on("error", () => undefined);
    socket.on("close", () => {
      const index = this.peers.indexOf(peer);
      if (index >= 0) this.peers.splice(index, 1);
    });
    socket.on("message", (data: Buffer) => {
      for (const message of peer.read(data)) {
        peer.received.push(message);
        if (!peer.silent) this.#on(peer, message);
      }
    });
  }

  #on(peer: Peer, message: ClientMessage): void {
    switch (message.t) {
      case "hello":
        peer.token = message.token;
        if (this.onHello(peer, message)) return;
        this.welcome(peer);
        return;
      case "auth":
        peer.token = message.token;
        if (!this.onAuth(peer, message)) peer.send({ t: "ok", id: message.id });
        return;
      case "sub":
        if (!this.onSub(peer, message)) this.grant(peer, message);
        return;
      case "unsub":
        peer.subscribed.delete(message.topic);
        peer.send({ t: "ok", id: message.id });
        return;
      case "call":
        this.calls.push(message);
        if (!this.onCall(peer, message)) this.answer(peer, message);
        return;
      case "ping":
        peer.send({ t: "pong", id: message.id });
    }
  }

  welcome(peer: Peer): void {
    this.peers.push(peer);
    peer.send({
      t: "welcome",
      session: `s${String(this.history.length)}`,
      user: "u1",
      node: "n1",
      heartbeat_ms: this.heartbeatMs,
      expires_at: "2026-11-21T06:00:00.000Z",
      limits: this.limits,
    });
  }

  /** Does a call once for each key: counts them, and answers a repetition with the first result. */
  answer(peer: Peer, call: Call): void {
    const key = call.key ?? String(Math.random());
    if (!this.#results.has(key)) this.#results.set(key, { done: this.#results.size + 1, params: call.params });
    peer.send({ t: "ok", id: call.id, result: this.#results.get(key) });
  }

  /** How many calls took effect. */
  get effects(): number {
    return this.#results.size;
  }
}
