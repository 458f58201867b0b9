/**
 * The typing of topics and calls. A topic's type follows from its family (`cv:abc` is of family `cv`), a call's from
 * its method. Names that the maps do not know are allowed and untyped, so that a product that is newer than this SDK
 * can be used.
 */
import type { Observable } from "./observable.js";
import type { CallMap, TopicMap } from "./product.js";
import type { Outage, Position } from "./wire.js";

/** The family of a topic: what stands before the colon. */
export type FamilyOf<T extends string> = T extends `${infer Family}:${string}` ? Family : T;

/** What the maps say of a topic, or `unknown`s. */
export interface UntypedTopic {
  /** What a snapshot carries. */
  state: unknown;
  /** Kind to what a durable event carries. */
  events: Record<string, unknown>;
  /** Kind to what a volatile event carries. */
  live: Record<string, unknown>;
}
type SpecOf<T extends string> = T extends keyof TopicMap
  ? TopicMap[T]
  : FamilyOf<T> extends keyof TopicMap
    ? TopicMap[FamilyOf<T>]
    : UntypedTopic;

/** A topic's whole state, as its snapshot carries it. */
export type StateOf<T extends string> = SpecOf<T>["state"];

interface Occurrence<Kind, Data> {
  /** What happened. */
  readonly kind: Kind;
  /** When: RFC 3339 in UTC with milliseconds. */
  readonly at: string;
  /** The particulars. */
  readonly data: Data;
}

/** A durable event of a topic: committed before it was sent, numbered without gap. */
export type EventOf<T extends string> = {
  [Kind in keyof SpecOf<T>["events"]]: Occurrence<Kind, SpecOf<T>["events"][Kind]> & {
    readonly topic: T;
    readonly seq: number;
  };
}[keyof SpecOf<T>["events"]];

/** A volatile event of a topic: never stored; the newest of a `key` wins, any may be missing. */
export type LiveOf<T extends string> = {
  [Kind in keyof SpecOf<T>["live"]]: Occurrence<Kind, SpecOf<T>["live"][Kind]> & {
    readonly topic: T;
    readonly key: string;
  };
}[keyof SpecOf<T>["live"]];

/** An event whose topic is not known at compile time. */
export type AnyEvent = Occurrence<string, unknown> & { readonly topic: string; readonly seq: number };
/** A volatile event whose topic is not known at compile time. */
export type AnyLive = Occurrence<string, unknown> & { readonly topic: string; readonly key: string };

/** A method that the SDK knows. */
export type Method = keyof CallMap;
/** The parameters of a method. */
export type ParamsOf<M extends string> = M extends Method ? CallMap[M]["params"] : unknown;
/** What a method returns. */
export type ResultOf<M extends string> = M extends Method ? CallMap[M]["result"] : unknown;

/** A method that the SDK knows and that starts a task. */
export type TaskMethod = { [M in Method]: CallMap[M]["result"] extends { task_id: string } ? M : never }[Method];

/** Autocompletes the known names and allows any other. */
export type Known<Name extends string> = Name | (string & Record<never, never>);

/** Where one subscription stands. */
export type SubscriptionStatus =
  | { readonly at: "waiting" /* for the connection, or for the server's answer */ }
  | { readonly at: "catching up" /* events are missing still */ }
  | { readonly at: "live" /* everything up to the server's head was handed over */ }
  | { readonly at: "refused"; readonly error: Error }
  | { readonly at: "revoked"; readonly message: string }
  | { readonly at: "closed" /* by this side */ };

/** What a subscriber wants to be told. */
export interface Handlers<T extends string> {
  /**
   * The whole state as of `position`. It comes first, and again where events can no longer be replayed (the log was
   * cut or restored): then it replaces all that was known.
   */
  readonly onSnapshot?: (state: StateOf<T>, position: Position) => void;
  /** Each durable event after the snapshot: once, in order, without gap. `position` is the place after it. */
  readonly onEvent?: (event: EventOf<T>, position: Position) => void;
  /** Volatile events. */
  readonly onLive?: (event: LiveOf<T>) => void;
  /** How the subscription stands, each time that it changes. */
  readonly onStatus?: (status: SubscriptionStatus) => void;
  /** With each heartbeat: the newest `seq` that the server has of this topic. Events that it counts may still be on their way. */
  readonly onMark?: (head: number) => void;
}

/** How to begin. */
export interface SubscribeOptions {
  /** Where the application's own copy of the topic ends: the events after it follow, without a snapshot. */
  readonly since?: Position;
}

