import { ActionIcon, Button, FileButton, Menu, SegmentedControl, TextInput } from "@mantine/core";
import { ClipboardPaste, Ellipsis, FileJson, FileText, FileUp, Plus, Search, Sparkles, Trash2, Upload } from "lucide-react";
import { useState } from "react";
import { Link, useNavigate } from "react-router";
import { confirm } from "../components/confirm";
import { ScoreRing } from "../components/gauge";
import { Card, Empty, Failure, Page, Rows } from "../components/page";
import { Pill } from "../components/pill";
import { Note } from "../components/section";
import { useI18n } from "../i18n";
import { cvName, headlineOf, jobName, originName, personOf } from "../lib/cvs";
import { ago, dateTime, languageName } from "../lib/format";
import { MAX_RESUME_BYTES, parseResume } from "../lib/resume";
import { refusalOf, useLive } from "../live/live";
import { useOffered } from "../live/offered";
import { toastDone, toastError } from "../live/toasts";
import type { CvSummary, JsonResume } from "../model/types";
import { bytes } from "../lib/format";
import { FirstSteps } from "./first-steps";
import { PasteResume } from "./cvs-paste";
import { cx } from "../lib/cx";
import styles from "./cvs.module.css";

type Filter = "all" | "sources" | "adapted" | "blocked";
const FILTERS = ["all", "sources", "adapted", "blocked"] as const;

export default function Cvs() {
  const { t, language } = useI18n();
  const { user, client, titles, offers } = useLive();
  const navigate = useNavigate();
  const [filter, setFilter] = useState<Filter>("all");
  const [query, setQuery] = useState("");
  const [pasting, setPasting] = useState(false);
  const cvs = user.state?.cvs;
  const refusal = refusalOf(user.status);
  const offered = useOffered();
  const isMaking = offered.has("import") || offered.has("jobTitle") || offered.has("template");
  const blocked = (cvs ?? []).filter((cv) => cv.blocked);

  const create = async (content: JsonResume, filename?: string) => {
    const file = await client.call("cv.create", { content, ...(filename === undefined || filename === "" ? {} : { filename }) });
    toastDone(t, t("cvs.created"));
    void navigate(`/cvs/${file.id}`);
  };
  const upload = async (file: File | null) => {
    if (file === null) return;
    try {
      if (file.size > MAX_RESUME_BYTES) throw new Error(t("cvs.tooLarge", { size: bytes(language, file.size) }));
      const parsed = parseResume(t, await file.text());
      if (typeof parsed === "string") throw new Error(parsed);
      await create(parsed, file.name);
    } catch (error) {
      toastError(t, error);
    }
  };

  const wanted = query.trim().toLowerCase();
  const shown = (cvs ?? [])
    .filter((cv) => filter === "all" || (filter === "blocked" ? cv.blocked : (filter === "adapted") === (cv.created_by === "generate-cv")))
    .filter((cv) => wanted === "" || [cvName(cv, titles.get(cv.id)), cv.filename, jobName(t, offerOf(cv)) ?? ""].some((text) => text.toLowerCase().includes(wanted)))
    .sort((a, b) => b.updated_at.localeCompare(a.updated_at));
  function offerOf(cv: CvSummary) {
    return cv.job_offer_id === null ? undefined : offers.get(cv.job_offer_id);
  }

  return (
    <Page
      title={t("nav.cvs")}
      lead={cvs === undefined ? "\u00a0" : t("cvs.count", { n: cvs.length })}
      actions={
        <Menu position="bottom-end" shadow="md" width={230}>
          <Menu.Target>
            <Button variant="default" leftSection={<Plus size={17} aria-hidden="true" />}>
              {t("cvs.add")}
            </Button>
          </Menu.Target>
          <Menu.Dropdown>
            {isMaking ? (
              <Menu.Item component={Link} to="/cvs/new" leftSection={<FileUp size={16} />}>
                {t("new.menu")}
              </Menu.Item>
            ) : null}
            <FileButton onChange={(file) => void upload(file)} accept="application/json,.json">
              {(props) => (
                <Menu.Item {...props} leftSection={<Upload size={16} />} closeMenuOnClick={false}>
                  {t("cvs.upload")}
                </Menu.Item>
              )}
            </FileButton>
            <Menu.Item leftSection={<ClipboardPaste size={16} />} onClick={() => setPasting(true)}>
              {t("cvs.paste")}
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
      }
    >
      <FirstSteps />
      {blocked.length === 0 ? null : (
        <Note
          action={
            offered.has("plans") ? (
              <Button component={Link} to="/plans" size="compact-sm" variant="default">
                {t("blocked.plans")}
              </Button>
            ) : undefined
          }
        >
          <b>{t("blocked.title", { n: blocked.length })}</b> {t("blocked.text")}
        </Note>
      )}
      <Card>
        {refusal !== null ? (
          <Failure error={refusal} retry={() => location.reload()} />
        ) : cvs === undefined ? (
          <Rows count={5} />
        ) : cvs.length === 0 ? (
          <Empty icon={FileJson} title={t("cvs.empty")} text={t("cvs.empty.text")}>
            <div style={{ display: "flex", gap: 8, flexWrap: "wrap", justifyContent: "center" }}>
              {isMaking ? (
                <Button component={Link} to="/cvs/new" leftSection={<FileUp size={17} />}>
                  {t("new.menu")}
                </Button>
              ) : null}
              <FileButton onChange={(file) => void upload(file)} accept="application/json,.json">
                {(props) => (
                  <Button {...props} leftSection={<Upload size={17} />} variant={isMaking ? "default" : "filled"}>
                    {t("cvs.upload")}
                  </Button>
                )}
              </FileButton>
              <Button variant="default" leftSection={<ClipboardPaste size={17} />} onClick={() => setPasting(true)}>
                {t("cvs.paste")}
              </Button>
            </div>
          </Empty>
        ) : (
          <>
            <div className={styles.tools}>
              <TextInput
                className={cx(styles.search)}
                aria-label={t("cvs.search")}
                placeholder={t("cvs.search")}
                leftSection={<Search size={16} aria-hidden="true" />}
                value={query}
                onChange={(event) => setQuery(event.currentTarget.value)}
              />
              <SegmentedControl
                value={filter}
                onChange={(value) => setFilter(value)}
                aria-label={t("tasks.filter")}
                data={(blocked.length > 0 ? FILTERS : FILTERS.slice(0, 3)).map((value) => ({ value, label: t(`cvs.filter.${value}`) }))}
              />
            </div>
            {shown.length === 0 ? <p className={styles.none}>{t("cvs.nothing", { q: query })}</p> : null}
            <ul className={styles.list}>
              {shown.map((cv) => (
                <Row key={cv.id} cv={cv} name={cvName(cv, titles.get(cv.id))} job={offerOf(cv)?.content ?? null} when={ago(language, cv.updated_at)} whenFull={dateTime(language, cv.updated_at)} />
              ))}
            </ul>
          </>
        )}
      </Card>
      <PasteResume opened={pasting} onClose={() => setPasting(false)} onCreate={create} />
    </Page>
  );
}

