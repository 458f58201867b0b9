import { notifications } from "@mantine/notifications";
import type { Notice } from "../model/types";
import { useEffect } from "react";
import { useI18n, type Translate } from "../i18n";
import { sentence } from "../lib/words";
import { explain } from "./errors";
import { useLive } from "./live";

const COLORS = { info: "petrol", warning: "yellow", error: "red" } as const;

/** The person's notices, and the end of tasks, as toasts: only what happens from now on. */
export function useToasts(): void {
  const { t } = useI18n();
  const { client, me } = useLive();
  useEffect(() => {
    const topic = `user:${me.id}` as const;
    const titles = new Map<string, string>();
    const subscription = client.subscribe(topic, {
      onSnapshot: (state) => {
        for (const task of state.tasks) titles.set(task.id, task.title);
      },
      onEvent: (event) => {
        if (event.kind === "task.queued") titles.set(event.data.id, event.data.title);
        if (event.kind === "notice") showNotice(event.data);
        if (event.kind !== "task.finished") return;
        const { status, id } = event.data;
        // Who watches the task sees it there.
        if (location.pathname === `/tasks/${id}`) return;
        const title = titles.get(id) ?? t("nav.tasks");
        if (status === "completed") notifications.show({ message: t("toast.task.completed", { title }), color: "green" });
        if (status === "failed") notifications.show({ title: t("toast.task.failed", { title }), message: event.data.error === null ? null : sentence(event.data.error), color: "red" });
      },
    });
    return () => subscription.unsubscribe();
  }, [client, me.id, t]);
}

function showNotice(notice: Notice): void {
  notifications.show({ message: notice.text, color: COLORS[notice.level], autoClose: notice.level === "error" ? false : 6000 });
}

export function toastError(t: Translate, error: unknown): void {
  const { title, detail } = explain(t, error);
  notifications.show({ title, message: detail, color: "red", autoClose: 9000 });
}

export function toastDone(message: string): void {
  notifications.show({ message, color: "green" });
}
