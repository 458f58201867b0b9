import { Outlet } from "react-router";
import { Page } from "../../components/page";
import { Views } from "../../components/section";
import { useT } from "../../i18n";
import { useOffered } from "../../live/offered";

/** What a person may see and change about themselves. */
export default function Account() {
  const t = useT();
  const offered = useOffered();
  const security = offered.has("sessions") || offered.has("accounts") || offered.has("password");
  const privacy = offered.has("consents") || offered.has("takeOut") || offered.has("erase");
  const views = [
    { to: "/account", label: t("me.profile") },
    ...(security ? [{ to: "/account/security", label: t("me.security") }] : []),
    ...(privacy ? [{ to: "/account/privacy", label: t("me.privacy") }] : []),
  ];
  return (
    <Page title={t("me.title")}>
      <Views label={t("me.title")} views={views} />
      <Outlet />
    </Page>
  );
}
