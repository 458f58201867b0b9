import { Outlet, useLocation } from "react-router";
import { Link } from "react-router";
import { Page } from "../components/page";
import { useT, type Key } from "../i18n";
import { cx } from "../lib/cx";
import { useOffered, type Area } from "../live/offered";
import styles from "../components/section.module.css";

interface Place {
  readonly to: string;
  readonly label: Key;
  /** Shown where the server has one of these; always without any. */
  readonly areas: readonly Area[];
}

const PLACES: readonly Place[] = [
  { to: "/admin", label: "admin.now", areas: [] },
  { to: "/admin/client", label: "admin.client", areas: [] },
  { to: "/admin/users", label: "ops.users", areas: ["adminUsers"] },
  { to: "/admin/costs", label: "ops.costs", areas: ["adminUsage"] },
  { to: "/admin/plans", label: "ops.plans", areas: ["adminPlans"] },
  { to: "/admin/packs", label: "ops.packs", areas: ["adminPacks"] },
  { to: "/admin/promo-codes", label: "ops.promos", areas: ["adminPromo"] },
  { to: "/admin/emails", label: "ops.emails", areas: ["adminMails"] },
  { to: "/admin/webhooks", label: "ops.webhooks", areas: ["adminWebhooks"] },
  { to: "/admin/feedback", label: "ops.feedback", areas: ["adminFeedback"] },
  { to: "/admin/telemetry", label: "ops.telemetry", areas: ["adminTelemetry"] },
  { to: "/admin/settings", label: "ops.settings", areas: ["adminSettings"] },
];

/** Administration: what happens now, people, money, e-mail, costs. */
export default function Admin() {
  const t = useT();
  const offered = useOffered();
  const { pathname } = useLocation();
  const places = PLACES.filter(({ areas }) => areas.length === 0 || areas.some((area) => offered.has(area)));
  const isAt = (to: string) => (to === "/admin" ? pathname === to : pathname === to || pathname.startsWith(`${to}/`));
  return (
    <Page title={t("admin.title")} lead={t("admin.lead")} wide>
      <nav className={styles.views} aria-label={t("admin.views")}>
        {places.map(({ to, label }) => (
          <Link key={to} to={to} className={cx(styles.view)} aria-current={isAt(to) ? "page" : undefined}>
            {t(label)}
          </Link>
        ))}
      </nav>
      <Outlet />
    </Page>
  );
}
