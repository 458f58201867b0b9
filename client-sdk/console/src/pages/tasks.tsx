import { Button, SegmentedControl } from "@mantine/core";
import { ListChecks, Plus } from "lucide-react";
import { useEffect, useState } from "react";
import { Link } from "react-router";
import { Card, Empty, Failure, Page, Rows } from "../components/page";
import { TaskPill } from "../components/pill";
import { useI18n, type Key } from "../i18n";
import { ago, dateTime, duration, number } from "../lib/format";
import { taskTitle } from "../lib/tasks";
import { sentence } from "../lib/words";
import { useFetched, useLive } from "../live/live";
import type { Page as Items, TaskStatus, TaskView } from "../model/types";
import { cx } from "../lib/cx";
import styles from "./tasks.module.css";

type Filter = "all" | TaskStatus;
const FILTERS: readonly Filter[] = ["all", "running", "completed", "failed", "cancelled"];

export default function Tasks() {
  const { t, language } = useI18n();
  const { user } = useLive();
  const [filter, setFilter] = useState<Filter>("all");
  const { data, error, reload } = useFetched<Items<TaskView>>(`/v1/tasks?limit=100${filter === "all" ? "" : `&status=${filter}`}`);
  // The feed says when a task comes or ends: then the list is read again.
  const live = (user.state?.tasks ?? []).map((task) => task.id).join(" ");
  useEffect(() => {
    reload();
  }, [live, reload]);
  return (
    <Page title={t("tasks.title")}>
      <Card>
        <div className={styles.tools}>
          <SegmentedControl
            aria-label={t("tasks.filter")}
            value={filter}
            onChange={(value) => setFilter(value)}
            data={FILTERS.map((value) => ({ value, label: t(value === "all" ? "common.all" : (`task.status.${value}` satisfies Key)) }))}
          />
        </div>
        {error !== undefined && data === undefined ? (
          <Failure error={error} retry={reload} />
        ) : data === undefined ? (
          <Rows count={5} height={66} />
        ) : data.items.length === 0 ? (
          <Empty icon={ListChecks} title={filter === "all" ? t("tasks.empty") : t("tasks.none")} {...(filter === "all" ? { text: t("tasks.empty.text") } : {})}>
            {filter === "all" ? (
              <Button component={Link} to="/generate" leftSection={<Plus size={17} aria-hidden="true" />}>
                {t("nav.generate")}
              </Button>
            ) : null}
          </Empty>
        ) : (
          <div role="table" aria-label={t("tasks.title")}>
            <div role="row" className={cx(styles.row, styles.head)}>
              {(["tasks.col.task", "tasks.filter", "tasks.col.offers", "tasks.col.credits", "tasks.col.started", "tasks.col.took"] as const).map((key) => (
                <span role="columnheader" key={key}>
                  {t(key)}
                </span>
              ))}
            </div>
            {data.items.map((task) => (
              <TaskRow key={task.id} task={task} when={ago(language, task.created_at)} whenFull={dateTime(language, task.created_at)} />
            ))}
          </div>
        )}
      </Card>
    </Page>
  );
}

function TaskRow({ task, when, whenFull }: { readonly task: TaskView; readonly when: string; readonly whenFull: string }) {
  const { t, language } = useI18n();
  const { user, titles } = useLive();
  const took = task.started_at === null || task.completed_at === null ? null : Date.parse(task.completed_at) - Date.parse(task.started_at);
  return (
    <div role="row" className={styles.row}>
      <div role="cell" style={{ minWidth: 0 }}>
        <Link to={`/tasks/${task.id}`} className={cx(styles.link, "truncate")} style={{ display: "block" }}>
          {taskTitle(t, task, user.state?.cvs ?? [], titles)}
        </Link>
        <div className={cx(styles.note, "truncate")}>
          {t(`task.type.${task.type}`)}
          {task.error === null ? null : ` · ${sentence(task.error)}`}
        </div>
      </div>
      <div role="cell">
        <TaskPill status={task.status} />
      </div>
      <div role="cell" className={styles.wide}>
        {task.total_offers === 0 ? (
          <span className="muted">–</span>
        ) : (
          <>
            <span className={cx(styles.note, "num")}>{t("common.of", { a: task.completed_offers, b: task.total_offers })}</span>
            <div className={styles.bar} aria-hidden="true">
              <span style={{ width: `${(task.completed_offers / task.total_offers) * 100}%` }} />
            </div>
          </>
        )}
      </div>
      <div role="cell" className={cx(styles.wide, "num")}>
        {number(language, task.credits_debited - task.credits_refunded)}
      </div>
      <time role="cell" className={styles.note} dateTime={task.created_at} title={whenFull}>
        {when}
      </time>
      <div role="cell" className={cx(styles.note, styles.wide, "num")}>
        {took === null ? "–" : duration(language, took)}
      </div>
    </div>
  );
}
