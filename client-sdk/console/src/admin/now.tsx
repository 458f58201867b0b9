import { Server, Gauge, ListChecks } from "lucide-react";
import { Link } from "react-router";
import { Card, Empty } from "../components/page";
import { Pill } from "../components/pill";
import { isKey, useI18n, type Translate } from "../i18n";
import { longTime, pulseOf, slowReaders, totals, type SlowReaderOf } from "../lib/admin";
import { bytes, dateTime, duration, number } from "../lib/format";
import { useNow } from "../lib/hooks";
import type { Nodes, Queue } from "../model/admin";
import { readNodes, readQueues } from "./api";
import { Fresh } from "./freshness";
import { POLL_MS, usePolled } from "./poll";
import { Table, type Column } from "./table";
import styles from "./admin.module.css";

/** Nodes, queues and slow readers, as they are now. */
export default function Now() {
  const { t } = useI18n();
  const nodes = usePolled("nodes", readNodes);
  const queues = usePolled("queues", readQueues);
  return (
    <>
      <Card className={styles.block}>
        <h2 className={styles.title}>
          {t("admin.nodes")}
          <small>{t("admin.fresh", { s: POLL_MS / 1000 })}</small>
        </h2>
        <Fresh polled={nodes} rows={2}>
          {(data) => <NodeTable data={data} />}
        </Fresh>
      </Card>
      <Card className={styles.block}>
        <h2 className={styles.title}>
          {t("admin.queues")}
          <small>{t("admin.queues.note")}</small>
        </h2>
        <Fresh polled={queues} rows={3}>
          {(data) => <QueueTable queues={data} />}
        </Fresh>
      </Card>
      {nodes.data === undefined ? null : (
        <Card className={styles.block}>
          <h2 className={styles.title}>{t("admin.readers")}</h2>
          <Readers readers={slowReaders(nodes.data.nodes)} />
        </Card>
      )}
    </>
  );
}

function NodeTable({ data }: { readonly data: Nodes }) {
  const { t, language } = useI18n();
  const now = useNow(true, 1000);
  if (data.nodes.length === 0) return <Empty icon={Server} title={t("admin.nodes.empty")} />;
  const sum = totals(data.nodes);
  const count = (value: number | undefined) => (value === undefined ? "–" : number(language, value));
  const columns: readonly Column[] = [
    { key: "id", label: t("admin.node"), width: "minmax(0, 2.8fr)", whole: true },
    { key: "up", label: t("admin.uptime"), width: "minmax(96px, 1fr)" },
    { key: "beat", label: t("admin.heartbeat"), width: "minmax(150px, 1.4fr)", whole: true },
    { key: "sockets", label: t("admin.sockets"), width: "94px", right: true },
    { key: "subs", label: t("admin.subscriptions"), width: "104px", right: true },
    { key: "behind", label: t("admin.behind"), width: "80px", right: true },
    { key: "bytes", label: t("admin.waiting"), width: "104px", right: true },
    { key: "tasks", label: t("admin.running"), width: "112px", right: true },
  ];
  return (
    <>
      {data.nodes.length < 2 ? null : (
        <dl className={styles.sums}>
          {(
            [
              ["admin.nodes", number(language, data.nodes.length)],
              ["admin.sockets", number(language, sum.sockets)],
              ["admin.behind", number(language, sum.behind)],
              ["admin.waiting", size(language, sum.bytes)],
              ["admin.running", number(language, sum.running)],
            ] as const
          ).map(([key, value]) => (
            <div key={key}>
              <dt>{t(key)}</dt>
              <dd className="num">{value}</dd>
            </div>
          ))}
        </dl>
      )}
      <Table
        label={t("admin.nodes")}
        columns={columns}
        rows={data.nodes.map((node) => ({
          id: node.id,
          cells: [
            <span key="id" className={styles.id}>
              <span className="mono">{node.id}</span>
              {node.id === data.asked ? <Pill tone="brand">{t("admin.asked")}</Pill> : null}
            </span>,
            <span key="up" className="num" title={dateTime(language, node.started_at)}>
              {longTime(language, now - Date.parse(node.started_at))}
            </span>,
            <Heartbeat key="beat" seconds={node.heartbeat_age} />,
            count(node.stats?.sockets),
            count(node.stats?.subscriptions),
            <Warn key="behind" when={(node.stats?.behind ?? 0) > 0}>{count(node.stats?.behind)}</Warn>,
            node.stats === null ? <span key="bytes" title={t("admin.untold")}>–</span> : size(language, node.stats.outbox_bytes),
            number(language, node.tasks),
          ],
        }))}
      />
    </>
  );
}

