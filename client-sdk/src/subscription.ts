/**
 * One topic: its subscription on the wire, shared by all its readers. It guards the order: an event is handed over if
 * and only if it is the next one of that reader. A hole means asking again from where the readers stand; a snapshot
 * that the server sends instead of events resets them.
 *
 * A reader who joins later needs a snapshot, and a topic has one subscription a connection: so the topic is asked for
 * afresh. Readers that the snapshot would overtake are then given their events by asking once more from their place.
 */
import type { SubscriptionStatus } from "./api.js";
import { Alarm } from "./clock.js";
import { Debt } from "./debt.js";
import { callError } from "./errors.js";
import { commonPosition, serves, tell, type Reader } from "./reader.js";
import type { Reply } from "./requests.js";
import type { TopicDeps, TopicWire } from "./topic.js";
import type { Ev, Live, Position, Snap } from "./wire.js";

/** A question that is unanswered for so long on a line that lives is asked again, milliseconds. */
const ANSWER_MS = 30_000;

export class Topic {
  #wire: TopicWire = { at: "off" };
  readonly #readers = new Set<Reader>();
  readonly #rest: Alarm;
  /** Whether the server holds a subscription of ours, as far as it was told. */
  #held = false;
  #scheduled = false;
  #online = false;
  /** What a mark said that had not come yet. */
  readonly #debt: Debt;
  readonly #answer: Alarm;
  /** Holes since the last event that fitted. */
  #holes = 0;

