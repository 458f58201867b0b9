import { Button, Skeleton } from "@mantine/core";
import { ExternalLink, Sparkles, Trash2 } from "lucide-react";
import type { ReactNode } from "react";
import { Link, useNavigate, useParams } from "react-router";
import { confirm } from "../components/confirm";
import { ScoreRing } from "../components/gauge";
import { Card, Failure, Page } from "../components/page";
import { Pill } from "../components/pill";
import { useI18n } from "../i18n";
import { cvName, personOf, shortSource } from "../lib/cvs";
import { dateTime } from "../lib/format";
import { experienceName, placeName, salaryName } from "../lib/offers";
import { useFetched, useLive } from "../live/live";
import { toastDone, toastError } from "../live/toasts";
import type { JobOffer } from "../model/types";
import styles from "./offers.module.css";

export default function Offer() {
  const { id = "" } = useParams();
  const { t, language } = useI18n();
  const { user, titles, api, reloadOffers } = useLive();
  const navigate = useNavigate();
  const { data: offer, error, reload } = useFetched<JobOffer>(`/v1/cv/job-offers/${id}`);
  if (error !== undefined)
    return (
      <Page title={t("offers.title")}>
        <Failure error={error} retry={reload} />
      </Page>
    );
  if (offer === undefined)
    return (
      <Page title={"\u00a0"} lead={"\u00a0"}>
        <Skeleton height={420} radius="lg" />
      </Page>
    );
  const { content } = offer;
  const cvs = (user.state?.cvs ?? []).filter((cv) => cv.job_offer_id === offer.id);
  const remove = async () => {
    const sure = await confirm({ title: t("offers.delete.title"), text: t("offers.delete.text"), yes: t("common.delete"), no: t("common.cancel"), danger: true });
    if (!sure) return;
    try {
      await api.delete(`/v1/cv/job-offers/${offer.id}`);
      reloadOffers();
      toastDone(t, t("offers.deleted"));
      void navigate("/offers");
    } catch (failure) {
      toastError(t, failure);
    }
  };
  const facts: [string, ReactNode][] = [
    [t("offers.contract"), content.contract],
    [t("offers.location"), placeName(t, content)],
    [t("offers.salary"), salaryName(t, language, content)],
    [t("offers.experience"), experienceName(t, content)],
    [t("offers.education"), [content.education.level, content.education.field].filter((part) => part !== null && part !== "").join(", ")],
    [t("offers.languages"), content.languages.map((item) => [item.language, item.level].filter((part) => part !== null && part !== "").join(" ")).join(", ")],
  ];
  return (
    <Page
      title={content.title ?? t("offers.untitled")}
      lead={content.company ?? shortSource(offer.source_value)}
      actions={
        <>
          {offer.source_type === "url" ? (
            <Button component="a" href={offer.source_value} target="_blank" rel="noreferrer noopener" variant="default" leftSection={<ExternalLink size={16} />}>
              {t("offers.original")}
            </Button>
          ) : null}
          <Button variant="default" leftSection={<Trash2 size={16} />} onClick={() => void remove()}>
            {t("common.delete")}
          </Button>
          <Button component={Link} to={`/generate?offer=${offer.id}`} leftSection={<Sparkles size={16} />}>
            {t("offers.use")}
          </Button>
        </>
      }
    >
      <div className={styles.detail}>
        <Card className={styles.block}>
          <dl className={styles.facts}>
            {facts.map(([name, value]) =>
              value === null || value === "" ? null : (
                <div key={name}>
                  <dt>{name}</dt>
                  <dd>{value}</dd>
                </div>
              ),
            )}
          </dl>
          <Skills title={t("offers.required")} skills={content.skills.required} />
          <Skills title={t("offers.nice")} skills={content.skills.nice_to_have} outline />
          <Points title={t("offers.responsibilities")} points={content.responsibilities} />
          <Points title={t("offers.benefits")} points={content.benefits} />
        </Card>
        <Card className={styles.block}>
          <div>
            <h2>{t("offers.cvs")}</h2>
            {cvs.length === 0 ? <span className="muted">{t("common.none")}</span> : null}
            <ul className={styles.cvs}>
              {cvs.map((cv) => (
                <li key={cv.id}>
                  <ScoreRing score={cv.match_score} size={36} />
                  <span style={{ minWidth: 0 }}>
                    <Link to={`/cvs/${cv.id}`} className="truncate" style={{ display: "block" }}>
                      {personOf(cvName(cv, titles.get(cv.id)))}
                    </Link>
                    <small className="muted">{t("cv.version", { n: cv.content_version })}</small>
                  </span>
                </li>
              ))}
            </ul>
          </div>
          <div>
            <h2>{t(`offers.source.${offer.source_type}`)}</h2>
            <div className="muted" style={{ fontSize: 13.5, overflowWrap: "anywhere" }}>
              {offer.source_type === "url" ? offer.source_value : null}
              <div>{t("offers.read", { when: dateTime(language, offer.extracted_at) })}</div>
              <div>{offer.extraction_model === "offline" ? t("offers.model.offline") : t("offers.model", { model: offer.extraction_model })}</div>
            </div>
          </div>
        </Card>
      </div>
    </Page>
  );
}

function Skills({ title, skills, outline = false }: { readonly title: string; readonly skills: readonly string[]; readonly outline?: boolean }) {
  if (skills.length === 0) return null;
  return (
    <div>
      <h2>{title}</h2>
      <div className={styles.skills} style={{ margin: 0 }}>
        {skills.map((skill) => (
          <Pill key={skill} tone={outline ? "outline" : "brand"}>
            {skill}
          </Pill>
        ))}
      </div>
    </div>
  );
}

function Points({ title, points }: { readonly title: string; readonly points: readonly string[] }) {
  if (points.length === 0) return null;
  return (
    <div>
      <h2>{title}</h2>
      <ul>
        {points.map((point, index) => (
          <li key={index}>{point}</li>
        ))}
      </ul>
    </div>
  );
}
