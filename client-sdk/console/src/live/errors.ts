/** Errors of the SDK in words for people. */
import { CallError, DeadlineError, EstafetteError, NetworkError, NotFoundError } from "@estafette/client";
import type { Key, Translate } from "../i18n";
import { sentence } from "../lib/words";

export interface Explained {
  readonly title: string;
  readonly detail: string | null;
}

/** What to tell people: our sentence for the kind, the server's for the case. */
export function explain(t: Translate, error: unknown): Explained {
  // The server's words name topics and ids there, which say nothing to people.
  if (error instanceof NotFoundError) return { title: t("err.not_found"), detail: t("err.gone.text") };
  if (error instanceof CallError) return { title: t(`err.${error.code}` satisfies Key), detail: sentence(error.message) };
  if (error instanceof DeadlineError || error instanceof NetworkError) return { title: t("err.network"), detail: null };
  if (error instanceof EstafetteError) return { title: t("common.error"), detail: error.message };
  return { title: t("common.error"), detail: error instanceof Error ? error.message : String(error) };
}
