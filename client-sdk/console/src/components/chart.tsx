/** Two small charts, each with its numbers as text for who cannot see it. */
import { useElementSize } from "@mantine/hooks";
import { useId } from "react";
import { useI18n } from "../i18n";
import { niceCeiling } from "../lib/scale";
import styles from "./chart.module.css";

export interface Bar {
  readonly key: string;
  /** On the axis, where there is room. */
  readonly short: string;
  /** In full. */
  readonly label: string;
  readonly value: number;
}

/** Before it is measured. */
const USUAL_WIDTH = 760;
const HEIGHT = 210;
const LEFT = 58;
const BOTTOM = 24;
const TOP = 10;
/** Room that a label on the axis needs. */
const LABEL_WIDTH = 84;

/** Values one beside the other: one bar each. */
export function Bars({ title, column, bars, format }: { readonly title: string; readonly column: string; readonly bars: readonly Bar[]; readonly format: (value: number) => string }) {
  const { t } = useI18n();
  const id = useId();
  // Drawn in the pixels that there are, so that letters keep their size.
  const { ref, width: measured } = useElementSize<HTMLDivElement>();
  const wide = measured === 0 ? USUAL_WIDTH : measured;
  const ceiling = niceCeiling(Math.max(0, ...bars.map((bar) => bar.value)));
  const room = (wide - LEFT) / Math.max(1, bars.length);
  const width = Math.min(34, room * 0.72);
  const y = (value: number) => TOP + (HEIGHT - TOP - BOTTOM) * (1 - value / ceiling);
  const every = Math.ceil(bars.length / Math.max(1, Math.floor((wide - LEFT) / LABEL_WIDTH)));
  return (
    <figure className={styles.chart}>
      <div ref={ref}>
        <svg viewBox={`0 0 ${wide} ${HEIGHT}`} role="img" aria-labelledby={id}>
          <title id={id}>{title}</title>
          {[0, 0.5, 1].map((part) => (
            <g key={part}>
              <line className={styles.grid} x1={LEFT} x2={wide} y1={y(ceiling * part)} y2={y(ceiling * part)} />
              <text className={styles.tick} x={LEFT - 8} y={y(ceiling * part) + 4} textAnchor="end">
                {format(ceiling * part)}
              </text>
            </g>
          ))}
          {bars.map((bar, index) => {
            const x = LEFT + room * (index + 0.5);
            return (
              <g key={bar.key}>
                <rect className={styles.bar} x={x - width / 2} width={width} y={y(bar.value)} height={Math.max(0, y(0) - y(bar.value))} rx="2">
                  <title>{`${bar.label}: ${format(bar.value)}`}</title>
                </rect>
                {(bars.length - 1 - index) % every === 0 ? (
                  <text className={styles.tick} x={x} y={HEIGHT - 6} textAnchor="middle">
                    {bar.short}
                  </text>
                ) : null}
              </g>
            );
          })}
        </svg>
      </div>
      <details className={styles.table}>
        <summary>{t("chart.table")}</summary>
        <table>
          <thead>
            <tr>
              <th scope="col">{column}</th>
              <th scope="col">{title}</th>
            </tr>
          </thead>
          <tbody>
            {bars.map((bar) => (
              <tr key={bar.key}>
                <th scope="row">{bar.label}</th>
                <td>{format(bar.value)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </details>
    </figure>
  );
}

export interface Share {
  readonly key: string;
  readonly label: string;
  readonly value: number;
  readonly note?: string;
}

/** The largest parts of a whole. */
export function Shares({ label, shares, format }: { readonly label: string; readonly shares: readonly Share[]; readonly format: (value: number) => string }) {
  const most = Math.max(0, ...shares.map((share) => share.value));
  return (
    <ul className={styles.shares} aria-label={label}>
      {shares.map((share) => (
        <li key={share.key} className={styles.share}>
          <span className="truncate" title={share.label}>
            {share.label}
          </span>
          <span className="num">
            {format(share.value)} {share.note === undefined ? null : <small className="muted">{share.note}</small>}
          </span>
          <span className={styles.rail} aria-hidden="true">
            <span className={styles.fill} style={{ width: `${most === 0 ? 0 : Math.max(1, (share.value / most) * 100)}%` }} />
          </span>
        </li>
      ))}
    </ul>
  );
}
