import { Button } from "@mantine/core";
import { Check, RefreshCw } from "lucide-react";
import { Gauge } from "../components/gauge";
import { Pill, type Tone } from "../components/pill";
import { useI18n } from "../i18n";
import { ago } from "../lib/format";
import type { Priority, ScoreBreakdown, ScoreState } from "../model/types";
import { cx } from "../lib/cx";
import styles from "./score.module.css";

const PARTS = ["technical_skills", "experience", "education", "projects", "soft_skills"] as const satisfies readonly (keyof ScoreBreakdown)[];
const TONES: Record<Priority, Tone> = { high: "warn", medium: "plain", low: "outline" };

interface ScorePanelProps {
  readonly score: ScoreState;
  readonly hasOffer: boolean;
  readonly onScore: () => void;
  readonly disabled: boolean;
}

export function ScorePanel({ score, hasOffer, onScore, disabled }: ScorePanelProps) {
  const { t, language } = useI18n();
  const busy = score.status === "inprogress";
  const parts = score.breakdown;
  const most = parts === null ? 1 : Math.max(1, ...PARTS.map((part) => parts[part]));
  return (
    <div className={styles.panel}>
      <div className={styles.top}>
        <Gauge score={score.score} before={score.before} size={134} busy={busy} />
        <div className={styles.lines}>
          {parts === null
            ? null
            : PARTS.map((part) => (
                <div key={part} className={styles.line}>
                  <span className="truncate">{t(`score.${part}`)}</span>
                  <span className="num muted">{parts[part]}</span>
                  <span className={styles.bar} aria-hidden="true">
                    <span style={{ width: `${(parts[part] / most) * 100}%` }} />
                  </span>
                </div>
              ))}
          {parts === null ? <p className={styles.note}>{t(busy ? "score.running" : hasOffer ? "score.none" : "score.noOffer")}</p> : null}
        </div>
      </div>
      {score.status === "failed" ? <p className={styles.note}>{t("score.failed")}</p> : null}
      {score.status === "idle" && score.score !== null ? <p className={styles.note}>{t("score.outdated")}</p> : null}
      <Skills title={t("score.matching")} skills={score.matching_skills} tone="ok" />
      <Skills title={t("score.missing")} skills={score.missing_skills} tone="outline" />
      {score.suggestions.length === 0 ? null : (
        <div>
          <h2>{t("score.suggestions")}</h2>
          <ul className={styles.suggestions}>
            {score.suggestions.map((item, index) => (
              <li key={index}>
                <span className={cx(styles.impact, "num")}>{item.impact}</span>
                <span>
                  {item.suggestion} <Pill tone={TONES[item.priority]}>{t(`priority.${item.priority}`)}</Pill>
                </span>
              </li>
            ))}
          </ul>
        </div>
      )}
      <div style={{ display: "flex", alignItems: "center", gap: 12 }}>
        <Button variant="default" size="xs" leftSection={<RefreshCw size={14} className={busy ? "spin" : undefined} />} onClick={onScore} disabled={!hasOffer || busy || disabled}>
          {t(busy ? "score.running" : "score.again")}
        </Button>
        {score.updated_at === null ? null : <span className={styles.note}>{ago(language, score.updated_at)}</span>}
      </div>
    </div>
  );
}

function Skills({ title, skills, tone }: { readonly title: string; readonly skills: readonly string[]; readonly tone: Tone }) {
  if (skills.length === 0) return null;
  return (
    <div>
      <h2>{title}</h2>
      <div className={styles.skills}>
        {skills.map((skill) => (
          <Pill key={skill} tone={tone}>
            {tone === "ok" ? <Check size={13} aria-hidden="true" /> : null}
            {skill}
          </Pill>
        ))}
      </div>
    </div>
  );
}
