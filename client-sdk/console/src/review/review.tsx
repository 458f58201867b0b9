import { ActionIcon, Button, Kbd } from "@mantine/core";
import { Check, CheckCheck, ChevronLeft, ChevronRight, X } from "lucide-react";
import { useEffect, useRef } from "react";
import { confirm } from "../components/confirm";
import { DiffText } from "../components/diff-text";
import { Empty } from "../components/page";
import { Pill, type Tone } from "../components/pill";
import { isKey, useT } from "../i18n";
import { placeOf } from "../lib/changes";
import type { Change, ChangeStatus, JsonResume } from "../model/types";
import { cx } from "../lib/cx";
import styles from "./review.module.css";

export interface ReviewProps {
  readonly content: JsonResume;
  readonly changes: readonly Change[];
  readonly selected: string | null;
  readonly onSelect: (id: string | null) => void;
  readonly onDecide: (ids: readonly string[], accept: boolean) => void;
  /** Changes whose decision is on its way. */
  readonly busy: ReadonlySet<string>;
  readonly disabled: boolean;
}

const TONES: Record<ChangeStatus, Tone> = { pending: "warn", accepted: "ok", rejected: "bad", superseded: "outline" };

export function Review(props: ReviewProps) {
  const { changes, onDecide } = props;
  const t = useT();
  const open = changes.filter((change) => change.status === "pending");
  if (changes.length === 0) return <Empty icon={CheckCheck} title={t("review.none")} text={t("review.none.text")} />;
  const decided = changes.length - open.length;
  const all = async (accept: boolean) => {
    const sure = await confirm({
      title: t(accept ? "review.confirm.accept" : "review.confirm.reject"),
      text: t("review.confirm.text", { n: open.length }),
      yes: t(accept ? "review.acceptAll" : "review.rejectAll"),
      no: t("common.cancel"),
      danger: !accept,
    });
    if (sure) onDecide(open.map((change) => change.id), accept);
  };
  return (
    <div className={styles.panel}>
      <div className={styles.bar}>
        <span className="muted num" role="status">
          {t("review.progress", { a: decided, b: changes.length })}
        </span>
        <span style={{ display: "flex", gap: 6 }}>
          <Button size="compact-sm" variant="light" onClick={() => void all(true)} disabled={open.length === 0 || props.disabled}>
            {t("review.acceptAll")}
          </Button>
          <Button size="compact-sm" variant="default" onClick={() => void all(false)} disabled={open.length === 0 || props.disabled}>
            {t("review.rejectAll")}
          </Button>
        </span>
      </div>
      <div className={styles.progress} aria-hidden="true">
        <span style={{ width: `${(decided / changes.length) * 100}%` }} />
      </div>
      <ul className={styles.list}>
        {changes.map((change) => (
          <ChangeCard key={change.id} change={change} {...props} />
        ))}
      </ul>
      <p className={styles.keys} style={{ margin: 0 }}>
        <Kbd size="xs">J</Kbd> <Kbd size="xs">K</Kbd> <Kbd size="xs">A</Kbd> <Kbd size="xs">R</Kbd> {t("review.keys")}
      </p>
    </div>
  );
}

function ChangeCard({ change, content, selected, onSelect, onDecide, busy, disabled }: ReviewProps & { readonly change: Change }) {
  const t = useT();
  const ref = useRef<HTMLLIElement>(null);
  const isSelected = selected === change.id;
  const { status } = change;
  const isOpen = status === "pending";
  useEffect(() => {
    if (isSelected) ref.current?.scrollIntoView({ block: "nearest", behavior: "smooth" });
  }, [isSelected]);
  const { section, entry } = placeOf(content, change.path);
  const key = `cv.section.${section}`;
  const name = isKey(key) ? t(key) : section;
  return (
    <li ref={ref} className={cx(styles.change, !isOpen && styles.decided)} data-selected={isSelected} data-change-card={change.id}>
      <button type="button" className={styles.head} onClick={() => onSelect(isSelected ? null : change.id)} aria-expanded={isSelected}>
        <span className={cx(styles.where, "truncate")}>{entry === null ? name : `${name} · ${entry}`}</span>
        {status === "pending" ? null : <Pill tone={TONES[status]}>{t(`review.${status}`)}</Pill>}
      </button>
      <div className={styles.diff}>
        <div className={cx(!isSelected && styles.clamped)}>
          <DiffText before={change.before} after={change.after} compact={!isSelected} />
        </div>
      </div>
      {isOpen && change.reason !== "" ? <div className={styles.reason}>{change.reason}</div> : null}
      {change.status === "superseded" ? <div className={styles.reason} style={{ paddingBottom: 11 }}>{t("review.superseded.text")}</div> : null}
      {isOpen ? (
        <div className={styles.buttons}>
          <Button size="compact-sm" className={cx(styles.accept)} leftSection={<Check size={15} />} loading={busy.has(change.id)} disabled={disabled} onClick={() => onDecide([change.id], true)}>
            {t("review.accept")}
          </Button>
          <Button size="compact-sm" className={cx(styles.reject)} variant="subtle" leftSection={<X size={15} />} loading={busy.has(change.id)} disabled={disabled} onClick={() => onDecide([change.id], false)}>
            {t("review.reject")}
          </Button>
        </div>
      ) : null}
    </li>
  );
}

