import { Anchor, Loader } from "@mantine/core";
import { useEffect, useRef, useState } from "react";
import { Link, useNavigate } from "react-router";
import { useI18n } from "../../i18n";
import { sentence } from "../../lib/words";
import { explain } from "../../live/errors";
import { session } from "../../live/live";
import { Frame, Refusal } from "./frame";

/** Where a provider's sign-in ends: the address has a token that works once, or says why there is none. */
export default function OAuth() {
  const { t } = useI18n();
  const navigate = useNavigate();
  const [error, setError] = useState<string | null>(null);
  const asked = useRef(false);
  useEffect(() => {
    if (asked.current) return;
    asked.current = true;
    // Of the fragment or of the query; it leaves the address bar at once.
    const given = new URLSearchParams(`${location.search.slice(1)}&${location.hash.slice(1)}`);
    history.replaceState(null, "", location.pathname);
    const token = given.get("token");
    if (token === null) {
      setError(sentence(given.get("error_description") ?? given.get("error") ?? t("enter.link.bad")));
      return;
    }
    session.signInBy("auto-sign-in", { token }).then(
      () => void navigate("/", { replace: true }),
      (failure: unknown) => {
        const { title, detail } = explain(t, failure);
        setError(detail ?? title);
      },
    );
  }, [navigate, t]);
  return (
    <Frame title={t("enter.oauth.title")}>
      {error === null ? <Loader aria-label={t("common.loading")} /> : <Refusal text={error} />}
      {error === null ? null : (
        <Anchor component={Link} to="/">
          {t("enter.back")}
        </Anchor>
      )}
    </Frame>
  );
}
