/** What a person agreed to last; nothing optional before they chose. */
import type { Consent, Preferences } from "../model/product";

export function preferencesOf(consent: Consent | undefined): Preferences {
  const { functional = false, analytics = false, marketing = false } = consent?.preferences ?? {};
  return { necessary: true, functional, analytics, marketing };
}
