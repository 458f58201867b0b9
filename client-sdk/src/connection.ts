/**
 * The connection: one line at a time, from the token to the welcome, and again after it breaks. It owns every timer of
 * that life. What travels over it is other machines' business.
 */
import type { TokenRequest } from "./api.js";
import { Alarm } from "./clock.js";
import { MAX_WISH_MS } from "./backoff.js";
import { afterClose, leastWait } from "./codes.js";
import { CallError, ClosedError } from "./errors.js";
import type { ConnectionDeps, Mode } from "./mode.js";
import { Outbox } from "./outbox.js";
import type { Transport } from "./transport.js";
import { Vigil } from "./vigil.js";
import { parseServerMessage, type ClientMessage, type ServerMessage } from "./wire.js";

/** How long a token, an opened line, or the welcome may take, milliseconds: the server's own hello deadline. */
const STAGE_TIMEOUT_MS = 10_000;
/** A connection that lived this long was a good one: the next delay starts from the bottom again. */
const STABLE_AFTER_MS = 5_000;
/** Rejected tokens in a row after which asking for another is pointless. */
const MAX_REJECTIONS = 2;

export class Connection {
  #mode: Mode = { at: "idle" };
  readonly #stage: Alarm;
  readonly #drain: Alarm;
  readonly #vigil: Vigil;
  #drainAt: number | undefined;
  /** The server asked to stay away: nothing but time ends the waiting. */
  #isTold = false;
  #rejected: string | undefined;
  #rejections = 0;
  #lastToken: string | undefined;
  /** Which attempt a late answer belongs to. */
  #attempt = 0;

