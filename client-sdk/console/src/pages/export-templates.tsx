import { Button, Group, Modal, Stack, TextInput } from "@mantine/core";
import { LayoutTemplate, Plus } from "lucide-react";
import { useState, type SyntheticEvent } from "react";
import { confirm } from "../components/confirm";
import { Card, Empty, Failure, Page, Rows } from "../components/page";
import { ItemList, Section } from "../components/section";
import { useI18n } from "../i18n";
import { useDoing } from "../lib/actions";
import { useLive } from "../live/live";
import { usePages } from "../live/pages";
import type { Design, ExportTemplate, SectionChoice } from "../model/product";
import { DesignChoice, SECTIONS, SectionChoices } from "../papers/designs";

type Draft = Pick<ExportTemplate, "name" | "design" | "selections"> & { readonly id: string | null };
const NEW: Draft = { id: null, name: "", design: "classic", selections: {} };

/** A person's own ways to export: a design and which sections are in it. */
export default function ExportTemplates() {
  const { t } = useI18n();
  const { client } = useLive();
  const { run } = useDoing();
  const list = usePages<ExportTemplate>("/v1/cv/export-templates");
  const [draft, setDraft] = useState<Draft | null>(null);
  const remove = async ({ id, name }: ExportTemplate) => {
    const sure = await confirm({ title: t("design.delete.title"), text: t("design.delete.text", { name }), yes: t("common.delete"), no: t("common.cancel"), danger: true });
    if (sure && (await run(() => client.call("export_template.delete", { id }), t("design.deleted")))) list.reload();
  };
  const add = (
    <Button leftSection={<Plus size={17} aria-hidden="true" />} onClick={() => setDraft(NEW)}>
      {t("design.new")}
    </Button>
  );
  return (
    <Page title={t("design.title")} lead={t("design.lead")} actions={add}>
      {list.rows === undefined ? (
        <Card>{list.error === undefined ? <Rows count={3} height={54} /> : <Failure error={list.error} retry={list.reload} />}</Card>
      ) : list.rows.length === 0 ? (
        <Card>
          <Empty icon={LayoutTemplate} title={t("design.empty")} text={t("design.empty.text")} />
        </Card>
      ) : (
        <Section title={t("design.list")}>
          <ItemList
            label={t("design.list")}
            items={list.rows.map((template) => ({
              id: template.id,
              title: template.name,
              text: `${t(`export.design.${template.design}`)} · ${t("design.sections", { n: SECTIONS.filter((section) => template.selections[section]?.enabled ?? true).length })}`,
              action: (
                <Group gap="xs">
                  <Button size="compact-sm" variant="default" onClick={() => setDraft(template)} aria-label={t("design.edit.of", { name: template.name })}>
                    {t("common.edit")}
                  </Button>
                  <Button size="compact-sm" variant="default" onClick={() => void remove(template)} aria-label={t("design.delete.of", { name: template.name })}>
                    {t("common.delete")}
                  </Button>
                </Group>
              ),
            }))}
          />
        </Section>
      )}
      <Modal opened={draft !== null} onClose={() => setDraft(null)} title={t(draft?.id == null ? "design.new" : "design.edit")} size="lg" closeButtonProps={{ "aria-label": t("common.close") }}>
        {draft === null ? null : (
          <Editor
            key={draft.id ?? ""}
            draft={draft}
            onDone={() => {
              setDraft(null);
              list.reload();
            }}
          />
        )}
      </Modal>
    </Page>
  );
}

function Editor({ draft, onDone }: { readonly draft: Draft; readonly onDone: () => void }) {
  const { t } = useI18n();
  const { client } = useLive();
  const { busy, run } = useDoing();
  const [name, setName] = useState(draft.name);
  const [design, setDesign] = useState<Design>(draft.design);
  const [selections, setSelections] = useState<Readonly<Record<string, SectionChoice>>>(draft.selections);
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    const body = { name: name.trim(), design, selections };
    const work = () => (draft.id === null ? client.call("export_template.create", body) : client.call("export_template.update", { id: draft.id, ...body }));
    void run(work, t("me.saved")).then((done) => {
      if (done) onDone();
    });
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="md">
        <TextInput label={t("design.name")} required withAsterisk={false} maxLength={80} value={name} onChange={(event) => setName(event.currentTarget.value)} data-autofocus />
        <DesignChoice value={design} onChange={setDesign} />
        <SectionChoices value={selections} onChange={setSelections} />
        <Group justify="flex-end">
          <Button type="submit" loading={busy}>
            {t("common.save")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
