import { Button, Group, Modal, PasswordInput, Switch, TextInput } from "@mantine/core";
import { Download, Trash2 } from "lucide-react";
import { useEffect, useState } from "react";
import { Rows } from "../../components/page";
import { ItemList, Section } from "../../components/section";
import { useI18n } from "../../i18n";
import { useDoing } from "../../lib/actions";
import { preferencesOf } from "../../lib/consents";
import { download } from "../../lib/download";
import { dateTime } from "../../lib/format";
import { useLive } from "../../live/live";
import { useOffered } from "../../live/offered";
import { usePages } from "../../live/pages";
import type { Consent, Preferences } from "../../model/product";

const OPTIONAL = ["functional", "analytics", "marketing"] as const;

export default function Privacy() {
  const { t } = useI18n();
  const { api } = useLive();
  const offered = useOffered();
  const { busy, run } = useDoing();
  const takeOut = () =>
    run(async () => {
      const everything = await api.get<unknown>("/v1/cv/me/export");
      download("estafette-my-data.json", JSON.stringify(everything, null, 2));
    }, t("me.export.done"));
  return (
    <>
      {offered.has("consents") ? <Consents /> : null}
      {offered.has("takeOut") ? (
        <Section
          title={t("me.export")}
          text={t("me.export.text")}
          action={
            <Button variant="default" loading={busy} leftSection={<Download size={16} aria-hidden="true" />} onClick={() => void takeOut()}>
              {t("me.export.do")}
            </Button>
          }
        />
      ) : null}
      {offered.has("erase") ? <Erase /> : null}
    </>
  );
}

function Consents() {
  const { t, language } = useI18n();
  const { api } = useLive();
  const { busy, run } = useDoing();
  const list = usePages<Consent>("/v1/cv/consents");
  const last = list.rows?.[0];
  const [chosen, setChosen] = useState<Preferences>(preferencesOf(undefined));
  useEffect(() => setChosen(preferencesOf(last)), [last]);
  const save = async () => {
    if (await run(() => api.send("POST", "/v1/cv/consents", { preferences: chosen }), t("me.saved"))) list.reload();
  };
  const kept = preferencesOf(last);
  const changed = last === undefined || OPTIONAL.some((name) => kept[name] !== chosen[name]);
  return (
    <Section title={t("consent.title")} text={t("consent.text")}>
      {list.rows === undefined ? (
        <Rows count={2} height={44} />
      ) : (
        <>
          <ItemList
            label={t("consent.title")}
            items={[
              { id: "necessary", title: t("consent.necessary"), text: t("consent.necessary.text"), action: <Switch checked disabled aria-label={t("consent.necessary")} /> },
              ...OPTIONAL.map((name) => ({
                id: name,
                title: t(`consent.${name}`),
                text: t(`consent.${name}.text`),
                action: <Switch checked={chosen[name]} onChange={(event) => setChosen({ ...chosen, [name]: event.currentTarget.checked })} aria-label={t(`consent.${name}`)} />,
              })),
            ]}
          />
          <Group mt="md">
            <Button onClick={() => void save()} loading={busy} disabled={!changed}>
              {t("common.save")}
            </Button>
            {last === undefined ? null : <span className="muted">{t("consent.last", { when: dateTime(language, last.created_at) })}</span>}
          </Group>
        </>
      )}
    </Section>
  );
}

/** Erasure asks for the address, so that it does not happen by a slip. */
function Erase() {
  const { t } = useI18n();
  const { api, me, session } = useLive();
  const { busy, run } = useDoing();
  const [open, setOpen] = useState(false);
  const [typed, setTyped] = useState("");
  const [password, setPassword] = useState("");
  const address = me.email ?? "";
  const erase = async () => {
    const gone = await run(() => api.send("DELETE", "/v1/cv/me", password === "" ? { email: address } : { password, email: address }), t("me.erase.done"));
    if (gone) await session.signOut();
  };
  return (
    <>
      <Section
        title={t("me.erase")}
        text={t("me.erase.text")}
        action={
          <Button variant="default" style={{ color: "var(--bad)" }} leftSection={<Trash2 size={16} aria-hidden="true" />} onClick={() => setOpen(true)}>
            {t("me.erase.open")}
          </Button>
        }
      />
      <Modal opened={open} onClose={() => setOpen(false)} title={t("me.erase.title")} centered closeButtonProps={{ "aria-label": t("common.close") }}>
        <p style={{ marginTop: 0 }}>{t("me.erase.warning")}</p>
        <TextInput label={t("me.erase.type", { email: address })} value={typed} onChange={(event) => setTyped(event.currentTarget.value)} autoComplete="off" data-autofocus />
        <PasswordInput mt="sm" label={t("auth.password")} description={t("me.password.ifAny")} autoComplete="current-password" value={password} onChange={(event) => setPassword(event.currentTarget.value)} visibilityToggleButtonProps={{ "aria-label": t("enter.password.show") }} />
        <Group justify="flex-end" mt="lg">
          <Button variant="default" onClick={() => setOpen(false)}>
            {t("common.cancel")}
          </Button>
          <Button color="red.8" loading={busy} disabled={typed.trim().toLowerCase() !== address.toLowerCase()} onClick={() => void erase()}>
            {t("me.erase.do")}
          </Button>
        </Group>
      </Modal>
    </>
  );
}
