import { Button, Progress } from "@mantine/core";
import { Check, CircleAlert, Circle, LoaderCircle, Square } from "lucide-react";
import { useEffect, useRef } from "react";
import { Link } from "react-router";
import { isKey, useI18n } from "../i18n";
import { useDoing } from "../lib/actions";
import { percent } from "../lib/format";
import { stepName, taskError } from "../lib/tasks";
import { sentence } from "../lib/words";
import { fractionOf } from "../live/generation";
import { refusalOf, useLive, useTaskTopic } from "../live/live";
import type { StepView, TaskView } from "../model/types";
import styles from "./papers.module.css";

interface MakingProps {
  readonly taskId: string;
  /** What is being made: a file's name, a job's title. */
  readonly name: string;
  /** Called once, when the task has made a CV. */
  readonly onMade?: (cvId: string) => void;
}

/** A task that makes one CV, step by step as it happens. */
export function Making({ taskId, name, onMade }: MakingProps) {
  const { t, language } = useI18n();
  const { client } = useLive();
  const { busy, run } = useDoing();
  const view = useTaskTopic(taskId);
  const told = useRef(false);
  const state = view.state?.state;
  const task = state?.task;
  const made = task === undefined ? undefined : madeBy(task);
  useEffect(() => {
    if (made === undefined || told.current) return;
    told.current = true;
    onMade?.(made);
  }, [made, onMade]);
  const refusal = refusalOf(view.status);
  if (refusal !== null) return <p role="alert">{refusal.message}</p>;
  if (state === undefined || task === undefined) return <Progress value={2} animated aria-label={t("common.loading")} />;
  const active = task.status === "queued" || task.status === "running";
  const fraction = fractionOf(state);
  return (
    <div className={styles.making} data-task={task.id} data-state={task.status}>
      <div className={styles.makingHead}>
        <b className="truncate">{name}</b>
        <span className="num muted">{task.status === "queued" ? t("task.status.queued") : active ? percent(language, fraction) : t(`task.status.${task.status}`)}</span>
        {active ? (
          <Button size="compact-sm" variant="subtle" loading={busy} leftSection={<Square size={12} aria-hidden="true" />} onClick={() => void run(() => client.call("task.cancel", { id: task.id }))}>
            {t("task.cancel")}
          </Button>
        ) : null}
        {made === undefined ? null : (
          <Button size="compact-sm" component={Link} to={`/cvs/${made}`}>
            {t("making.open")}
          </Button>
        )}
        {task.status === "failed" ? (
          <Button size="compact-sm" variant="default" loading={busy} onClick={() => void run(() => client.call("task.retry", { id: task.id }))}>
            {t("task.retry")}
          </Button>
        ) : null}
      </div>
      <Progress value={Math.max(2, fraction * 100)} color={task.status === "failed" ? "red" : task.status === "completed" ? "green" : "petrol"} aria-label={t("task.progress")} size="sm" />
      {task.error === null ? null : (
        <p className={styles.makingError} role="alert">
          <CircleAlert size={17} aria-hidden="true" />
          <span>
            {sentence(taskError(t, task) ?? "")} {task.credits_refunded > 0 ? t("task.offer.refunded") : null}
          </span>
        </p>
      )}
      <ol className={styles.makingSteps}>
        {state.steps.map((step) => (
          <li key={step.step} data-step={step.step} data-status={step.status}>
            <StepIcon status={step.status} />
            <span>{makingStep(t, step)}</span>
          </li>
        ))}
      </ol>
    </div>
  );
}

/** "Read: experience" for a step that is about one section, else its name. */
function makingStep(t: Parameters<typeof stepName>[0], step: StepView): string {
  const section = /\[(\w+)\]$/u.exec(step.step)?.[1];
  const name = stepName(t, step);
  if (section === undefined) return name;
  const key = `cv.section.${section}`;
  return `${name} · ${isKey(key) ? t(key) : section}`;
}

/** The CV that a task made. */
function madeBy(task: TaskView): string | undefined {
  if (task.status !== "completed") return undefined;
  const { cv_id } = (task.result ?? {}) as { readonly cv_id?: unknown };
  return typeof cv_id === "string" ? cv_id : undefined;
}

function StepIcon({ status }: { readonly status: StepView["status"] }) {
  if (status === "completed") return <Check size={15} aria-hidden="true" />;
  if (status === "running") return <LoaderCircle size={15} className="spin" aria-hidden="true" />;
  if (status === "failed" || status === "cancelled") return <CircleAlert size={15} aria-hidden="true" />;
  return <Circle size={15} aria-hidden="true" />;
}
