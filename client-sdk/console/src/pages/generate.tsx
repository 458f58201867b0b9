import { ActionIcon, Button, FileInput, Select, Tabs, Textarea, TextInput } from "@mantine/core";
import { BriefcaseBusiness, CircleAlert, CopyPlus, FileText, FileUp, Globe, Link as LinkIcon, TextQuote, WandSparkles, X } from "lucide-react";
import { useState, type ReactNode } from "react";
import { Link, useNavigate, useSearchParams } from "react-router";
import { ScoreRing } from "../components/gauge";
import { Card, Page } from "../components/page";
import { useI18n } from "../i18n";
import { cvName, jobName, originName, shortSource } from "../lib/cvs";
import { bytes, languageName, number } from "../lib/format";
import { creditsOf, MAX_PDF_BYTES, NOTHING_TYPED, offerKey, problemsOf, refuseOffer, unitsOf, webAddress, withTyped, type DraftOffer, type Plan, type Typed } from "../lib/plan";
import { useLive } from "../live/live";
import { toastError } from "../live/toasts";
import type { CvSummary, GenerationMode, JobOffer, OfferSource, Upload } from "../model/types";
import { cx } from "../lib/cx";
import styles from "./generate.module.css";

export default function Generate() {
  const { t, language } = useI18n();
  const { user, client, api, titles, offers: known } = useLive();
  const navigate = useNavigate();
  const [query] = useSearchParams();
  const [cvId, setCvId] = useState<string | null>(query.get("cv"));
  const [mode, setMode] = useState<GenerationMode>("adapt");
  const [offers, setOffers] = useState<readonly DraftOffer[]>(() => {
    const first = query.get("offer");
    return first === null ? [] : [{ kind: "known", id: first }];
  });
  const [typed, setTyped] = useState<Typed>(NOTHING_TYPED);
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState<"uploading" | "starting" | null>(null);
  const state = user.state;
  const cvs = [...(state?.cvs ?? [])].sort((a, b) => Number(a.created_by === "generate-cv") - Number(b.created_by === "generate-cv") || b.updated_at.localeCompare(a.updated_at));
  const cv = cvs.find((item) => item.id === cvId);
  const feature = mode === "adapt" ? "generate_cv" : "improve_cv";
  const counter = state?.counters.find((item) => item.feature_name === feature);
  const allowance = counter === undefined ? 0 : counter.usage_limit < 0 ? Number.POSITIVE_INFINITY : Math.max(0, counter.usage_limit - counter.count);
  const asked = withTyped(offers, typed);
  const plan: Plan = { cv, mode, offers: asked.offers, balance: state?.credits.balance ?? 0, allowance };
  const problems = state === undefined ? [] : [...asked.refused, ...problemsOf(plan)];
  const credits = creditsOf(plan);

  const add = (offer: DraftOffer): string | null => {
    const problem = refuseOffer(offers, offer);
    if (problem !== null) return t(problem.key, problem.values);
    setOffers([...offers, offer]);
    return null;
  };
  const start = async () => {
    setTried(true);
    if (problems.length > 0 || cv === undefined) return;
    setOffers(asked.offers);
    setTyped(NOTHING_TYPED);
    try {
      const sources: OfferSource[] = [];
      for (const offer of asked.offers) {
        if (offer.kind === "url") sources.push({ url: webAddress(offer.url) ?? offer.url });
        else if (offer.kind === "text") sources.push({ text: offer.text });
        else if (offer.kind === "known") sources.push({ job_offer_id: offer.id });
        else {
          setBusy("uploading");
          const upload = await api.upload<Upload>("/v1/cv/uploads", offer.file, { kind: "offer_pdf" });
          sources.push({ upload_id: upload.id });
        }
      }
      setBusy("starting");
      const { task_id } = await client.call("cv.generate", { source_cv_id: cv.id, mode, offers: sources });
      void navigate(`/tasks/${task_id}`);
    } catch (error) {
      toastError(t, error);
      setBusy(null);
    }
  };

  const whatFor = (item: CvSummary | undefined): string | null => {
    const job = item?.job_offer_id == null ? null : jobName(t, known.get(item.job_offer_id));
    return job === null ? (item?.created_by == null ? t("cvs.original") : originName(t, item)) : `${t("cvs.col.for")} ${job}`;
  };

  return (
    <Page title={t("gen.title")} lead={t("gen.lead")}>
      <div className={styles.grid}>
        <div className={styles.steps}>
          <Step n={1} title={t("gen.step.cv")}>
            <Select
              aria-label={t("gen.step.cv")}
              placeholder={t("gen.pick.cv")}
              size="md"
              value={cvId}
              onChange={setCvId}
              searchable={cvs.length > 6}
              withScrollArea={false}
              styles={{ dropdown: { maxHeight: 320, overflowY: "auto" } }}
              leftSection={<FileText size={17} aria-hidden="true" />}
              data={cvs.map((item) => ({ value: item.id, label: cvName(item, titles.get(item.id)), disabled: item.blocked }))}
              renderOption={({ option }) => {
                const item = cvs.find((one) => one.id === option.value);
                return (
                  <span style={{ display: "flex", alignItems: "center", gap: 12, minWidth: 0, flex: 1 }}>
                    <ScoreRing score={item?.match_score ?? null} size={34} />
                    <span style={{ minWidth: 0, flex: 1 }}>
                      <span className="truncate" style={{ display: "block" }}>{option.label}</span>
                      <small className="muted truncate" style={{ display: "block" }}>{[whatFor(item), item?.language == null ? null : languageName(language, item.language)].filter((part) => part != null).join(" · ")}</small>
                    </span>
                  </span>
                );
              }}
            />
            {state !== undefined && cvs.length === 0 ? (
              <p className="muted" style={{ margin: "10px 0 0" }}>
                {t("gen.none")} <Link to="/cvs">{t("gen.none.add")}</Link>
              </p>
            ) : null}
          </Step>
          <Step n={2} title={t("gen.step.mode")}>
            <div className={styles.choices} role="radiogroup" aria-label={t("gen.step.mode")}>
              {(["adapt", "optimize"] as const).map((value) => (
                <label key={value} className={styles.choice}>
                  <input type="radio" name="mode" value={value} checked={mode === value} onChange={() => setMode(value)} />
                  <span className={styles.icon}>{value === "adapt" ? <CopyPlus size={19} aria-hidden="true" /> : <WandSparkles size={19} aria-hidden="true" />}</span>
                  <b>{t(`gen.mode.${value}`)}</b>
                  <small>{t(`gen.mode.${value}.text`)}</small>
                </label>
              ))}
            </div>
          </Step>
          <Step n={3} title={t("gen.step.offers")}>
            <OfferPicker offers={offers} known={[...known.values()]} typed={typed} type={setTyped} add={add} />
            {offers.length === 0 ? null : (
              <ul className={styles.chosen} aria-label={t("gen.step.offers")}>
                {offers.map((offer) => {
                  const { name, note, icon } = describe(offer);
                  return (
                    <li key={offerKey(offer)}>
                      {icon}
                      <span style={{ flex: 1, minWidth: 0 }}>
                        <b className="truncate">{name}</b>
                        <small className="truncate" style={{ display: "block" }}>{note}</small>
                      </span>
                      <ActionIcon variant="subtle" color="gray" size={34} aria-label={t("gen.offer.remove", { name })} onClick={() => setOffers(offers.filter((item) => item !== offer))}>
                        <X size={17} />
                      </ActionIcon>
                    </li>
                  );
                })}
              </ul>
            )}
          </Step>
        </div>
        <Card className={styles.summary}>
          <h2>{t("gen.summary")}</h2>
          <dl>
            <div>
              <dt>{t("gen.step.cv")}</dt>
              <dd className="truncate">{cv === undefined ? "–" : cvName(cv, titles.get(cv.id))}</dd>
            </div>
            <div>
              <dt>{t("gen.step.offers")}</dt>
              <dd className="num">{plan.offers.length}</dd>
            </div>
            <div>
              <dt>{t("gen.cost")}</dt>
              <dd className="num">{t("gen.credits", { n: credits })}</dd>
            </div>
            <div>
              <dt>{t("credits.balance")}</dt>
              <dd className="num">{state === undefined ? "…" : number(language, plan.balance)}</dd>
            </div>
            <div>
              <dt>{t("gen.cost.after")}</dt>
              <dd className="num" style={plan.balance < credits ? { color: "var(--bad)" } : undefined}>{state === undefined ? "…" : number(language, plan.balance - credits)}</dd>
            </div>
          </dl>
          {tried || creditsOf(plan) > plan.balance ? (
            <ul className={styles.problems} role="alert">
              {problems.map((problem) => (
                <li key={problem.key}>
                  <CircleAlert size={15} aria-hidden="true" />
                  {t(problem.key, problem.values)}
                </li>
              ))}
            </ul>
          ) : null}
          <Button size="md" onClick={() => void start()} loading={busy !== null} disabled={state === undefined}>
            {t("gen.start")}
            {unitsOf(plan) > 1 ? ` · ${t("gen.offers.chosen", { n: unitsOf(plan) })}` : ""}
          </Button>
          <span className="muted" style={{ fontSize: 13 }} role="status">
            {busy === null ? t("gen.cost.note") : t(`gen.${busy}`)}
          </span>
        </Card>
      </div>
    </Page>
  );

  function describe(offer: DraftOffer): { name: string; note: string; icon: ReactNode } {
    const size = 18;
    switch (offer.kind) {
      case "url":
        return { name: shortSource(offer.url), note: offer.url, icon: <Globe size={size} aria-hidden="true" /> };
      case "text":
        return { name: offer.text.trim().split("\n")[0]?.slice(0, 90) ?? "", note: t("offers.source.text"), icon: <TextQuote size={size} aria-hidden="true" /> };
      case "pdf":
        return { name: offer.file.name, note: `PDF · ${bytes(language, offer.file.size)}`, icon: <FileUp size={size} aria-hidden="true" /> };
      case "known": {
        const job = known.get(offer.id);
        return { name: jobName(t, job) ?? offer.id, note: job === undefined ? "" : shortSource(job.source_value), icon: <BriefcaseBusiness size={size} aria-hidden="true" /> };
      }
    }
  }
}

