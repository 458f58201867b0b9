/** The routes of administrators, typed. */
import type { Api } from "../live/api";
import type { Explanation, Nodes, Note, Queue, Remembered } from "../model/admin";

/** Notes that a timeline asks for; more than the server's own number, less than its bound. */
export const NOTES = 1_000;

export function readNodes(api: Api, signal: AbortSignal): Promise<Nodes> {
  return api.get<Nodes>("/v1/admin/nodes", signal);
}

export async function readQueues(api: Api, signal: AbortSignal): Promise<readonly Queue[]> {
  return (await api.get<{ queues: readonly Queue[] }>("/v1/admin/queues", signal)).queues;
}

/** The sessions of a person that the journal remembers, the newest first. */
export async function readSessions(api: Api, user: string, signal: AbortSignal): Promise<readonly Remembered[]> {
  return (await api.get<{ sessions: readonly Remembered[] }>(`/v1/admin/sessions?${query({ user })}`, signal)).sessions;
}

/** What a session's connections noted, the oldest first; of the newest {@link NOTES}. */
export async function readNotes(api: Api, session: string, signal: AbortSignal): Promise<readonly Note[]> {
  return (await api.get<{ notes: readonly Note[] }>(`${timeline(session)}?${query({ limit: String(NOTES) })}`, signal)).notes;
}

/** Why the session saw event `seq` of `topic`, or did not. */
export function readExplanation(api: Api, session: string, topic: string, seq: number, signal: AbortSignal): Promise<Explanation> {
  return api.get<Explanation>(`${timeline(session)}?${query({ topic, seq: String(seq) })}`, signal);
}

const timeline = (session: string) => `/v1/admin/sessions/${encodeURIComponent(session)}/timeline`;
const query = (values: Record<string, string>) => String(new URLSearchParams(values));