/** A running subscription. */
export interface Subscription {
  /** What it reads. */
  readonly topic: string;
  /** Where its history ends; `undefined` before the first snapshot. Keep it to continue later with `since`. */
  readonly position: Position | undefined;
  /** Where it stands. */
  readonly status: SubscriptionStatus;
  /** Ends it. Handlers are not called any more. */
  readonly unsubscribe: () => void;
}

/** A task that was started, and the subscription to its topic. */
export interface Followed<M extends string> {
  /** What the call returned. */
  readonly result: ResultOf<M>;
  /** The subscription to the task's topic. */
  readonly subscription: Subscription;
}

/** What a stream yields. */
export type StreamItem<T extends string> =
  | { readonly type: "snapshot"; readonly state: StateOf<T>; readonly position: Position }
  | { readonly type: "event"; readonly event: EventOf<T>; readonly position: Position }
  | { readonly type: "live"; readonly event: LiveOf<T> };

/** How a loop reads a topic. */
export interface StreamOptions extends SubscribeOptions {
  /** Ends the loop. */
  readonly signal?: AbortSignal;
  /**
   * Items that may wait for a slow loop. Default 256. At the bound the topic is left, and joined again at the place
   * where the loop stands once half is consumed: nothing durable is lost, and memory stays bounded.
   */
  readonly buffer?: number;
}

/** How a call is made. */
export interface CallOptions {
  /** Idempotency key. Default: a random one. Give your own to repeat a call across page loads. */
  readonly key?: string;
  /** Stops waiting. A call that was sent may still take effect. */
  readonly signal?: AbortSignal;
  /** How long to wait, reconnects and retries included, milliseconds. Default 30 000. */
  readonly timeoutMs?: number;
}

/** How the connection stands. Times are milliseconds since 1970, as of `Date.now()`. */
export type ConnectionState =
  | { readonly status: "connecting"; readonly since: number }
  | { readonly status: "live"; readonly since: number; readonly user: string; readonly session: string }
  | { readonly status: "catching up"; readonly since: number; readonly user: string; readonly session: string }
  | { readonly status: "stale"; readonly since: number; readonly reason: string }
  | { readonly status: "offline"; readonly since: number; readonly reason: string; readonly retryAt: number }
  | { readonly status: "closed"; readonly since: number; readonly reason: string; readonly error?: Error };

/** Something worth a line in a log. */
export type Diagnostic =
  | { readonly type: "state"; readonly state: ConnectionState }
  | { readonly type: "close"; readonly code: number; readonly reason: string }
  | { readonly type: "gap"; readonly topic: string; readonly expected: number; readonly got: number }
  | { readonly type: "duplicate"; readonly topic: string; readonly seq: number }
  | { readonly type: "reset"; readonly topic: string; readonly position: Position }
  | { readonly type: "retry"; readonly method: string; readonly key: string; readonly delayMs: number; readonly code: string }
  | { readonly type: "protocol"; readonly message: string }
  | { readonly type: "listener"; readonly error: unknown };

/** Why a token is asked for. */
export interface TokenRequest {
  /** `connect`: any valid one; `expiring`, `rejected`: a newer one than the last. */
  readonly reason: "connect" | "expiring" | "rejected";
}

/** A live connection to a server, with its topics and calls. Made by {@link createClient}. */
export interface Client {
  /** How the connection stands. */
  readonly state: Observable<ConnectionState>;
  /** What the server itself cannot reach right now, as it says; empty when all is well. The connection goes on meanwhile. */
  readonly outages: Observable<readonly Outage[]>;
  /** Connects, and stays connected until `close`. Safe to call again. */
  start(): void;
  /** Ends everything: calls fail with `ClosedError`, streams end, no timer or listener stays. */
  close(): void;
  /** Reads a topic. Several subscriptions of a topic share one on the wire. */
  subscribe<const T extends string>(topic: T, handlers: Handlers<T>, options?: SubscribeOptions): Subscription;
  /** Reads a topic as a loop: `for await (const item of client.stream("task:…"))`. */
  stream<const T extends string>(topic: T, options?: StreamOptions): AsyncIterableIterator<StreamItem<T>>;
  /** Runs a command: once, however often it has to be sent. */
  call<M extends Known<Method>>(method: M, params: ParamsOf<M>, options?: CallOptions): Promise<ResultOf<M>>;
  /**
   * Starts a task and follows it, in one message: `handlers` get its events from the first one on, without a snapshot. Where
   * the server has nothing to follow (the call was a repetition), they get a snapshot first, as with `subscribe`.
   */
  follow<M extends Known<TaskMethod>>(
    method: M,
    params: ParamsOf<M>,
    handlers: Handlers<`task:${string}`>,
    options?: CallOptions,
  ): Promise<Followed<M>>;
}
