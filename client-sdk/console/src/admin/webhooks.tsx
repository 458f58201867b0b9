import { Button, Modal } from "@mantine/core";
import { useState } from "react";
import { Failure, Rows } from "../components/page";
import { Pill } from "../components/pill";
import { useI18n } from "../i18n";
import { useDoing } from "../lib/actions";
import { dateTime } from "../lib/format";
import { useFetched, useLive } from "../live/live";
import type { StripeWebhook } from "../model/operations";
import { Records } from "./records";
import styles from "./admin.module.css";

export default function Webhooks() {
  const { t, language } = useI18n();
  const { client } = useLive();
  const { busy, run } = useDoing();
  const [open, setOpen] = useState<StripeWebhook | null>(null);
  const replay = (event: StripeWebhook, reload: () => void) =>
    run(() => client.call("admin.stripe_webhook_replay", { id: event.id }), t("ops.webhook.replayed")).then((done) => {
      if (done) reload();
    });
  return (
    <>
      <Records<StripeWebhook>
        title="ops.webhooks"
        path="/v1/cv/admin/stripe-webhooks"
        topic="admin:webhooks"
        empty="ops.webhooks.empty"
        idOf={(event) => event.id}
        filters={[
          { name: "processed", label: "ops.state", choices: [{ value: "true", label: t("ops.webhook.done") }, { value: "false", label: t("ops.webhook.waits") }] },
          { name: "event_type", label: "ops.webhook.type" },
        ]}
        columns={[
          {
            key: "type",
            label: "ops.webhook.type",
            width: "minmax(180px, 1.6fr)",
            whole: true,
            cell: (event) => (
              <>
                <b className={styles.kind}>{event.event_type}</b>
                <div className={styles.sub}>
                  <span className="mono">{event.event_id}</span>
                </div>
              </>
            ),
          },
          { key: "state", label: "ops.state", width: "128px", cell: (event) => <Pill tone={event.processed ? "ok" : event.error === null ? "plain" : "bad"}>{t(event.processed ? "ops.webhook.done" : event.error === null ? "ops.webhook.waits" : "ops.failed")}</Pill> },
          { key: "error", label: "admin.error", width: "minmax(0, 1.8fr)", whole: true, cell: (event) => (event.error === null ? <span className="muted">–</span> : <span className={styles.error}>{event.error}</span>) },
          { key: "when", label: "ops.when", width: "160px", cell: (event) => <span className="num">{dateTime(language, event.created_at)}</span> },
        ]}
        rowActions={(event, reload) => (
          <span className={styles.buttons}>
            <Button size="compact-sm" variant="default" onClick={() => setOpen(event)} aria-label={t("ops.show.of", { name: event.event_id })}>
              {t("ops.show")}
            </Button>
            <Button size="compact-sm" variant="default" loading={busy} onClick={() => void replay(event, reload)} aria-label={t("ops.webhook.replay.of", { name: event.event_id })}>
              {t("ops.webhook.replay")}
            </Button>
          </span>
        )}
      />
      <Modal opened={open !== null} onClose={() => setOpen(null)} title={open?.event_type} size="xl" closeButtonProps={{ "aria-label": t("common.close") }}>
        {open === null ? null : <Payload id={open.id} />}
      </Modal>
    </>
  );
}

function Payload({ id }: { readonly id: string }) {
  const { data, error, reload } = useFetched<{ readonly payload: unknown }>(`/v1/cv/admin/stripe-webhooks/${id}`);
  if (data === undefined) return error === undefined ? <Rows count={2} /> : <Failure error={error} retry={reload} />;
  return (
    // It scrolls: by keyboard too.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <pre className={styles.payload} tabIndex={0}>
      {JSON.stringify(data.payload, null, 2)}
    </pre>
  );
}
