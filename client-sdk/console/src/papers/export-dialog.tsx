import { Button, Group, Modal, SegmentedControl, Select, Stack } from "@mantine/core";
import { Download } from "lucide-react";
import { useState } from "react";
import { Link } from "react-router";
import { useI18n } from "../i18n";
import { useDoing } from "../lib/actions";
import { download } from "../lib/download";
import { useLive } from "../live/live";
import { useOffered } from "../live/offered";
import { usePages } from "../live/pages";
import type { Design, ExportTemplate } from "../model/product";
import { DesignChoice } from "./designs";

/** A CV as a document: the format, a template of one's own, and the design. */
export function ExportDialog({ cvId, opened, onClose }: { readonly cvId: string; readonly opened: boolean; readonly onClose: () => void }) {
  const { t } = useI18n();
  const { client } = useLive();
  const offered = useOffered();
  const { busy, run } = useDoing();
  const [format, setFormat] = useState<"pdf" | "json">("pdf");
  const [template, setTemplate] = useState<string | null>(null);
  const [design, setDesign] = useState<Design | null>(null);
  const list = usePages<ExportTemplate>(opened && offered.has("exportTemplates") ? "/v1/cv/export-templates" : null);
  const templates = list.rows ?? [];
  const chosen = templates.find((each) => each.id === template);
  const shown = design ?? chosen?.design ?? "classic";
  const fetchIt = () =>
    run(async () => {
      const params = { id: cvId, format, ...(template === null ? {} : { template_id: template }), ...(format === "pdf" ? { design: shown } : {}) };
      const made = await client.call("cv.export", params, { timeoutMs: 60_000 });
      if (made.base64 !== undefined) download(made.filename, bytesOf(made.base64), made.mime_type);
      else download(made.filename, JSON.stringify(made.document, null, 2), made.mime_type);
      onClose();
    }, t("export.done"));
  return (
    <Modal opened={opened} onClose={onClose} title={t("export.title")} size="lg" closeButtonProps={{ "aria-label": t("common.close") }}>
      <Stack gap="md">
        <SegmentedControl
          aria-label={t("export.format")}
          value={format}
          onChange={(value) => setFormat(value)}
          data={[
            { value: "pdf", label: "PDF" },
            { value: "json", label: "JSON Resume" },
          ]}
        />
        {offered.has("exportTemplates") && templates.length > 0 ? (
          <Select
            label={t("export.template")}
            description={t("export.template.text")}
            placeholder={t("export.template.none")}
            clearable
            clearButtonProps={{ "aria-label": t("export.template.none") }}
            value={template}
            onChange={(value) => {
              setTemplate(value);
              setDesign(null);
            }}
            data={templates.map((each) => ({ value: each.id, label: each.name }))}
          />
        ) : null}
        {format === "pdf" ? <DesignChoice value={shown} onChange={setDesign} /> : null}
        <Group justify="space-between">
          {offered.has("exportTemplates") ? <Link to="/export-templates">{t("export.templates.manage")}</Link> : <span />}
          <Button onClick={() => void fetchIt()} loading={busy} leftSection={<Download size={16} aria-hidden="true" />}>
            {t("export.do")}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}

function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}
