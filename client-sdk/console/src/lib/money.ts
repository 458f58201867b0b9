/** Words about plans and features. */
import { isKey, type Translate } from "../i18n";
import type { PlanLimit } from "../model/product";

/** "Adaptation", for `generate_cv`. */
export function featureName(t: Translate, feature: string): string {
  for (const key of [`feature.${feature}`, `task.type.${feature.replaceAll("_", "-")}`]) if (isKey(key)) return t(key);
  return feature.replaceAll("_", " ");
}

/** "12 a month", "unlimited", "not included"; `max_cvs` counts CVs that are kept, not uses. */
export function limitText(t: Translate, limit: PlanLimit, number: (value: number) => string): string {
  if (!limit.is_enabled) return t("plans.limit.off");
  if (limit.usage_limit < 0) return t("plans.limit.none");
  if (limit.feature_name === "max_cvs") return number(limit.usage_limit);
  if (limit.usage_limit === 0) return t("plans.limit.credits");
  return t("plans.limit.month", { n: limit.usage_limit });
}

/** A plan's name as a title. */
export function capital(name: string): string {
  return name.charAt(0).toLocaleUpperCase() + name.slice(1);
}
