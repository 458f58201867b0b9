/** The silences of a task, told apart: behind a limit, the model, the worker, the database, and the own connection. */
import { Database, Hourglass, ListOrdered, MonitorX, RotateCw, Unplug, type LucideIcon } from "lucide-react";
import { useI18n, type Key } from "../i18n";
import { clockTime } from "../lib/format";
import type { Silence } from "../lib/waits";
import type { Trouble } from "../live/live";
import styles from "../pages/task.module.css";

const LOOKS: Readonly<Record<Silence["kind"], { readonly icon: LucideIcon; readonly title: Key }>> = {
  limit: { icon: ListOrdered, title: "wait.limit" },
  model: { icon: Hourglass, title: "wait.model" },
  worker: { icon: MonitorX, title: "wait.worker" },
  taken: { icon: RotateCw, title: "wait.taken" },
  storage: { icon: Database, title: "wait.storage.title" },
  other: { icon: Hourglass, title: "wait.other.title" },
};

/** What the whole task waits for. A silent link comes first: the rest may be old by then. */
export function Silences({ silences, trouble }: { readonly silences: readonly Silence[]; readonly trouble: Trouble | null }) {
  const { t, language } = useI18n();
  const whole = silences.filter((silence) => silence.step === null);
  if (whole.length === 0 && trouble === null) return null;
  return (
    <div role="status">
      <ul className={styles.silences}>
      {trouble === null ? null : (
        <li className={styles.silence} data-silence="link">
          <Unplug size={17} aria-hidden="true" />
          <span>
            <b>{t("wait.link")}.</b> {trouble.kind === "stale" ? t("wait.stale") : t("wait.offline", { when: clockTime(language, trouble.since) })}
          </span>
        </li>
      )}
      {whole.map((silence) => {
        const { icon: Icon, title } = LOOKS[silence.kind];
        return (
          <li key={`${silence.kind} ${silence.key}`} className={styles.silence} data-silence={silence.kind}>
            <Icon size={17} aria-hidden="true" />
            <span>
              <b>{t(title)}.</b> {t(silence.key, silence.values)}
            </span>
          </li>
        );
      })}
      </ul>
    </div>
  );
}
