import { Views } from "../components/section";
import { useT } from "../i18n";
import { useOffered } from "../live/offered";

/** The parts of the administration of costs. */
export function CostViews() {
  const t = useT();
  const offered = useOffered();
  const views = [
    ...(offered.has("adminUsage") ? [{ to: "/admin/costs", label: t("ops.costs.overview") }] : []),
    ...(offered.has("adminCalls") ? [{ to: "/admin/costs/calls", label: t("ops.calls") }] : []),
    ...(offered.has("adminPricing") ? [{ to: "/admin/costs/pricing", label: t("ops.pricing") }] : []),
    ...(offered.has("adminAlerts") ? [{ to: "/admin/costs/alerts", label: t("ops.alerts") }] : []),
  ];
  return <Views label={t("ops.costs")} views={views} />;
}
