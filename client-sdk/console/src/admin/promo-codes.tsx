import { Button } from "@mantine/core";
import { useState } from "react";
import { Pill } from "../components/pill";
import { useI18n } from "../i18n";
import type { Field } from "../lib/fields";
import { day, number, price } from "../lib/format";
import { useLive } from "../live/live";
import type { NewPromoCode, PromoCode } from "../model/operations";
import { Edit } from "./form";
import { CURRENCIES } from "./plans";
import { Records } from "./records";
import styles from "./admin.module.css";

const LATER: readonly Field[] = [
  { name: "is_active", label: "ops.active", kind: "switch" },
  { name: "max_uses", label: "ops.promo.max", kind: "number", min: 1, nullable: true },
  { name: "max_uses_per_user", label: "ops.promo.each", kind: "number", min: 1 },
  { name: "valid_until", label: "ops.promo.until", kind: "date", nullable: true },
];

export default function PromoCodes() {
  const { t, language } = useI18n();
  const { client } = useLive();
  const [dialog, setDialog] = useState<{ readonly code: PromoCode | null; readonly reload: () => void } | null>(null);
  const types = (["credits", "percent_off", "amount_off"] as const).map((value) => ({ value, label: t(`ops.promo.${value}`) }));
  const first: readonly Field[] = [
    { name: "code", label: "promo.label", kind: "text", required: true },
    { name: "type", label: "ops.promo.gives", kind: "choice", choices: types, required: true },
    { name: "value", label: "ops.promo.value", kind: "number", decimals: 2, min: 0, required: true },
    { name: "currency", label: "ops.currency", hint: "ops.promo.currency.hint", kind: "choice", choices: CURRENCIES },
    ...LATER.filter((field) => field.name !== "is_active"),
  ];
  const worth = (code: PromoCode) => (code.type === "credits" ? t("gen.credits", { n: code.value }) : code.type === "percent_off" ? `${number(language, code.value)} %` : price(language, code.value, code.currency ?? "EUR"));
  return (
    <>
      <Records<PromoCode>
        title="ops.promos"
        path="/v1/cv/admin/promo-codes"
        empty="ops.promos.empty"
        idOf={(code) => code.id}
        actions={(reload) => (
          <Button size="compact-sm" onClick={() => setDialog({ code: null, reload })}>
            {t("ops.promo.new")}
          </Button>
        )}
        columns={[
          { key: "code", label: "promo.label", width: "minmax(130px, 1.4fr)", whole: true, cell: (code) => <b className="mono">{code.code}</b> },
          { key: "gives", label: "ops.promo.gives", width: "minmax(150px, 1.4fr)", cell: (code) => t("ops.pair", { a: t(`ops.promo.${code.type}`), b: worth(code) }) },
          { key: "uses", label: "ops.promo.uses", width: "110px", right: true, cell: (code) => (code.max_uses === null ? number(language, code.current_uses) : t("common.of", { a: code.current_uses, b: code.max_uses })) },
          { key: "until", label: "ops.promo.until", width: "120px", cell: (code) => (code.valid_until === null ? t("ops.promo.forever") : day(language, code.valid_until)) },
          { key: "state", label: "ops.state", width: "100px", cell: (code) => <Pill tone={code.is_active ? "ok" : "outline"}>{t(code.is_active ? "ops.active" : "ops.inactive")}</Pill> },
        ]}
        actionsWidth="100px"
        rowActions={(code, reload) => (
          <span className={styles.buttons}>
            <Button size="compact-sm" variant="default" onClick={() => setDialog({ code, reload })} aria-label={t("ops.edit.of", { name: code.code })}>
              {t("common.edit")}
            </Button>
          </span>
        )}
      />
      <Edit
        opened={dialog !== null}
        title={dialog?.code == null ? t("ops.promo.new") : dialog.code.code}
        fields={dialog?.code == null ? first : LATER}
        {...(dialog?.code == null ? {} : { values: { ...dialog.code } })}
        onSave={async (values) => {
          await (dialog?.code == null ? client.call("admin.promo_code_create", values as unknown as NewPromoCode) : client.call("admin.promo_code_update", { id: dialog.code.id, ...values }));
          dialog?.reload();
        }}
        onClose={() => setDialog(null)}
      />
    </>
  );
}
