import { Button, Skeleton } from "@mantine/core";
import "@fontsource-variable/source-serif-4/opsz.css";
import { Ban, RotateCcw, Square } from "lucide-react";
import { useState } from "react";
import { Link, useParams } from "react-router";
import { confirm } from "../components/confirm";
import { Card, Failure, Page } from "../components/page";
import { TaskPill } from "../components/pill";
import { Lane } from "../generation/lane";
import { Silences } from "../generation/silences";
import { useI18n } from "../i18n";
import { cvName } from "../lib/cvs";
import { cost, duration, number, percent, ticking } from "../lib/format";
import { stepName, taskError, taskTitle } from "../lib/tasks";
import { runningNames, silencesOf, silencesOfAll } from "../lib/waits";
import { sentence } from "../lib/words";
import { useNow } from "../lib/hooks";
import { fractionOf, spentBy, type Generation } from "../live/generation";
import { refusalOf, useCvTopic, useLive, useOutages, useTaskTopic, useTrouble } from "../live/live";
import { toastError } from "../live/toasts";
import styles from "./task.module.css";

export default function Task() {
  const { id = "" } = useParams();
  return <TaskOf key={id} id={id} />;
}

function TaskOf({ id }: { readonly id: string }) {
  const { t } = useI18n();
  const view = useTaskTopic(id);
  const refusal = refusalOf(view.status);
  if (refusal !== null)
    return (
      <Page title={t("task.gone")}>
        <Failure error={refusal} />
      </Page>
    );
  if (view.state === undefined)
    return (
      <Page title={"\u00a0"} lead={"\u00a0"} wide>
        <Skeleton height={118} radius="lg" mb={20} />
        <Skeleton height={560} radius="lg" />
      </Page>
    );
  return <Loaded generation={view.state} />;
}

function Loaded({ generation }: { readonly generation: Generation }) {
  const { t, language } = useI18n();
  const { client, user, titles } = useLive();
  const [busy, setBusy] = useState(false);
  const { task, offers, steps } = generation.state;
  const trouble = useTrouble();
  const outage = useOutages().find(({ what }) => (what as string) === "database") ?? null;
  const active = task.status === "queued" || task.status === "running";
  const now = useNow(active, 100);
  const cvs = user.state?.cvs ?? [];
  const source = cvs.find((cv) => cv.id === task.source_cv_id);
  const content = useCvTopic(source?.id).state?.file.content;
  const serverNow = now + generation.skew;
  const nameOf = (key: string) => {
    const step = steps.find((each) => each.step === key);
    return step === undefined ? key : stepName(t, step, content);
  };
  const lostAgo = generation.lostAt === null ? Infinity : now - generation.lostAt;
  const silences = silencesOf({ state: generation.state, requeued: generation.requeued, lostAgo, serverNow, nameOf });
  const fraction = fractionOf(generation.state);
  const spent = spentBy(steps);
  const began = task.started_at === null ? null : Date.parse(task.started_at);
  const ended = task.completed_at === null ? serverNow : Date.parse(task.completed_at);
  const failed = offers.some((offer) => offer.status === "failed");
  const canRetry = !active && task.status !== "cancelled" && (task.status === "failed" || failed);

  const run = async (method: "task.cancel" | "task.retry") => {
    setBusy(true);
    try {
      await client.call(method, { id: task.id });
    } catch (error) {
      toastError(t, error);
    } finally {
      setBusy(false);
    }
  };
  const cancel = async () => {
    const sure = await confirm({ title: t("task.cancel.title"), text: t("task.cancel.text"), yes: t("task.cancel"), no: t("task.cancel.keep"), danger: true });
    if (sure) await run("task.cancel");
  };

  return (
    <Page
      wide
      title={taskTitle(t, task, cvs, titles)}
      lead={
        <span style={{ display: "inline-flex", flexWrap: "wrap", gap: "4px 14px", alignItems: "center" }}>
          <TaskPill status={task.status} />
          <span>{t(`task.type.${task.type}`)}</span>
          {source === undefined ? null : (
            <span>
              {t("cv.source")} <Link to={`/cvs/${source.id}`}>{cvName(source, titles.get(source.id))}</Link>
            </span>
          )}
          {task.attempt > 1 ? <span className="num">{t("task.attempt", { n: task.attempt })}</span> : null}
        </span>
      }
      actions={
        active ? (
          <Button variant="default" leftSection={<Square size={14} />} onClick={() => void cancel()} loading={busy}>
            {t("task.cancel")}
          </Button>
        ) : canRetry ? (
          <Button leftSection={<RotateCcw size={16} />} onClick={() => void run("task.retry")} loading={busy}>
            {t(task.status === "failed" ? "task.retry" : "task.retry.failed")}
          </Button>
        ) : undefined
      }
    >
      <Card className={styles.overall}>
        <div className={styles.relay} role="progressbar" aria-label={t("task.progress")} aria-valuemin={0} aria-valuemax={100} aria-valuenow={Math.round(fraction * 100)}>
          <div className={styles.run} data-state={task.status} style={{ width: `${Math.max(1.5, fraction * 100)}%` }} />
        </div>
        <div className={styles.facts}>
          <Fact name={t("task.progress")} value={percent(language, fraction)} />
          <Fact name={t("task.elapsed")} value={began === null ? "–" : (active ? ticking : duration)(language, Math.max(0, ended - began))} width={74} />
          <Fact name={t("tasks.col.offers")} value={t("common.of", { a: task.completed_offers, b: task.total_offers })} />
          <Fact name={t("task.tokens")} value={number(language, spent.tokens)} width={60} />
          <Fact name={t("task.cost")} value={cost(language, spent.usd)} width={60} />
          <Fact name={t("task.credits")} value={`${number(language, task.credits_debited)}${task.credits_refunded > 0 ? ` (${t("task.refunded", { n: task.credits_refunded })})` : ""}`} />
        </div>
        {active ? <Silences silences={silencesOfAll(silences, steps)} trouble={trouble} outage={outage} working={runningNames(steps, nameOf)} /> : null}
        {task.error === null || steps.some((step) => step.error === task.error) ? null : (
          <p style={{ margin: 0, color: "var(--bad)", display: "flex", gap: 8, alignItems: "center" }} role="alert">
            <Ban size={16} aria-hidden="true" /> {sentence(taskError(t, task) ?? "")}
          </p>
        )}
      </Card>
      <div className={styles.lanes} data-count={Math.max(1, offers.length)} data-stale={active && trouble !== null}>
        {offers.map((offer) => (
          <Lane key={offer.offer_index} offer={offer} generation={generation} now={now} source={content} silences={silences} />
        ))}
        {offers.length === 0 ? <Lane offer={null} generation={generation} now={now} source={content} silences={silences} /> : null}
      </div>
    </Page>
  );
}

function Fact({ name, value, width }: { readonly name: string; readonly value: string; readonly width?: number }) {
  return (
    <div className={styles.fact} style={width === undefined ? undefined : { minWidth: width }}>
      <span>{name}</span>
      <b>{value}</b>
    </div>
  );
}