function Step({ n, title, children }: { readonly n: number; readonly title: string; readonly children: ReactNode }) {
  return (
    <Card className={styles.step}>
      <h2>
        <span aria-hidden="true">{n}</span>
        {title}
      </h2>
      {children}
    </Card>
  );
}

interface PickerProps {
  readonly offers: readonly DraftOffer[];
  readonly known: readonly JobOffer[];
  readonly typed: Typed;
  readonly type: (typed: Typed) => void;
  readonly add: (offer: DraftOffer) => string | null;
}

function OfferPicker({ offers, known, typed, type, add }: PickerProps) {
  const { t, language } = useI18n();
  const { url, text } = typed;
  const setUrl = (url: string) => type({ ...typed, url });
  const setText = (text: string) => type({ ...typed, text });
  const [error, setError] = useState<string | null>(null);
  const addUrl = () => {
    const problem = add({ kind: "url", url: url.trim() });
    setError(problem);
    if (problem === null) setUrl("");
  };
  const addText = () => {
    const problem = add({ kind: "text", text });
    setError(problem);
    if (problem === null) setText("");
  };
  const addPdf = async (file: File | null) => {
    if (file === null) return;
    if (file.size > MAX_PDF_BYTES) setError(t("gen.bad.pdfSize", { size: bytes(language, file.size) }));
    else if (!(await file.slice(0, 5).text()).startsWith("%PDF")) setError(t("gen.bad.pdf"));
    else setError(add({ kind: "pdf", file }));
  };
  return (
    <Tabs defaultValue="url" onChange={() => setError(null)}>
      <Tabs.List className={cx(styles.tabs)}>
        <Tabs.Tab value="url" leftSection={<LinkIcon size={16} />}>
          {t("gen.offer.url")}
        </Tabs.Tab>
        <Tabs.Tab value="text" leftSection={<TextQuote size={16} />}>
          {t("gen.offer.text")}
        </Tabs.Tab>
        <Tabs.Tab value="pdf" leftSection={<FileUp size={16} />}>
          {t("gen.offer.pdf")}
        </Tabs.Tab>
        <Tabs.Tab value="known" leftSection={<BriefcaseBusiness size={16} />}>
          {t("gen.offer.known")}
        </Tabs.Tab>
      </Tabs.List>
      <Tabs.Panel value="url" className={cx(styles.pane)}>
        <form
          className={styles.addRow}
          noValidate
          onSubmit={(event) => {
            event.preventDefault();
            addUrl();
          }}
        >
          <TextInput type="url" inputMode="url" aria-label={t("gen.offer.url.label")} placeholder={t("gen.offer.url.placeholder")} size="md" value={url} error={error} onChange={(event) => { setUrl(event.currentTarget.value); setError(null); }} />
          <Button type="submit" size="md" variant="light" disabled={url.trim() === ""}>
            {t("gen.offer.add")}
          </Button>
        </form>
      </Tabs.Panel>
      <Tabs.Panel value="text" className={cx(styles.pane)}>
        <Textarea aria-label={t("gen.offer.text.label")} placeholder={t("gen.offer.text.placeholder")} rows={7} value={text} error={error} onChange={(event) => { setText(event.currentTarget.value); setError(null); }} />
        <Button mt="sm" variant="light" onClick={addText} disabled={text.trim() === ""}>
          {t("gen.offer.add")}
        </Button>
      </Tabs.Panel>
      <Tabs.Panel value="pdf" className={cx(styles.pane)}>
        <FileInput aria-label={t("gen.offer.pdf.label")} placeholder={t("gen.offer.pdf.label")} description={t("gen.offer.pdf.hint")} size="md" accept="application/pdf,.pdf" value={null} error={error} leftSection={<FileUp size={17} />} onChange={(file) => void addPdf(file)} />
      </Tabs.Panel>
      <Tabs.Panel value="known" className={cx(styles.pane)}>
        {known.length === 0 ? (
          <p className="muted" style={{ margin: 0 }}>
            {t("gen.known.empty")}
          </p>
        ) : (
          <ul className={styles.known}>
            {known.map((offer) => (
              <li key={offer.id}>
                <button type="button" disabled={offers.some((item) => item.kind === "known" && item.id === offer.id)} onClick={() => setError(add({ kind: "known", id: offer.id }))}>
                  <BriefcaseBusiness size={18} aria-hidden="true" style={{ flex: "none" }} />
                  <span style={{ minWidth: 0 }}>
                    <span className="truncate" style={{ display: "block" }}>{jobName(t, offer)}</span>
                    <small className="muted">{shortSource(offer.source_value)}</small>
                  </span>
                </button>
              </li>
            ))}
          </ul>
        )}
        {error === null ? null : (
          <p role="alert" style={{ color: "var(--bad)", fontSize: 13.5 }}>
            {error}
          </p>
        )}
      </Tabs.Panel>
    </Tabs>
  );
}
