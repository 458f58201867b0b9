import type { Translate } from "../i18n";
import type { CvSummary, JobOffer } from "../model/types";

/** A CV's name for people: its person and headline, else its file. */
export function cvName(cv: Pick<CvSummary, "title" | "filename">, known?: Pick<CvSummary, "title">): string {
  return cv.title ?? known?.title ?? cv.filename;
}

/** The person of a CV's name: "Ada Lovelace" of "Ada Lovelace — Engineer". */
export function personOf(name: string): string {
  return name.split(" — ")[0] ?? name;
}

/** What stands behind the person in a CV's name, or null. */
export function headlineOf(name: string): string | null {
  const at = name.indexOf(" — ");
  return at === -1 ? null : name.slice(at + 3);
}

/** "Senior Platform Engineer · Northwind", or null. */
function offerName(offer: { readonly title: string | null; readonly company: string | null } | undefined): string | null {
  if (offer === undefined) return null;
  const parts = [offer.title, offer.company].filter((part) => part !== null && part !== "");
  return parts.length === 0 ? null : parts.join(" · ");
}

export function jobName(t: Translate, offer: JobOffer | undefined): string | null {
  if (offer === undefined) return null;
  return offerName(offer.content) ?? t("offers.untitled");
}

export function originName(t: Translate, cv: Pick<CvSummary, "created_by">): string {
  return cv.created_by === null ? t("cvs.by.hand") : t(`cvs.by.${cv.created_by}`);
}

/** The part of a web address after the host. */
export function pathOf(value: string): string | null {
  try {
    const { pathname, search } = new URL(value);
    return pathname === "/" && search === "" ? null : `${pathname}${search}`;
  } catch {
    return null;
  }
}

/** The host of a web address, else the text itself, shortened. */
export function shortSource(value: string): string {
  try {
    return new URL(value).host.replace(/^www\./u, "");
  } catch {
    return value.length > 48 ? `${value.slice(0, 47)}…` : value;
  }
}
