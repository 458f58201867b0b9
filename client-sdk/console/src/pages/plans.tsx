import { Badge, Button, SegmentedControl, TextInput } from "@mantine/core";
import { Check, Minus } from "lucide-react";
import { useState } from "react";
import { confirm } from "../components/confirm";
import { Card, Failure, Page, Rows } from "../components/page";
import { Note, Section } from "../components/section";
import { useI18n, type Translate } from "../i18n";
import { useDoing } from "../lib/actions";
import { cx } from "../lib/cx";
import { day, number, price } from "../lib/format";
import { capital, featureName, limitText } from "../lib/money";
import { useFetched, useLive } from "../live/live";
import { useOffered } from "../live/offered";
import { useHappenings } from "../live/pages";
import type { Period, Plan, SubscriptionView } from "../model/product";
import styles from "../money/money.module.css";

/** The price list, one's own subscription, and what can be done with it. */
export default function Plans() {
  const { t } = useI18n();
  const { me } = useLive();
  const plans = useFetched<readonly Plan[]>("/v1/cv/plans");
  const mine = useFetched<SubscriptionView>("/v1/cv/subscription");
  const [period, setPeriod] = useState<Period>("monthly");
  const [code, setCode] = useState("");
  useHappenings(`user:${me.id}`, mine.reload);
  const failed = plans.error ?? mine.error;
  const hasYears = (plans.data ?? []).some((plan) => !plan.is_free && plan.price_yearly > 0);
  return (
    <Page
      title={t("plans.title")}
      lead={t("plans.lead")}
      actions={
        hasYears ? (
          <SegmentedControl
            aria-label={t("plans.period")}
            value={period}
            onChange={(value) => setPeriod(value)}
            data={[
              { value: "monthly", label: t("plans.monthly") },
              { value: "yearly", label: t("plans.yearly") },
            ]}
          />
        ) : undefined
      }
    >
      {plans.data === undefined || mine.data === undefined ? (
        <Card>
          {failed === undefined ? (
            <Rows count={3} />
          ) : (
            <Failure
              error={failed}
              retry={() => {
                plans.reload();
                mine.reload();
              }}
            />
          )}
        </Card>
      ) : (
        <>
          <Mine subscription={mine.data} onChanged={mine.reload} />
          <ul className={styles.plans} aria-label={t("plans.title")}>
            {[...plans.data]
              .sort((a, b) => a.tier - b.tier)
              .map((plan) => (
                <PlanCard key={plan.id} plan={plan} period={period} mine={mine.data ?? null} code={code} />
              ))}
          </ul>
          <TextInput className={styles.code} label={t("plans.code")} description={t("plans.code.text")} value={code} onChange={(event) => setCode(event.currentTarget.value.toUpperCase())} autoComplete="off" maxLength={64} />
        </>
      )}
    </Page>
  );
}

/** How the subscription stands, and how to end, resume or manage it. */
function Mine({ subscription, onChanged }: { readonly subscription: SubscriptionView; readonly onChanged: () => void }) {
  const { t, language } = useI18n();
  const { client } = useLive();
  const offered = useOffered();
  const { busy, run } = useDoing();
  const { status, current_period_end: end, cancel_at_period_end: ending } = subscription;
  const live = status === "active" || status === "past_due";
  const until = end === null ? "" : day(language, end);
  const portal = () =>
    run(async () => {
      const { url } = (await client.call("billing.portal", {})) as { readonly url: string };
      location.assign(url);
    });
  const cancel = async () => {
    const sure = await confirm({ title: t("sub.cancel.title"), text: t("sub.cancel.text", { date: until }), yes: t("sub.cancel"), no: t("sub.keep"), danger: true });
    if (sure && (await run(() => client.call("billing.cancel", {}), t("sub.cancelled")))) onChanged();
  };
  const resume = () =>
    run(() => client.call("billing.resume", {}), t("sub.resumed")).then((done) => {
      if (done) onChanged();
    });
  return (
    <>
      {status === "past_due" ? <Note>{t("sub.past_due.text")}</Note> : null}
      <Section
        title={t("sub.current", { name: capital(subscription.plan_name) })}
        text={!live ? t("sub.free") : ending ? t("sub.ends", { date: until }) : t("sub.renews", { date: until, period: t(`plans.${subscription.billing_period ?? "monthly"}`).toLowerCase() })}
        action={
          live ? (
            <div className={styles.actions}>
              {offered.has("portal") ? (
                <Button variant="default" loading={busy} onClick={() => void portal()}>
                  {t("sub.portal")}
                </Button>
              ) : null}
              {ending ? (
                <Button loading={busy} onClick={() => void resume()}>
                  {t("sub.resume")}
                </Button>
              ) : (
                <Button variant="default" loading={busy} onClick={() => void cancel()}>
                  {t("sub.cancel")}
                </Button>
              )}
            </div>
          ) : undefined
        }
      />
    </>
  );
}

