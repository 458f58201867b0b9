/**
 * Requests: numbers, answers, and the calls that outlive a connection. A call is *queued*, then *sent*; when the line
 * breaks it is queued again with the same key, so that it takes effect once; when the server asks for patience it
 * *waits*. Its deadline ends it wherever it is.
 */
import type { BackoffOptions } from "./backoff.js";
import { Backoff } from "./backoff.js";
import { Alarm, reasonOf, type Clock } from "./clock.js";
import { type CallError, callError, ClosedError, DeadlineError, QueueFullError } from "./errors.js";
import type { ClientMessage, Err, Followed, Limits, Ok } from "./wire.js";

/** Attempts that an `internal` error gets: a defect seldom mends itself. */
const MAX_INTERNAL_ATTEMPTS = 3;

/** The answer to a request that dies with its line: `undefined` when the line broke first. */
export type Reply = Ok | Err | undefined;

/** Is told that the task which a call has started is followed. */
export type OnFollowed = (followed: Followed) => void;

type Phase =
  | { readonly at: "queued" }
  | { readonly at: "sent"; readonly id: number }
  | { readonly at: "waiting"; readonly alarm: Alarm };

interface Call {
  readonly method: string;
  readonly params: unknown;
  readonly key: string;
  readonly deadline: number;
  readonly backoff: Backoff;
  readonly onFollowed: OnFollowed | undefined;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
  /** Removes the deadline and the abort listener. */
  readonly release: () => void;
  phase: Phase;
}

export interface CallSpec {
  readonly method: string;
  readonly params: unknown;
  readonly key: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
  /** The task that it starts is to be followed. */
  readonly onFollowed: OnFollowed | undefined;
}

export interface RequestsDeps {
  readonly clock: Clock;
  readonly random: () => number;
  readonly backoff: BackoffOptions;
  /** Calls that may be unanswered at once, over all connections. */
  readonly maxPending: number;
  readonly send: (message: ClientMessage) => void;
  readonly misfit: (message: ClientMessage, limits: Limits) => string | undefined;
  readonly onRetry: (method: string, key: string, delayMs: number, code: string) => void;
}

export class Requests {
  #lastId = 0;
  #limits: Limits | undefined;
  /** Answered by number, in this connection only. */
  readonly #sent = new Map<number, (reply: Reply) => void>();
  readonly #calls = new Set<Call>();
  #inFlight = 0;
  #closed: Error | undefined;

  constructor(private readonly deps: RequestsDeps) {}

  /** Calls that have not ended: for leak checks and diagnostics. */
  get pending(): number {
    return this.#calls.size;
  }

