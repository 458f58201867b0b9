import { Button } from "@mantine/core";
import { Bug } from "lucide-react";
import { Pill, type Tone } from "../components/pill";
import { useI18n } from "../i18n";
import { useDoing } from "../lib/actions";
import { ago, dateTime } from "../lib/format";
import { useLive } from "../live/live";
import type { Feedback } from "../model/operations";
import { Records } from "./records";
import styles from "./admin.module.css";

const TONES: Record<Feedback["status"], Tone> = { new: "baton", reviewed: "plain", resolved: "ok" };
/** What may come after a state. */
const NEXT: Record<Feedback["status"], readonly Feedback["status"][]> = { new: ["reviewed", "resolved"], reviewed: ["resolved"], resolved: ["reviewed"] };

export default function AdminFeedback() {
  const { t, language } = useI18n();
  const { client } = useLive();
  const { busy, run } = useDoing();
  const states = (["new", "reviewed", "resolved"] as const).map((value) => ({ value, label: t(`ops.feedback.${value}`) }));
  const move = (item: Feedback, status: Feedback["status"], reload: () => void) =>
    run(() => client.call("admin.feedback_set", { id: item.id, status }), t("me.saved")).then((done) => {
      if (done) reload();
    });
  return (
    <Records<Feedback>
      title="ops.feedback"
      path="/v1/cv/admin/feedback"
      topic="admin:feedback"
      empty="ops.feedback.empty"
      idOf={(item) => item.id}
      filters={[
        { name: "status", label: "ops.state", choices: states },
        { name: "is_bug_report", label: "ops.feedback.kind", choices: [{ value: "true", label: t("ops.feedback.bug") }, { value: "false", label: t("ops.feedback.opinion") }] },
      ]}
      columns={[
        {
          key: "text",
          label: "ops.feedback",
          width: "minmax(200px, 3fr)",
          whole: true,
          cell: (item) => (
            <>
              <span className={styles.comment}>{item.comment === "" ? "–" : item.comment}</span>
              <div className={styles.sub}>
                {item.email ?? item.user_id}
                {item.page_url === null ? null : ` · ${item.page_url}`}
              </div>
            </>
          ),
        },
        {
          key: "rating",
          label: "ops.feedback.rating",
          width: "104px",
          cell: (item) => (
            <span aria-label={t("ops.feedback.stars", { n: item.rating })} role="img">
              {"★".repeat(item.rating)}
              <span className="muted">{"☆".repeat(5 - item.rating)}</span>
            </span>
          ),
        },
        { key: "kind", label: "ops.feedback.kind", width: "96px", cell: (item) => (item.is_bug_report ? <Pill tone="bad"><Bug size={13} aria-hidden="true" /> {t("ops.feedback.bug")}</Pill> : "–") },
        { key: "state", label: "ops.state", width: "100px", cell: (item) => <Pill tone={TONES[item.status]}>{t(`ops.feedback.${item.status}`)}</Pill> },
        { key: "when", label: "ops.when", width: "120px", cell: (item) => <time title={dateTime(language, item.created_at)}>{ago(language, item.created_at)}</time> },
      ]}
      actionsWidth="240px"
      rowActions={(item, reload) => (
        <span className={styles.buttons}>
          {NEXT[item.status].map((status) => (
            <Button key={status} size="compact-sm" variant="default" loading={busy} onClick={() => void move(item, status, reload)}>
              {t(`ops.feedback.to.${status}`)}
            </Button>
          ))}
        </span>
      )}
    />
  );
}
