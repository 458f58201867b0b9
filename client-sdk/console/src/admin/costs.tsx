import { SegmentedControl } from "@mantine/core";
import { BellRing } from "lucide-react";
import { useState } from "react";
import type { Fold } from "@estafette/client";
import { Bars, Shares } from "../components/chart";
import { Card, Failure, Rows } from "../components/page";
import { isKey, useI18n, type Key, type Language, type Translate } from "../i18n";
import { costFold } from "../lib/costs";
import { cost, dateTime, number, percent, utcDay } from "../lib/format";
import { aiFeature } from "../lib/costs";
import { lastDays } from "../lib/scale";
import { useLive, useTopicView } from "../live/live";
import { addressOf, usePages, useRepeated } from "../live/pages";
import type { AdminCosts, UsageSum } from "../model/operations";
import { CostViews } from "./cost-views";
import styles from "./admin.module.css";

const RANGES = ["7", "30", "90"] as const;
type Range = (typeof RANGES)[number];
/** Usage is read again while somebody looks, milliseconds. */
const REPEAT_MS = 20_000;
const LARGEST = 8;
/** Rows of one question: every day of the longest period. */
const MOST_ROWS = 100;

/** What AI work costs: now, by day, and who or what it is for. */
export default function Costs() {
  const { t, language } = useI18n();
  const { client } = useLive();
  const [range, setRange] = useState<Range>("30");
  const live = useTopicView(client, "admin:costs", costFold as Fold<"admin:costs", AdminCosts>).state;
  const days = lastDays(Number(range), new Date());
  const period = { from: days[0], to: days.at(-1) };
  const money = (value: number) => cost(language, value);
  const byDay = useUsage("day", period);
  const spent = (byDay.rows ?? []).reduce((sum, row) => sum + row.estimated_cost, 0);
  return (
    <>
      <CostViews />
      {live === undefined ? null : (
        <Card className={styles.block}>
          <div className={styles.title}>
            <h2>{t("ops.costs.now")}</h2>
          </div>
          <dl className={styles.sums}>
            <Sum name="ops.costs.today" value={money(live.today.cost)} />
            <Sum name="ops.costs.callsToday" value={number(language, live.today.calls)} />
            <Sum name="ops.costs.month" value={money(live.month_cost)} />
            {live.budgets.map((budget) => (
              <div key={budget.setting_name}>
                <dt>{settingName(t, budget.setting_name)}</dt>
                <dd className="num">
                  {money(budget.spent)} <small className="muted">{t("common.of", { a: percent(language, budget.limit === 0 ? 1 : budget.spent / budget.limit), b: money(budget.limit) })}</small>
                </dd>
              </div>
            ))}
          </dl>
        </Card>
      )}
      <Card className={styles.block}>
        <div className={styles.title}>
          <h2>
            {t("ops.costs.byDay")} <small>{byDay.rows === undefined ? "" : t("ops.costs.total", { sum: money(spent) })}</small>
          </h2>
          <SegmentedControl size="xs" aria-label={t("ops.costs.range")} value={range} onChange={(value) => setRange(value)} data={RANGES.map((value) => ({ value, label: t("ops.costs.days", { n: Number(value) }) }))} />
        </div>
        {byDay.rows === undefined ? (
          byDay.error === undefined ? (
            <Rows count={1} height={220} />
          ) : (
            <Failure error={byDay.error} retry={byDay.reload} />
          )
        ) : (
          <Bars title={t("ops.costs.byDay")} column={t("ops.day")} format={money} bars={days.map((date) => barOf(date, byDay.rows ?? [], language))} />
        )}
      </Card>
      <div className={styles.halves}>
        <Part title="ops.costs.byFeature" by="feature" period={period} name={(row) => aiFeature(t, row.feature_name)} />
        <Part title="ops.costs.byModel" by="model" period={period} name={(row) => row.model ?? "–"} />
        <Part title="ops.costs.byUser" by="user" period={period} name={(row) => row.email ?? row.user_id ?? "–"} />
        <Card className={styles.block}>
          <div className={styles.title}>
            <h2>{t("ops.alerts.fired")}</h2>
          </div>
          {live === undefined || live.alerts.length === 0 ? (
            <p className={styles.calm}>
              <BellRing size={17} aria-hidden="true" /> {t("ops.alerts.quiet")}
            </p>
          ) : (
            live.alerts.slice(0, LARGEST).map((alert) => (
              <div key={alert.id} className={styles.fired}>
                <div>
                  <b className={styles.kind}>{alert.name}</b>
                  <div className={styles.sub}>
                    {alert.scope} · {alert.period} · {dateTime(language, alert.fired_at)}
                  </div>
                </div>
                <b className={styles.bad}>{alert.type === "unknown_model" ? number(language, alert.value) : `${money(alert.value)} > ${money(alert.threshold)}`}</b>
              </div>
            ))
          )}
        </Card>
      </div>
    </>
  );
}

function settingName(t: Translate, name: string): string {
  const key = `ops.setting.${name}`;
  return isKey(key) ? t(key) : name;
}

function useUsage(by: "day" | "user" | "feature" | "model", period: { readonly from: string | undefined; readonly to: string | undefined }) {
  const list = usePages<UsageSum>(addressOf("/v1/cv/admin/ai/usage", { by, ...period, limit: MOST_ROWS }));
  useRepeated(REPEAT_MS, list.reload);
  return list;
}

function barOf(date: string, rows: readonly UsageSum[], language: Language) {
  return { key: date, short: utcDay(language, date, "short"), label: utcDay(language, date, "full"), value: rows.find((row) => row.date === date)?.estimated_cost ?? 0 };
}

function Sum({ name, value }: { readonly name: Key; readonly value: string }) {
  const { t } = useI18n();
  return (
    <div>
      <dt>{t(name)}</dt>
      <dd className="num">{value}</dd>
    </div>
  );
}

interface PartProps {
  readonly title: Key;
  readonly by: "user" | "feature" | "model";
  readonly period: { readonly from: string | undefined; readonly to: string | undefined };
  readonly name: (row: UsageSum) => string;
}

function Part({ title, by, period, name }: PartProps) {
  const { t, language } = useI18n();
  const list = useUsage(by, period);
  const rows = [...(list.rows ?? [])].sort((a, b) => b.estimated_cost - a.estimated_cost || b.calls_count - a.calls_count).slice(0, LARGEST);
  return (
    <Card className={styles.block}>
      <div className={styles.title}>
        <h2>{t(title)}</h2>
      </div>
      {list.rows === undefined ? (
        list.error === undefined ? (
          <Rows count={3} height={40} />
        ) : (
          <Failure error={list.error} retry={list.reload} />
        )
      ) : rows.length === 0 ? (
        <p className={styles.calm}>{t("ops.costs.none")}</p>
      ) : (
        <Shares label={t(title)} format={(value) => cost(language, value)} shares={rows.map((row) => ({ key: name(row), label: name(row), value: row.estimated_cost, note: t("ops.costs.calls", { n: row.calls_count }) }))} />
      )}
    </Card>
  );
}
