import { Button, CloseButton } from "@mantine/core";
import { Check, Circle } from "lucide-react";
import { Link } from "react-router";
import { Card } from "../components/page";
import { useI18n, type Key } from "../i18n";
import { useDoing } from "../lib/actions";
import { firstSteps } from "../lib/onboarding";
import { cx } from "../lib/cx";
import { useFetched, useLive } from "../live/live";
import { useOffered } from "../live/offered";
import type { Onboarding } from "../model/product";
import styles from "./first-steps.module.css";

const PLACES = { cv: "/cvs/new", adapt: "/generate", review: null } as const;

/** The first things to do, until they are done or put away. What is done is seen from the person's own CVs. */
export function FirstSteps() {
  const { t } = useI18n();
  const { user } = useLive();
  const offered = useOffered();
  const { data, reload } = useFetched<Onboarding>(offered.has("onboarding") ? "/v1/cv/me/onboarding" : null);
  const { busy, run } = useDoing();
  const { client } = useLive();
  if (data === undefined || user.state === undefined || data.hasCompleted || data.isSkipped) return null;
  const steps = firstSteps(user.state.cvs);
  const done = steps.filter((step) => step.done).length;
  const finish = (change: Partial<Onboarding>) =>
    run(() => client.call("onboarding.set", { state: { ...data, currentStep: Math.max(data.currentStep, done), ...change } })).then((well) => {
      if (well) reload();
    });
  return (
    <Card className={cx(styles.steps)}>
      <div className={styles.head}>
        <div>
          <h2>{t("onboard.title")}</h2>
          <p>{t("onboard.lead", { a: done, b: steps.length })}</p>
        </div>
        <CloseButton aria-label={t("onboard.skip")} title={t("onboard.skip")} onClick={() => void finish({ isSkipped: true })} disabled={busy} />
      </div>
      <ol>
        {steps.map((step) => {
          const place = PLACES[step.name];
          const label = t(`onboard.${step.name}` satisfies Key);
          return (
            <li key={step.name} data-done={step.done}>
              {step.done ? <Check size={17} aria-label={t("onboard.done")} /> : <Circle size={17} aria-hidden="true" />}
              {step.done || place === null ? <span>{label}</span> : <Link to={place}>{label}</Link>}
            </li>
          );
        })}
      </ol>
      {done === steps.length ? (
        <Button size="compact-sm" loading={busy} onClick={() => void finish({ hasCompleted: true })}>
          {t("onboard.finish")}
        </Button>
      ) : null}
    </Card>
  );
}
