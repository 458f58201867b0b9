import { useCallback, useEffect, useMemo, useRef, useState, useSyncExternalStore } from "react";
import type { CallOptions, ConnectionState, Known, Method, ParamsOf, ResultOf, StateOf } from "../api.js";
import { cvFold, taskFold, userFold, type TaskLiveState } from "../fold/folds.js";
import type { CvState, Outage, UserState } from "../generated/protocol.js";
import type { Fold, TopicView } from "../store.js";
import { useClient } from "./provider.js";
import { nothing, sharedStore } from "./shared.js";

/** How the connection stands. */
export function useConnection(): ConnectionState {
  const { state } = useClient();
  return useSyncExternalStore(state.subscribe, state.get, state.get);
}

/** What the server itself cannot reach right now; empty when all is well. */
export function useOutages(): readonly Outage[] {
  const { outages } = useClient();
  return useSyncExternalStore(outages.subscribe, outages.get, outages.get);
}

/**
 * A topic, folded. Components that name the same topic with the same `fold` share one subscription, so keep the fold
 * outside the component. `undefined` as topic reads nothing.
 */
export function useTopic<const T extends string, S = StateOf<T>>(topic: T | undefined, fold: Fold<T, S>): TopicView<S> {
  const client = useClient();
  const store = useMemo(
    () => (topic === undefined ? nothing : sharedStore(client, topic, fold)),
    [client, topic, fold],
  );
  return useSyncExternalStore(store.subscribe, store.get, store.get);
}

/** One task: its offers, its steps, its progress, and the text that each step writes right now. */
export function useTask(id: string | undefined): TopicView<TaskLiveState> {
  return useTopic(id === undefined ? undefined : `task:${id}`, taskFold);
}

/** One CV with its versions, score and open changes. */
export function useCv(id: string | undefined): TopicView<CvState> {
  return useTopic(id === undefined ? undefined : `cv:${id}`, cvFold);
}

/** A person's own feed. Default: whom the connection speaks for. */
export function useUser(id?: string): TopicView<UserState> {
  const connection = useConnection();
  const [known, setKnown] = useState<string>();
  // Remembered while the connection is away, so that the feed stays on the page.
  const current = "user" in connection ? connection.user : known;
  if (current !== known) setKnown(current);
  const user = id ?? current;
  return useTopic(user === undefined ? undefined : `user:${user}`, userFold);
}

/** The last run of a call. */
export type CallState<R> =
  | { readonly status: "idle" }
  | { readonly status: "pending" }
  | { readonly status: "done"; readonly result: R }
  | { readonly status: "failed"; readonly error: Error };

/** A command and its last run. */
export interface UseCall<M extends string> {
  /** The newest run. */
  readonly state: CallState<ResultOf<M>>;
  /** Runs it; the promise fails as `state` does. A run whose component is gone goes on, and shows nothing. */
  readonly run: (params: ParamsOf<M>, options?: CallOptions) => Promise<ResultOf<M>>;
  /** Forgets the last run. */
  readonly reset: () => void;
}

/** A command with its state. Only the newest run is shown. */
export function useCall<M extends Known<Method>>(method: M): UseCall<M> {
  const client = useClient();
  const [state, setState] = useState<CallState<ResultOf<M>>>({ status: "idle" });
  const newest = useRef(0);
  useEffect(
    () => () => {
      newest.current += 1;
    },
    [client, method],
  );
  const run = useCallback(
    async (params: ParamsOf<M>, options?: CallOptions): Promise<ResultOf<M>> => {
      const mine = ++newest.current;
      const show = (next: CallState<ResultOf<M>>): void => {
        if (mine === newest.current) setState(next);
      };
      show({ status: "pending" });
      try {
        const result = await client.call(method, params, options);
        show({ status: "done", result });
        return result;
      } catch (error) {
        show({ status: "failed", error: error instanceof Error ? error : new Error(String(error)) });
        throw error;
      }
    },
    [client, method],
  );
  const reset = useCallback(() => {
    newest.current += 1;
    setState({ status: "idle" });
  }, []);
  return { state, run, reset };
}
