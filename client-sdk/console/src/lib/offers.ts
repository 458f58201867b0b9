import type { Language, Translate } from "../i18n";
import type { JobOfferContent } from "../model/types";
import { money } from "./format";

/** "Rotterdam, NL · hybrid", or null. */
export function placeName(t: Translate, { location }: JobOfferContent): string | null {
  const where = [location.city, location.country].filter((part) => part !== null && part !== "").join(", ");
  const parts = [where, location.remote === null ? "" : t(`offers.remote.${location.remote}`)].filter((part) => part !== "");
  return parts.length === 0 ? null : parts.join(" · ");
}

export function salaryName(t: Translate, language: Language, { salary }: JobOfferContent): string | null {
  const { min, max, currency, period } = salary;
  if (min === null && max === null) return null;
  const amounts = [...new Set([min, max].filter((value) => value !== null))].map((value) => money(language, value, currency));
  return `${amounts.join(" – ")}${period === null ? "" : ` ${t(`offers.period.${period}`)}`}`;
}

export function experienceName(t: Translate, { experience }: JobOfferContent): string | null {
  const { min_years: min, max_years: max, level } = experience;
  const years = min === null ? null : max === null || max === min ? t("offers.years.min", { a: min }) : t("offers.years", { a: min, b: max });
  const parts = [level, years].filter((part) => part !== null && part !== "");
  return parts.length === 0 ? null : parts.join(", ");
}
