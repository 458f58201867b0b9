/** Topics with their logs, as the protocol means them: numbered durable events, volatile ones, subscribers. */
export interface LoggedEvent {
  readonly topic: string;
  readonly seq: number;
  readonly kind: string;
  readonly at: string;
  readonly data: unknown;
}
type Listener = (message: Record<string, unknown>) => void;

export class Log {
  readonly epoch = 7;
  readonly #events = new Map<string, LoggedEvent[]>();
  readonly #listeners = new Map<string, Set<Listener>>();

  head(topic: string): number {
    return this.#events.get(topic)?.length ?? 0;
  }

  after(topic: string, seq: number): LoggedEvent[] {
    return (this.#events.get(topic) ?? []).slice(seq);
  }

  event(topic: string, kind: string, data: unknown): void {
    const events = this.#events.get(topic) ?? [];
    this.#events.set(topic, events);
    const event: LoggedEvent = { topic, seq: events.length + 1, kind, at: new Date().toISOString(), data: structuredClone(data) };
    events.push(event);
    this.#tell(topic, { t: "ev", ...event });
  }

  live(topic: string, key: string, kind: string, data: unknown): void {
    this.#tell(topic, { t: "live", topic, key, kind, at: new Date().toISOString(), data });
  }

  listen(topic: string, listener: Listener): () => void {
    const listeners = this.#listeners.get(topic) ?? new Set();
    this.#listeners.set(topic, listeners);
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  #tell(topic: string, message: Record<string, unknown>): void {
    for (const listener of this.#listeners.get(topic) ?? []) listener(message);
  }
}
