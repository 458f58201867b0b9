import { Button, Group, Modal, Select } from "@mantine/core";
import { useState } from "react";
import { useNavigate } from "react-router";
import { useI18n } from "../i18n";
import { useDoing } from "../lib/actions";
import { languageName } from "../lib/format";
import { useLive } from "../live/live";
import { Making } from "./steps";

/** Languages that are offered first; any other can be had through the API. */
export const LANGUAGES = ["fr", "en", "de", "es", "it", "nl", "pt"] as const;

/** A copy of a CV in another language, made while one looks. */
export function TranslateDialog({ cv, name, opened, onClose }: { readonly cv: { readonly id: string; readonly language: string | null }; readonly name: string; readonly opened: boolean; readonly onClose: () => void }) {
  const { t, language } = useI18n();
  const { client } = useLive();
  const navigate = useNavigate();
  const { busy, run } = useDoing();
  const others = LANGUAGES.filter((code) => code !== cv.language);
  const [target, setTarget] = useState<string>(others[0] ?? "en");
  const [task, setTask] = useState<string | null>(null);
  const start = () =>
    run(async () => {
      const { task_id } = (await client.call("cv.translate", { id: cv.id, language: target })) as { readonly task_id: string };
      setTask(task_id);
    });
  const close = () => {
    setTask(null);
    onClose();
  };
  return (
    <Modal opened={opened} onClose={close} title={t("translate.title")} closeButtonProps={{ "aria-label": t("common.close") }}>
      {task === null ? (
        <>
          <p style={{ marginTop: 0 }}>{t("translate.text")}</p>
          <Select label={t("translate.to")} allowDeselect={false} value={target} onChange={(value) => setTarget(value ?? target)} data={others.map((code) => ({ value: code, label: languageName(language, code) }))} />
          <Group justify="flex-end" mt="lg">
            <Button variant="default" onClick={close}>
              {t("common.cancel")}
            </Button>
            <Button onClick={() => void start()} loading={busy}>
              {t("translate.do")}
            </Button>
          </Group>
        </>
      ) : (
        <Making
          taskId={task}
          name={`${name} → ${languageName(language, target)}`}
          onMade={(id) => {
            close();
            void navigate(`/cvs/${id}`);
          }}
        />
      )}
    </Modal>
  );
}
