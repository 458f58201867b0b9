import { Button, Group, Modal, SegmentedControl, Select, Stack, Switch, Textarea, TextInput } from "@mantine/core";
import { useState, type SyntheticEvent } from "react";
import { confirm } from "../components/confirm";
import { Pill } from "../components/pill";
import { useI18n } from "../i18n";
import { useDoing } from "../lib/actions";
import { textOf, textsOf, variablesIn } from "../lib/mails";
import { useLive } from "../live/live";
import { usePages } from "../live/pages";
import type { EmailTemplate, EmailText, EmailTrigger } from "../model/operations";
import type { Lang } from "../model/product";
import { EmailViews } from "./email-views";
import { Records } from "./records";
import styles from "./admin.module.css";

interface Dialog {
  readonly what: "edit" | "test";
  /** null: a new one. */
  readonly template: EmailTemplate | null;
  readonly reload: () => void;
}

export default function EmailTemplates() {
  const { t } = useI18n();
  const { api } = useLive();
  const { run } = useDoing();
  const triggers = usePages<EmailTrigger>("/v1/cv/admin/email-triggers").rows ?? [];
  const [dialog, setDialog] = useState<Dialog | null>(null);
  const triggerOf = (template: EmailTemplate) => triggers.find((trigger) => trigger.id === template.trigger_id);
  const remove = async (template: EmailTemplate, reload: () => void) => {
    const sure = await confirm({ title: t("ops.delete.title", { name: template.name }), text: t("ops.template.delete"), yes: t("common.delete"), no: t("common.cancel"), danger: true });
    if (sure && (await run(() => api.send("DELETE", `/v1/cv/admin/email-templates/${template.id}`), t("ops.deleted")))) reload();
  };
  const done = () => {
    dialog?.reload();
    setDialog(null);
  };
  return (
    <>
      <EmailViews />
      <Records<EmailTemplate>
        title="ops.templates"
        path="/v1/cv/admin/email-templates"
        empty="ops.templates.empty"
        idOf={(template) => template.id}
        actions={(reload) => (
          <Button size="compact-sm" onClick={() => setDialog({ what: "edit", template: null, reload })}>
            {t("ops.template.new")}
          </Button>
        )}
        columns={[
          {
            key: "name",
            label: "ops.mail.template",
            width: "minmax(180px, 2fr)",
            whole: true,
            cell: (template) => (
              <>
                <b className={styles.kind}>{template.name}</b> {template.is_default ? <Pill tone="brand">{t("ops.template.default")}</Pill> : null}
                <div className={styles.sub}>{template.subject}</div>
              </>
            ),
          },
          { key: "trigger", label: "ops.trigger", width: "minmax(120px, 1.2fr)", cell: (template) => triggerOf(template)?.label ?? "–" },
          { key: "languages", label: "nav.language", width: "90px", cell: (template) => [template.language, ...Object.keys(template.translations)].join(", ").toUpperCase() },
          { key: "state", label: "ops.state", width: "96px", cell: (template) => <Pill tone={template.is_active ? "ok" : "outline"}>{t(template.is_active ? "ops.active" : "ops.inactive")}</Pill> },
        ]}
        actionsWidth="250px"
        rowActions={(template, reload) => (
          <span className={styles.buttons}>
            <Button size="compact-sm" variant="default" onClick={() => setDialog({ what: "edit", template, reload })} aria-label={t("ops.edit.of", { name: template.name })}>
              {t("common.edit")}
            </Button>
            <Button size="compact-sm" variant="default" onClick={() => setDialog({ what: "test", template, reload })} aria-label={t("ops.template.test.of", { name: template.name })}>
              {t("ops.template.test")}
            </Button>
            <Button size="compact-sm" variant="default" onClick={() => void remove(template, reload)} aria-label={t("ops.delete.of", { name: template.name })}>
              {t("common.delete")}
            </Button>
          </span>
        )}
      />
      <Modal opened={dialog !== null} onClose={() => setDialog(null)} size="xl" title={dialog?.template?.name ?? t("ops.template.new")} closeButtonProps={{ "aria-label": t("common.close") }}>
        {dialog === null ? null : dialog.what === "test" && dialog.template !== null ? (
          <TestMail template={dialog.template} onDone={done} />
        ) : (
          <Editor template={dialog.template} triggers={triggers} onDone={done} />
        )}
      </Modal>
    </>
  );
}

const EMPTY: EmailText = { subject: "", html_content: "" };

