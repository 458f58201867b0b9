import { Button, Checkbox, Group, Modal, Rating, Stack, Textarea } from "@mantine/core";
import { useState, type SyntheticEvent } from "react";
import { useI18n } from "../i18n";
import { useDoing } from "../lib/actions";
import { useLive } from "../live/live";

const MAX_COMMENT = 500;

/** What somebody thinks, with the page that they think it of. */
export function FeedbackDialog({ opened, onClose }: { readonly opened: boolean; readonly onClose: () => void }) {
  const { t } = useI18n();
  return (
    <Modal opened={opened} onClose={onClose} title={t("feedback.title")} centered closeButtonProps={{ "aria-label": t("common.close") }}>
      {opened ? <Form onClose={onClose} /> : null}
    </Modal>
  );
}

function Form({ onClose }: { readonly onClose: () => void }) {
  const { t } = useI18n();
  const { client } = useLive();
  const { busy, run } = useDoing();
  const [rating, setRating] = useState(0);
  const [comment, setComment] = useState("");
  const [bug, setBug] = useState(false);
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    const said = { rating, comment: comment.trim(), is_bug_report: bug, page_url: location.pathname, user_agent: navigator.userAgent.slice(0, 512) };
    void run(() => client.call("feedback.send", said), t("feedback.thanks")).then((done) => {
      if (done) onClose();
    });
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="sm">
        <fieldset style={{ border: 0, margin: 0, padding: 0 }}>
          <legend style={{ padding: 0, fontWeight: 500 }}>{t("feedback.rating")}</legend>
          <Rating value={rating} onChange={setRating} size="lg" getSymbolLabel={(value) => t("ops.feedback.stars", { n: value })} />
        </fieldset>
        <Textarea label={t("feedback.comment")} description={t("feedback.left", { n: MAX_COMMENT - comment.length })} maxLength={MAX_COMMENT} rows={5} value={comment} onChange={(event) => setComment(event.currentTarget.value)} />
        <Checkbox label={t("feedback.bug")} checked={bug} onChange={(event) => setBug(event.currentTarget.checked)} />
        <Group justify="flex-end">
          <Button type="submit" loading={busy} disabled={rating === 0}>
            {t("feedback.send")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