/** The chosen change, decided without leaving the document. */
export function DecisionBar({ changes, selected, onSelect, onDecide, busy, disabled }: Omit<ReviewProps, "content">) {
  const t = useT();
  const open = changes.filter((change) => change.status === "pending");
  const at = open.findIndex((change) => change.id === selected);
  const current = open[at];
  if (current === undefined) return null;
  const following = nextChange(changes, selected, "j");
  const decide = (accept: boolean) => {
    onDecide([current.id], accept);
    onSelect(following === undefined || following === current.id ? null : following);
  };
  return (
    <div className={styles.decide} role="region" aria-label={t("review.title")}>
      {current.reason === "" ? null : <div className={styles.reason}>{current.reason}</div>}
      <div className={styles.decideRow}>
        <ActionIcon variant="default" size={34} aria-label={t("review.previous")} onClick={() => onSelect(nextChange(changes, selected, "k") ?? null)}>
          <ChevronLeft size={18} />
        </ActionIcon>
        <ActionIcon variant="default" size={34} aria-label={t("review.next")} onClick={() => onSelect(following ?? null)}>
          <ChevronRight size={18} />
        </ActionIcon>
        <span className="muted num">
          {at + 1}/{open.length}
        </span>
        <Button size="sm" px={12} className={cx(styles.reject)} variant="subtle" loading={busy.has(current.id)} disabled={disabled} onClick={() => decide(false)}>
          {t("review.reject")}
        </Button>
        <Button size="sm" px={14} className={cx(styles.accept)} loading={busy.has(current.id)} disabled={disabled} onClick={() => decide(true)}>
          {t("review.accept")}
        </Button>
      </div>
    </div>
  );
}

interface Keys {
  readonly changes: readonly Change[];
  readonly selected: string | null;
  readonly onSelect: (id: string | null) => void;
  readonly onDecide: (ids: readonly string[], accept: boolean) => void;
  readonly enabled: boolean;
}

/** j and k walk the open changes, a accepts, r rejects; not while somebody writes. */
export function useReviewKeys({ changes, selected, onSelect, onDecide, enabled }: Keys): void {
  useEffect(() => {
    if (!enabled) return undefined;
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || isWriting(event.target)) return;
      const next = nextChange(changes, selected, event.key);
      if (next !== undefined) {
        event.preventDefault();
        onSelect(next);
        return;
      }
      const current = changes.find((change) => change.id === selected && change.status === "pending");
      if (current === undefined || (event.key !== "a" && event.key !== "r")) return;
      event.preventDefault();
      const following = nextChange(changes, selected, "j");
      onDecide([current.id], event.key === "a");
      onSelect(following === undefined || following === current.id ? null : following);
    };
    window.addEventListener("keydown", onKeyDown);
    return () => window.removeEventListener("keydown", onKeyDown);
  }, [changes, selected, onSelect, onDecide, enabled]);
}

/** The open change that a key leads to, round and round; `undefined` for other keys and where none is open. */
export function nextChange(changes: readonly Change[], selected: string | null, key: string): string | undefined {
  if (key !== "j" && key !== "k") return undefined;
  const open = changes.filter((change) => change.status === "pending");
  if (open.length === 0) return undefined;
  const at = open.findIndex((change) => change.id === selected);
  if (at === -1) return (key === "j" ? open[0] : open.at(-1))?.id;
  return open[(at + (key === "j" ? 1 : -1) + open.length) % open.length]?.id;
}

function isWriting(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName));
}
