import { Button } from "@mantine/core";
import { useState } from "react";
import { Pill } from "../components/pill";
import { useI18n } from "../i18n";
import type { Field } from "../lib/fields";
import { number, price } from "../lib/format";
import { useLive } from "../live/live";
import type { AdminPack } from "../model/operations";
import { Edit } from "./form";
import { CURRENCIES } from "./plans";
import { Records } from "./records";
import styles from "./admin.module.css";

const FIELDS: readonly Field[] = [
  { name: "name", label: "auth.name", kind: "text", required: true },
  { name: "description", label: "ops.description", kind: "area", nullable: true },
  { name: "credit_amount", label: "nav.credits", kind: "number", min: 1, required: true },
  { name: "price", label: "ops.price", kind: "number", decimals: 2, min: 0, required: true },
  { name: "price_currency", label: "ops.currency", kind: "choice", choices: CURRENCIES, required: true },
  { name: "is_active", label: "ops.offered", kind: "switch" },
  { name: "stripe_product_id", label: "ops.stripe.product", kind: "text", nullable: true },
  { name: "stripe_price_id", label: "ops.stripe.price", kind: "text", nullable: true },
];

export default function AdminPacks() {
  const { t, language } = useI18n();
  const { client } = useLive();
  const [dialog, setDialog] = useState<{ readonly pack: AdminPack | null; readonly reload: () => void } | null>(null);
  return (
    <>
      <Records<AdminPack>
        title="ops.packs"
        path="/v1/cv/admin/credit-packs"
        empty="ops.packs.empty"
        idOf={(pack) => String(pack.id)}
        actions={(reload) => (
          <Button size="compact-sm" onClick={() => setDialog({ pack: null, reload })}>
            {t("ops.pack.new")}
          </Button>
        )}
        columns={[
          {
            key: "name",
            label: "ops.pack",
            width: "minmax(140px, 2fr)",
            whole: true,
            cell: (pack) => (
              <>
                <b className={styles.kind}>{pack.name}</b>
                <div className={styles.sub}>{pack.description}</div>
              </>
            ),
          },
          { key: "credits", label: "nav.credits", width: "90px", right: true, cell: (pack) => number(language, pack.credit_amount) },
          { key: "price", label: "ops.price", width: "100px", right: true, cell: (pack) => price(language, pack.price, pack.price_currency) },
          { key: "state", label: "ops.state", width: "110px", cell: (pack) => <Pill tone={pack.is_active ? "ok" : "outline"}>{t(pack.is_active ? "ops.offered" : "ops.notOffered")}</Pill> },
          { key: "stripe", label: "ops.stripe", width: "minmax(100px, 1.2fr)", cell: (pack) => <span className="mono">{pack.stripe_price_id ?? "–"}</span> },
        ]}
        actionsWidth="100px"
        rowActions={(pack, reload) => (
          <Button size="compact-sm" variant="default" onClick={() => setDialog({ pack, reload })} aria-label={t("ops.edit.of", { name: pack.name })}>
            {t("common.edit")}
          </Button>
        )}
      />
      <Edit
        opened={dialog !== null}
        title={dialog?.pack == null ? t("ops.pack.new") : dialog.pack.name}
        fields={FIELDS}
        {...(dialog?.pack == null ? {} : { values: { ...dialog.pack } })}
        onSave={async (values) => {
          await (dialog?.pack == null ? client.call("admin.credit_pack_create", values) : client.call("admin.credit_pack_update", { id: dialog.pack.id, ...values }));
          dialog?.reload();
        }}
        onClose={() => setDialog(null)}
      />
    </>
  );
}
