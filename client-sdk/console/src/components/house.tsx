/** What concerns the whole house: maintenance, and the language that the server writes in. */
import type { Fold } from "@estafette/client";
import { useEffect, useRef } from "react";
import { useI18n, type Language } from "../i18n";
import { useLive, useTopicView } from "../live/live";
import { useOffered } from "../live/offered";
import { Note } from "./section";

interface House {
  readonly maintenance_mode: boolean;
  readonly registration_enabled: boolean;
}
const houseFold: Fold<"app", House> = { event: (_, event) => event.data };

export function Maintenance() {
  const { t } = useI18n();
  const { client, me } = useLive();
  const house = useTopicView(client, "app", houseFold).state;
  if (house?.maintenance_mode !== true) return null;
  return (
    <div style={{ padding: "14px var(--gutter) 0" }}>
      <Note>{t(me.role === "ADMIN" ? "house.maintenance.admin" : "house.maintenance")}</Note>
    </div>
  );
}

/** The person's language: taken from the account on a browser where nothing was chosen, and kept there when it is chosen. */
export function useKeptLanguage(): void {
  const { language, setLanguage, isChosen } = useI18n();
  const { me, user, api } = useLive();
  const offered = useOffered();
  const canKeep = offered.has("profile");
  const person = user.state?.user ?? me;
  const kept = (person as { readonly language?: Language | null }).language ?? null;
  const settled = useRef<Language | null>(null);
  useEffect(() => {
    if (!canKeep || settled.current === language) return;
    if (kept !== null && kept !== language && settled.current === null && !isChosen) {
      settled.current = kept;
      setLanguage(kept);
      return;
    }
    settled.current = language;
    // What could not be kept is kept with the next choice.
    if (kept !== language) api.send("PATCH", "/v1/cv/me", { language }).catch(() => undefined);
  }, [api, canKeep, isChosen, kept, language, setLanguage]);
}
