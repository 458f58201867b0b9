import { useI18n } from "../i18n";
import { signed } from "../lib/format";
import { useGlide } from "../lib/hooks";
import { cx } from "../lib/cx";
import styles from "./gauge.module.css";

/** Green from 70, amber from 45, else red: always beside the number, never alone. */
function toneOf(score: number): string {
  return score >= 70 ? "var(--dial-high)" : score >= 45 ? "var(--dial-mid)" : "var(--dial-low)";
}

interface GaugeProps {
  readonly score: number | null;
  readonly before?: number | null;
  readonly size?: number;
  readonly busy?: boolean;
}

/** The match score as an open dial; a notch shows where it was before. */
export function Gauge({ score, before = null, size = 148, busy = false }: GaugeProps) {
  const { t, language } = useI18n();
  const shown = useGlide(score ?? before ?? 0);
  const width = size * 0.082;
  const radius = (size - width) / 2;
  const length = 2 * Math.PI * radius;
  const open = 0.75;
  const center = size / 2;
  const gain = score !== null && before !== null ? score - before : null;
  const angle = ((before ?? 0) / 100) * 270 + 135;
  const label = score === null ? t("score.none") : t("score.of", { n: score });
  return (
    <div className={cx(styles.gauge, busy && styles.busy)} style={{ width: size, height: size }} role="img" aria-label={label}>
      <svg width={size} height={size} viewBox={`0 0 ${size} ${size}`} fill="none" strokeWidth={width} strokeLinecap="round">
        <g transform={`rotate(135 ${center} ${center})`}>
          <circle className={styles.track} cx={center} cy={center} r={radius} strokeDasharray={`${length * open} ${length}`} />
          {score !== null || before !== null ? (
            <circle
              className={styles.value}
              cx={center}
              cy={center}
              r={radius}
              stroke={toneOf(score ?? before ?? 0)}
              strokeDasharray={`${length * open} ${length}`}
              strokeDashoffset={length * open * (1 - (score ?? before ?? 0) / 100)}
              opacity={score === null ? 0.35 : 1}
            />
          ) : null}
        </g>
        {before !== null && gain !== null && gain !== 0 ? (
          <line
            className={styles.ghost}
            x1={center + radius - width * 0.9}
            x2={center + radius + width * 0.5}
            y1={center}
            y2={center}
            strokeWidth={2.5}
            transform={`rotate(${angle} ${center} ${center})`}
          />
        ) : null}
      </svg>
      <div className={styles.number} style={{ fontSize: size * 0.27 }} aria-hidden="true">
        <span className="num">{score === null && before === null ? "–" : Math.round(shown)}</span>
        <span className={styles.caption}>
          {gain !== null && gain !== 0 ? <span className={gain > 0 ? styles.gain : styles.loss}>{signed(language, gain)}</span> : t("score.label")}
        </span>
      </div>
    </div>
  );
}

/** A small ring for lists. */
export function ScoreRing({ score, size = 42, busy = false, faded = false }: { readonly score: number | null; readonly size?: number; readonly busy?: boolean; readonly faded?: boolean }) {
  const { t } = useI18n();
  const width = 3.5;
  const radius = (size - width) / 2;
  const length = 2 * Math.PI * radius;
  return (
    <div className={cx(styles.gauge, busy && styles.busy)} style={{ width: size, height: size, opacity: faded ? 0.6 : 1 }} role="img" aria-label={score === null ? t("score.none") : t("score.of", { n: score })}>
      <svg width={size} height={size} fill="none" strokeWidth={width} strokeLinecap="round" style={{ transform: "rotate(-90deg)" }}>
        <circle className={styles.track} cx={size / 2} cy={size / 2} r={radius} strokeDasharray={score === null ? "2 5" : undefined} />
        {score === null ? null : (
          <circle className={styles.value} cx={size / 2} cy={size / 2} r={radius} stroke={toneOf(score)} strokeDasharray={length} strokeDashoffset={length * (1 - score / 100)} />
        )}
      </svg>
      <span className={cx(styles.number, "num")} style={{ fontSize: 13, letterSpacing: "-0.02em" }} aria-hidden="true">
        {score ?? "–"}
      </span>
    </div>
  );
}
