import { Button, Group, Menu, Modal, SegmentedControl, Skeleton } from "@mantine/core";
import "@fontsource-variable/source-serif-4/opsz.css";
import "@fontsource-variable/source-serif-4/opsz-italic.css";
import { CallError } from "@estafette/client";
import { Ban, ChevronDown, Download, FileDown, Languages, Pencil, Printer, Sparkles } from "lucide-react";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { Link, useParams } from "react-router";
import { Failure, Page } from "../components/page";
import { Pill } from "../components/pill";
import { CvDocument } from "../document/document";
import { DocumentModeProvider, type DocumentMode } from "../document/field";
import { useI18n } from "../i18n";
import { isSame, marksOf } from "../lib/changes";
import { cvName, headlineOf, jobName, originName, personOf } from "../lib/cvs";
import { download } from "../lib/download";
import { day, languageName } from "../lib/format";
import { read } from "../lib/pointer";
import { readable } from "../lib/resume";
import { refusalOf, useCvTopic, useLive } from "../live/live";
import { useOffered } from "../live/offered";
import { toastDone, toastError } from "../live/toasts";
import type { CvFile, CvState, PatchOperation } from "../model/types";
import { ExportDialog } from "../papers/export-dialog";
import { TranslateDialog } from "../papers/translate-dialog";
import { DecisionBar, Review, useReviewKeys } from "../review/review";
import { ScorePanel } from "../review/score";
import { Versions } from "../review/versions";
import styles from "./cv.module.css";

type Tab = "review" | "score" | "versions";
type View = Tab | "document";

interface Conflict {
  readonly path: string;
  readonly theirs: unknown;
  readonly mine: unknown;
  readonly answer: (useMine: boolean) => void;
}

export default function Cv() {
  const { id = "" } = useParams();
  return <CvOf key={id} id={id} />;
}

function CvOf({ id }: { readonly id: string }) {
  const { t } = useI18n();
  const view = useCvTopic(id);
  const refusal = refusalOf(view.status);
  if (refusal !== null)
    return (
      <Page title={t("cvs.col.cv")}>
        <Failure error={refusal} />
      </Page>
    );
  if (view.state === undefined)
    return (
      <Page title={"\u00a0"} lead={"\u00a0"} wide>
        <div className={styles.grid} data-view="document">
          <Skeleton height={900} radius="md" />
          <Skeleton height={420} radius="md" />
        </div>
      </Page>
    );
  return <Loaded file={view.state.file} versions={view.state.versions} />;
}