function Heartbeat({ seconds }: { readonly seconds: number }) {
  const { t, language } = useI18n();
  const pulse = pulseOf(seconds);
  const age = t("admin.heartbeat.ago", { age: duration(language, Math.round(seconds * 10) * 100) });
  if (pulse === "fresh") return <span className="num">{age}</span>;
  return (
    <span className={styles.beat}>
      <Pill tone={pulse === "late" ? "warn" : "bad"}>{t(pulse === "late" ? "admin.heartbeat.late" : "admin.heartbeat.lost")}</Pill>
      <span className="num">{age}</span>
    </span>
  );
}

function QueueTable({ queues }: { readonly queues: readonly Queue[] }) {
  const { t, language } = useI18n();
  if (queues.length === 0) return (
      <p className={styles.calm}>
        <ListChecks size={17} aria-hidden="true" /> {t("admin.queues.empty")}
      </p>
    );
  const columns: readonly Column[] = [
    { key: "kind", label: t("admin.kind"), width: "minmax(150px, 1.1fr)", whole: true },
    { key: "queued", label: t("admin.queued"), width: "minmax(110px, 0.9fr)" },
    { key: "running", label: t("admin.active"), width: "72px", right: true },
    { key: "rescued", label: t("admin.rescued"), width: "76px", right: true },
    { key: "completed", label: t("admin.completed"), width: "88px", right: true },
    { key: "failed", label: t("admin.failed"), width: "78px", right: true },
    { key: "cancelled", label: t("admin.cancelled"), width: "82px", right: true },
    { key: "error", label: t("admin.error"), width: "minmax(0, 1.8fr)", whole: true },
  ];
  return (
    <Table
      label={t("admin.queues")}
      columns={columns}
      rows={queues.map((queue) => ({
        id: queue.kind,
        cells: [
          <span key="kind">
            <b className={styles.kind}>{kindName(t, queue.kind)}</b> <span className={styles.sub}>{queue.kind}</span>
          </span>,
          <span key="queued" className="num">
            {number(language, queue.queued)}
            {queue.queued === 0 ? null : <span className={styles.sub}> {t("admin.queued.oldest", { age: longTime(language, queue.oldest_seconds * 1000) })}</span>}
          </span>,
          number(language, queue.running),
          <Warn key="rescued" when={queue.rescued > 0}>{number(language, queue.rescued)}</Warn>,
          number(language, queue.completed),
          <Warn key="failed" when={queue.failed > 0} bad>{number(language, queue.failed)}</Warn>,
          number(language, queue.cancelled),
          queue.last_error === null ? <span key="error" className="muted">–</span> : <span key="error" className={styles.error} title={queue.last_error}>{queue.last_error}</span>,
        ],
      }))}
    />
  );
}

function Readers({ readers }: { readonly readers: readonly SlowReaderOf[] }) {
  const { t, language } = useI18n();
  if (readers.length === 0)
    return (
      <p className={styles.calm}>
        <Gauge size={17} aria-hidden="true" /> {t("admin.readers.empty")}
      </p>
    );
  const columns: readonly Column[] = [
    { key: "user", label: t("admin.reader"), width: "minmax(0, 2fr)", whole: true },
    { key: "node", label: t("admin.node"), width: "minmax(0, 1.4fr)", whole: true },
    { key: "bytes", label: t("admin.waiting"), width: "112px", right: true },
    { key: "behind", label: t("admin.behind"), width: "80px", right: true },
    { key: "coalesced", label: t("admin.coalesced"), width: "96px", right: true },
    { key: "dropped", label: t("admin.dropped"), width: "104px", right: true },
  ];
  return (
    <Table
      label={t("admin.readers")}
      columns={columns}
      rows={readers.map((reader, index) => ({
        id: `${reader.session}.${index}`,
        cells: [
          <span key="user">
            <Link className="mono" to={`/admin/client?${String(new URLSearchParams({ user: reader.user, session: reader.session }))}`} aria-label={t("admin.readers.open", { user: reader.user })}>
              {reader.user}
            </Link>
            <span className={styles.sub}> <span className="mono">{reader.session}</span></span>
          </span>,
          <span key="node" className="mono">{reader.node}</span>,
          size(language, reader.bytes),
          number(language, reader.behind),
          number(language, reader.coalesced),
          <Warn key="dropped" when={reader.dropped > 0}>{number(language, reader.dropped)}</Warn>,
        ],
      }))}
    />
  );
}

/** A number that somebody should look at. */
function Warn({ when, bad = false, children }: { readonly when: boolean; readonly bad?: boolean; readonly children: string }) {
  if (!when) return children;
  return <b className={bad ? styles.bad : styles.warn}>{children}</b>;
}

function kindName(t: Translate, kind: string): string {
  const key = `task.type.${kind}`;
  return isKey(key) ? t(key) : kind;
}

function size(language: "en" | "fr", count: number): string {
  return count === 0 ? "0" : bytes(language, count);
}
