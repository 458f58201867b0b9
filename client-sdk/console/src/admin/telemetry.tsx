import { Pill, type Tone } from "../components/pill";
import { useI18n } from "../i18n";
import { dateTime, duration } from "../lib/format";
import type { TelemetryRow } from "../model/operations";
import { Records } from "./records";
import styles from "./admin.module.css";

const TONES: Record<NonNullable<TelemetryRow["status"]>, Tone> = { success: "ok", error: "bad", cancelled: "outline" };

export default function Telemetry() {
  const { t, language } = useI18n();
  return (
    <Records<TelemetryRow>
      title="ops.telemetry"
      path="/v1/cv/admin/telemetry"
      empty="ops.telemetry.empty"
      idOf={(row) => row.id}
      filters={[
        { name: "type", label: "ops.telemetry.type" },
        { name: "category", label: "ops.telemetry.category" },
        { name: "status", label: "ops.state", choices: (["success", "error", "cancelled"] as const).map((value) => ({ value, label: t(`ops.telemetry.${value}`) })) },
        { name: "user_id", label: "admin.user" },
      ]}
      columns={[
        {
          key: "type",
          label: "ops.telemetry.type",
          width: "minmax(160px, 1.4fr)",
          whole: true,
          cell: (row) => (
            <>
              <b className={styles.kind}>{row.type}</b>
              <div className={styles.sub}>{row.category}</div>
            </>
          ),
        },
        { key: "state", label: "ops.state", width: "104px", cell: (row) => (row.status === null ? "–" : <Pill tone={TONES[row.status]}>{t(`ops.telemetry.${row.status}`)}</Pill>) },
        { key: "took", label: "tasks.col.took", width: "90px", right: true, cell: (row) => (row.duration === null ? "–" : duration(language, row.duration)) },
        { key: "user", label: "ops.user", width: "minmax(100px, 1fr)", cell: (row) => <span className="mono">{row.user_id ?? "–"}</span> },
        { key: "more", label: "ops.details", width: "minmax(0, 2fr)", whole: true, cell: (row) => <span className={styles.sub}>{row.error ?? (row.metadata === null ? "–" : JSON.stringify(row.metadata))}</span> },
        { key: "when", label: "ops.when", width: "160px", cell: (row) => <span className="num">{dateTime(language, row.timestamp)}</span> },
      ]}
    />
  );
}
