import { Anchor, Loader } from "@mantine/core";
import { useEffect, useRef, useState } from "react";
import { Link, useNavigate } from "react-router";
import { useI18n } from "../../i18n";
import { useCarried } from "../../lib/links";
import { sentence } from "../../lib/words";
import { explain } from "../../live/errors";
import { session } from "../../live/live";
import { Frame, Refusal } from "./frame";

/** Where a provider's sign-in ends: the address has a token that works once, or says why there is none. */
export default function OAuth() {
  const { t } = useI18n();
  const navigate = useNavigate();
  const token = useCarried("auto_sign_in");
  const refused = useCarried("message");
  const [error, setError] = useState<string | null>(token === null ? sentence(refused ?? t("enter.link.bad")) : null);
  const asked = useRef(false);
  useEffect(() => {
    if (asked.current || token === null) return;
    asked.current = true;
    session.signInBy("auto-sign-in", { token }).then(
      () => void navigate("/", { replace: true }),
      (failure: unknown) => {
        const { title, detail } = explain(t, failure);
        setError(detail ?? title);
      },
    );
  }, [navigate, t, token]);
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
