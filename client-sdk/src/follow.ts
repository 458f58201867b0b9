/** A call whose task is followed: a subscription that the server begins with the task itself. */
import type { SubscribeOptions, Subscription } from "./api.js";
import type { OnFollowed } from "./requests.js";
import type { Topic } from "./subscription.js";

export interface FollowDeps {
  readonly call: (onFollowed: OnFollowed) => Promise<unknown>;
  readonly topic: (name: string) => Topic;
  readonly subscribe: (topic: `task:${string}`, options: SubscribeOptions) => Subscription;
}

/** Calls, and subscribes to the task: when the server says that it did, or else by the answer. */
export async function follow(method: string, deps: FollowDeps): Promise<{ result: unknown; subscription: Subscription }> {
  let subscription: Subscription | undefined;
  const onFollowed: OnFollowed = ({ topic, epoch, seq }) => {
    const since = { epoch, seq };
    deps.topic(topic).granted(since);
    subscription ??= deps.subscribe(topic as `task:${string}`, { since });
  };
  try {
    const result = await deps.call(onFollowed);
    subscription ??= deps.subscribe(`task:${taskOf(result, method)}`, {});
    return { result, subscription };
  } catch (error) {
    subscription?.unsubscribe();
    throw error;
  }
}

function taskOf(result: unknown, method: string): string {
  const id = (result as { task_id?: unknown } | null | undefined)?.task_id;
  if (typeof id !== "string") throw new TypeError(`${method} starts no task that could be followed: use \`call\``);
  return id;
}
