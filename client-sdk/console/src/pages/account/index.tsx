import { Outlet } from "react-router";
import { Page } from "../../components/page";
import { Note, Views } from "../../components/section";
import { useT } from "../../i18n";
import { useCarried } from "../../lib/links";
import { useOffered } from "../../live/offered";
import type { Provider } from "../../model/product";
import { PROVIDER_NAMES } from "../enter/providers";

/** What a person may see and change about themselves. */
export default function Account() {
  const t = useT();
  const offered = useOffered();
  const security = offered.has("sessions") || offered.has("accounts") || offered.has("password");
  const privacy = offered.has("consents") || offered.has("takeOut") || offered.has("erase");
  const linked = useCarried("linked");
  const views = [
    { to: "/account", label: t("me.profile") },
    ...(security ? [{ to: "/account/security", label: t("me.security") }] : []),
    ...(privacy ? [{ to: "/account/privacy", label: t("me.privacy") }] : []),
  ];
  return (
    <Page title={t("me.title")}>
      {linked === null ? null : <Note>{t("me.account.linked", { name: Object.hasOwn(PROVIDER_NAMES, linked) ? PROVIDER_NAMES[linked as Provider] : linked })}</Note>}
      <Views label={t("me.title")} views={views} />
      <Outlet />
    </Page>
  );
}
