import type { EventOf } from "../api.js";
import type { ChangeDecided, CvFile, CvState, CvVersionKept } from "../generated/protocol.js";
import { applyPatch } from "./patch.js";

type CvEvent = EventOf<`cv:${string}`>;

/**
 * A CV's state after one more of its durable events.
 * @throws FoldError when a patch does not fit: then the state is not the server's, and a snapshot is needed.
 */
export function reduceCv(state: CvState, event: CvEvent): CvState {
  switch (event.kind) {
    case "cv.changed": {
      const { patch, rev, content_version } = event.data;
      const content = applyPatch(state.file.content, patch);
      return withFile(state, event.at, { content, content_rev: rev, content_version });
    }
    case "cv.version":
      return keepVersion(state, event.data, event.at);
    case "cv.score": {
      const score = event.data;
      const summary = { match_score: score.score, score_before: score.before, match_score_status: score.status };
      return withFile(state, event.at, { ...summary, score });
    }
    case "cv.optimise":
      return withFile(state, event.at, {
        optimise_status: event.data.status,
        optimise_updated_at: event.data.updated_at,
      });
    case "cv.changes_proposed": {
      const { changes, pending_source_version } = event.data;
      const pending_count = changes.filter((change) => change.status === "pending").length;
      return withFile(state, event.at, { pending_changes: changes, pending_source_version, pending_count });
    }
    case "cv.change_decided":
      return withFile(state, event.at, decide(state.file, event.data, event.at));
    case "cv.state": {
      const { blocked } = event.data;
      const blocked_at = blocked ? (state.file.blocked_at ?? event.at) : null;
      return withFile(state, event.at, { ...event.data, blocked_at });
    }
    default:
      return state; // a kind of a later version
  }
}

/** One decision (cv R29); with the last one the review is over (cv R30). */
function decide(file: CvFile, { change_id, decision, rev, remaining }: ChangeDecided, at: string): Partial<CvFile> {
  if (remaining === 0)
    return { content_rev: rev, pending_changes: [], pending_source_version: null, pending_count: 0, optimise_status: "idle" };
  const pending_changes = file.pending_changes.map((change) =>
    change.id === change_id ? { ...change, status: decision, decided_at: at } : change,
  );
  return { content_rev: rev, pending_changes, pending_count: remaining };
}

/** The event does not tell the new row's id: until the next snapshot it is made of the CV's id and the number. */
function keepVersion(state: CvState, kept: CvVersionKept, at: string): CvState {
  const { pruned, ...version } = kept;
  const others = state.versions.filter((each) => each.version !== kept.version && !pruned.includes(each.version));
  const added = { id: `${state.file.id}:${String(kept.version)}`, ...version, created_at: at };
  const versions = [added, ...others].sort((a, b) => b.version - a.version);
  return { ...withFile(state, at, {}), versions };
}

function withFile(state: CvState, at: string, change: Partial<CvFile>): CvState {
  return { ...state, file: { ...state.file, ...change, updated_at: at } };
}
