import { Pill, type Tone } from "../components/pill";
import { useI18n } from "../i18n";
import { dateTime } from "../lib/format";
import type { EmailLog } from "../model/operations";
import { EmailViews } from "./email-views";
import { Records } from "./records";
import styles from "./admin.module.css";

const TONES: Record<EmailLog["status"], Tone> = { sent: "plain", delivered: "ok", bounced: "bad", failed: "bad" };

/** What was sent, and what became of it. */
export default function Emails() {
  const { t, language } = useI18n();
  const states = (["sent", "delivered", "bounced", "failed"] as const).map((value) => ({ value, label: t(`ops.mail.${value}`) }));
  return (
    <>
      <EmailViews />
      <Records<EmailLog>
        title="ops.mails"
        path="/v1/cv/admin/email-logs"
        topic="admin:emails"
        empty="ops.mails.empty"
        idOf={(row) => row.id}
        filters={[
          { name: "recipient", label: "ops.mail.to" },
          { name: "template", label: "ops.mail.template" },
          { name: "status", label: "ops.state", choices: states },
        ]}
        columns={[
          {
            key: "subject",
            label: "ops.mail.subject",
            width: "minmax(180px, 2fr)",
            whole: true,
            cell: (row) => (
              <>
                <b className={styles.kind}>{row.subject}</b> {row.is_test_email ? <Pill tone="outline">{t("ops.mail.isTest")}</Pill> : null}
                <div className={styles.sub}>{row.template_name}</div>
              </>
            ),
          },
          { key: "to", label: "ops.mail.to", width: "minmax(140px, 1.5fr)", whole: true, cell: (row) => row.recipient_email },
          { key: "state", label: "ops.state", width: "106px", cell: (row) => <Pill tone={TONES[row.status]}>{t(`ops.mail.${row.status}`)}</Pill> },
          { key: "by", label: "ops.mail.by", width: "80px", cell: (row) => row.provider.toUpperCase() },
          { key: "error", label: "admin.error", width: "minmax(0, 1.4fr)", whole: true, cell: (row) => (row.error === null ? <span className="muted">–</span> : <span className={styles.error}>{row.error}</span>) },
          { key: "when", label: "ops.when", width: "160px", cell: (row) => <span className="num">{dateTime(language, row.created_at)}</span> },
        ]}
      />
    </>
  );
}
