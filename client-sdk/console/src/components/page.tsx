import { Button, Skeleton } from "@mantine/core";
import { CircleAlert, type LucideIcon } from "lucide-react";
import type { ReactNode } from "react";
import { Link } from "react-router";
import { useI18n } from "../i18n";
import { useTitle } from "../lib/hooks";
import { explain } from "../live/errors";
import { cx } from "../lib/cx";
import styles from "./page.module.css";

interface PageProps {
  readonly title: string;
  readonly lead?: ReactNode;
  readonly actions?: ReactNode;
  readonly wide?: boolean;
  readonly children: ReactNode;
}

export function Page({ title, lead, actions, wide = false, children }: PageProps) {
  useTitle(title);
  return (
    <div className={cx(styles.page, wide && styles.wide)}>
      <header className={styles.head}>
        <div>
          <h1>{title}</h1>
          {lead === undefined ? null : <p className={styles.lead}>{lead}</p>}
        </div>
        {actions === undefined ? null : <div className={styles.actions}>{actions}</div>}
      </header>
      {children}
    </div>
  );
}

export function Card({ children, className = "", labelledBy }: { readonly children: ReactNode; readonly className?: string | undefined; readonly labelledBy?: string | undefined }) {
  return (
    <section className={cx(styles.card, className)} aria-labelledby={labelledBy}>
      {children}
    </section>
  );
}

export function Empty({ icon: Icon, title, text, children }: { readonly icon: LucideIcon; readonly title: string; readonly text?: string; readonly children?: ReactNode }) {
  return (
    <div className={styles.empty}>
      <span className={styles.art}>
        <Icon size={26} strokeWidth={1.6} aria-hidden="true" />
      </span>
      <h2>{title}</h2>
      {text === undefined ? null : <p>{text}</p>}
      {children}
    </div>
  );
}

/** What went wrong, and what to do about it. */
export function Failure({ error, retry }: { readonly error: unknown; readonly retry?: () => void }) {
  const { t } = useI18n();
  const { title, detail } = explain(t, error);
  return (
    <div className={styles.empty} role="alert">
      <span className={cx(styles.art, styles.bad)}>
        <CircleAlert size={26} strokeWidth={1.6} aria-hidden="true" />
      </span>
      <h2>{title}</h2>
      <p>{detail}</p>
      {retry === undefined ? (
        <Button component={Link} to="/" variant="default">
          {t("common.home")}
        </Button>
      ) : (
        <Button onClick={retry} variant="default">
          {t("common.retry")}
        </Button>
      )}
    </div>
  );
}

/** Rows of the height that the real ones will have, so that nothing jumps. */
export function Rows({ count = 4, height = 76 }: { readonly count?: number; readonly height?: number }) {
  const { t } = useI18n();
  return (
    <div role="status" aria-label={t("common.loading")} style={{ display: "grid", gap: 1, padding: 14 }}>
      {Array.from({ length: count }, (_, index) => (
        <Skeleton key={index} height={height - 18} my={8} radius="md" />
      ))}
    </div>
  );
}
