import { Button } from "@mantine/core";
import { useState } from "react";
import { confirm } from "../components/confirm";
import { Pill } from "../components/pill";
import { isKey, useI18n } from "../i18n";
import { useDoing } from "../lib/actions";
import type { Field } from "../lib/fields";
import { cost } from "../lib/format";
import { useLive } from "../live/live";
import { useOffered } from "../live/offered";
import type { CostAlertRule } from "../model/operations";
import { CostViews } from "./cost-views";
import { Edit } from "./form";
import { Records } from "./records";
import styles from "./admin.module.css";

const TYPES = ["global_daily", "global_monthly", "user_daily", "user_monthly", "feature_daily", "unknown_model"] as const;

export default function Alerts() {
  const { t, language } = useI18n();
  const { api, client } = useLive();
  const offered = useOffered();
  const { run } = useDoing();
  const [dialog, setDialog] = useState<{ readonly rule: CostAlertRule | null; readonly reload: () => void } | null>(null);
  const typeName = (type: string) => {
    const key = `ops.alert.${type}`;
    return isKey(key) ? t(key) : type;
  };
  const fields: readonly Field[] = [
    { name: "name", label: "auth.name", kind: "text", required: true },
    { name: "type", label: "ops.alert.type", kind: "choice", choices: TYPES.map((value) => ({ value, label: typeName(value) })), required: true },
    { name: "threshold", label: "ops.alert.threshold", kind: "number", decimals: 6, min: 0, required: true },
    { name: "description", label: "ops.description", kind: "area", nullable: true },
    { name: "enabled", label: "ops.alert.enabled", kind: "switch" },
  ];
  const remove = async (rule: CostAlertRule, reload: () => void) => {
    const sure = await confirm({ title: t("ops.delete.title", { name: rule.name }), text: t("ops.alert.delete"), yes: t("common.delete"), no: t("common.cancel"), danger: true });
    if (sure && (await run(() => api.send("DELETE", `/v1/cv/admin/ai/alerts/${rule.id}`), t("ops.deleted")))) reload();
  };
  return (
    <>
      <CostViews />
      <Records<CostAlertRule>
        title="ops.alerts"
        path="/v1/cv/admin/ai/alerts"
        topic="admin:costs"
        empty="ops.alerts.empty"
        idOf={(rule) => rule.id ?? rule.name}
        actions={(reload) => (
          <Button size="compact-sm" onClick={() => setDialog({ rule: null, reload })}>
            {t("ops.alert.new")}
          </Button>
        )}
        columns={[
          {
            key: "name",
            label: "ops.alert",
            width: "minmax(170px, 2fr)",
            whole: true,
            cell: (rule) => (
              <>
                <b className={styles.kind}>{rule.name}</b>
                <div className={styles.sub}>{rule.description}</div>
              </>
            ),
          },
          { key: "type", label: "ops.alert.type", width: "minmax(140px, 1.2fr)", cell: (rule) => typeName(rule.type) },
          { key: "threshold", label: "ops.alert.threshold", width: "100px", right: true, cell: (rule) => cost(language, rule.threshold) },
          { key: "state", label: "ops.state", width: "100px", cell: (rule) => <Pill tone={rule.enabled ? "ok" : "outline"}>{t(rule.enabled ? "ops.active" : "ops.inactive")}</Pill> },
          { key: "fired", label: "ops.alert.fired", width: "minmax(110px, 1fr)", cell: (rule) => <span className={styles.sub}>{rule.last_fired_key ?? "–"}</span> },
        ]}
        rowActions={(rule, reload) => (
          <span className={styles.buttons}>
            <Button size="compact-sm" variant="default" onClick={() => setDialog({ rule, reload })} aria-label={t("ops.edit.of", { name: rule.name })}>
              {t("common.edit")}
            </Button>
            {offered.route("DELETE /v1/cv/admin/ai/alerts/{id}") ? (
              <Button size="compact-sm" variant="default" onClick={() => void remove(rule, reload)} aria-label={t("ops.delete.of", { name: rule.name })}>
                {t("common.delete")}
              </Button>
            ) : null}
          </span>
        )}
      />
      <Edit
        opened={dialog !== null}
        title={dialog?.rule == null ? t("ops.alert.new") : dialog.rule.name}
        fields={fields}
        {...(dialog?.rule == null ? {} : { values: { ...dialog.rule } })}
        onSave={async (values) => {
          // The whole rule is set.
          const { last_fired_key: _, ...old } = dialog?.rule ?? { last_fired_key: null, enabled: false };
          await client.call("admin.alert_set", { ...old, ...values } as CostAlertRule);
          dialog?.reload();
        }}
        onClose={() => setDialog(null)}
      />
    </>
  );
}
