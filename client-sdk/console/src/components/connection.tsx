import { Popover } from "@mantine/core";
import type { ConnectionState } from "@estafette/client";
import { CloudOff } from "lucide-react";
import { useEffect, useState } from "react";
import { useT, type Translate } from "../i18n";
import { useNow } from "../lib/hooks";
import { useConnection } from "../live/live";
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

/** Says it clearly when what is on the page may be old. */
export function ConnectionBanner() {
  const t = useT();
  const state = useConnection();
  const troubled = state.status === "offline" || state.status === "stale" || state.status === "closed";
  const [late, setLate] = useState(false);
  const now = useNow(state.status === "offline");
  useEffect(() => {
    if (!troubled) {
      setLate(false);
      return undefined;
    }
    const timer = setTimeout(() => setLate(true), BANNER_AFTER_MS);
    return () => clearTimeout(timer);
  }, [troubled]);
  if (!troubled || !late) return null;
  const retry = retryText(t, state, now);
  return (
    <div className={styles.banner} role="alert">
      <CloudOff size={17} aria-hidden="true" style={{ flex: "none" }} />
      <span>
        <b>{t(`conn.${state.status}`)}.</b> {t(`conn.${state.status}.long`)} {retry === null ? null : <span className="num muted">{retry}</span>}
      </span>
    </div>
  );
}
