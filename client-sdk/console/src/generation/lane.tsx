/** One offer's way through the steps. */
import { Button } from "@mantine/core";
import { Circle, CircleAlert, CircleCheck, CircleDashed, CircleSlash, LoaderCircle, PencilLine, type LucideIcon } from "lucide-react";
import { Link } from "react-router";
import { Gauge } from "../components/gauge";
import { Card } from "../components/page";
import { Pill, type Tone } from "../components/pill";
import { useI18n } from "../i18n";
import { jobName, pathOf, shortSource } from "../lib/cvs";
import { cost, duration, number, ticking } from "../lib/format";
import { stepName } from "../lib/tasks";
import { silenceOfStep, type Silence } from "../lib/waits";
import { prose, sentence } from "../lib/words";
import type { Generation } from "../live/generation";
import { useCvTopic, useLive } from "../live/live";
import type { GenerationOffer, JsonResume, OfferStatus, StepStatus, StepView } from "../model/types";
import { cx } from "../lib/cx";
import styles from "../pages/task.module.css";
import { orderSteps } from "./order";

const ICONS: Record<StepStatus, LucideIcon> = { pending: Circle, running: LoaderCircle, completed: CircleCheck, failed: CircleAlert, cancelled: CircleSlash };
const TONES: Record<OfferStatus, Tone> = { pending: "plain", extracting: "baton", running: "baton", completed: "ok", failed: "bad", cancelled: "outline" };

interface LaneProps {
  /** Null for tasks without offers: all steps stand in one lane. */
  readonly offer: GenerationOffer | null;
  readonly generation: Generation;
  readonly now: number;
  /** The CV that is adapted, for the names of its parts. */
  readonly source: JsonResume | undefined;
  readonly silences: readonly Silence[];
}

export function Lane({ offer, generation, now, source, silences }: LaneProps) {
  const { t } = useI18n();
  const { offers } = useLive();
  const { state } = generation;
  // A task that was interrupted and is queued again writes nothing.
  const status = state.task.status === "queued" && (offer?.status === "extracting" || offer?.status === "running") ? "pending" : offer?.status;
  const steps = orderSteps(state.steps.filter((step) => (offer === null ? true : step.offer_index === offer.offer_index)));
  const job = offer?.job_offer_id == null ? undefined : offers.get(offer.job_offer_id);
  const title = offer === null ? t(`task.type.${state.task.type}`) : (offer.title ?? job?.content.title ?? (offer.source_url === null ? t("task.offer.n", { n: offer.offer_index + 1 }) : shortSource(offer.source_url)));
  const from = offer?.company ?? job?.content.company ?? (offer?.source_url == null ? null : title === shortSource(offer.source_url) ? pathOf(offer.source_url) : shortSource(offer.source_url));
  return (
    <Card className={styles.lane}>
      <header className={styles.laneHead}>
        <h2 title={jobName(t, job) ?? title}>{title}</h2>
        {status === undefined ? null : <Pill tone={TONES[status]}>{t(`task.offer.status.${status}`)}</Pill>}
        <span className={cx(styles.source, "truncate")}>{from ?? "\u00a0"}</span>
      </header>
      <ol className={styles.steps}>
        {steps.map((step) => (
          <Step key={step.step} step={step} name={stepName(t, step, source)} silence={silenceOfStep(silences, step)} generation={generation} now={now} />
        ))}
      </ol>
      <Writing offer={offer} generation={generation} source={source} />
      <Outcome offer={offer} steps={steps} />
    </Card>
  );
}

interface StepProps {
  readonly step: StepView;
  readonly name: string;
  readonly silence: Silence | undefined;
  readonly generation: Generation;
  readonly now: number;
}

