import { Button, Checkbox, Group, Modal, NumberInput } from "@mantine/core";
import { useState, type SyntheticEvent } from "react";
import { Pill } from "../components/pill";
import { useI18n } from "../i18n";
import { useDoing } from "../lib/actions";
import type { Field } from "../lib/fields";
import { number, price } from "../lib/format";
import { featureName, limitText } from "../lib/money";
import { useLive } from "../live/live";
import type { AdminPlan } from "../model/operations";
import type { PlanLimit } from "../model/product";
import { Edit } from "./form";
import { Records } from "./records";
import styles from "./admin.module.css";

export const CURRENCIES = ["EUR", "USD", "GBP"].map((value) => ({ value, label: value }));
/** Features that a plan can speak of, also when it does not yet. */
const FEATURES = ["generate_cv", "improve_cv", "import_pdf", "translate_cv", "generate_cv_from_job_title", "calculate_match_score", "create_template_cv", "export_cv", "max_cvs"] as const;

const FIELDS: readonly Field[] = [
  { name: "name", label: "auth.name", kind: "text", required: true },
  { name: "description", label: "ops.description", kind: "area", nullable: true },
  { name: "tier", label: "ops.tier", hint: "ops.tier.hint", kind: "number", min: 0 },
  { name: "price_monthly", label: "ops.price.month", kind: "number", decimals: 2, min: 0 },
  { name: "yearly_discount_percent", label: "ops.price.discount", kind: "number", decimals: 2, min: 0 },
  { name: "price_yearly", label: "ops.price.year", hint: "ops.price.year.hint", kind: "number", decimals: 2, min: 0, nullable: true },
  { name: "price_currency", label: "ops.currency", kind: "choice", choices: CURRENCIES, required: true },
  { name: "is_popular", label: "ops.popular", kind: "switch" },
  { name: "stripe_product_id", label: "ops.stripe.product", kind: "text", nullable: true },
  { name: "stripe_price_id_monthly", label: "ops.stripe.month", kind: "text", nullable: true },
  { name: "stripe_price_id_yearly", label: "ops.stripe.year", kind: "text", nullable: true },
];

interface Dialog {
  readonly what: "edit" | "limits";
  /** null: a new one. */
  readonly plan: AdminPlan | null;
  readonly reload: () => void;
}

export default function AdminPlans() {
  const { t, language } = useI18n();
  const { client } = useLive();
  const [dialog, setDialog] = useState<Dialog | null>(null);
  return (
    <>
      <Records<AdminPlan>
        title="ops.plans"
        path="/v1/cv/admin/plans"
        empty="ops.plans.empty"
        idOf={(plan) => String(plan.id)}
        actions={(reload) => (
          <Button size="compact-sm" onClick={() => setDialog({ what: "edit", plan: null, reload })}>
            {t("ops.plan.new")}
          </Button>
        )}
        columns={[
          {
            key: "name",
            label: "ops.plan",
            width: "minmax(120px, 1fr)",
            whole: true,
            cell: (plan) => (
              <>
                <b className={styles.kind}>{plan.name}</b> {plan.is_free ? <Pill>{t("ops.free")}</Pill> : null} {plan.is_popular ? <Pill tone="brand">{t("plans.popular")}</Pill> : null}
                <div className={styles.sub}>{plan.description}</div>
              </>
            ),
          },
          { key: "month", label: "ops.price.month", width: "112px", right: true, cell: (plan) => price(language, plan.price_monthly, plan.price_currency) },
          { key: "year", label: "ops.price.year", width: "112px", right: true, cell: (plan) => price(language, plan.price_yearly, plan.price_currency) },
          { key: "subscribers", label: "ops.subscribers", width: "84px", right: true, cell: (plan) => number(language, plan.subscribers) },
          {
            key: "limits",
            label: "ops.limits",
            width: "minmax(180px, 2fr)",
            whole: true,
            cell: (plan) => <span className={styles.sub}>{plan.limits.map((limit) => t("ops.pair", { a: featureName(t, limit.feature_name), b: limitText(t, limit, (value) => number(language, value)) })).join(" · ") || "–"}</span>,
          },
        ]}
        rowActions={(plan, reload) => (
          <span className={styles.buttons}>
            <Button size="compact-sm" variant="default" onClick={() => setDialog({ what: "edit", plan, reload })} aria-label={t("ops.edit.of", { name: plan.name })}>
              {t("common.edit")}
            </Button>
            <Button size="compact-sm" variant="default" onClick={() => setDialog({ what: "limits", plan, reload })} aria-label={t("ops.limits.of", { name: plan.name })}>
              {t("ops.limits")}
            </Button>
          </span>
        )}
      />
      <Edit
        opened={dialog?.what === "edit"}
        title={dialog?.plan == null ? t("ops.plan.new") : dialog.plan.name}
        fields={FIELDS}
        {...(dialog?.plan == null ? {} : { values: { ...dialog.plan } })}
        onSave={async (values) => {
          await (dialog?.plan == null ? client.call("admin.plan_create", values) : client.call("admin.plan_update", { id: dialog.plan.id, ...values }));
          dialog?.reload();
        }}
        onClose={() => setDialog(null)}
      />
      <Modal opened={dialog?.what === "limits"} onClose={() => setDialog(null)} title={t("ops.limits.of", { name: dialog?.plan?.name ?? "" })} size="lg" closeButtonProps={{ "aria-label": t("common.close") }}>
        {dialog?.what === "limits" && dialog.plan !== null ? (
          <Limits
            plan={dialog.plan}
            onDone={() => {
              dialog.reload();
              setDialog(null);
            }}
          />
        ) : null}
      </Modal>
    </>
  );
}

function Limits({ plan, onDone }: { readonly plan: AdminPlan; readonly onDone: () => void }) {
  const { t } = useI18n();
  const { client } = useLive();
  const { busy, run } = useDoing();
  const names = [...new Set([...FEATURES, ...plan.limits.map((limit) => limit.feature_name)])];
  const [limits, setLimits] = useState<readonly PlanLimit[]>(() => names.map((feature_name) => plan.limits.find((limit) => limit.feature_name === feature_name) ?? { feature_name, is_enabled: false, usage_limit: 0 }));
  const set = (name: string, change: Partial<PlanLimit>) => setLimits(limits.map((limit) => (limit.feature_name === name ? { ...limit, ...change } : limit)));
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    // What the plan never spoke of and still does not stays away.
    const said = limits.filter((limit) => limit.is_enabled || plan.limits.some((old) => old.feature_name === limit.feature_name));
    void run(() => client.call("admin.plan_limits_set", { id: plan.id, limits: said }), t("me.saved")).then((done) => {
      if (done) onDone();
    });
  };
  return (
    <form onSubmit={submit}>
      <p style={{ marginTop: 0 }} className="muted">
        {t("ops.limits.text")}
      </p>
      {limits.map((limit) => {
        const name = featureName(t, limit.feature_name);
        return (
          <Group key={limit.feature_name} justify="space-between" py={5}>
            <Checkbox label={name} checked={limit.is_enabled} onChange={(event) => set(limit.feature_name, { is_enabled: event.currentTarget.checked })} />
            <NumberInput aria-label={t("ops.limit.of", { name })} w={120} size="sm" min={-1} allowDecimal={false} disabled={!limit.is_enabled} value={limit.usage_limit} onChange={(value) => set(limit.feature_name, { usage_limit: typeof value === "number" ? value : 0 })} />
          </Group>
        );
      })}
      <Group justify="flex-end" mt="md">
        <Button type="submit" loading={busy}>
          {t("common.save")}
        </Button>
      </Group>
    </form>
  );
}
