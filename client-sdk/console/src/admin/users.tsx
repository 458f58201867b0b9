import { Button } from "@mantine/core";
import { useState } from "react";
import { Link } from "react-router";
import { Pill } from "../components/pill";
import { useI18n } from "../i18n";
import { cost, day, number } from "../lib/format";
import type { Field } from "../lib/fields";
import { useLive } from "../live/live";
import { useOffered } from "../live/offered";
import type { AdminUser, BlockCv, Gift } from "../model/operations";
import { Edit } from "./form";
import { Records } from "./records";
import styles from "./admin.module.css";

interface Dialog { readonly what: "edit" | "gift" | "block"; readonly user: AdminUser; readonly reload: () => void }

const GIFT: readonly Field[] = [
  { name: "credits", label: "ops.gift.credits", kind: "number", required: true, min: 1 },
  { name: "reason", label: "ops.gift.reason", kind: "text" },
];
const BLOCK: readonly Field[] = [
  { name: "cv_id", label: "ops.block.cv", hint: "ops.block.cv.hint", kind: "text", required: true },
  { name: "blocked", label: "ops.block.blocked", kind: "switch" },
  { name: "reason", label: "ops.block.reason", hint: "ops.block.reason.hint", kind: "text" },
];

export default function Users() {
  const { t, language } = useI18n();
  const { client } = useLive();
  const offered = useOffered();
  const [dialog, setDialog] = useState<Dialog | null>(null);
  const roles = (["USER", "ADMIN"] as const).map((value) => ({ value, label: t(`ops.role.${value}`) }));
  const edit: readonly Field[] = [
    { name: "name", label: "auth.name", kind: "text" },
    { name: "role", label: "ops.role", kind: "choice", choices: roles, required: true },
    ...(dialog?.user.email_verified === null ? [{ name: "email_verified", label: "ops.user.verify", kind: "switch" } as const] : []),
  ];
  return (
    <>
      <Records<AdminUser>
        title="ops.users"
        path="/v1/cv/admin/users"
        filters={[
          { name: "email", label: "auth.email" },
          { name: "role", label: "ops.role", choices: roles },
          { name: "plan", label: "ops.plan" },
        ]}
        empty="ops.users.empty"
        idOf={(user) => user.id}
        columns={[
          {
            key: "who",
            label: "ops.user",
            width: "minmax(190px, 2.2fr)",
            whole: true,
            cell: (user) => (
              <>
                <Link to={`/admin/client?${String(new URLSearchParams({ user: user.id }))}`}>{user.email ?? user.id}</Link> {user.role === "ADMIN" ? <Pill tone="brand">{t("ops.role.ADMIN")}</Pill> : null}
                <div className={styles.sub}>
                  {user.name ?? "–"} · {user.email_verified === null ? t("ops.user.unverified") : t("ops.user.verified")}
                </div>
              </>
            ),
          },
          { key: "plan", label: "ops.plan", width: "minmax(70px, 0.8fr)", cell: (user) => user.plan_name ?? "–" },
          { key: "balance", label: "nav.credits", width: "76px", right: true, cell: (user) => number(language, user.balance) },
          { key: "cvs", label: "ops.cvs", width: "60px", right: true, cell: (user) => number(language, user.cvs) },
          { key: "cost", label: "ops.monthCost", width: "104px", right: true, cell: (user) => cost(language, user.month_cost) },
          { key: "since", label: "ops.since", width: "112px", cell: (user) => <span className="num">{day(language, user.created_at)}</span> },
        ]}
        actionsWidth="330px"
        rowActions={(user, reload) => (
          <span className={styles.buttons}>
            <Button size="compact-sm" variant="default" onClick={() => setDialog({ what: "edit", user, reload })} aria-label={t("ops.edit.of", { name: user.email ?? user.id })}>
              {t("common.edit")}
            </Button>
            {offered.route("POST /v1/cv/admin/users/{id}/gift") ? (
              <Button size="compact-sm" variant="default" onClick={() => setDialog({ what: "gift", user, reload })} aria-label={t("ops.gift.of", { name: user.email ?? user.id })}>
                {t("ops.gift")}
              </Button>
            ) : null}
            {offered.route("POST /v1/cv/admin/users/{id}/block-cv") ? (
              <Button size="compact-sm" variant="default" onClick={() => setDialog({ what: "block", user, reload })} aria-label={t("ops.block.of", { name: user.email ?? user.id })}>
                {t("ops.block")}
              </Button>
            ) : null}
          </span>
        )}
      />
      {dialog === null ? null : (
        <Edit
          opened
          title={t("ops.pair", { a: t(dialog.what === "edit" ? "common.edit" : dialog.what === "gift" ? "ops.gift" : "ops.block"), b: dialog.user.email ?? dialog.user.id })}
          fields={dialog.what === "edit" ? edit : dialog.what === "gift" ? GIFT : BLOCK}
          {...(dialog.what === "edit" ? { values: { name: dialog.user.name ?? "", role: dialog.user.role, email_verified: false } } : {})}
          onSave={async (values) => {
            const id = dialog.user.id;
            if (dialog.what === "edit") await client.call("admin.user_set", { id, ...values });
            else if (dialog.what === "gift") await client.call("admin.gift", { id, ...values } as Gift);
            else await client.call("admin.block_cv", { id, blocked: false, ...values } as BlockCv);
            dialog.reload();
          }}
          onClose={() => setDialog(null)}
        />
      )}
    </>
  );
}
