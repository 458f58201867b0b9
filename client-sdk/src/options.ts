import type { Diagnostic, TokenRequest } from "./api.js";
import type { BackoffOptions } from "./backoff.js";
import type { Clock } from "./clock.js";
import type { WebSocketConstructor } from "./transport.js";

/** What a client is made of. Only `url` and `token` are needed. */
export interface ClientOptions {
  /** The live endpoint: `wss://…/v1/live`. `http(s)` addresses are understood as `ws(s)`. */
  readonly url: string;
  /** Gives an access token: at every connect, before the old one expires, and after one was refused. */
  readonly token: (request: TokenRequest) => Promise<string> | string;
  /** A stable id of this browser or app. Default: a random one, kept in `localStorage` where there is one. */
  readonly device?: string;
  /** Default `msgpack`; `json` is for debugging. */
  readonly codec?: "msgpack" | "json";
  /** The WebSocket class. Default: the platform's. Node 20 has none: give the `ws` package's. */
  readonly webSocket?: WebSocketConstructor;
  /** Bounds of the reconnect delay. */
  readonly backoff?: BackoffOptions;
  /** Calls that may be unanswered at once; more are refused with `QueueFullError`. Default 256. */
  readonly maxPendingCalls?: number;
  /** What a log may want to know. */
  readonly onDiagnostics?: (diagnostic: Diagnostic) => void;
  /** Time, for tests. */
  readonly clock?: Clock;
  /** Chance, for tests: evenly from 0 to 1. */
  readonly random?: () => number;
}

/** How long a call waits, reconnects and retries included, where it does not say. */
export const DEFAULT_CALL_TIMEOUT_MS = 30_000;
/** Calls that may be unanswered at once, where the client does not say. */
export const DEFAULT_MAX_PENDING_CALLS = 256;
