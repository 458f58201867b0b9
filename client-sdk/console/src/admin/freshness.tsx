import { Alert, Button } from "@mantine/core";
import { CircleAlert, Hourglass } from "lucide-react";
import type { ReactNode } from "react";
import { Failure, Rows } from "../components/page";
import { useI18n } from "../i18n";
import { longTime } from "../lib/admin";
import { clockTime } from "../lib/format";
import { explain } from "../live/errors";
import { useOldness, type Polled } from "./poll";
import styles from "./admin.module.css";

/** What was read; above it what is wrong with it: refused, or old. */
export function Fresh<T>({ polled, rows, children }: { readonly polled: Polled<T>; readonly rows: number; readonly children: (data: T) => ReactNode }) {
  if (polled.data === undefined) return polled.error === undefined ? <Rows count={rows} height={52} /> : <Failure error={polled.error} retry={polled.reload} />;
  return (
    <>
      <Trouble polled={polled} />
      {children(polled.data)}
    </>
  );
}

function Trouble({ polled }: { readonly polled: Polled<unknown> }) {
  const { t, language } = useI18n();
  const age = useOldness(polled.at);
  if (polled.error !== undefined) {
    const { title, detail } = explain(t, polled.error);
    return (
      <Alert className={styles.trouble} color="red" variant="light" role="alert" icon={<CircleAlert size={18} aria-hidden="true" />} title={title}>
        {detail === null ? null : <p>{detail}</p>}
        <p>{t("admin.failing", { when: clockTime(language, polled.at ?? 0) })}</p>
        <Button size="compact-sm" variant="default" onClick={polled.reload}>
          {t("common.retry")}
        </Button>
      </Alert>
    );
  }
  if (age === null) return null;
  return (
    <div className={styles.old} role="status">
      <Hourglass size={15} aria-hidden="true" />
      {t("admin.old", { age: longTime(language, age) })}
    </div>
  );
}
