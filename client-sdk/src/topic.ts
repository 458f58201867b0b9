/** What a topic's machine stands on, and the states of its subscription on the wire. */
import type { Diagnostic } from "./api.js";
import type { Backoff } from "./backoff.js";
import type { Clock } from "./clock.js";
import type { Reply } from "./requests.js";
import type { Topic } from "./subscription.js";
import type { ClientMessage, Position } from "./wire.js";

/** Where the subscription on the wire is. */
export type TopicWire =
  | { readonly at: "off" }
  /** `cursor`: where the subscription before this one stood; what it still sends is good. */
  | { readonly at: "asking"; readonly cursor: Position | undefined }
  /** Granted; its snapshot has not come yet. */
  | { readonly at: "filling" }
  | { readonly at: "running"; readonly cursor: Position; readonly complete: boolean }
  /** Refused for now: asks again when the alarm rings. */
  | { readonly at: "resting" };

export interface TopicDeps {
  readonly clock: Clock;
  readonly backoff: Backoff;
  readonly ask: (build: (id: number) => ClientMessage, done: (reply: Reply) => void) => number | undefined;
  readonly onDiagnostic: (diagnostic: Diagnostic) => void;
  /** Nobody reads it any more, or it ended. */
  readonly onIdle: (topic: Topic) => void;
  /** Its part in "live or catching up" may have changed. */
  readonly onProgress: () => void;
  /** Durable messages that this client got so far, of all topics. */
  readonly arrivals: () => number;
}
