/** The silences of a task, told apart: behind a limit, the model, the worker, the database, and the own connection. */
import type { Outage } from "@estafette/client";
import { Activity, Database, Hourglass, ListOrdered, MonitorX, RotateCw, Unplug, type LucideIcon } from "lucide-react";
import { useState } from "react";
import { useI18n, type Key } from "../i18n";
import { clockTime } from "../lib/format";
import { textOf, type Silence } from "../lib/waits";
import type { Trouble } from "../live/live";
import styles from "../pages/task.module.css";

const LOOKS: Readonly<Record<Silence["kind"], { readonly icon: LucideIcon; readonly title: Key }>> = {
  limit: { icon: ListOrdered, title: "wait.limit" },
  model: { icon: Hourglass, title: "wait.other.title" },
  worker: { icon: MonitorX, title: "wait.worker" },
  taken: { icon: RotateCw, title: "wait.taken" },
  storage: { icon: Database, title: "wait.other.title" },
  other: { icon: Hourglass, title: "wait.other.title" },
};

interface Line {
  /** The same as long as it says the same, whatever it counts. */
  readonly id: string;
  readonly kind: string;
  readonly icon: LucideIcon;
  readonly title: string;
  readonly text: string;
}

interface Props {
  /** What the whole task waits for. */
  readonly silences: readonly Silence[];
  readonly trouble: Trouble | null;
  readonly outage: Outage | null;
  /** The steps that run, for people. */
  readonly working: string;
}

/** What the whole task waits for, or that it works: there is always a line, so that nothing below it moves. */
export function Silences({ silences, trouble, outage, working }: Props) {
  const { t, language } = useI18n();
  const lines: Line[] = [];
  // A silent link comes first: the rest may be old by then.
  if (trouble !== null)
    lines.push({ id: `link ${trouble.kind}`, kind: "link", icon: Unplug, title: t("wait.link"), text: trouble.kind === "stale" ? t("wait.stale") : t("wait.offline", { when: clockTime(language, trouble.since) }) });
  else if (outage !== null) lines.push({ id: "outage", kind: "storage", icon: Database, title: t("wait.storage.title"), text: t("wait.outage", { when: clockTime(language, outage.since) }) });
  for (const silence of silences) {
    // What single steps wait for stands at them too.
    if (silence.step !== null && lines.length > 0) continue;
    const { icon, title } = LOOKS[silence.kind];
    lines.push({ id: `${silence.kind} ${silence.key}`, kind: silence.kind, icon, title: t(title), text: textOf(t, silence) });
  }
  const said = lines.map(({ title, text }) => `${title}. ${text}`).join(" ");
  if (lines.length === 0) lines.push({ id: "works", kind: "none", icon: Activity, title: t("wait.works"), text: working });
  return (
    <div>
      <Announced id={lines.map(({ id }) => id).join(", ")} text={said} />
      <ul className={styles.silences}>
        {lines.map(({ id, kind, icon: Icon, title, text }) => (
          <li key={id} className={styles.silence} data-silence={kind}>
            <Icon size={17} aria-hidden="true" />
            <span>
              <b>{title}.</b> {text}
            </span>
          </li>
        ))}
      </ul>
    </div>
  );
}

/** For those who listen: said once, when it becomes something else, and not each second that it counts. */
function Announced({ id, text }: { readonly id: string; readonly text: string }) {
  const [said, setSaid] = useState({ id, text });
  if (said.id !== id) setSaid({ id, text });
  return (
    <p role="status" className="visually-hidden">
      {said.text}
    </p>
  );
}
