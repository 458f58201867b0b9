import { Button } from "@mantine/core";
import { Coins } from "lucide-react";
import { useEffect, useState } from "react";
import { Link, useLocation } from "react-router";
import { Card, Empty, Failure, Page, Rows } from "../components/page";
import { Pill } from "../components/pill";
import { Note } from "../components/section";
import { useI18n } from "../i18n";
import { dateTime, day, number, signed } from "../lib/format";
import { useGlide } from "../lib/hooks";
import { featureName } from "../lib/money";
import { useLive } from "../live/live";
import type { CreditTransaction, Page as Items } from "../model/types";
import { cx } from "../lib/cx";
import { Buy } from "../money/buy";
import styles from "./credits.module.css";

const PAGE = 50;

export default function Credits() {
  const { t, language } = useI18n();
  const { user } = useLive();
  const credits = user.state?.credits;
  const checkout = new URLSearchParams(useLocation().search).get("checkout");
  // A feature without allowance is paid in credits from the first use: nothing to show.
  const counters = (user.state?.counters ?? []).filter((counter) => counter.usage_limit > 0 || counter.count > 0);
  return (
    <Page title={t("credits.title")}>
      {checkout === "done" || checkout === "cancelled" ? <Note>{t(`money.checkout.${checkout}`)}</Note> : null}
      <Card className={styles.top}>
        <div className={styles.balance}>
          <b>{credits === undefined ? "–" : <Balance of={credits.balance} />}</b>
          <span>{t("credits.unit", { n: credits?.balance ?? 0 })}</span>
        </div>
        <dl className={styles.sums}>
          {(["purchased", "gifted", "refunded", "used"] as const).map((name) => (
            <div key={name}>
              <dt>{t(`credits.${name}`)}</dt>
              <dd className="num">{credits === undefined ? "–" : number(language, credits[`total_${name}`])}</dd>
            </div>
          ))}
        </dl>
        {counters.length === 0 ? null : (
          <div className={styles.counters}>
            {counters.map((counter) => (
              <Pill key={counter.feature_name} title={t("credits.allowance.until", { date: day(language, counter.period_end) })}>
                {t("credits.allowance")} · {featureName(t, counter.feature_name)} · {counter.usage_limit < 0 ? t("credits.allowance.unlimited", { a: counter.count }) : t("credits.allowance.of", { a: counter.count, b: counter.usage_limit })}
              </Pill>
            ))}
          </div>
        )}
        <p className={styles.note}>{t("credits.note")}</p>
      </Card>
      <Buy />
      <Ledger balance={credits?.balance} />
    </Page>
  );
}

/** The balance: there at once when it is known, gliding when it changes. */
function Balance({ of }: { readonly of: number }) {
  const { language } = useI18n();
  return number(language, Math.round(useGlide(of, 600)));
}

/** The ledger, newest first, each row with the balance after it. */
function Ledger({ balance }: { readonly balance: number | undefined }) {
  const { t, language } = useI18n();
  const { api } = useLive();
  const [rows, setRows] = useState<readonly CreditTransaction[] | null>(null);
  const [next, setNext] = useState<string | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [round, setRound] = useState(0);
  useEffect(() => {
    const stop = new AbortController();
    api.get<Items<CreditTransaction>>(`/v1/cv/credits/transactions?limit=${PAGE}`, stop.signal).then(
      (page) => {
        setRows(page.items);
        setNext(page.next);
        setError(null);
      },
      (failure: unknown) => {
        if (!stop.signal.aborted) setError(failure);
      },
    );
    return () => stop.abort();
    // The live balance says that a row came: the first page is read again.
  }, [api, round, balance]);
  const more = async () => {
    if (next === null) return;
    try {
      const page = await api.get<Items<CreditTransaction>>(`/v1/cv/credits/transactions?limit=${PAGE}&after=${encodeURIComponent(next)}`);
      setRows([...(rows ?? []), ...page.items]);
      setNext(page.next);
    } catch (failure) {
      setError(failure);
    }
  };
  if (error !== null && rows === null)
    return (
      <Card>
        <Failure error={error} retry={() => setRound((value) => value + 1)} />
      </Card>
    );
  if (rows === null)
    return (
      <Card>
        <Rows count={6} height={44} />
      </Card>
    );
  if (rows.length === 0)
    return (
      <Card>
        <Empty icon={Coins} title={t("credits.empty")} />
      </Card>
    );
  let running = balance ?? 0;
  return (
    <Card>
      <table className={styles.table} aria-label={t("credits.ledger")}>
        <thead>
          <tr>
            <th scope="col">{t("credits.when")}</th>
            <th scope="col">{t("credits.what")}</th>
            <th scope="col" className={styles.right}>
              {t("credits.amount")}
            </th>
            <th scope="col" className={cx(styles.right, styles.wide)}>
              {t("credits.after")}
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => {
            const after = running;
            running -= row.amount;
            return (
              <tr key={row.id}>
                <td className="num muted">{dateTime(language, row.created_at)}</td>
                <td>
                  {row.type === "usage" && row.feature_name !== null ? null : <>{t(`credits.type.${row.type}`)} </>}
                  {row.feature_name === null ? null : row.task_id === null ? featureName(t, row.feature_name) : <Link to={`/tasks/${row.task_id}`}>{featureName(t, row.feature_name)}</Link>}{" "}
                  {row.refunded ? <Pill tone="outline">{t("credits.was.refunded")}</Pill> : null}
                </td>
                <td className={cx(styles.right, row.amount > 0 ? styles.plus : styles.minus)}>{signed(language, row.amount)}</td>
                <td className={cx(styles.right, styles.wide, "muted")}>{balance === undefined ? "–" : number(language, after)}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
      {next === null ? null : (
        <div style={{ padding: 14, textAlign: "center" }}>
          <Button variant="default" onClick={() => void more()}>
            {t("common.more")}
          </Button>
        </div>
      )}
    </Card>
  );
}