  constructor(
    readonly name: string,
    private readonly deps: TopicDeps,
  ) {
    this.#rest = new Alarm(deps.clock);
    this.#answer = new Alarm(deps.clock);
    const onLost = (head: number): void => {
      if (this.#wire.at === "running") this.#hole(this.#wire.cursor.seq + 1, head);
    };
    this.#debt = new Debt({ clock: deps.clock, arrivals: deps.arrivals, onLost });
  }

  /** Whether all that the server has was handed over. */
  get isComplete(): boolean {
    return this.#wire.at === "running" && this.#wire.complete;
  }

  /** Whether anybody waits for it: full readers have what they can hold. */
  get isWanted(): boolean {
    return this.#active().length > 0;
  }

  add(reader: Reader): void {
    this.#readers.add(reader);
    this.#schedule();
  }

  remove(reader: Reader): void {
    if (!this.#readers.delete(reader)) return;
    if (this.#readers.size === 0) this.#schedule();
  }

  /** A reader wants more again, or no more for now. */
  changed(): void {
    this.#schedule();
  }

  onOpen(): void {
    this.#online = true;
    this.#schedule();
  }

  onDown(): void {
    this.#online = false;
    this.#held = false;
    this.#stopAlarms();
    this.#enter({ at: "off" });
    this.#schedule();
  }

  /** Ends every reader. */
  end(status: SubscriptionStatus): void {
    const readers = [...this.#readers];
    this.#readers.clear();
    this.#stopAlarms();
    this.#wire = { at: "off" };
    for (const reader of readers) tell(reader, status);
    this.deps.onIdle(this);
  }

  onRevoked(message: string): void {
    this.#held = false;
    this.end({ at: "revoked", message });
  }

  /** The server has subscribed this connection by itself: it sends what comes after `position`. */
  granted(position: Position): void {
    // Asked for meanwhile: the answer to that says how it stands.
    if (this.#wire.at !== "off") return;
    this.#held = true;
    this.#enter({ at: "running", cursor: position, complete: false });
  }

  onSnap(snap: Snap): void {
    const wire = this.#wire;
    // While asking, it is the last subscription's: a newer answer is on its way.
    if (wire.at !== "filling" && wire.at !== "running") return;
    const fresh = wire.at === "filling";
    const position: Position = { epoch: snap.epoch, seq: snap.seq };
    this.#stopAlarms();
    this.#debt.settle();
    this.deps.backoff.reset();
    this.#enter({ at: "running", cursor: position, complete: true });
    for (const reader of this.#active()) {
      const at = reader.position;
      const known = at?.epoch === snap.epoch;
      // There already; or asked for afresh on behalf of another, so that this one still gets its events one by one. One
      // that is ahead of the server holds what the log has lost: it is reset like everybody else.
      if (known && (at.seq === snap.seq || (fresh && at.seq < snap.seq))) continue;
      if (at !== undefined) this.deps.onDiagnostic({ type: "reset", topic: this.name, position });
      reader.position = position;
      reader.onSnapshot(snap.state, position);
    }
    this.#schedule();
  }

  onEvent(event: Ev): void {
    const wire = this.#wire;
    if ((wire.at !== "running" && wire.at !== "asking") || wire.cursor === undefined) return;
    const { cursor } = wire;
    if (event.seq <= cursor.seq) {
      this.deps.onDiagnostic({ type: "duplicate", topic: this.name, seq: event.seq });
      return;
    }
    if (event.seq > cursor.seq + 1) {
      this.#hole(cursor.seq + 1, event.seq);
      return;
    }
    this.#holes = 0;
    this.deps.backoff.reset();
    const position: Position = { epoch: cursor.epoch, seq: event.seq };
    this.#wire = { ...wire, cursor: position };
    for (const reader of this.#active()) {
      if (reader.position?.epoch !== position.epoch || reader.position.seq + 1 !== event.seq) continue;
      reader.position = position;
      reader.onEvent(event, position);
    }
    if (this.#debt.settledBy(event.seq)) this.#complete();
    else this.#debt.moved(event.seq);
  }

  onLive(event: Live): void {
    for (const reader of this.#active()) if (reader.position !== undefined) reader.onLive(event);
  }

  /** The server's head: complete up to there, or something is owed. */
  onMark(head: number): void {
    for (const reader of this.#active()) reader.onMark(head);
    const wire = this.#wire;
    if (wire.at !== "running") return;
    const { cursor } = wire;
    if (cursor.seq === head) {
      this.#complete();
      return;
    }
    if (head > cursor.seq) this.#enter({ at: "running", cursor, complete: false });
    this.#debt.owe(head, cursor.seq);
  }

  #complete(): void {
    if (this.#wire.at !== "running") return;
    this.#debt.settle();
    if (!this.#wire.complete) this.#enter({ at: "running", cursor: this.#wire.cursor, complete: true });
  }

  #hole(expected: number, got: number): void {
    if (this.#wire.at !== "running") return; // asked already
    this.deps.onDiagnostic({ type: "gap", topic: this.name, expected, got });
    this.#debt.clear();
    this.#holes += 1;
    if (this.#holes === 1) this.#ask();
    else this.#restFor(this.deps.backoff.next());
  }

  /** Gathers what happens in one turn of the event loop: leaving and joining at once says nothing on the wire. */
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      this.#settle();
    });
  }

  /** Compares what the readers need with what is running. */
  #settle(): void {
    // One question at a time: a server that still looks into the last `sub` refuses another one, and would end the
    // subscription after it was granted. The answer comes here again.
    if (this.#wire.at === "asking") return;
    if (this.#readers.size === 0) {
      this.#leave();
      this.deps.onIdle(this);
      return;
    }
    const wire = this.#wire;
    if (!this.#online || wire.at === "filling" || wire.at === "resting") return;
    const active = this.#active();
    if (active.length === 0) this.#leave();
    else if (wire.at === "off" || !active.every((reader) => serves(wire.cursor, reader))) this.#ask();
  }

  #ask(): void {
    this.#stopAlarms();
    const active = this.#active();
    if (active.length === 0) {
      this.#leave();
      return;
    }
    const since = commonPosition(active);
    const cursor = this.#wire.at === "running" || this.#wire.at === "asking" ? this.#wire.cursor : undefined;
    if (this.#held) this.deps.ask((id) => ({ t: "unsub", id, topic: this.name }), () => undefined);
    this.#held = true;
    this.#enter({ at: "asking", cursor });
    this.#answer.set(ANSWER_MS, () => this.#ask());
    this.deps.ask(
      (id) => (since === undefined ? { t: "sub", id, topic: this.name } : { t: "sub", id, topic: this.name, since }),
      (reply) => {
        if (reply !== undefined) this.#onReply(reply, since);
      },
    );
  }

  #onReply(reply: Exclude<Reply, undefined>, since: Position | undefined): void {
    if (this.#wire.at !== "asking") return;
    if (reply.t === "ok") {
      if (since === undefined) this.#enter({ at: "filling" });
      else this.#resume(since, reply.result);
      this.#schedule();
      return;
    }
    const error = callError({ ...reply, retryAfterMs: reply.retry_after_ms });
    this.#answer.stop();
    // A conflict: the server holds a subscription that it should not; it is ended before the next try. Without a valid
    // token the connection itself ends soon, and the next one asks again.
    this.#held = error.code === "conflict";
    if (error.retryable || this.#held || error.code === "unauthenticated") this.#restFor(this.deps.backoff.next(reply.retry_after_ms));
    else this.end({ at: "refused", error });
  }

  /** A server may tell the head with its `ok`: then it is known at once whether anything is missing, else by a mark. */
  #resume(since: Position, result: unknown): void {
    this.#answer.stop();
    this.#enter({ at: "running", cursor: since, complete: false });
    const head = (result ?? {}) as Partial<Position>;
    if (head.epoch === since.epoch && typeof head.seq === "number") {
      if (head.seq <= since.seq) this.#complete();
      else this.#debt.owe(head.seq, since.seq);
    }
  }

  #restFor(ms: number): void {
    this.#leave();
    this.#enter({ at: "resting" });
    this.#rest.set(ms, () => {
      this.#enter({ at: "off" });
      this.#settle();
    });
  }

  #leave(): void {
    this.#stopAlarms();
    if (this.#held) this.deps.ask((id) => ({ t: "unsub", id, topic: this.name }), () => undefined);
    this.#held = false;
    this.#enter({ at: "off" });
  }

  #stopAlarms(): void {
    this.#rest.stop();
    this.#answer.stop();
    this.#debt.clear();
  }

  #active(): Reader[] {
    return [...this.#readers].filter((reader) => reader.wants);
  }

  #enter(wire: TopicWire): void {
    this.#wire = wire;
    const status: SubscriptionStatus =
      wire.at === "running" && wire.complete ? { at: "live" } : { at: this.#online ? "catching up" : "waiting" };
    for (const reader of this.#readers) tell(reader, status);
    this.deps.onProgress();
  }
}
