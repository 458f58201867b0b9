/** The live costs of administrators. */
import { isKey, type Translate } from "../i18n";
import type { AdminCosts, CostAlert } from "../model/operations";

const KEPT_ALERTS = 100;

interface Happening {
  readonly kind: string;
  readonly data: unknown;
}

/** `admin:costs` as it is now: the day's sum as it grows, the newest alert first. */
export const costFold = {
  event: (state: AdminCosts, { kind, data }: Happening): AdminCosts => {
    if (kind !== "cost.alert") return state;
    const alert = data as CostAlert;
    return { ...state, alerts: [alert, ...state.alerts.filter((old) => old.id !== alert.id)].slice(0, KEPT_ALERTS) };
  },
  live: (state: AdminCosts, { kind, data }: Happening): AdminCosts => {
    if (kind !== "cost.tick") return state;
    const today = data as AdminCosts["today"];
    const grown = today.date === state.today.date ? today.cost - state.today.cost : today.cost;
    return { ...state, today, month_cost: state.month_cost + Math.max(0, grown) };
  },
};

/** "Reading an offer", for `job_extraction`. */
export function aiFeature(t: Translate, feature: string | null): string {
  if (feature === null) return "–";
  const key = `ai.${feature}`;
  return isKey(key) ? t(key) : feature.replaceAll("_", " ");
}