function Loaded({ file, versions }: { readonly file: CvFile; readonly versions: Parameters<typeof Versions>[0]["versions"] }) {
  const { t, language } = useI18n();
  const { client, offers, user, titles } = useLive();
  const open = file.pending_changes.filter((change) => change.status === "pending").length;
  const [tab, setTab] = useState<Tab>(open > 0 ? "review" : "score");
  const [phone, setPhone] = useState<"document" | "panel">("document");
  const [selected, setSelected] = useState<string | null>(null);
  const [editing, setEditing] = useState(false);
  const [exporting, setExporting] = useState(false);
  const [translating, setTranslating] = useState(false);
  const offered = useOffered();
  const [busy, setBusy] = useState<ReadonlySet<string>>(new Set());
  const { onSave, conflict } = useSaving(file);
  const job = file.job_offer_id === null ? undefined : offers.get(file.job_offer_id);
  const source = user.state?.cvs.find((cv) => versions.some((version) => version.source_file === cv.filename));

  const onDecide = useCallback(
    (ids: readonly string[], accept: boolean) => {
      setBusy((old) => new Set([...old, ...ids]));
      client
        .call("cv.review", { id: file.id, decisions: ids.map((change_id) => ({ change_id, accept })) })
        .catch((error: unknown) => toastError(t, error))
        .finally(() => setBusy((old) => new Set([...old].filter((item) => !ids.includes(item)))));
    },
    [client, file.id, t],
  );
  const onSelect = useCallback((change: string | null) => {
    setSelected(change);
    if (change !== null) setTab("review");
  }, []);
  useReviewKeys({ changes: file.pending_changes, selected, onSelect, onDecide, enabled: !editing && !file.blocked });

  const marks = useMemo(() => marksOf(file.content, file.pending_changes), [file.content, file.pending_changes]);
  const mode = useMemo<DocumentMode>(() => ({ marks, selected, onSelect, editing, onSave }), [marks, selected, onSelect, editing, onSave]);

  const score = () => {
    client.call("cv.score", { id: file.id }).then(
      () => toastDone(t, t("score.started")),
      (error: unknown) => toastError(t, error),
    );
  };
  const restore = async (version: number) => {
    try {
      await client.call("cv.restore", { id: file.id, version });
      toastDone(t, t("versions.restored", { n: version }));
    } catch (error) {
      toastError(t, error);
    }
  };
  const show = (view: View) => {
    if (view === "document") setPhone("document");
    else {
      setTab(view);
      setPhone("panel");
    }
  };
  const jobTitle = jobName(t, job);
  const headline = headlineOf(cvName(file));
  const reviewLabel = open > 0 ? `${t("cv.tab.review")} · ${open}` : t("cv.tab.review");
  return (
    <Page
      wide
      title={personOf(cvName(file))}
      lead={
        <span className={styles.meta}>
          {headline === null ? null : <span className={styles.headline}>{headline}</span>}
          {jobTitle === null || file.job_offer_id === null ? null : (
            <span>
              {t("cv.forOffer")} <Link to={`/offers/${file.job_offer_id}`}>{jobTitle}</Link>
            </span>
          )}
          {source === undefined ? null : (
            <span>
              {t("cv.source")} <Link to={`/cvs/${source.id}`}>{cvName(source, titles.get(source.id))}</Link>
            </span>
          )}
          {file.created_by === null ? null : <span>{originName(t, file)}</span>}
          {file.language === null ? null : <span>{languageName(language, file.language)}</span>}
          <span className="num">{t("cv.version", { n: file.content_version })}</span>
          <span hidden data-rev={file.content_rev} />
          {file.optimise_status === "inprogress" ? <Pill tone="baton">{t("cvs.optimising")}</Pill> : null}
        </span>
      }
      actions={
        <>
          <Button variant={editing ? "filled" : "default"} leftSection={<Pencil size={16} />} onClick={() => { setEditing((value) => !value); setPhone("document"); }} disabled={file.blocked}>
            {t(editing ? "cv.edit.done" : "cv.edit")}
          </Button>
          <Menu position="bottom-end" shadow="md" width={190}>
            <Menu.Target>
              <Button variant="default" rightSection={<ChevronDown size={15} />} leftSection={<Download size={16} />}>
                {t("cv.export.menu")}
              </Button>
            </Menu.Target>
            <Menu.Dropdown>
              {offered.has("export") ? (
                <Menu.Item leftSection={<FileDown size={16} />} onClick={() => setExporting(true)} disabled={file.blocked}>
                  {t("export.open")}
                </Menu.Item>
              ) : null}
              <Menu.Item leftSection={<Download size={16} />} onClick={() => download(file.filename, JSON.stringify(file.content, null, 2))} disabled={file.blocked}>
                {t("cv.export")}
              </Menu.Item>
              <Menu.Item leftSection={<Printer size={16} />} onClick={() => window.print()}>
                {t("cv.print")}
              </Menu.Item>
            </Menu.Dropdown>
          </Menu>
          {offered.has("translate") ? (
            <Button variant="default" leftSection={<Languages size={16} />} onClick={() => setTranslating(true)} disabled={file.blocked}>
              {t("translate.open")}
            </Button>
          ) : null}
          <Button component={Link} to={`/generate?cv=${file.id}`} leftSection={<Sparkles size={16} />}>
            {t("cv.adapt")}
          </Button>
        </>
      }
    >
      {file.blocked ? (
        <div className={styles.notice}>
          <Ban size={18} aria-hidden="true" />
          <span>
            {t("cv.blocked")} {file.blocked_reason === "plan_limit" ? t("cv.blocked.plan_limit") : file.blocked_reason} {file.blocked_at === null ? null : t("blocked.since", { date: day(language, file.blocked_at) })}{" "}
            {file.blocked_reason === "plan_limit" && offered.has("plans") ? <Link to="/plans">{t("blocked.plans")}</Link> : null}
          </span>
        </div>
      ) : null}
      <div className={styles.dock}>
        <SegmentedControl
          fullWidth
          size="sm"
          value={phone === "document" ? "document" : tab}
          onChange={(value) => show(value)}
          data={[
            { value: "document", label: t("cv.tab.document") },
            { value: "review", label: reviewLabel },
            { value: "score", label: t("cv.tab.score") },
            { value: "versions", label: t("cv.tab.versions") },
          ]}
        />
      </div>
      <div className={styles.grid} data-view={phone}>
        <div className={styles.document}>
          {editing ? <p className={styles.hint}>{t("cv.edit.hint")}</p> : null}
          <DocumentModeProvider value={mode}>
            <CvDocument content={file.content} language={file.language} />
          </DocumentModeProvider>
        </div>
        <aside className={styles.side} aria-label={t("cv.side")}>
          <div className={styles.tabs}>
            <SegmentedControl
              fullWidth
              size="sm"
              value={tab}
              onChange={(value) => setTab(value)}
              data={[
                { value: "review", label: reviewLabel },
                { value: "score", label: t("cv.tab.score") },
                { value: "versions", label: t("cv.tab.versions") },
              ]}
            />
          </div>
          <div className={styles.pane} key={tab}>
            {tab === "review" ? <Review content={file.content} changes={file.pending_changes} selected={selected} onSelect={onSelect} onDecide={onDecide} busy={busy} disabled={file.blocked} /> : null}
            {tab === "score" ? <ScorePanel score={file.score} hasOffer={file.job_offer_id !== null} onScore={score} disabled={file.blocked} /> : null}
            {tab === "versions" ? <Versions file={file} versions={versions} sourceName={source === undefined ? null : personOf(cvName(source, titles.get(source.id)))} onRestore={restore} disabled={file.blocked} /> : null}
          </div>
        </aside>
      </div>
      {phone === "document" && !editing ? <DecisionBar changes={file.pending_changes} selected={selected} onSelect={onSelect} onDecide={onDecide} busy={busy} disabled={file.blocked} /> : null}
      <ExportDialog cvId={file.id} opened={exporting} onClose={() => setExporting(false)} />
      <TranslateDialog cv={file} name={personOf(cvName(file))} opened={translating} onClose={() => setTranslating(false)} />
      <ConflictDialog conflict={conflict} />
    </Page>
  );
}

