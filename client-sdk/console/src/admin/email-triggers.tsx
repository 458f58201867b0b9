import { Button } from "@mantine/core";
import { useState } from "react";
import { confirm } from "../components/confirm";
import { Pill } from "../components/pill";
import { useI18n } from "../i18n";
import { useDoing } from "../lib/actions";
import type { Field, Values } from "../lib/fields";
import { words } from "../lib/mails";
import { useLive } from "../live/live";
import type { EmailTrigger } from "../model/operations";
import { EmailViews } from "./email-views";
import { Edit } from "./form";
import { Records } from "./records";
import styles from "./admin.module.css";

const LATER: readonly Field[] = [
  { name: "label", label: "ops.trigger.label", kind: "text", required: true },
  { name: "description", label: "ops.description", kind: "area" },
  { name: "category", label: "ops.trigger.category", kind: "text" },
];
const VARIABLES: Field = { name: "variables", label: "ops.trigger.variables", hint: "ops.trigger.variables.hint", kind: "text" };
const FIRST: readonly Field[] = [{ name: "name", label: "ops.trigger.name", hint: "ops.trigger.name.hint", kind: "text", required: true }, ...LATER, VARIABLES];

export default function EmailTriggers() {
  const { t } = useI18n();
  const { api } = useLive();
  const { run } = useDoing();
  const [dialog, setDialog] = useState<{ readonly trigger: EmailTrigger | null; readonly reload: () => void } | null>(null);
  const remove = async (trigger: EmailTrigger, reload: () => void) => {
    const sure = await confirm({ title: t("ops.delete.title", { name: trigger.label }), text: t("ops.trigger.delete"), yes: t("common.delete"), no: t("common.cancel"), danger: true });
    if (sure && (await run(() => api.send("DELETE", `/v1/cv/admin/email-triggers/${trigger.id}`), t("ops.deleted")))) reload();
  };
  const system = dialog?.trigger?.is_system === true;
  return (
    <>
      <EmailViews />
      <Records<EmailTrigger>
        title="ops.triggers"
        path="/v1/cv/admin/email-triggers"
        empty="ops.triggers.empty"
        idOf={(trigger) => trigger.id}
        actions={(reload) => (
          <Button size="compact-sm" onClick={() => setDialog({ trigger: null, reload })}>
            {t("ops.trigger.new")}
          </Button>
        )}
        columns={[
          {
            key: "label",
            label: "ops.trigger",
            width: "minmax(180px, 2fr)",
            whole: true,
            cell: (trigger) => (
              <>
                <b className={styles.kind}>{trigger.label}</b> {trigger.is_system ? <Pill>{t("ops.trigger.system")}</Pill> : null}
                <div className={styles.sub}>{trigger.description}</div>
              </>
            ),
          },
          { key: "name", label: "ops.trigger.name", width: "minmax(130px, 1fr)", cell: (trigger) => <span className="mono">{trigger.name}</span> },
          { key: "category", label: "ops.trigger.category", width: "100px", cell: (trigger) => trigger.category },
          { key: "variables", label: "ops.trigger.variables", width: "minmax(120px, 1.6fr)", whole: true, cell: (trigger) => <span className={styles.sub}>{trigger.variables.join(", ") || "–"}</span> },
        ]}
        rowActions={(trigger, reload) => (
          <span className={styles.buttons}>
            <Button size="compact-sm" variant="default" onClick={() => setDialog({ trigger, reload })} aria-label={t("ops.edit.of", { name: trigger.label })}>
              {t("common.edit")}
            </Button>
            {trigger.is_system ? null : (
              <Button size="compact-sm" variant="default" onClick={() => void remove(trigger, reload)} aria-label={t("ops.delete.of", { name: trigger.label })}>
                {t("common.delete")}
              </Button>
            )}
          </span>
        )}
      />
      <Edit
        opened={dialog !== null}
        title={dialog?.trigger == null ? t("ops.trigger.new") : dialog.trigger.label}
        fields={dialog?.trigger == null ? FIRST : system ? LATER : [...LATER, VARIABLES]}
        {...(dialog?.trigger == null ? {} : { values: { ...dialog.trigger, variables: dialog.trigger.variables.join(", ") } })}
        onSave={async (values) => {
          const body: Values = typeof values.variables === "string" ? { ...values, variables: words(values.variables) } : values;
          await (dialog?.trigger == null ? api.send("POST", "/v1/cv/admin/email-triggers", body) : api.send("PATCH", `/v1/cv/admin/email-triggers/${dialog.trigger.id}`, body));
          dialog?.reload();
        }}
        onClose={() => setDialog(null)}
      />
    </>
  );
}
