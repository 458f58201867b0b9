import { Button } from "@mantine/core";
import { useState } from "react";
import { Pill } from "../components/pill";
import { useI18n } from "../i18n";
import type { Field } from "../lib/fields";
import { cost } from "../lib/format";
import { useLive } from "../live/live";
import type { ModelPricing } from "../model/operations";
import { CostViews } from "./cost-views";
import { Edit } from "./form";
import { Records } from "./records";
import styles from "./admin.module.css";

const PRICE = { kind: "number", decimals: 6, min: 0 } as const;
const REST: readonly Field[] = [
  { name: "input_price_per_m_token", label: "ops.pricing.input", hint: "ops.pricing.hint", required: true, ...PRICE },
  { name: "cache_price_per_m_token", label: "ops.pricing.cache", required: true, ...PRICE },
  { name: "output_price_per_m_token", label: "ops.pricing.output", required: true, ...PRICE },
  { name: "input_price_per_m_token_priority", label: "ops.pricing.input.priority", nullable: true, ...PRICE },
  { name: "cache_price_per_m_token_priority", label: "ops.pricing.cache.priority", nullable: true, ...PRICE },
  { name: "output_price_per_m_token_priority", label: "ops.pricing.output.priority", nullable: true, ...PRICE },
  { name: "description", label: "ops.description", kind: "area", nullable: true },
  { name: "is_active", label: "ops.pricing.active", kind: "switch" },
];
const FIRST: readonly Field[] = [{ name: "model_name", label: "ops.model", kind: "text", required: true }, ...REST];

export default function Pricing() {
  const { t, language } = useI18n();
  const { client } = useLive();
  const [dialog, setDialog] = useState<{ readonly model: ModelPricing | null; readonly reload: () => void } | null>(null);
  return (
    <>
      <CostViews />
      <Records<ModelPricing>
        title="ops.pricing"
        note={t("ops.pricing.unit")}
        path="/v1/cv/admin/ai/pricing"
        empty="ops.pricing.empty"
        idOf={(row) => row.model_name}
        actions={(reload) => (
          <Button size="compact-sm" onClick={() => setDialog({ model: null, reload })}>
            {t("ops.pricing.new")}
          </Button>
        )}
        columns={[
          {
            key: "model",
            label: "ops.model",
            width: "minmax(170px, 2fr)",
            whole: true,
            cell: (row) => (
              <>
                <b className="mono">{row.model_name}</b> {row.is_active ? null : <Pill tone="outline">{t("ops.inactive")}</Pill>}
                <div className={styles.sub}>{row.description}</div>
              </>
            ),
          },
          { key: "input", label: "ops.pricing.input", width: "96px", right: true, cell: (row) => cost(language, row.input_price_per_m_token) },
          { key: "cache", label: "ops.pricing.cache", width: "96px", right: true, cell: (row) => cost(language, row.cache_price_per_m_token) },
          { key: "output", label: "ops.pricing.output", width: "96px", right: true, cell: (row) => cost(language, row.output_price_per_m_token) },
        ]}
        actionsWidth="100px"
        rowActions={(row, reload) => (
          <Button size="compact-sm" variant="default" onClick={() => setDialog({ model: row, reload })} aria-label={t("ops.edit.of", { name: row.model_name })}>
            {t("common.edit")}
          </Button>
        )}
      />
      <Edit
        opened={dialog !== null}
        title={dialog?.model == null ? t("ops.pricing.new") : dialog.model.model_name}
        fields={dialog?.model == null ? FIRST : REST}
        {...(dialog?.model == null ? { values: { is_active: true } } : { values: { ...dialog.model } })}
        onSave={async (values) => {
          // The whole row is set.
          await client.call("admin.pricing_set", { ...(dialog?.model ?? { is_active: true }), ...values } as ModelPricing);
          dialog?.reload();
        }}
        onClose={() => setDialog(null)}
      />
    </>
  );
}
