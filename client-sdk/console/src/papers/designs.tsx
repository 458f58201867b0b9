import { Checkbox } from "@mantine/core";
import { useId } from "react";
import { useI18n } from "../i18n";
import type { Design, SectionChoice } from "../model/product";
import styles from "./papers.module.css";

export const DESIGNS: readonly Design[] = ["classic", "modern", "sidebar", "compact"];
/** Sections of a CV in their order; the header is always in the document. */
export const SECTIONS = ["summary", "work", "projects", "education", "skills", "languages", "certificates", "awards", "publications", "volunteer", "interests", "references"] as const;

/** One of the designs, chosen by its picture. */
export function DesignChoice({ value, onChange }: { readonly value: Design; readonly onChange: (design: Design) => void }) {
  const { t } = useI18n();
  const name = useId();
  return (
    <fieldset style={{ border: 0, padding: 0, margin: 0 }}>
      <legend style={{ padding: 0, marginBottom: 6, fontWeight: 500 }}>{t("export.design")}</legend>
      <div className={styles.designs}>
        {DESIGNS.map((design) => (
          <label key={design} className={styles.design}>
            <input type="radio" name={name} value={design} checked={value === design} onChange={() => onChange(design)} />
            <Sheet design={design} />
            {t(`export.design.${design}`)}
          </label>
        ))}
      </div>
    </fieldset>
  );
}

const INK = "#2b3a42";
const PALE = "#c3ced4";

/** The design in small. */
function Sheet({ design }: { readonly design: Design }) {
  const lines = (x: number, y: number, width: number, count: number, gap = 4.2) =>
    Array.from({ length: count }, (_, index) => <rect key={`${x}.${y}.${index}`} x={x} y={y + index * gap} width={index === count - 1 ? width * 0.7 : width} height="1.5" rx="0.7" fill={PALE} />);
  const accent = design === "modern" || design === "sidebar" ? "#0b6a87" : INK;
  const left = design === "sidebar" ? 26 : 7;
  const tight = design === "compact";
  return (
    <svg className={styles.sheet} viewBox="0 0 74 100" aria-hidden="true">
      {design === "sidebar" ? <rect width="21" height="100" fill="#dcebf0" /> : null}
      {design === "sidebar" ? lines(4, 12, 13, 6) : null}
      {design === "sidebar" ? lines(4, 48, 13, 5) : null}
      <rect x={design === "classic" ? 20 : left} y={tight ? 6 : 9} width={design === "classic" ? 34 : 30} height={tight ? 3 : 4} rx="1" fill={accent} />
      {[0, 1, 2, ...(tight ? [3] : [])].map((block) => {
        const y = (tight ? 15 : 22) + block * (tight ? 20 : 25);
        return (
          <g key={block}>
            <rect x={left} y={y} width="18" height="2.2" rx="1" fill={accent} />
            {design === "modern" ? <rect x={left} y={y + 3.6} width={67 - left} height="0.6" fill={accent} /> : null}
            {lines(left, y + 6, 67 - left, tight ? 4 : 3, tight ? 3.2 : 4.6)}
          </g>
        );
      })}
    </svg>
  );
}

/** Which sections are in the document. */
export function SectionChoices({ value, onChange }: { readonly value: Readonly<Record<string, SectionChoice>>; readonly onChange: (value: Readonly<Record<string, SectionChoice>>) => void }) {
  const { t } = useI18n();
  return (
    <fieldset style={{ border: 0, padding: 0, margin: 0 }}>
      <legend style={{ padding: 0, marginBottom: 6, fontWeight: 500 }}>{t("export.sections")}</legend>
      <div className={styles.sections}>
        {SECTIONS.map((section) => (
          <Checkbox
            key={section}
            label={t(`cv.section.${section}`)}
            checked={value[section]?.enabled ?? true}
            onChange={(event) => onChange({ ...value, [section]: { ...value[section], enabled: event.currentTarget.checked } })}
          />
        ))}
      </div>
    </fieldset>
  );
}
