/**
 * Watches an open line for silence. Time is the clock's that never jumps: a wrong or moved wall clock changes nothing,
 * and a timer that rings late (a hidden page, a lid that was closed) looks at when something was last heard.
 */
import { Alarm, type Clock } from "./clock.js";

/** Heartbeats of silence after which a line is stale: it is said, and the server is asked for a sign (P44). */
const STALE_HEARTBEATS = 1.5;
/** Heartbeats of silence after which a line is given up (P20). */
const DEAD_HEARTBEATS = 2;
/** A line that was heard within this time is not doubted, milliseconds. */
const FRESH_MS = 1_000;
/** How long a doubted line has to answer, milliseconds. */
const PROBE_MS = 5_000;

export interface VigilDeps {
  readonly clock: Clock;
  /** Asks the server for a sign of life. */
  readonly ping: () => void;
  /** The line went quiet for longer than its heartbeats allow, or was heard again. */
  readonly onStale: (stale: boolean) => void;
  /** Nobody is there any more. */
  readonly onDead: () => void;
}

export class Vigil {
  readonly #silence: Alarm;
  readonly #probe: Alarm;
  #heartbeatMs = 0;
  #heardAt = 0;
  #stale = false;

  constructor(private readonly deps: VigilDeps) {
    this.#silence = new Alarm(deps.clock);
    this.#probe = new Alarm(deps.clock);
  }

  begin(heartbeatMs: number): void {
    this.#heartbeatMs = Math.max(1, heartbeatMs);
    this.#heardAt = this.deps.clock.now();
    this.#stale = false;
    this.#watch();
  }

  stop(): void {
    this.#silence.stop();
    this.#probe.stop();
  }

  /** Anything at all came in. */
  heard(): void {
    this.#heardAt = this.deps.clock.now();
    this.#probe.stop();
    if (!this.#stale) return;
    this.#stale = false;
    this.#watch();
    this.deps.onStale(false);
  }

  /** The page was away: the line may be dead without having been told. It is asked, and has a short time to answer. */
  doubt(): void {
    const silence = this.#elapsed();
    if (silence >= DEAD_HEARTBEATS * this.#heartbeatMs) this.deps.onDead();
    else if (silence >= Math.min(FRESH_MS, this.#heartbeatMs) && !this.#probe.isSet) {
      this.#probe.set(PROBE_MS, () => this.deps.onDead());
      this.deps.ping();
    }
  }

  #elapsed(): number {
    return this.deps.clock.now() - this.#heardAt;
  }

  /** One timer that is set again for what is left, instead of one for each message. */
  #watch(): void {
    const silence = this.#elapsed();
    const deadIn = DEAD_HEARTBEATS * this.#heartbeatMs - silence;
    const staleIn = STALE_HEARTBEATS * this.#heartbeatMs - silence;
    if (deadIn <= 0) {
      this.deps.onDead();
      return;
    }
    this.#silence.set(staleIn > 0 ? staleIn : deadIn, () => this.#watch());
    if (staleIn > 0 || this.#stale) return;
    this.#stale = true;
    this.deps.ping();
    this.deps.onStale(true);
  }
}