  /** A request that belongs to this connection; the caller is told once. `undefined` while there is none. */
  ask(build: (id: number) => ClientMessage, done: (reply: Reply) => void): number | undefined {
    if (this.#limits === undefined) return undefined;
    const id = this.#nextId();
    this.#sent.set(id, done);
    this.deps.send(build(id));
    return id;
  }

  call(spec: CallSpec): Promise<unknown> {
    const { signal, timeoutMs } = spec;
    if (this.#closed !== undefined) return Promise.reject(this.#closed);
    if (signal?.aborted === true) return Promise.reject(reasonOf(signal));
    if (this.#calls.size >= this.deps.maxPending)
      return Promise.reject(new QueueFullError(`${String(this.deps.maxPending)} calls wait already`));
    return new Promise((resolve, reject) => {
      const alarm = new Alarm(this.deps.clock);
      const onAbort = (): void => {
        if (signal !== undefined) this.#end(call, () => { reject(reasonOf(signal)); });
      };
      const call: Call = {
        ...spec,
        deadline: this.deps.clock.now() + timeoutMs,
        backoff: new Backoff(this.deps.backoff, this.deps.random),
        resolve,
        reject,
        release: () => {
          alarm.stop();
          signal?.removeEventListener("abort", onAbort);
        },
        phase: { at: "queued" },
      };
      this.#calls.add(call);
      signal?.addEventListener("abort", onAbort, { once: true });
      alarm.set(timeoutMs, () => {
        this.#end(call, () => { reject(new DeadlineError(spec.method, spec.key, timeoutMs)); });
      });
      this.#pump();
    });
  }

  onOpen(limits: Limits): void {
    this.#limits = limits;
    this.#pump();
  }

  onDown(): void {
    this.#limits = undefined;
    this.#inFlight = 0;
    const orphans = [...this.#sent.values()];
    this.#sent.clear();
    for (const call of this.#calls) if (call.phase.at === "sent") call.phase = { at: "queued" };
    for (const done of orphans) done(undefined);
  }

  onReply(reply: Ok | Err): void {
    const done = this.#sent.get(reply.id);
    this.#sent.delete(reply.id);
    done?.(reply);
  }

  /** Tells the call; one that nobody waits for any more follows nothing. */
  onFollowed(followed: Followed): void {
    for (const call of this.#calls) {
      if (call.phase.at !== "sent" || call.phase.id !== followed.id) continue;
      call.onFollowed?.(followed);
      return;
    }
    this.ask((id) => ({ t: "unsub", id, topic: followed.topic }), () => undefined);
  }

  /** Nothing will be answered any more. */
  close(error: Error = new ClosedError("the client is closed")): void {
    this.onDown();
    this.#closed = error;
    for (const call of [...this.#calls]) this.#end(call, () => { call.reject(error); });
  }

  /** Sends what is queued, in order, as far as the server's limit goes. */
  #pump(): void {
    const limits = this.#limits;
    if (limits === undefined) return;
    for (const call of this.#calls) {
      if (this.#inFlight >= limits.calls_in_flight) return;
      if (call.phase.at === "queued") this.#transmit(call, limits);
    }
  }

  #transmit(call: Call, limits: Limits): void {
    const id = this.#nextId();
    const { method, params, key } = call;
    const plain: ClientMessage = { t: "call", id, method, params, key };
    const message: ClientMessage = call.onFollowed === undefined ? plain : { ...plain, follow: true };
    const misfit = this.deps.misfit(message, limits);
    if (misfit !== undefined) {
      this.#end(call, () => { call.reject(callError({ code: "payload_too_large", message: misfit })); });
      return;
    }
    call.phase = { at: "sent", id };
    this.#inFlight += 1;
    this.#sent.set(id, (reply) => {
      if (reply === undefined) return; // the line broke: queued again by onDown
      this.#inFlight -= 1;
      if (this.#calls.has(call)) this.#answered(call, reply);
      this.#pump();
    });
    this.deps.send(message);
  }

  #answered(call: Call, reply: Ok | Err): void {
    if (reply.t === "ok") {
      this.#end(call, () => { call.resolve(reply.result); });
      return;
    }
    const error = callError({ ...reply, retryAfterMs: reply.retry_after_ms });
    const delay = this.#retryDelay(call, error);
    if (delay === undefined) {
      this.#end(call, () => { call.reject(error); });
      return;
    }
    this.deps.onRetry(call.method, call.key, delay, error.code);
    const alarm = new Alarm(this.deps.clock);
    call.phase = { at: "waiting", alarm };
    alarm.set(delay, () => {
      call.phase = { at: "queued" };
      this.#pump();
    });
  }

  /** `undefined` when another attempt is pointless or would come too late: the caller gets the server's own words. */
  #retryDelay(call: Call, error: CallError): number | undefined {
    if (!error.retryable) return undefined;
    if (error.code === "internal" && call.backoff.attempt + 1 >= MAX_INTERNAL_ATTEMPTS) return undefined;
    const delay = call.backoff.next(error.retryAfterMs);
    return this.deps.clock.now() + delay < call.deadline ? delay : undefined;
  }

  #end(call: Call, settle: () => void): void {
    if (!this.#calls.delete(call)) return;
    if (call.phase.at === "waiting") call.phase.alarm.stop();
    call.release();
    settle();
  }

  /** Unsigned 32 bits, and none that is in flight. */
  #nextId(): number {
    do this.#lastId = (this.#lastId + 1) >>> 0;
    while (this.#sent.has(this.#lastId));
    return this.#lastId;
  }
}
