import { Button, Select } from "@mantine/core";
import { CircleDot, Camera, DoorClosed, DoorOpen, History, MoveRight, Radio, Turtle, Unplug, type LucideIcon } from "lucide-react";
import { useState } from "react";
import { Empty } from "../components/page";
import { Pill } from "../components/pill";
import { useI18n, type Language, type Translate } from "../i18n";
import { chapters, ofTopic, topicsOf, utcClock, utcTime, type Chapter, type Line } from "../lib/admin";
import { cx } from "../lib/cx";
import { bytes, number } from "../lib/format";
import type { Note, NoteWord } from "../model/admin";
import { NOTES } from "./api";
import styles from "./admin.module.css";

const ICONS: Record<NoteWord, LucideIcon> = {
  opened: DoorOpen,
  subscribed: CircleDot,
  snapshot: Camera,
  position: MoveRight,
  behind: Turtle,
  live: Radio,
  ended: Unplug,
  closed: DoorClosed,
};

/** A session's notes, connection by connection, the newest connection first. */
export function Timeline({ notes }: { readonly notes: readonly Note[] }) {
  const { t } = useI18n();
  const [topic, setTopic] = useState<string | null>(null);
  const topics = topicsOf(notes);
  const shown = chapters(ofTopic(notes, topic !== null && topics.includes(topic) ? topic : null));
  return (
    <>
      <div className={cx(styles.title, styles.tools)}>
        <h2>
          {t("admin.timeline")}
          <small>
            {t("admin.timeline.note")}
            {notes.length < NOTES ? null : ` · ${t("admin.timeline.many", { n: NOTES })}`}
          </small>
        </h2>
        {topics.length < 2 ? null : (
          <Select size="xs" className={cx(styles.filter)} aria-label={t("admin.timeline.topic")} placeholder={t("admin.timeline.topic")} data={[...topics]} value={topic} onChange={setTopic} clearable clearButtonProps={{ "aria-label": t("common.all") }} />
        )}
      </div>
      {shown.length === 0 ? <Empty icon={History} title={t("admin.timeline.empty")} /> : shown.map((chapter) => <Connection key={chapter.connection} chapter={chapter} />)}
    </>
  );
}

/** What one connection noted; `cut`: a choice of it, that says nothing about whether it is open. */
export function Connection({ chapter, cut = false }: { readonly chapter: Chapter; readonly cut?: boolean }) {
  const { t } = useI18n();
  const name = `${t("admin.connection")} ${chapter.connection}`;
  return (
    <section className={styles.chapter} aria-label={cut ? undefined : name} data-connection={chapter.connection}>
      <header className={styles.chapterHead}>
        <h3>
          {t("admin.connection")} <span className="mono">{chapter.connection}</span>
        </h3>
        {cut ? null : <Pill tone={chapter.open ? "ok" : "outline"}>{t(chapter.open ? "admin.connection.open" : "admin.connection.closed")}</Pill>}
        <span className={styles.sub}>
          <span className="num">{utcTime(chapter.from)}</span> · {t("admin.connection.on", { node: chapter.node })}
        </span>
      </header>
      <Notes label={name} lines={chapter.lines} />
    </section>
  );
}

/** Notes as a vertical line. */
function Notes({ label, lines }: { readonly label: string; readonly lines: readonly Line[] }) {
  return (
    <ol className={styles.notes} aria-label={label}>
      {lines.map((line) => ("note" in line ? <NoteItem key={keyOf(line.note)} note={line.note} /> : <Run key={`run ${keyOf(line.run[0])}`} notes={line.run} />))}
    </ol>
  );
}

function keyOf(note: Note | undefined): string {
  return note === undefined ? "" : `${note.at} ${note.connection} ${note.what} ${note.topic ?? ""} ${note.seq ?? ""}`;
}

/** Positions in a row: the first and the last of them, and all when asked. */
function Run({ notes }: { readonly notes: readonly Note[] }) {
  const { t } = useI18n();
  const [open, setOpen] = useState(false);
  const [first, last] = [notes[0], notes.at(-1)];
  if (first === undefined || last === undefined) return null;
  return (
    <>
      <li className={styles.note} data-what="position">
        <Mark what="position" />
        <time className={cx(styles.time, "num")} dateTime={first.at} title={first.at}>
          {utcClock(first.at)}
        </time>
        <span className={styles.what}>{t("admin.run", { n: notes.length })}</span>
        <span className={styles.rest}>
          <span className={cx(styles.sub, "num")}>{t("admin.run.until", { time: utcClock(last.at) })}</span>
          <Button size="compact-xs" variant="subtle" onClick={() => setOpen(!open)} aria-expanded={open}>
            {t(open ? "admin.run.hide" : "admin.run.show")}
          </Button>
        </span>
      </li>
      {open ? notes.map((note) => <NoteItem key={keyOf(note)} note={note} />) : null}
    </>
  );
}

function NoteItem({ note }: { readonly note: Note }) {
  const { t, language } = useI18n();
  const detail = detailsOf(t, language, note);
  return (
    <li className={styles.note} data-what={note.what}>
      <Mark what={note.what} />
      <time className={cx(styles.time, "num")} dateTime={note.at} title={note.at}>
        {utcClock(note.at)}
      </time>
      <span className={styles.what}>{t(`admin.note.${note.what}`)}</span>
      <span className={styles.rest}>
        {note.topic === null ? null : <span className={cx(styles.topic, "mono")}>{note.topic}</span>}
        {detail.position === null ? null : <b className="num">{detail.position}</b>}
        {detail.more.map((text) => (
          <span key={text} className={styles.sub}>
            {text}
          </span>
        ))}
      </span>
    </li>
  );
}

function Mark({ what }: { readonly what: NoteWord }) {
  const Icon = ICONS[what];
  return (
    <span className={styles.mark} aria-hidden="true">
      <Icon size={14} strokeWidth={2} />
    </span>
  );
}

/** Where the note says that the reader was, and what else it says. */
export function detailsOf(t: Translate, language: Language, note: Note): { readonly position: string | null; readonly more: readonly string[] } {
  const text = (name: string) => (typeof note.detail[name] === "string" && note.detail[name] !== "" ? note.detail[name] : null);
  const count = (name: string) => (typeof note.detail[name] === "number" ? note.detail[name] : null);
  const seq = note.seq === null ? null : number(language, note.seq);
  const waiting = count("waiting_bytes");
  const backlog = waiting === null || waiting === 0 ? null : t("admin.note.bytes", { size: bytes(language, waiting) });
  const some = (...parts: readonly (string | null)[]) => parts.filter((part) => part !== null);
  switch (note.what) {
    case "opened":
      return { position: null, more: some(text("client"), text("codec"), note.node) };
    case "subscribed":
      return { position: t(seq === null ? "admin.note.fresh" : "admin.note.after", { seq: seq ?? "" }), more: [] };
    case "snapshot":
      return { position: seq === null ? null : t("admin.note.asof", { seq }), more: [] };
    case "position":
      return { position: seq === null ? null : t("admin.note.upto", { seq }), more: some(note.detail.live === false ? t("admin.note.catching") : null) };
    case "behind":
    case "live": {
      const known = count("known");
      return { position: seq === null ? null : t("admin.note.upto", { seq }), more: some(known === null ? null : t("admin.note.known", { n: known }), backlog) };
    }
    case "ended":
      return { position: null, more: some(text("why")) };
    case "closed": {
      const code = count("code");
      return { position: code === null ? null : t("admin.note.code", { code: String(code) }), more: some(text("reason"), backlog) };
    }
  }
}
