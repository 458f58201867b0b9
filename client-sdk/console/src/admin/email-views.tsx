import { Views } from "../components/section";
import { useT } from "../i18n";
import { useOffered } from "../live/offered";

/** The parts of the administration of e-mail. */
export function EmailViews() {
  const t = useT();
  const offered = useOffered();
  const views = [
    ...(offered.has("adminMails") ? [{ to: "/admin/emails", label: t("ops.mails") }] : []),
    ...(offered.has("adminTemplates") ? [{ to: "/admin/emails/templates", label: t("ops.templates") }] : []),
    ...(offered.has("adminTriggers") ? [{ to: "/admin/emails/triggers", label: t("ops.triggers") }] : []),
  ];
  return <Views label={t("ops.emails")} views={views} />;
}