function Step({ step, name, silence, generation, now }: StepProps) {
  const { t, language } = useI18n();
  const isWaiting = step.status === "pending" && step.error !== null;
  const Icon = isWaiting ? CircleDashed : ICONS[step.status];
  const begun = generation.begun[step.step];
  const again = generation.again[step.step];
  const time = step.status === "running" ? (begun === undefined ? null : Math.max(0, now - begun)) : step.duration_ms;
  const tokens = (step.report?.prompt_tokens ?? 0) + (step.report?.completion_tokens ?? 0);
  const usd = step.report?.estimated_cost ?? 0;
  const seconds = again === undefined ? 0 : Math.ceil((again - now) / 1000);
  const changes = step.report?.modifications?.length ?? 0;
  return (
    <li className={styles.step} data-status={step.status} data-step={step.step}>
      <span className={cx(styles.state, isWaiting ? styles.failed : styles[step.status])}>
        <Icon size={step.status === "pending" && !isWaiting ? 14 : 18} strokeWidth={2} className={step.status === "running" ? "spin" : undefined} aria-hidden="true" />
      </span>
      <span className={styles.label}>
        <span className="truncate" title={name}>{name}</span>
        <span className="visually-hidden">{t(`task.stepstate.${step.status}`)}</span>
        {step.attempt > 1 ? <span className={styles.attempt}>{t("task.attempt", { n: step.attempt })}</span> : null}
        {changes > 0 ? (
          <span className={styles.changes} title={t("task.step.changes", { n: changes })}>
            <PencilLine size={12} aria-hidden="true" />
            {changes}
          </span>
        ) : null}
      </span>
      <span className={styles.spent}>
        {tokens > 0 ? <i title={t("task.tokens")}>{number(language, tokens)} tok</i> : null}
        {usd > 0 ? <i title={t("task.cost")}>{cost(language, usd)}</i> : null}
        {time === null ? "" : step.status === "running" ? ticking(language, time) : duration(language, time)}
      </span>
      {step.error !== null && step.status !== "completed" && step.status !== "running" ? (
        <span className={cx(styles.error, isWaiting && styles.again)}>
          {isWaiting && silence === undefined ? (seconds > 0 ? t("task.step.retryIn", { error: sentence(step.error), s: seconds }) : t("task.step.retryNow", { error: sentence(step.error) })) : isWaiting ? sentence(step.error) : `${sentence(step.error)} ${t("task.step.final")}`}
        </span>
      ) : null}
      {silence === undefined ? null : (
        <span className={cx(styles.error, styles.again)} data-silence={silence.kind}>
          {t(silence.key, silence.values)}
        </span>
      )}
    </li>
  );
}

/** The text as it is written; a box of one height, so that nothing below it moves. */
function Writing({ offer, generation, source }: Pick<LaneProps, "offer" | "generation" | "source">) {
  const { t } = useI18n();
  const { state, texts, writing } = generation;
  const active = state.task.status === "running" || state.task.status === "queued";
  const done = offer !== null && (offer.status === "completed" || offer.status === "failed" || offer.status === "cancelled");
  if (!active || done) return null;
  const key = offer === null ? Object.keys(texts).at(-1) : writing[offer.offer_index];
  const step = state.steps.find((view) => view.step === key);
  const text = key === undefined ? undefined : prose(texts[key] ?? "");
  return (
    <div className={styles.writing}>
      {step === undefined || text === undefined || text === "" ? (
        <small>{t("task.writing.idle")}</small>
      ) : (
        <>
          <small>
            {t(step.status === "running" ? "task.writing" : "task.written")} · {stepName(t, step, source)}
          </small>
          <div className={styles.text}>
            <span className={step.status === "running" ? styles.caret : undefined}>{text}</span>
          </div>
        </>
      )}
    </div>
  );
}

function Outcome({ offer, steps }: { readonly offer: GenerationOffer | null; readonly steps: readonly StepView[] }) {
  const { t } = useI18n();
  if (offer === null) return null;
  if (offer.status === "failed" || offer.status === "cancelled")
    return (
      <footer className={styles.foot} style={{ gridTemplateColumns: "1fr" }}>
        <div className={styles.outcome}>
          <b style={{ fontWeight: 580 }}>{offer.status === "failed" ? t("task.offer.failed") : t("task.offer.status.cancelled")}</b>
          {offer.error === null || steps.some((step) => step.error === offer.error) ? null : <span style={{ color: "var(--bad)" }}>{sentence(offer.error)}</span>}
          {offer.credits_refunded ? <span className="muted">{t("task.offer.refunded")}</span> : null}
        </div>
      </footer>
    );
  return (
    <footer className={styles.foot}>
      {offer.generated_cv_file_id === null ? <Gauge score={null} size={96} /> : <LiveGauge id={offer.generated_cv_file_id} />}
      <div className={styles.outcome}>
        {offer.generated_cv_file_id === null ? (
          <span className="muted">{t("score.none")}</span>
        ) : (
          <>
            <b style={{ fontWeight: 580 }}>{t("task.offer.done")}</b>
            <Button component={Link} to={`/cvs/${offer.generated_cv_file_id}`} size="xs">
              {t("task.offer.review")}
            </Button>
          </>
        )}
      </div>
    </footer>
  );
}

/** The new CV's score, moving when it comes. */
function LiveGauge({ id }: { readonly id: string }) {
  const view = useCvTopic(id);
  const score = view.state?.file.score;
  return <Gauge score={score?.score ?? null} before={score?.before ?? null} size={96} busy={score?.status === "inprogress"} />;
}
