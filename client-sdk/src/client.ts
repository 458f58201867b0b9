/** The facade: one connection, the calls on it, and the topics. It only passes messages to the machine they concern. */
import type {
  CallOptions,
  Client,
  ConnectionState,
  Diagnostic,
  Followed,
  Handlers,
  Known,
  Method,
  ParamsOf,
  ResultOf,
  StreamItem,
  StreamOptions,
  SubscribeOptions,
  Subscription,
  TaskMethod,
} from "./api.js";
import { Backoff } from "./backoff.js";
import { systemClock, type Clock } from "./clock.js";
import { json, msgpack, type Codec } from "./codec.js";
import { Connection } from "./connection.js";
import { deviceId } from "./device.js";
import { watchEnvironment } from "./environment.js";
import { ClosedError } from "./errors.js";
import { toParams } from "./json.js";
import type { Mode } from "./mode.js";
import { follow } from "./follow.js";
import { reportListenerError, Store } from "./observable.js";
import { Outbox } from "./outbox.js";
import { attach } from "./attach.js";
import { DEFAULT_CALL_TIMEOUT_MS, DEFAULT_MAX_PENDING_CALLS, type ClientOptions } from "./options.js";
import { randomHex } from "./random.js";
import { Requests, type OnFollowed } from "./requests.js";
import { publicState } from "./state.js";
import { openStream } from "./stream.js";
import { Topic } from "./subscription.js";
import { globalWebSocket, webSocketTransport } from "./transport.js";
import type { Outage, ServerMessage, Welcome } from "./wire.js";

/** This SDK, as it names itself to servers. */
const CLIENT_NAME = "estafette-js/0.1.0";

const NO_OUTAGES: readonly Outage[] = [];

/** A client of one user on one server. Nothing happens before `start`. */
export function createClient(options: ClientOptions): Client {
  return new LiveClient(options);
}

class LiveClient implements Client {
  readonly state: Store<ConnectionState>;
  readonly outages: Store<readonly Outage[]>;
  readonly #connection: Connection;
  readonly #requests: Requests;
  readonly #topics = new Map<string, Topic>();
  readonly #options: ClientOptions;
  readonly #clock: Clock;
  readonly #codec: Codec;
  /** Durable messages so far. */
  #arrivals = 0;
  #unwatch: (() => void) | undefined;
  #shown: { readonly mode: Mode; readonly complete: boolean } | undefined;

