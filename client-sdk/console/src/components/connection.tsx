import { Popover } from "@mantine/core";
import type { ConnectionState } from "@estafette/client";
import { CloudOff, DatabaseZap, type LucideIcon } from "lucide-react";
import { useEffect, useState } from "react";
import { useI18n, useT, type Translate } from "../i18n";
import { clockTime } from "../lib/format";
import { useNow } from "../lib/hooks";
import { sentence } from "../lib/words";
import { useConnection, useOutages, useTrouble } from "../live/live";
import { cx } from "../lib/cx";
import styles from "./connection.module.css";

/** A reconnect shorter than this says nothing in the banner: it is over before it can be read. */
const BANNER_AFTER_MS = 1500;

function toneOf(state: ConnectionState): string {
  if (state.status === "live") return styles.live ?? "";
  if (state.status === "offline" || state.status === "closed") return styles.down ?? "";
  return styles.busy ?? "";
}

function retryText(t: Translate, state: ConnectionState, now: number): string | null {
  if (state.status !== "offline") return null;
  const seconds = Math.ceil((state.retryAt - now) / 1000);
  return seconds > 0 ? t("conn.retry", { s: seconds }) : t("conn.retrying");
}

/** How the live connection stands: a dot, a word, and on request a sentence. */
export function ConnectionBadge({ compact = false }: { readonly compact?: boolean }) {
  const t = useT();
  const state = useConnection();
  const now = useNow(state.status === "offline");
  const [open, setOpen] = useState(false);
  const retry = retryText(t, state, now);
  const word = t(`conn.${state.status}`);
  return (
    <Popover opened={open} onChange={setOpen} width={280} position={compact ? "bottom-end" : "top-start"} shadow="md" withArrow trapFocus={false}>
      <Popover.Target>
        <button type="button" className={cx(styles.box, compact && styles.compact)} onClick={() => setOpen((value) => !value)} data-status={state.status}>
          <span className={cx(styles.dot, toneOf(state))} aria-hidden="true" />
          <span className={styles.text}>
            <span role="status">{word}</span>
            {retry !== null && !compact ? <span className={cx(styles.hint, "num")}>{retry}</span> : null}
          </span>
        </button>
      </Popover.Target>
      <Popover.Dropdown>
        <p style={{ margin: 0 }}>{t(`conn.${state.status}.long`)}</p>
        {retry === null ? null : <p className="muted num" style={{ margin: "6px 0 0" }}>{retry}</p>}
        {"reason" in state && state.reason !== "" ? <p className="muted mono" style={{ margin: "6px 0 0", overflowWrap: "anywhere" }}>{state.reason}</p> : null}
      </Popover.Dropdown>
    </Popover>
  );
}

/** Says it clearly when what is on the page may be old, or when the server cannot do what it is asked for. */
export function ConnectionBanner() {
  const { t, language } = useI18n();
  const state = useConnection();
  const trouble = useTrouble();
  const outages = useOutages();
  const [late, setLate] = useState(false);
  const troubled = trouble !== null;
  const now = useNow(state.status === "offline");
  useEffect(() => {
    if (!troubled) {
      setLate(false);
      return undefined;
    }
    const timer = setTimeout(() => setLate(true), BANNER_AFTER_MS);
    return () => clearTimeout(timer);
  }, [troubled]);
  if (trouble !== null) {
    if (!late) return null;
    const retry = trouble.kind === "offline" ? (retryText(t, state, now) ?? t("conn.retrying")) : null;
    return (
      <Banner icon={CloudOff} title={`${t(`conn.${trouble.kind}`)}.`} text={t(`conn.${trouble.kind}.long`)}>
        {retry}
      </Banner>
    );
  }
  const [outage] = outages;
  if (outage === undefined) return null;
  const isKnown = (outage.what as string) === "database";
  return (
    <Banner icon={DatabaseZap} title={isKnown ? t("conn.outage", { when: clockTime(language, outage.since) }) : sentence(outage.message)} text={isKnown ? t("conn.outage.long") : ""}>
      {null}
    </Banner>
  );
}

function Banner({ icon: Icon, title, text, children }: { readonly icon: LucideIcon; readonly title: string; readonly text: string; readonly children: string | null }) {
  return (
    <div className={styles.banner} role="alert">
      <Icon size={17} aria-hidden="true" style={{ flex: "none" }} />
      <span>
        <b>{title}</b> {text} {children === null ? null : <span className="num muted" aria-live="off">{children}</span>}
      </span>
    </div>
  );
}
