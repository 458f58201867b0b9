import type { ReactNode } from "react";
import { useT } from "../i18n";
import type { TaskStatus } from "../model/types";
import { cx } from "../lib/cx";
import styles from "./pill.module.css";

export type Tone = "plain" | "ok" | "warn" | "bad" | "brand" | "baton" | "outline";

export function Pill({ tone = "plain", children, title }: { readonly tone?: Tone; readonly children: ReactNode; readonly title?: string }) {
  return (
    <span className={cx(styles.pill, styles[tone])} title={title}>
      {children}
    </span>
  );
}

const TONES: Record<TaskStatus, Tone> = { queued: "plain", running: "baton", completed: "ok", failed: "bad", cancelled: "outline" };

export function TaskPill({ status }: { readonly status: TaskStatus }) {
  const t = useT();
  return <Pill tone={TONES[status]}>{t(`task.status.${status}`)}</Pill>;
}