interface PlanCardProps {
  readonly plan: Plan;
  readonly period: Period;
  readonly mine: SubscriptionView | null;
  readonly code: string;
}

function PlanCard({ plan, period, mine, code }: PlanCardProps) {
  const { t, language } = useI18n();
  const { client } = useLive();
  const offered = useOffered();
  const { busy, run } = useDoing();
  const isMine = mine?.plan_id === plan.id;
  const live = mine?.status === "active" || mine?.status === "past_due";
  const amount = period === "yearly" && !plan.is_free ? plan.price_yearly : plan.price_monthly;
  const checkout = () =>
    run(async () => {
      const { url } = (await client.call("billing.checkout", { plan_id: plan.id, billing_period: period, ...(code.trim() === "" ? {} : { promo_code: code.trim() }) })) as { readonly url: string };
      location.assign(url);
    });
  // Another plan of a running subscription is chosen at the provider, which computes what is owed.
  const change = () =>
    run(async () => {
      const { url } = (await client.call("billing.portal", {})) as { readonly url: string };
      location.assign(url);
    });
  return (
    <li className={cx(styles.plan)} data-mine={isMine} data-plan={plan.name}>
      <div className={styles.planHead}>
        <h2>{capital(plan.name)}</h2>
        {plan.is_popular ? <Badge variant="light">{t("plans.popular")}</Badge> : null}
      </div>
      {plan.description === null ? null : <p className="muted">{plan.description}</p>}
      <p className={styles.price}>
        <b>{price(language, amount, plan.price_currency)}</b> <span>{t(period === "yearly" && !plan.is_free ? "plans.per.year" : "plans.per.month")}</span>
      </p>
      {period === "yearly" && plan.yearly_discount_percent > 0 ? <p className={styles.saving}>{t("plans.saving", { n: plan.yearly_discount_percent })}</p> : null}
      <ul className={styles.limits}>
        {plan.limits.map((limit) => (
          <li key={limit.feature_name} data-off={!limit.is_enabled}>
            {limit.is_enabled ? <Check size={16} aria-hidden="true" /> : <Minus size={16} aria-hidden="true" />}
            <span>
              {featureName(t, limit.feature_name)} <b>{limitText(t, limit, (value) => number(language, value))}</b>
            </span>
          </li>
        ))}
      </ul>
      {action(t)}
    </li>
  );

  function action(say: Translate) {
    if (isMine)
      return (
        <Button variant="light" disabled fullWidth>
          {say("plans.mine")}
        </Button>
      );
    if (plan.is_free || (live && !offered.has("portal")) || !offered.has("checkout")) return null;
    return (
      <Button fullWidth variant={plan.is_popular ? "filled" : "default"} loading={busy} onClick={() => void (live ? change() : checkout())}>
        {say(live ? "plans.change" : "plans.choose", { name: capital(plan.name) })}
      </Button>
    );
  }
}
