import type { TokenRequest } from "./api.js";
import type { Backoff } from "./backoff.js";
import type { Clock } from "./clock.js";
import type { Codec } from "./codec.js";
import type { Outbox } from "./outbox.js";
import type { OpenTransport, Transport } from "./transport.js";
import type { ServerMessage, Welcome } from "./wire.js";

/** Where the connection is. Each stage has only what belongs to it. */
export type Mode =
  | { readonly at: "idle" }
  | { readonly at: "token"; readonly probing: boolean }
  | { readonly at: "opening"; readonly probing: boolean; readonly transport: Transport }
  | { readonly at: "greeting"; readonly probing: boolean; readonly transport: Transport }
  | {
      readonly at: "open";
      readonly transport: Transport;
      readonly outbox: Outbox;
      readonly welcome: Welcome;
      readonly openedAt: number;
      /** Nothing was heard for longer than the heartbeats allow. */
      readonly stale: boolean;
    }
  | { readonly at: "waiting"; readonly retryAt: number; readonly reason: string }
  | { readonly at: "closed"; readonly reason: string; readonly error?: Error };

export interface ConnectionDeps {
  readonly url: string;
  readonly device: string;
  readonly clientName: string;
  readonly codec: Codec;
  readonly clock: Clock;
  readonly backoff: Backoff;
  readonly openTransport: OpenTransport;
  readonly token: (request: TokenRequest) => Promise<string> | string;
  readonly onMode: (mode: Mode) => void;
  /** The line is open: everything that was agreed on the last one is void. */
  readonly onOpen: (welcome: Welcome) => void;
  readonly onMessage: (message: ServerMessage) => void;
  /** The line is gone. Comes once after each `onOpen`. */
  readonly onDown: () => void;
  readonly onClosedBy: (code: number, reason: string) => void;
  readonly onViolation: (message: string) => void;
  /** Asks the server for a sign of life. */
  readonly ping: () => void;
}
