import { Button } from "@mantine/core";
import { BriefcaseBusiness } from "lucide-react";
import { Link } from "react-router";
import { Card, Empty, Failure, Page, Rows } from "../components/page";
import { Pill } from "../components/pill";
import { useI18n } from "../i18n";
import { shortSource } from "../lib/cvs";
import { ago } from "../lib/format";
import { placeName, salaryName } from "../lib/offers";
import { useFetched } from "../live/live";
import { useOffered } from "../live/offered";
import type { JobOffer, Page as Items } from "../model/types";
import { UsedLinks } from "../papers/links";
import styles from "./offers.module.css";

const SHOWN_SKILLS = 6;

export default function Offers() {
  const { t, language } = useI18n();
  const offered = useOffered();
  const { data, error, reload } = useFetched<Items<JobOffer>>("/v1/cv/job-offers?limit=100");
  return (
    <Page title={t("offers.title")}>
      {error !== undefined ? (
        <Card>
          <Failure error={error} retry={reload} />
        </Card>
      ) : data === undefined ? (
        <Card>
          <Rows count={3} height={150} />
        </Card>
      ) : data.items.length === 0 ? (
        <Card>
          <Empty icon={BriefcaseBusiness} title={t("offers.empty")} text={t("offers.empty.text")}>
            <Button component={Link} to="/generate">
              {t("nav.generate")}
            </Button>
          </Empty>
        </Card>
      ) : (
        <div className={styles.grid}>
          {data.items.map((offer) => {
            const { content } = offer;
            const line = [content.company, placeName(t, content)].filter((part) => part !== null && part !== "").join(" · ");
            const skills = content.skills.required;
            return (
              <Card key={offer.id} className={styles.offer}>
                <h2>
                  <Link to={`/offers/${offer.id}`}>{content.title ?? t("offers.untitled")}</Link>
                </h2>
                <span className={styles.line}>{line === "" ? shortSource(offer.source_value) : line}</span>
                <span className={styles.line}>{[content.contract, salaryName(t, language, content), ago(language, offer.extracted_at)].filter((part) => part !== null).join(" · ")}</span>
                <div className={styles.skills}>
                  {skills.slice(0, SHOWN_SKILLS).map((skill) => (
                    <Pill key={skill}>{skill}</Pill>
                  ))}
                  {skills.length > SHOWN_SKILLS ? <Pill tone="outline">+{skills.length - SHOWN_SKILLS}</Pill> : null}
                </div>
              </Card>
            );
          })}
        </div>
      )}
      {offered.has("links") ? <UsedLinks /> : null}
    </Page>
  );
}
