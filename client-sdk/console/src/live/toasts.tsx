import { notifications, type NotificationData } from "@mantine/notifications";
import type { CvSummary, Notice } from "../model/types";
import { useEffect, useRef } from "react";
import { useI18n, type Translate } from "../i18n";
import { taskTitle } from "../lib/tasks";
import { sentence } from "../lib/words";
import { explain } from "./errors";
import { useLive } from "./live";

const COLORS = { info: "petrol", warning: "yellow", error: "red" } as const;

/** The person's notices, and the end of tasks, as toasts: only what happens from now on. */
export function useToasts(): void {
  const { t } = useI18n();
  const { client, me, user, titles: named } = useLive();
  const known = useRef<{ readonly cvs: readonly CvSummary[]; readonly named: ReadonlyMap<string, CvSummary> }>({ cvs: [], named });
  useEffect(() => {
    known.current = { cvs: user.state?.cvs ?? [], named };
  }, [user.state?.cvs, named]);
  useEffect(() => {
    const topic = `user:${me.id}` as const;
    const titles = new Map<string, string>();
    const name = (task: Parameters<typeof taskTitle>[1], cvs = known.current.cvs) => taskTitle(t, task, cvs, known.current.named);
    const subscription = client.subscribe(topic, {
      onSnapshot: (state) => {
        for (const task of state.tasks) titles.set(task.id, name(task, state.cvs));
      },
      onEvent: (event) => {
        if (event.kind === "task.queued") titles.set(event.data.id, name({ ...event.data, type: event.data.type as Parameters<typeof taskTitle>[1]["type"] }));
        if (event.kind === "notice") showNotice(t, event.data);
        if (event.kind !== "task.finished") return;
        const { status, id } = event.data;
        // Who watches the task sees it there.
        if (location.pathname === `/tasks/${id}`) return;
        const title = titles.get(id) ?? t("nav.tasks");
        if (status === "completed") show(t, { message: t("toast.task.completed", { title }), color: "green" });
        if (status === "failed") show(t, { title: t("toast.task.failed", { title }), message: event.data.error === null ? null : sentence(event.data.error), color: "red" });
      },
    });
    return () => subscription.unsubscribe();
  }, [client, me.id, t]);
}

function showNotice(t: Translate, notice: Notice): void {
  show(t, { message: notice.text, color: COLORS[notice.level], autoClose: notice.level === "error" ? false : 6000 });
}

export function toastError(t: Translate, error: unknown): void {
  const { title, detail } = explain(t, error);
  show(t, { title, message: detail, color: "red", autoClose: 9000 });
}

export function toastDone(t: Translate, message: string): void {
  show(t, { message, color: "green" });
}

function show(t: Translate, toast: NotificationData): void {
  notifications.show({ closeButtonProps: { "aria-label": t("common.close") }, ...toast });
}
