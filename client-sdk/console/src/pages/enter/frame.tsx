import { SegmentedControl } from "@mantine/core";
import { Check } from "lucide-react";
import type { ReactNode } from "react";
import { Mark } from "../../components/logo";
import { useI18n } from "../../i18n";
import { useTitle } from "../../lib/hooks";
import styles from "../sign-in.module.css";

/** The page of who is not signed in: what this is, beside a form. */
export function Frame({ title, lead, children }: { readonly title: string; readonly lead?: ReactNode; readonly children: ReactNode }) {
  const { t, language, setLanguage } = useI18n();
  useTitle(title);
  return (
    <main className={styles.split}>
      <section className={styles.story}>
        <div className={styles.brand}>
          <Mark size={36} />
          Estafette
        </div>
        <Relay />
        <p className={styles.tagline}>{t("app.tagline")}</p>
        <ul className={styles.points}>
          {(["auth.point1", "auth.point2", "auth.point3"] as const).map((key) => (
            <li key={key}>
              <Check size={18} aria-hidden="true" />
              {t(key)}
            </li>
          ))}
        </ul>
      </section>
      <section className={styles.form} style={{ position: "relative" }}>
        <div className={styles.tools}>
          <SegmentedControl
            size="xs"
            aria-label={t("nav.language")}
            value={language}
            onChange={(value) => setLanguage(value === "fr" ? "fr" : "en")}
            data={[
              { value: "en", label: "EN" },
              { value: "fr", label: "FR" },
            ]}
          />
        </div>
        <div className={styles.inner}>
          <h1>{title}</h1>
          {lead === undefined ? null : <p className={styles.lead}>{lead}</p>}
          {children}
        </div>
      </section>
    </main>
  );
}

/** What the server refused, beside the form that it is about. */
export function Refusal({ text }: { readonly text: string | null }) {
  if (text === null) return null;
  return (
    <div className={styles.error} role="alert">
      {text}
    </div>
  );
}

export function Done({ children }: { readonly children: ReactNode }) {
  return (
    <div className={styles.done} role="status">
      {children}
    </div>
  );
}

/** Batons on their way, behind the words. */
function Relay() {
  return (
    <svg className={styles.relay} viewBox="0 0 420 260" fill="none" strokeWidth="22" strokeLinecap="round" aria-hidden="true">
      <path d="M70 40h150" stroke="#7cc8e0" opacity="0.2" />
      <path d="M260 40h60" stroke="#7cc8e0" opacity="0.1" />
      <path d="M30 100h90" stroke="#7cc8e0" opacity="0.1" />
      <path d="M160 100h190" stroke="#ff6b4d" />
      <path d="M20 160h210" stroke="#7cc8e0" opacity="0.2" />
      <path d="M270 160h40" stroke="#7cc8e0" opacity="0.1" />
      <path d="M90 220h60" stroke="#7cc8e0" opacity="0.1" />
      <path d="M190 220h130" stroke="#7cc8e0" opacity="0.2" />
    </svg>
  );
}