interface RowProps {
  readonly cv: CvSummary;
  readonly name: string;
  readonly job: { readonly title: string | null; readonly company: string | null } | null;
  readonly when: string;
  readonly whenFull: string;
}

function Row({ cv, name, job, when, whenFull }: RowProps) {
  const { t, language } = useI18n();
  const { client } = useLive();
  const headline = headlineOf(name);
  const remove = async () => {
    const sure = await confirm({ title: t("cvs.delete.title"), text: t("cvs.delete.text", { name }), yes: t("common.delete"), no: t("common.cancel"), danger: true });
    if (!sure) return;
    try {
      await client.call("cv.delete", { id: cv.id });
      toastDone(t, t("cvs.deleted"));
    } catch (error) {
      toastError(t, error);
    }
  };
  return (
    <li className={cx(styles.row, job === null && cv.created_by !== "generate-cv" && styles.plain)}>
      <ScoreRing score={cv.match_score} busy={cv.match_score_status === "inprogress"} faded={cv.match_score_status === "idle" && cv.match_score !== null} />
      <div style={{ minWidth: 0 }}>
        <Link to={`/cvs/${cv.id}`} className={cx(styles.name, "truncate")}>
          {personOf(name)}
          {headline === null ? null : <span className={styles.headline}> {headline}</span>}
        </Link>
        <div className={styles.meta}>
          {job?.title == null ? null : <span className={styles.mobileFor}>→ {job.title}</span>}
          {cv.created_by === null ? null : <span>{originName(t, cv)}</span>}
          {cv.language === null ? null : <span>{languageName(language, cv.language)}</span>}
          <span className="num">v{cv.content_version}</span>
        </div>
      </div>
      <div className={styles.for}>
        {job === null ? (
          <span className="muted">{cv.created_by === "generate-cv" ? (cv.source_value ?? "–") : t("cvs.original")}</span>
        ) : (
          <>
            <span className="truncate" style={{ display: "block" }}>{job.title ?? t("offers.untitled")}</span>
            <small className="truncate">{job.company ?? "\u00a0"}</small>
          </>
        )}
      </div>
      <div className={styles.state}>
        <StatePill cv={cv} />
      </div>
      <time className={styles.date} dateTime={cv.updated_at} title={whenFull}>
        {when}
      </time>
      <div className={styles.more}>
        <ActionIcon component={Link} to={`/generate?cv=${cv.id}`} variant="subtle" color="gray" size={34} aria-label={`${t("cvs.adapt")}: ${name}`} title={t("cvs.adapt")}>
          <Sparkles size={17} />
        </ActionIcon>
        <Menu position="bottom-end" shadow="md" width={180}>
          <Menu.Target>
            <ActionIcon variant="subtle" color="gray" size={34} aria-label={`${t("common.actions")}: ${name}`}>
              <Ellipsis size={17} />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item component={Link} to={`/cvs/${cv.id}`} leftSection={<FileText size={16} />}>
              {t("common.open")}
            </Menu.Item>
            <Menu.Item leftSection={<Trash2 size={16} />} color="red" onClick={() => void remove()}>
              {t("common.delete")}
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
      </div>
    </li>
  );
}

function StatePill({ cv }: { readonly cv: CvSummary }) {
  const { t } = useI18n();
  if (cv.blocked) return <Pill tone="bad">{t("cvs.blocked")}</Pill>;
  if (cv.optimise_status === "inprogress") return <Pill tone="baton">{t("cvs.optimising")}</Pill>;
  if (cv.match_score_status === "inprogress") return <Pill tone="baton">{t("cvs.scoring")}</Pill>;
  if (cv.pending_count > 0) return <Pill tone="warn">{t("cvs.pending", { n: cv.pending_count })}</Pill>;
  if (cv.optimise_status === "done") return <Pill tone="warn">{t("cv.tab.review")}</Pill>;
  if (cv.match_score !== null && cv.match_score_status === "idle") return <Pill tone="outline">{t("cvs.outdated")}</Pill>;
  if (cv.created_by === "generate-cv") return <Pill tone="ok">{t("cvs.ready")}</Pill>;
  return null;
}