/** Saves fields by `rev`; where somebody else changed the same field meanwhile, the person chooses. */
function useSaving(file: CvFile) {
  const { t } = useI18n();
  const { client, api } = useLive();
  const [conflict, setConflict] = useState<Conflict | null>(null);
  const latest = useRef(file);
  useEffect(() => {
    latest.current = file;
  }, [file]);

  const onSave = useCallback(
    async (path: string, base: unknown, value: unknown): Promise<void> => {
      const ask = (theirs: unknown) =>
        new Promise<boolean>((resolve) => {
          setConflict({
            path,
            theirs,
            mine: value,
            answer: (useMine) => {
              setConflict(null);
              resolve(useMine);
            },
          });
        });
      let expected = base;
      let current: Pick<CvFile, "content" | "content_rev"> = latest.current;
      try {
        for (;;) {
          const there = read(current.content, path);
          if (!isSame(there, expected)) {
            if (!(await ask(there))) return;
            expected = there;
          }
          try {
            await client.call("cv.update", { id: file.id, rev: current.content_rev, patch: patchOf(path, there, value) });
            return;
          } catch (error) {
            if (!(error instanceof CallError) || error.code !== "conflict") throw error;
            // Another field may have changed: what stands there now decides whether the person is asked.
            current = (await api.get<CvState>(`/v1/cv/files/${file.id}`)).file;
          }
        }
      } catch (error) {
        toastError(t, error);
        throw error;
      }
    },
    [api, client, file.id, t],
  );
  return { onSave, conflict };
}

/** An emptied entry of a list leaves the list; any other field is set. */
function patchOf(path: string, there: unknown, value: unknown): PatchOperation[] {
  if (value === "" && /\/\d+$/u.test(path)) return [{ op: "remove", path }];
  return [there === undefined ? { op: "add", path, value } : { op: "replace", path, value }];
}

function ConflictDialog({ conflict }: { readonly conflict: Conflict | null }) {
  const { t } = useI18n();
  return (
    <Modal opened={conflict !== null} onClose={() => conflict?.answer(false)} title={t("cv.conflict.title")} withCloseButton={false} centered size="lg">
      <p style={{ marginTop: 0 }} className="muted">
        {t("cv.conflict.text")}
      </p>
      <div style={{ display: "grid", gap: 12, fontFamily: "var(--serif)", fontSize: 15.5 }}>
        {(["theirs", "mine"] as const).map((side) => (
          <div key={side} style={{ border: "1px solid var(--line)", borderRadius: 10, padding: "10px 14px" }}>
            <div className="muted" style={{ fontFamily: "var(--mantine-font-family)", fontSize: 12.5 }}>
              {t(`cv.conflict.${side}`)}
            </div>
            {readable(conflict?.[side])}
          </div>
        ))}
      </div>
      <Group justify="flex-end" mt="lg">
        <Button variant="default" onClick={() => conflict?.answer(false)}>
          {t("cv.conflict.keepTheirs")}
        </Button>
        <Button onClick={() => conflict?.answer(true)}>{t("cv.conflict.keepMine")}</Button>
      </Group>
    </Modal>
  );
}
