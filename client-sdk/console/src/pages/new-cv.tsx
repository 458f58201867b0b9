import { Button, FileButton, Select, TextInput } from "@mantine/core";
import { FileUp } from "lucide-react";
import { useState, type DragEvent, type SyntheticEvent } from "react";
import { useNavigate } from "react-router";
import { Page } from "../components/page";
import { Section } from "../components/section";
import { useI18n } from "../i18n";
import { useDoing } from "../lib/actions";
import { pdfProblem } from "../lib/pdf";
import { bytes, languageName } from "../lib/format";
import { cx } from "../lib/cx";
import { explain } from "../live/errors";
import { useLive } from "../live/live";
import { useOffered } from "../live/offered";
import { LANGUAGES } from "../papers/translate-dialog";
import { Making } from "../papers/steps";
import styles from "../papers/papers.module.css";

interface Made {
  readonly task: string;
  readonly name: string;
}

const TEMPLATES = ["blank", "developer", "manager", "student"] as const;
/** Languages in which templates are written. */
const WRITTEN = ["fr", "en"] as const;

/** The ways to a new CV that take some work: a PDF, a job's title, a template. */
export default function NewCv() {
  const { t } = useI18n();
  const offered = useOffered();
  const navigate = useNavigate();
  const [made, setMade] = useState<readonly Made[]>([]);
  const add = (one: Made) => setMade((old) => [one, ...old]);
  const single = made.length === 1;
  return (
    <Page title={t("new.title")} lead={t("new.lead")}>
      {made.length === 0 ? null : (
        <Section title={t("new.making")}>
          {made.map((one) => (
            <Making key={one.task} taskId={one.task} name={one.name} onMade={single ? (id) => void navigate(`/cvs/${id}`) : () => undefined} />
          ))}
        </Section>
      )}
      {offered.has("import") ? <ImportPdf onStart={add} /> : null}
      <div className={styles.ways}>
        {offered.has("jobTitle") ? <FromTitle onStart={add} /> : null}
        {offered.has("template") ? <FromTemplate onStart={add} /> : null}
      </div>
    </Page>
  );
}

function ImportPdf({ onStart }: { readonly onStart: (made: Made) => void }) {
  const { t, language } = useI18n();
  const { api } = useLive();
  const [over, setOver] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const take = async (files: readonly File[]) => {
    setError(null);
    setBusy(true);
    try {
      for (const file of files) {
        const problem = await pdfProblem(file);
        if (problem !== null) {
          setError(t(`new.pdf.bad.${problem}`, { name: file.name, size: bytes(language, file.size) }));
          continue;
        }
        const { task_id } = await api.upload<{ readonly task_id: string }>("/v1/cv/files/import", file);
        onStart({ task: task_id, name: file.name });
      }
    } catch (failure) {
      const { title, detail } = explain(t, failure);
      setError(detail ?? title);
    } finally {
      setBusy(false);
    }
  };
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    void take([...event.dataTransfer.files]);
  };
  return (
    <Section title={t("new.pdf")} text={t("new.pdf.text")}>
      {/* Files can be dropped here; by keyboard the button does the same. */}
      {/* eslint-disable-next-line jsx-a11y/no-static-element-interactions */}
      <div
        className={cx(styles.drop)}
        data-over={over}
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={drop}
      >
        <FileUp size={30} strokeWidth={1.6} aria-hidden="true" />
        <b>{t("new.pdf.drop")}</b>
        <p>{t("new.pdf.hint")}</p>
        <FileButton onChange={(files) => void take(files)} accept="application/pdf,.pdf" multiple inputProps={{ "aria-label": t("new.pdf.choose") }}>
          {(props) => (
            <Button {...props} loading={busy}>
              {t("new.pdf.choose")}
            </Button>
          )}
        </FileButton>
      </div>
      {error === null ? null : (
        <p role="alert" style={{ color: "var(--bad)", margin: "12px 0 0" }}>
          {error}
        </p>
      )}
    </Section>
  );
}

function FromTitle({ onStart }: { readonly onStart: (made: Made) => void }) {
  const { t, language } = useI18n();
  const { client } = useLive();
  const { busy, run } = useDoing();
  const [title, setTitle] = useState("");
  const [wanted, setWanted] = useState<string>(language);
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    void run(async () => {
      const { task_id } = (await client.call("cv.from_job_title", { title: title.trim(), language: wanted })) as { readonly task_id: string };
      onStart({ task: task_id, name: title.trim() });
      setTitle("");
    });
  };
  return (
    <Section title={t("new.jobTitle")} text={t("new.jobTitle.text")}>
      <form onSubmit={submit} style={{ display: "grid", gap: 14 }}>
        <TextInput label={t("new.jobTitle.label")} placeholder={t("new.jobTitle.placeholder")} required withAsterisk={false} minLength={2} maxLength={120} value={title} onChange={(event) => setTitle(event.currentTarget.value)} />
        <Select label={t("new.language")} allowDeselect={false} value={wanted} onChange={(value) => setWanted(value ?? wanted)} data={LANGUAGES.map((code) => ({ value: code, label: languageName(language, code) }))} />
        <div>
          <Button type="submit" loading={busy} variant="default">
            {t("new.write")}
          </Button>
        </div>
      </form>
    </Section>
  );
}

function FromTemplate({ onStart }: { readonly onStart: (made: Made) => void }) {
  const { t, language } = useI18n();
  const { client } = useLive();
  const { busy, run } = useDoing();
  const [template, setTemplate] = useState<string>("blank");
  const [wanted, setWanted] = useState<string>(language);
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    void run(async () => {
      const { task_id } = (await client.call("cv.create_template", { template, language: wanted })) as { readonly task_id: string };
      onStart({ task: task_id, name: t("new.template") });
    });
  };
  return (
    <Section title={t("new.template")} text={t("new.template.text")}>
      <form onSubmit={submit} style={{ display: "grid", gap: 14 }}>
        <Select label={t("new.template.label")} allowDeselect={false} value={template} onChange={(value) => setTemplate(value ?? template)} data={TEMPLATES.map((name) => ({ value: name, label: t(`new.template.${name}`) }))} />
        <Select label={t("new.language")} allowDeselect={false} value={wanted} onChange={(value) => setWanted(value ?? wanted)} data={WRITTEN.map((code) => ({ value: code, label: languageName(language, code) }))} />
        <div>
          <Button type="submit" loading={busy} variant="default">
            {t("new.create")}
          </Button>
        </div>
      </form>
    </Section>
  );
}
