import { ActionIcon, Autocomplete, Button, Chip, TextInput } from "@mantine/core";
import type { Position, SubscriptionStatus } from "@estafette/client";
import { Activity, Check, Copy, Pause, Play, Search, Trash2 } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { useSearchParams } from "react-router";
import { Card, Empty, Page } from "../components/page";
import { useI18n } from "../i18n";
import { cvName, jobName, personOf } from "../lib/cvs";
import { taskTitle } from "../lib/tasks";
import { EMPTY, KEPT, matches, record, wire, type Entry, type Tape } from "../lib/tape";
import { useLive } from "../live/live";
import { cx } from "../lib/cx";
import styles from "./inspector.module.css";

export default function Inspector() {
  const { t } = useI18n();
  const { me, user, titles, offers } = useLive();
  const [query, setQuery] = useSearchParams();
  const mine = `user:${me.id}`;
  const topic = query.get("topic") ?? mine;
  const [draft, setDraft] = useState(topic);
  const follow = (next: string) => {
    const name = next.trim();
    if (name === "") return;
    setDraft(name);
    setQuery({ topic: name }, { replace: true });
  };
  const suggestions = [
    { topic: mine, label: t("inspect.mine") },
    ...(user.state?.tasks ?? []).slice(0, 4).map((task) => ({ topic: `task:${task.id}`, label: `${t("inspect.task")} · ${taskTitle(t, task, user.state?.cvs ?? [], titles)}` })),
    ...(user.state?.cvs ?? []).slice(0, 5).map((cv) => ({ topic: `cv:${cv.id}`, label: `${t("inspect.cv")} · ${personOf(cvName(cv, titles.get(cv.id)))}${cv.job_offer_id === null ? "" : ` → ${jobName(t, offers.get(cv.job_offer_id)) ?? t("offers.untitled")}`}` })),
    { topic: "app", label: "app" },
  ];
  return (
    <Page title={t("inspect.title")} lead={t("inspect.lead")}>
      <div className={styles.topics}>
        {suggestions.map((item) => (
          <Button key={item.topic} size="compact-sm" variant={item.topic === topic ? "light" : "default"} onClick={() => follow(item.topic)} title={item.topic} maw={290}>
            <span className="truncate">{item.label}</span>
          </Button>
        ))}
      </div>
      <Card>
        <form
          className={styles.bar}
          onSubmit={(event) => {
            event.preventDefault();
            follow(draft);
          }}
        >
          <Autocomplete
            className={cx(styles.topic)}
            aria-label={t("inspect.topic")}
            value={draft}
            onChange={setDraft}
            onOptionSubmit={follow}
            data={suggestions.map((item) => item.topic)}
            styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)", fontSize: 13 } }}
          />
          <Button type="submit" variant="light">
            {t("inspect.subscribe")}
          </Button>
        </form>
        <Feed key={topic} topic={topic} />
      </Card>
    </Page>
  );
}