function Editor({ template, triggers, onDone }: { readonly template: EmailTemplate | null; readonly triggers: readonly EmailTrigger[]; readonly onDone: () => void }) {
  const { t } = useI18n();
  const { api } = useLive();
  const { busy, run } = useDoing();
  const own: Lang = template?.language ?? "fr";
  const [name, setName] = useState(template?.name ?? "");
  const [trigger, setTrigger] = useState<string | null>(template?.trigger_id ?? null);
  const [active, setActive] = useState(template?.is_active ?? false);
  const [isDefault, setDefault] = useState(template?.is_default ?? false);
  const [language, setLanguage] = useState<Lang>(own);
  const [texts, setTexts] = useState<Readonly<Record<Lang, EmailText>>>(() => ({ fr: template === null ? EMPTY : textOf(template, "fr"), en: template === null ? EMPTY : textOf(template, "en") }));
  const set = (change: Partial<EmailText>) => setTexts({ ...texts, [language]: { ...texts[language], ...change } });
  const known = triggers.find((each) => each.id === trigger)?.variables ?? [];
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    const body = { name: name.trim(), trigger_id: trigger ?? "", is_active: active, is_default: isDefault, language: own, ...textsOf(own, texts) };
    const work = () => (template === null ? api.send("POST", "/v1/cv/admin/email-templates", trigger === null ? { ...body, trigger_id: undefined } : body) : api.send("PATCH", `/v1/cv/admin/email-templates/${template.id}`, body));
    void run(work, t("me.saved")).then((well) => {
      if (well) onDone();
    });
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="sm">
        <TextInput label={t("auth.name")} required value={name} onChange={(event) => setName(event.currentTarget.value)} data-autofocus />
        <Select label={t("ops.trigger")} clearable clearButtonProps={{ "aria-label": t("ops.filter.clear") }} value={trigger} onChange={setTrigger} data={triggers.map((each) => ({ value: each.id, label: each.label }))} />
        <SegmentedControl
          aria-label={t("nav.language")}
          value={language}
          onChange={(value) => setLanguage(value)}
          data={[
            { value: "fr", label: "Français" },
            { value: "en", label: "English" },
          ]}
        />
        <TextInput label={t("ops.mail.subject")} required={language === own} value={texts[language].subject} onChange={(event) => set({ subject: event.currentTarget.value })} />
        <Textarea label={t("ops.template.html")} description={t("ops.template.variables", { names: ["app_name", "app_url", "user_name", "user_email", ...known].map((each) => `{{${each}}}`).join(", ") })} required={language === own} autosize minRows={10} maxRows={20} value={texts[language].html_content} onChange={(event) => set({ html_content: event.currentTarget.value })} styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)", fontSize: 12.5 } }} />
        <Switch label={t("ops.template.active")} checked={active} onChange={(event) => setActive(event.currentTarget.checked)} />
        <Switch label={t("ops.template.isDefault")} checked={isDefault} onChange={(event) => setDefault(event.currentTarget.checked)} />
        <Group justify="flex-end">
          <Button type="submit" loading={busy}>
            {t("common.save")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function TestMail({ template, onDone }: { readonly template: EmailTemplate; readonly onDone: () => void }) {
  const { t, language } = useI18n();
  const { api, me } = useLive();
  const { busy, run } = useDoing();
  const [to, setTo] = useState(me.email ?? "");
  const [wanted, setWanted] = useState<Lang>(template.language === language || Object.hasOwn(template.translations, language) ? language : template.language);
  const text = textOf(template, wanted);
  const names = variablesIn(text.subject, text.html_content);
  const [values, setValues] = useState<Readonly<Record<string, string>>>({});
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    const variables = Object.fromEntries(names.map((name) => [name, values[name] ?? `[${name}]`]));
    void run(() => api.send("POST", `/v1/cv/admin/email-templates/${template.id}/test`, { to: to.trim(), language: wanted, variables }), t("ops.template.tested")).then((well) => {
      if (well) onDone();
    });
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="sm">
        <TextInput label={t("ops.mail.to")} type="email" required value={to} onChange={(event) => setTo(event.currentTarget.value)} data-autofocus />
        <SegmentedControl
          aria-label={t("nav.language")}
          value={wanted}
          onChange={(value) => setWanted(value)}
          data={[
            { value: "fr", label: "Français" },
            { value: "en", label: "English" },
          ]}
        />
        {names.map((name) => (
          <TextInput key={name} label={name} placeholder={`[${name}]`} value={values[name] ?? ""} onChange={(event) => setValues({ ...values, [name]: event.currentTarget.value })} />
        ))}
        <Group justify="flex-end">
          <Button type="submit" loading={busy}>
            {t("ops.template.send")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