  constructor(options: ClientOptions) {
    const WebSocketClass = options.webSocket ?? globalWebSocket();
    if (WebSocketClass === undefined)
      throw new TypeError("this platform has no WebSocket: pass `webSocket` (on Node 20 the class of the `ws` package)");
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#codec = options.codec === "json" ? json : msgpack;
    const random = options.random ?? Math.random;
    const onError = (error: unknown): void => {
      this.#diagnose({ type: "listener", error });
    };
    this.state = new Store(publicState({ at: "idle" }, true, this.#clock), onError);
    this.outages = new Store<readonly Outage[]>(NO_OUTAGES, onError);
    this.#requests = new Requests({
      clock: this.#clock,
      random,
      backoff: options.backoff ?? {},
      maxPending: options.maxPendingCalls ?? DEFAULT_MAX_PENDING_CALLS,
      send: (message) => {
        this.#connection.send(message);
      },
      misfit: (message, limits) => Outbox.misfit(this.#codec, limits, message),
      onRetry: (method, key, delayMs, code) => {
        this.#diagnose({ type: "retry", method, key, delayMs, code });
      },
    });
    this.#connection = new Connection({
      url: options.url.replace(/^http/, "ws"),
      device: options.device ?? deviceId(),
      clientName: CLIENT_NAME,
      codec: this.#codec,
      clock: this.#clock,
      backoff: new Backoff(options.backoff, random),
      openTransport: webSocketTransport(WebSocketClass),
      token: options.token,
      onMode: (mode) => {
        this.#onMode(mode);
      },
      onOpen: (welcome) => {
        this.#onOpen(welcome);
      },
      onMessage: (message) => {
        this.#onMessage(message);
      },
      onDown: () => {
        this.#onDown();
      },
      onClosedBy: (code, reason) => {
        this.#diagnose({ type: "close", code, reason });
      },
      onViolation: (message) => {
        this.#diagnose({ type: "protocol", message });
      },
      ping: () => {
        this.#connection.send({ t: "ping", id: 0 });
      },
    });
  }

  start(): void {
    if (this.#connection.mode.at !== "idle") return;
    this.#unwatch = watchEnvironment(() => {
      this.#connection.nudge();
    });
    this.#connection.start();
  }

  close(): void {
    this.#connection.close("closed by the application");
  }

  subscribe<const T extends string>(topic: T, handlers: Handlers<T>, options: SubscribeOptions = {}): Subscription {
    return attach(this.#topic(topic), handlers as Handlers<string>, options.since, (error) => {
      this.#diagnose({ type: "listener", error });
    });
  }

  stream<const T extends string>(topic: T, options: StreamOptions = {}): AsyncIterableIterator<StreamItem<T>> {
    return openStream(() => this.#topic(topic), options) as AsyncIterableIterator<StreamItem<T>>;
  }

  async call<M extends Known<Method>>(method: M, params: ParamsOf<M>, options: CallOptions = {}): Promise<ResultOf<M>> {
    return (await this.#call(method, params, options)) as ResultOf<M>;
  }

  async follow<M extends Known<TaskMethod>>(
    method: M,
    params: ParamsOf<M>,
    handlers: Handlers<`task:${string}`>,
    options: CallOptions = {},
  ): Promise<Followed<M>> {
    return (await follow(method, {
      call: (onFollowed) => this.#call(method, params, options, onFollowed),
      topic: (name) => this.#topic(name),
      subscribe: (topic, from) => this.subscribe(topic, handlers, from),
    })) as Followed<M>;
  }

  #call(method: string, params: unknown, options: CallOptions, onFollowed?: OnFollowed): Promise<unknown> {
    return this.#requests.call({
      method,
      params: toParams(params),
      key: options.key ?? randomHex(16),
      timeoutMs: options.timeoutMs ?? DEFAULT_CALL_TIMEOUT_MS,
      signal: options.signal,
      onFollowed,
    });
  }

  #topic(name: string): Topic {
    const known = this.#topics.get(name);
    if (known !== undefined) return known;
    const topic = new Topic(name, {
      clock: this.#clock,
      backoff: new Backoff(this.#options.backoff, this.#options.random),
      ask: (build, done) => this.#requests.ask(build, done),
      onDiagnostic: (diagnostic) => {
        this.#diagnose(diagnostic);
      },
      onIdle: (idle) => {
        if (this.#topics.get(name) === idle) this.#topics.delete(name);
        this.#show();
      },
      onProgress: () => {
        this.#show();
      },
      arrivals: () => this.#arrivals,
    });
    this.#topics.set(name, topic);
    if (this.#connection.mode.at === "open") topic.onOpen();
    if (this.#connection.mode.at === "closed") queueMicrotask(() => { topic.end({ at: "closed" }); });
    return topic;
  }

  #onOpen(welcome: Welcome): void {
    this.#requests.onOpen(welcome.limits);
    for (const topic of this.#topics.values()) topic.onOpen();
    this.#show();
  }

  #onDown(): void {
    this.outages.set(NO_OUTAGES);
    for (const topic of this.#topics.values()) topic.onDown();
    this.#requests.onDown();
  }

  #onMessage(message: ServerMessage): void {
    switch (message.t) {
      case "ok":
      case "err":
        this.#requests.onReply(message);
        return;
      case "followed":
        this.#requests.onFollowed(message);
        return;
      case "snap":
        this.#arrivals += 1;
        this.#topics.get(message.topic)?.onSnap(message);
        return;
      case "ev":
        this.#arrivals += 1;
        this.#topics.get(message.topic)?.onEvent(message);
        return;
      case "live":
        this.#topics.get(message.topic)?.onLive(message);
        return;
      case "revoked":
        this.#topics.get(message.topic)?.onRevoked(message.message);
        return;
      case "mark":
        for (const [name, head] of Object.entries(message.heads)) this.#topics.get(name)?.onMark(head);
        return;
      case "expiring":
        void this.#renew();
        return;
      case "health":
        this.outages.set(message.outages.length === 0 ? NO_OUTAGES : message.outages);
        return;
      case "drain":
        this.#connection.drain(message.reconnect_after_ms);
        return;
      case "welcome":
      case "pong":
        return;
    }
  }

  /** A fresh token on the running connection. If it cannot be had, the server's close at expiry tries again. */
  async #renew(): Promise<void> {
    try {
      const token = await this.#options.token({ reason: "expiring" });
      this.#requests.ask(
        (id) => ({ t: "auth", id, token }),
        (reply) => {
          if (reply?.t === "ok") this.#connection.renewed(token);
        },
      );
    } catch (error) {
      this.#diagnose({ type: "protocol", message: `no fresh token: ${String(error)}` });
    }
  }

  #onMode(mode: Mode): void {
    this.#show();
    if (mode.at !== "closed") return;
    this.#unwatch?.();
    this.#unwatch = undefined;
    const error = new ClosedError(mode.reason, mode.error === undefined ? undefined : { cause: mode.error });
    for (const topic of [...this.#topics.values()]) topic.end({ at: "closed" });
    this.#requests.close(error);
  }

  #show(): void {
    const complete = [...this.#topics.values()].every((topic) => topic.isComplete || !topic.isWanted);
    const { mode } = this.#connection;
    if (mode === this.#shown?.mode && complete === this.#shown.complete) return;
    this.#shown = { mode, complete };
    const before = this.state.get();
    const next = publicState(mode, complete, this.#clock, before);
    if (next === before) return;
    this.state.set(next);
    this.#diagnose({ type: "state", state: next });
  }

  #diagnose(diagnostic: Diagnostic): void {
    if (this.#options.onDiagnostics === undefined) {
      if (diagnostic.type === "listener") reportListenerError(diagnostic.error);
      return;
    }
    try {
      this.#options.onDiagnostics(diagnostic);
    } catch (error) {
      reportListenerError(error);
    }
  }
}
