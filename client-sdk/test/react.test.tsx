// @vitest-environment happy-dom
import { act, StrictMode, type ReactNode } from "react";
import { createRoot, type Root } from "react-dom/client";
import { afterEach, beforeEach, expect, test } from "vitest";
import { EstafetteProvider, useCall, useConnection, useCv, useTask, useUser, type UseCall } from "../src/react/index.js";
import type { TaskLiveState, TopicView } from "../src/index.js";
import { cvState, taskState, userState } from "./fold-samples.js";
import { until, world, type World } from "./support.js";

let w: World;
let root: Root;
let page: HTMLElement;
beforeEach(async () => {
  (globalThis as Record<string, unknown>)["IS_REACT_ACT_ENVIRONMENT"] = true;
  w = await world({ device: "test" });
  const states: Record<string, unknown> = { "task:t1": taskState(), "cv:cv1": cvState(), "user:u1": userState() };
  w.server.state = (topic) => states[topic] as never;
  page = document.createElement("div");
  root = createRoot(page);
});
afterEach(async () => {
  await doing(() => root.unmount());
  w.client.close();
  await w.server.stop();
});

/** Does something that React must notice, and lets it. */
async function doing(work: () => void): Promise<void> {
  await act(async () => {
    await Promise.resolve();
    work();
  });
}

async function render(node: ReactNode): Promise<void> {
  await doing(() =>
    root.render(
      <StrictMode>
        <EstafetteProvider client={w.client}>{node}</EstafetteProvider>
      </StrictMode>,
    ),
  );
}

/** Waits, letting React render what arrives. */
async function shown(text: string | RegExp): Promise<void> {
  for (let n = 0; n < 500 && !page.textContent.match(text); n += 1)
    await act(() => new Promise((resolve) => setTimeout(resolve, 2)));
  expect(page.textContent).toMatch(text);
}

let seen: TopicView<TaskLiveState>;
function Task(): ReactNode {
  const task = useTask("t1");
  seen = task;
  return (
    <p>
      {task.status.at} {task.state?.task.status} [{task.state?.texts["extract[0]"]}]
    </p>
  );
}

test("a task is followed live; in strict mode and twice on a page there is one subscription", async () => {
  await render([<Task key="a" />, <Task key="b" />]);
  await shown(/live queued/);
  expect(w.server.peer.received.filter((message) => message.t === "sub")).toHaveLength(1);
  const live = { t: "live", topic: "task:t1", key: "extract[0]", kind: "step.delta", at: "" } as const;
  w.server.peer.send({ ...live, data: { step: "extract[0]", offset: 0, text: "Reading" } });
  await shown(/\[Reading\]/);
  w.server.publish("task:t1", { id: "t1", type: "generate-cv", status: "running", attempt: 1 }, "task.started");
  await shown(/live running/);
  expect(seen.position).toEqual({ epoch: 7, seq: 1 });
  await render(<p>gone</p>);
  await act(() => until(() => w.server.peer.subscribed.size === 0));
});

test("a patch that does not fit fetches a fresh snapshot instead of showing something wrong", async () => {
  function Cv(): ReactNode {
    return <p>{useCv("cv1").state?.file.content.basics?.label}</p>;
  }
  await render(<Cv />);
  await shown("Engineer");
  const repaired = cvState();
  repaired.file.content.basics = { label: "Repaired" };
  w.server.state = () => repaired as never;
  const by = { user: null, device: null };
  w.server.publish("cv:cv1", { rev: 4, by, content_version: 1, patch: [{ op: "remove", path: "/none" }] }, "cv.changed");
  await shown("Repaired");
});

test("useUser follows whom the connection speaks for, and useConnection says how it stands", async () => {
  function Me(): ReactNode {
    return (
      <p>
        {useConnection().status}: {useUser().state?.credits.balance}
      </p>
    );
  }
  await render(<Me />);
  await shown("live: 10");
});

test("useCall shows its newest run, and its refusal", async () => {
  let call: UseCall<"cv.score"> | undefined;
  function Score(): ReactNode {
    call = useCall("cv.score");
    const { state } = call;
    return <p>{state.status === "failed" ? state.error.name : state.status === "done" ? state.result.task_id : state.status}</p>;
  }
  w.server.onCall = (peer, { id, params }) => {
    if ((params as { id: string }).id === "cv1") peer.send({ t: "ok", id, result: { task_id: "t9" } });
    else peer.send({ t: "err", id, code: "not_found", message: "no such CV" });
    return true;
  };
  await render(<Score />);
  await shown("idle");
  await doing(() => void call?.run({ id: "cv1" }));
  await shown("t9");
  await doing(() => void call?.run({ id: "none" }).catch(() => undefined));
  await shown("NotFoundError");
  await doing(() => call?.reset());
  await shown("idle");
});

test("a hook without a provider says what is missing", async () => {
  const lonely = createRoot(document.createElement("div"));
  await expect(doing(() => lonely.render(<Task />))).rejects.toThrow("no <EstafetteProvider");
});