  constructor(private readonly deps: ConnectionDeps) {
    this.#stage = new Alarm(deps.clock);
    this.#drain = new Alarm(deps.clock);
    this.#vigil = new Vigil({
      clock: deps.clock,
      ping: deps.ping,
      onStale: (stale) => {
        if (this.#mode.at === "open") this.#enter({ ...this.#mode, stale });
      },
      onDead: () => {
        this.#giveUp();
      },
    });
  }

  get mode(): Mode {
    return this.#mode;
  }

  start(): void {
    if (this.#mode.at === "idle") this.#connect("connect", false);
  }

  /** Ends for good. */
  close(reason: string, error?: Error): void {
    if (this.#mode.at === "closed") return;
    this.#leave((transport) => {
      transport.close(1000, "bye");
    });
    this.#enter(error === undefined ? { at: "closed", reason } : { at: "closed", reason, error });
  }

  /** Says something, if the line is open. */
  send(message: ClientMessage): void {
    if (this.#mode.at === "open") this.#mode.outbox.push(message);
  }

  /** The world may have changed (online again, tab visible): waits no longer unless it was told to, and doubts the line. */
  nudge(): void {
    if (this.#mode.at === "waiting" && !this.#isTold) this.#connect("connect", false);
    else if (this.#mode.at === "open") this.#vigil.doubt();
  }

  /** The server goes away: changes over when it says. */
  drain(afterMs: number): void {
    const delay = Math.min(afterMs, MAX_WISH_MS);
    this.#drainAt = this.deps.clock.now() + delay;
    this.#drain.set(delay, () => {
      this.#leave((transport) => {
        transport.close(1000, "drained");
      });
      this.#connect("connect", false);
    });
  }

  /** The token with which the server was last content, for the case that it refuses it later. */
  renewed(token: string): void {
    this.#lastToken = token;
  }

  #connect(reason: TokenRequest["reason"], probing: boolean): void {
    const attempt = ++this.#attempt;
    this.#forgetDrain();
    this.#enter({ at: "token", probing });
    this.#stage.set(STAGE_TIMEOUT_MS, () => {
      this.#wait("no token in time");
    });
    const ours = (act: () => void): void => {
      if (attempt === this.#attempt && this.#mode.at === "token") act();
    };
    // Through a promise, so that a function which throws at once is handled like one which rejects.
    new Promise<string>((resolve) => {
      resolve(this.deps.token({ reason }));
    }).then(
      (token) => {
        ours(() => {
          if (token === this.#rejected) this.close("unauthenticated", new ClosedError("the token source gave the rejected token again"));
          else this.#open(token, probing);
        });
      },
      (error: unknown) => {
        ours(() => {
          this.#tokenFailed(error);
        });
      },
    );
  }

  #tokenFailed(error: unknown): void {
    const final = error instanceof ClosedError || (error instanceof CallError && !error.retryable);
    if (final) this.close("unauthenticated", error);
    else {
      const told = error instanceof CallError ? error.retryAfterMs : undefined;
      this.#wait(`no token: ${error instanceof Error ? error.message : String(error)}`, told);
    }
  }

  #open(token: string, probing: boolean): void {
    this.#stage.stop();
    this.#lastToken = token;
    const attempt = this.#attempt;
    const ours = (act: () => void): void => {
      if (attempt === this.#attempt) act();
    };
    let transport: Transport;
    try {
      transport = this.deps.openTransport(this.deps.url, this.deps.codec.subprotocol, {
        onOpen: () => {
          ours(() => {
            this.#greet(transport, token, probing);
          });
        },
        onFrame: (frame) => {
          ours(() => {
            this.#onFrame(frame);
          });
        },
        onClose: (code, reason, retryAfterMs) => {
          ours(() => {
            this.#onClose(code, reason, retryAfterMs);
          });
        },
      });
    } catch (error) {
      // A malformed address, or a page whose policy forbids it: trying again cannot help.
      this.close("the address cannot be opened", error instanceof Error ? error : new Error(String(error)));
      return;
    }
    this.#enter({ at: "opening", probing, transport });
    this.#stage.set(STAGE_TIMEOUT_MS, () => {
      this.#abandon("the server does not answer");
    });
  }

  #greet(transport: Transport, token: string, probing: boolean): void {
    const { codec, device, clientName } = this.deps;
    transport.send(codec.join([codec.encode({ t: "hello", token, device, client: clientName })]));
    this.#enter({ at: "greeting", probing, transport });
    this.#stage.set(STAGE_TIMEOUT_MS, () => {
      this.#abandon("no welcome in time");
    });
  }

  #onFrame(frame: string | ArrayBuffer): void {
    if (this.#mode.at === "open") this.#vigil.heard();
    const attempt = this.#attempt;
    try {
      const batch = this.deps.codec.decode(frame).map(parseServerMessage);
      // A mark overtakes the events beside it: it is read after them, so that it does not miss what is in the hand.
      const isMark = (message: ServerMessage | undefined): boolean => message?.t === "mark";
      for (const message of [...batch.filter((each) => !isMark(each)), ...batch.filter(isMark)]) {
        if (message !== undefined) this.#onMessage(message);
        if (attempt !== this.#attempt) return; // the message ended this line
      }
    } catch (error) {
      if (attempt !== this.#attempt) return;
      this.deps.onViolation(error instanceof Error ? error.message : String(error));
      this.#abandon("the server sent something that is not of this protocol");
    }
  }

  #onMessage(message: ServerMessage): void {
    if (message.t !== "welcome") {
      if (this.#mode.at === "open") this.deps.onMessage(message);
      return;
    }
    if (this.#mode.at !== "greeting") return;
    const { transport } = this.#mode;
    this.#stage.stop();
    this.#rejected = undefined;
    this.#rejections = 0;
    const outbox = new Outbox(this.deps.codec, message.limits, this.deps.clock, (batch) => {
      transport.send(batch);
    });
    this.#enter({ at: "open", transport, outbox, welcome: message, openedAt: this.deps.clock.now(), stale: false });
    this.#vigil.begin(message.heartbeat_ms);
    this.deps.onOpen(message);
  }

  #onClose(code: number, reason: string, retryAfterMs?: number): void {
    this.deps.onClosedBy(code, reason);
    const text = reason === "" ? `closed with ${String(code)}` : `${reason} (${String(code)})`;
    switch (afterClose(code)) {
      case "stop":
        this.#leave();
        this.#enter({ at: "closed", reason: text, error: new ClosedError(text) });
        return;
      case "reauthenticate":
        this.#leave();
        this.#rejected = this.#lastToken;
        this.#rejections += 1;
        if (this.#rejections >= MAX_REJECTIONS) this.close("unauthenticated", new ClosedError(text));
        else this.#connect("rejected", false);
        return;
      case "reconnect":
        this.#wait(text, Math.max(leastWait(code), retryAfterMs ?? 0));
    }
  }

  #giveUp(): void {
    this.#leave((transport) => {
      transport.abandon();
    });
    this.#connect("connect", true);
  }

  #abandon(reason: string): void {
    this.#leave((transport) => {
      transport.abandon();
    });
    this.#wait(reason);
  }

  /** Until the next try; not before `atLeastMs`, if the server said so. */
  #wait(reason: string, atLeastMs = 0): void {
    this.#leave();
    const now = this.deps.clock.now();
    const drained = this.#drainAt === undefined ? 0 : Math.max(0, this.#drainAt - now);
    this.#drain.stop();
    this.#isTold = drained > 0 || atLeastMs > 0;
    // A drain is spread by the server already: what it says is what is waited.
    const delay = drained > 0 && drained >= atLeastMs ? drained : this.deps.backoff.next(atLeastMs);
    this.#enter({ at: "waiting", retryAt: now + delay, reason });
    this.#stage.set(delay, () => {
      this.#connect("connect", false);
    });
  }

  /** Leaves the line, if there is one: whatever it still says is not heard. */
  #leave(end?: (transport: Transport) => void): void {
    this.#attempt += 1;
    this.#stage.stop();
    this.#vigil.stop();
    const mode = this.#mode;
    if (mode.at === "open") {
      mode.outbox.close();
      if (this.deps.clock.now() - mode.openedAt >= STABLE_AFTER_MS) this.deps.backoff.reset();
    }
    if ("transport" in mode) end?.(mode.transport);
    if (mode.at !== "open") return;
    this.#mode = { at: "idle" };
    this.deps.onDown();
  }

  #enter(mode: Mode): void {
    this.#mode = mode;
    if (mode.at === "closed") {
      this.#stage.stop();
      this.#forgetDrain();
    }
    this.deps.onMode(mode);
  }

  #forgetDrain(): void {
    this.#drain.stop();
    this.#drainAt = undefined;
  }
}
