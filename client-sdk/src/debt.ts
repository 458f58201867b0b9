/**
 * What a topic still owes: the server's head, as its marks tell it, against what has arrived. Marks overtake events, so
 * one that is ahead proves nothing yet. Something is lost when the topic has not moved for a grace in which nothing
 * durable came at all, or not for several marks while others moved (a slow line that is busy with them).
 */
import { Alarm, type Clock } from "./clock.js";

/** How long a quiet line may owe something before it is asked for again, milliseconds. */
export const GRACE_MS = 3_000;
/** A server that needs longer than the grace to look is not asked faster than it answers: the grace doubles so often. */
const MAX_DOUBLINGS = 5;
/** Marks without a move, after which it is lost: on a quiet line, and on one that brings other topics' events. */
const QUIET_MARKS = 2;
const BUSY_MARKS = 4;

export interface DebtDeps {
  readonly clock: Clock;
  /** Durable messages that the line brought so far, of all topics. */
  readonly arrivals: () => number;
  /** It is not on its way: ask again. */
  readonly onLost: (head: number) => void;
}

interface Owed {
  readonly head: number;
  /** Where the topic stood then. */
  readonly seq: number;
  readonly arrivals: number;
  readonly marks: number;
}

export class Debt {
  readonly #grace: Alarm;
  #owed: Owed | undefined;
  /** Times in a row that it had to be asked for again. */
  #losses = 0;

  constructor(private readonly deps: DebtDeps) {
    this.#grace = new Alarm(deps.clock);
  }

  /** Whether an event or snapshot at `seq` settles it. */
  settledBy(seq: number): boolean {
    return this.#owed !== undefined && seq >= this.#owed.head;
  }

  /** The server is at `head`, the topic at `seq`. */
  owe(head: number, seq: number): void {
    const before = this.#owed;
    const arrivals = this.deps.arrivals();
    const marks = before?.seq === seq ? before.marks + 1 : 1;
    this.#owed = { head, seq, arrivals: marks === 1 ? arrivals : (before?.arrivals ?? arrivals), marks };
    if (marks >= (this.#owed.arrivals === arrivals ? QUIET_MARKS : BUSY_MARKS)) this.#lose();
    else if (marks === 1 && head > seq) this.#wait();
  }

  /** The topic has moved: what is left has a grace of its own. */
  moved(seq: number): void {
    this.#losses = 0;
    if (this.#owed !== undefined) this.#owed = { ...this.#owed, seq, marks: 0 };
  }

  /** Everything that the server has is here. */
  settle(): void {
    this.#losses = 0;
    this.clear();
  }

  /** What was owed is asked for in another way, or nobody waits for it. */
  clear(): void {
    this.#owed = undefined;
    this.#grace.stop();
  }

  #wait(): void {
    const { arrivals } = this.deps;
    const seen = arrivals();
    this.#grace.set(GRACE_MS * 2 ** Math.min(this.#losses, MAX_DOUBLINGS), () => {
      if (this.#owed === undefined) return;
      if (arrivals() === seen) this.#lose();
      else this.#wait();
    });
  }

  #lose(): void {
    const head = this.#owed?.head;
    this.clear();
    this.#losses += 1;
    if (head !== undefined) this.deps.onLost(head);
  }
}
