/** What must compile, and what must not: checked by the compiler, run for nothing. */
import { expectTypeOf, test } from "vitest";
import type {
  CallMap,
  Client,
  CvChanged,
  CvState,
  EventOf,
  LiveOf,
  Position,
  Session,
  StreamItem,
  TaskStarted,
  TaskState,
} from "../src/index.js";
import { cvFold, reduceCv, type TopicStore } from "../src/index.js";
import type { createTopicStore } from "../src/index.js";

declare module "../src/product.js" {
  interface CallMap {
    "mine.double": { params: { n: number }; result: number };
  }
}

declare const client: Client;
declare const session: Session;
declare const store: typeof createTopicStore;
declare const id: string;

function compiles(): void {
  void client
    .follow("cv.score", { id: "c", job_offer_id: "o" }, {
      onEvent: (event) => { expectTypeOf(event).toEqualTypeOf<EventOf<`task:${string}`>>(); },
    })
    .then(({ result }) => { expectTypeOf(result).toEqualTypeOf<TaskStarted>(); });
  // @ts-expect-error parameters are checked
  void client.follow("cv.score", { id: 1 }, {});

  client.subscribe(`cv:${id}`, {
    onSnapshot: (state, position) => {
      expectTypeOf(state).toEqualTypeOf<CvState>();
      expectTypeOf(position).toEqualTypeOf<Position>();
    },
    onEvent: (event) => {
      if (event.kind === "cv.changed") expectTypeOf(event.data).toEqualTypeOf<CvChanged>();
      // @ts-expect-error a kind of another family
      if (event.kind === "task.queued") return;
      expectTypeOf(event.seq).toEqualTypeOf<number>();
    },
    onLive: (event) => expectTypeOf(event.kind).toEqualTypeOf<"cv.score_progress">(),
  });
  client.subscribe("app", { onSnapshot: (state) => expectTypeOf(state.maintenance_mode).toEqualTypeOf<boolean>() });
  client.subscribe("else:1", { onSnapshot: (state) => expectTypeOf(state).toEqualTypeOf<unknown>() });

  expectTypeOf(client.call("cv.generate", { source_cv_id: "c", mode: "adapt", offers: [{ url: "u" }] })).toEqualTypeOf<Promise<TaskStarted>>();
  // @ts-expect-error no such mode
  void client.call("cv.generate", { source_cv_id: "c", mode: "adopt" });
  // @ts-expect-error params are missing
  void client.call("cv.generate", {});
  expectTypeOf(client.call("later.method", { any: 1 })).toEqualTypeOf<Promise<unknown>>();
  expectTypeOf(client.call("mine.double", { n: 1 })).toEqualTypeOf<Promise<number>>();
  expectTypeOf<CallMap["mine.double"]["result"]>().toEqualTypeOf<number>();

  expectTypeOf(client.stream(`task:${id}`)).toEqualTypeOf<AsyncIterableIterator<StreamItem<`task:${string}`>>>();
  expectTypeOf(session.get("/v1/cv/me")).resolves.toHaveProperty("email");
  expectTypeOf(session.get("/v1/other")).resolves.toEqualTypeOf<unknown>();
  expectTypeOf(store(client, `cv:${id}`, cvFold)).toEqualTypeOf<TopicStore<CvState>>();
}

test("types", () => {
  expectTypeOf(compiles).toBeFunction();
  expectTypeOf(reduceCv).parameter(1).toEqualTypeOf<EventOf<`cv:${string}`>>();
  expectTypeOf<EventOf<"task:1">["kind"]>().toExtend<string>();
  expectTypeOf<Extract<StreamItem<"task:1">, { type: "snapshot" }>["state"]>().toEqualTypeOf<TaskState>();
  expectTypeOf<LiveOf<"user:1">>().toEqualTypeOf<never>();
});
