import { NavLink, Outlet } from "react-router";
import { Page } from "../components/page";
import { useT } from "../i18n";
import { cx } from "../lib/cx";
import styles from "../admin/admin.module.css";

/** The administrator's page: what happens now, and one client's timeline. */
export default function Admin() {
  const t = useT();
  return (
    <Page title={t("admin.title")} lead={t("admin.lead")} wide>
      <nav className={styles.views} aria-label={t("admin.views")}>
        <NavLink to="/admin" end className={cx(styles.view)}>
          {t("admin.now")}
        </NavLink>
        <NavLink to="/admin/client" className={cx(styles.view)}>
          {t("admin.client")}
        </NavLink>
      </nav>
      <Outlet />
    </Page>
  );
}