function Feed({ topic }: { readonly topic: string }) {
  const { t } = useI18n();
  const { client } = useLive();
  const [tape, setTape] = useState<Tape>(EMPTY);
  const [held, setHeld] = useState<Tape | null>(null);
  const [position, setPosition] = useState<Position>();
  const [head, setHead] = useState<number>();
  const [status, setStatus] = useState<SubscriptionStatus>({ at: "waiting" });
  const [text, setText] = useState("");
  const [show, setShow] = useState<string[]>(["durable", "volatile"]);
  useEffect(() => {
    const subscription = client.subscribe<string>(topic, {
      onSnapshot: (data, at) => {
        setPosition(at);
        setTape((old) => record(old, { type: "snapshot", kind: "snap", at: new Date().toISOString(), seq: at.seq, data }));
      },
      onEvent: (event, at) => {
        setPosition(at);
        setTape((old) => record(old, { type: "event", kind: event.kind, at: event.at, seq: event.seq, data: event.data }));
      },
      onLive: (event) => setTape((old) => record(old, { type: "live", kind: event.kind, at: event.at, seq: null, data: event.data })),
      onMark: (seq) => {
        setHead(seq);
        setTape((old) => record(old, { type: "mark", kind: "mark", at: new Date().toISOString(), seq, data: { [topic]: seq } }));
      },
      onStatus: setStatus,
    });
    return () => subscription.unsubscribe();
  }, [client, topic]);
  const shown = held ?? tape;
  const entries = shown.entries.filter((entry) => matches(entry, { text, durable: show.includes("durable"), volatile: show.includes("volatile"), marks: show.includes("marks") }));
  return (
    <>
      <div className={styles.facts}>
        <span>
          {t("inspect.status")} <b>{t(`inspect.status.${status.at}`)}</b>
        </span>
        <span>
          {t("inspect.epoch")} <b className="num">{position?.epoch ?? "–"}</b>
        </span>
        <span>
          {t("inspect.seq")} <b className="num">{position?.seq ?? "–"}</b>
        </span>
        <span>
          {t("inspect.head")} <b className="num">{head ?? "–"}</b>
        </span>
        {status.at === "refused" ? <span style={{ color: "var(--bad)" }}>{status.error.message}</span> : null}
        {status.at === "revoked" ? <span style={{ color: "var(--bad)" }}>{status.message}</span> : null}
      </div>
      <div className={styles.bar}>
        <TextInput className={cx(styles.topic)} aria-label={t("inspect.filter")} placeholder={t("inspect.filter")} value={text} onChange={(event) => setText(event.currentTarget.value)} leftSection={<Search size={15} />} />
        <Chip.Group multiple value={show} onChange={setShow}>
          <Chip value="durable" size="sm" variant="light">
            {t("inspect.durable")}
          </Chip>
          <Chip value="volatile" size="sm" variant="light">
            {t("inspect.volatile")}
          </Chip>
          <Chip value="marks" size="sm" variant="light">
            {t("inspect.marks")}
          </Chip>
        </Chip.Group>
        <Button variant="default" leftSection={held === null ? <Pause size={15} /> : <Play size={15} />} onClick={() => setHeld(held === null ? tape : null)} aria-pressed={held !== null}>
          {t(held === null ? "inspect.pause" : "inspect.resume")}
        </Button>
        <CopyButton label={t("inspect.copyAll")} text={() => `[${entries.map((entry) => wire(entry, topic, position)).join(",\n")}]`} />
        <ActionIcon variant="default" size={36} aria-label={t("inspect.clear")} title={t("inspect.clear")} onClick={() => { setTape(EMPTY); if (held !== null) setHeld(EMPTY); }}>
          <Trash2 size={16} />
        </ActionIcon>
      </div>
      {held === null ? null : (
        <div className={styles.facts} role="status">
          {t("inspect.paused", { n: tape.count - held.count })}
        </div>
      )}
      {entries.length === 0 ? (
        <Empty icon={Activity} title={t("inspect.empty")} text={t("inspect.empty.text")} />
      ) : (
        <ul className={styles.list}>
          {entries.map((entry) => (
            <Row key={entry.n} entry={entry} topic={topic} position={position} />
          ))}
        </ul>
      )}
      <div className={styles.facts}>{t("inspect.kept", { n: KEPT })}</div>
    </>
  );
}

function Row({ entry, topic, position }: { readonly entry: Entry; readonly topic: string; readonly position: Position | undefined }) {
  const { t } = useI18n();
  const [open, setOpen] = useState(false);
  const tone = entry.type === "live" || entry.type === "mark" ? styles.volatile : entry.type === "snapshot" ? styles.snap : undefined;
  return (
    <li className={cx(styles.row, tone ?? "")}>
      <button type="button" className={styles.line} onClick={() => setOpen((value) => !value)} aria-expanded={open}>
        <span className={styles.seq}>{entry.seq ?? "~"}</span>
        <span className={styles.time}>{entry.at.slice(11, 23)}</span>
        <span className={cx(styles.kind, "truncate")}>{entry.type === "snapshot" ? t("inspect.snapshot") : entry.kind}</span>
        <span className={cx(styles.data, "truncate")}>{JSON.stringify(entry.data).slice(0, 300)}</span>
      </button>
      {open ? (
        <pre className={styles.full}>
          <span className={styles.copy}>
            <CopyButton label={t("common.copy")} text={() => wire(entry, topic, position)} small />
          </span>
          {wire(entry, topic, position)}
        </pre>
      ) : null}
    </li>
  );
}

function CopyButton({ label, text, small = false }: { readonly label: string; readonly text: () => string; readonly small?: boolean }) {
  const { t } = useI18n();
  const [done, setDone] = useState(false);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  const copy = async () => {
    if (!(await copyText(text()))) return;
    setDone(true);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setDone(false), 1600);
  };
  return (
    <Button variant="default" size={small ? "compact-xs" : "sm"} leftSection={done ? <Check size={15} /> : <Copy size={15} />} onClick={() => void copy()}>
      {done ? t("common.copied") : label}
    </Button>
  );
}

/** The clipboard exists in secure contexts only; elsewhere the old way still works. */
async function copyText(text: string): Promise<boolean> {
  if ("clipboard" in navigator)
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      // Refused: the old way.
    }
  const area = document.createElement("textarea");
  area.value = text;
  document.body.append(area);
  area.select();
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- the only way outside secure contexts
  const done = document.execCommand("copy");
  area.remove();
  return done;
}
