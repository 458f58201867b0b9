import { Button, Group, Modal, Textarea, TextInput } from "@mantine/core";
import { useState } from "react";
import { useI18n } from "../i18n";
import { parseResume } from "../lib/resume";
import { explain } from "../live/errors";
import type { JsonResume } from "../model/types";

interface PasteProps {
  readonly opened: boolean;
  readonly onClose: () => void;
  readonly onCreate: (content: JsonResume, filename: string) => Promise<void>;
}

export function PasteResume({ opened, onClose, onCreate }: PasteProps) {
  const { t } = useI18n();
  const [text, setText] = useState("");
  const [name, setName] = useState("");
  const [error, setError] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const submit = async () => {
    const parsed = parseResume(t, text);
    if (typeof parsed === "string") {
      setError(parsed);
      return;
    }
    setBusy(true);
    try {
      await onCreate(parsed, name.trim());
      setText("");
      onClose();
    } catch (failure) {
      const { title, detail } = explain(t, failure);
      setError(detail ?? title);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Modal opened={opened} onClose={onClose} title={t("cvs.paste.title")} size="lg" closeButtonProps={{ "aria-label": t("common.close") }}>
      <Textarea
        label={t("cvs.paste.label")}
        description={t("cvs.paste.hint")}
        error={error}
        value={text}
        onChange={(event) => { setText(event.currentTarget.value); setError(null); }}
        rows={14}
        styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)", fontSize: 12.5 } }}
        placeholder={'{\n  "basics": { "name": "…" }\n}'}
        data-autofocus
      />
      <TextInput mt="sm" label={t("cvs.paste.name")} value={name} onChange={(event) => setName(event.currentTarget.value)} placeholder="cv.json" />
      <Group justify="flex-end" mt="lg">
        <Button variant="default" onClick={onClose}>
          {t("common.cancel")}
        </Button>
        <Button onClick={() => void submit()} loading={busy} disabled={text.trim() === ""}>
          {t("cvs.create")}
        </Button>
      </Group>
    </Modal>
  );
}
