/** What the routes of administrators answer. Times are ISO 8601 in UTC; ages are seconds. */

/** A connection for which something waits. */
export interface SlowReader {
  readonly user: string;
  readonly session: string;
  /** Bytes that wait. */
  readonly bytes: number;
  /** Subscriptions that read the log. */
  readonly behind: number;
  /** Volatile events that newer ones replaced. */
  readonly coalesced: number;
  /** Volatile events that were dropped. */
  readonly dropped: number;
}

/** What a node told about itself. */
export interface NodeStats {
  readonly sockets: number;
  readonly subscriptions: number;
  /** Subscriptions that read the log. */
  readonly behind: number;
  readonly outbox_bytes: number;
  readonly running_tasks: number;
  readonly slow_readers: readonly SlowReader[];
}

export interface NodeView {
  readonly id: string;
  readonly started_at: string;
  readonly heartbeat_age: number;
  /** Tasks that its rows say it runs. */
  readonly tasks: number;
  /** `null` before it told the first time. */
  readonly stats: NodeStats | null;
}

export interface Nodes {
  /** The node that answered. */
  readonly asked: string;
  readonly nodes: readonly NodeView[];
}

/** One kind of task; what ended, ended in the last hour. */
export interface Queue {
  readonly kind: string;
  readonly queued: number;
  readonly oldest_seconds: number;
  readonly running: number;
  readonly rescued: number;
  readonly completed: number;
  readonly failed: number;
  readonly cancelled: number;
  readonly last_error: string | null;
}

/** A session that the journal remembers. */
export interface Remembered {
  readonly session: string;
  readonly from: string;
  readonly to: string;
  readonly connections: number;
}

export type NoteWord = "opened" | "subscribed" | "snapshot" | "position" | "behind" | "live" | "ended" | "closed";

/** What a connection noted. */
export interface Note {
  readonly at: string;
  readonly connection: string;
  readonly node: string;
  readonly what: NoteWord;
  readonly topic: string | null;
  readonly seq: number | null;
  readonly detail: Readonly<Record<string, unknown>>;
}

export type Fate =
  | "no_such_event"
  | "sent"
  | "in_snapshot"
  | "client_had_it"
  | "on_its_way"
  | "connection_ended"
  | "subscription_ended"
  | "not_subscribed";

/** What became of one event for one session. */
export interface Explanation {
  readonly fate: Fate;
  readonly sentence: string;
  /** The oldest first. */
  readonly notes: readonly Note[];
}
