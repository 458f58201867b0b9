import { Anchor, Loader } from "@mantine/core";
import { useEffect, useRef, useState } from "react";
import { Link } from "react-router";
import { useI18n } from "../../i18n";
import { useCarried } from "../../lib/links";
import { explain } from "../../live/errors";
import { session } from "../../live/live";
import type { EmailChange as Change } from "../../model/product";
import { Done, Frame, Refusal } from "./frame";

type State = { readonly at: "asking" } | { readonly at: "done"; readonly change: Change } | { readonly at: "failed"; readonly text: string };

/** One of the two confirmations of a new address. */
export default function EmailChange() {
  const { t } = useI18n();
  const token = useCarried("token") ?? "";
  const [state, setState] = useState<State>({ at: "asking" });
  const asked = useRef(false);
  useEffect(() => {
    if (asked.current) return;
    asked.current = true;
    session.open("POST", "/v1/cv/me/email-change/confirm", { body: { token } }).then(
      (answer) => {
        setState({ at: "done", change: answer as Change });
      },
      (failure: unknown) => {
        const { title, detail } = explain(t, failure);
        setState({ at: "failed", text: detail ?? title });
      },
    );
  }, [t, token]);
  return (
    <Frame title={t("enter.change.title")}>
      {state.at === "asking" ? <Loader aria-label={t("common.loading")} /> : null}
      {state.at === "failed" ? <Refusal text={state.text} /> : null}
      {state.at === "done" ? <Done>{t(`enter.change.${state.change.state}`, { email: state.change.new_email })}</Done> : null}
      {state.at === "asking" ? null : (
        <Anchor component={Link} to="/">
          {t("enter.continue")}
        </Anchor>
      )}
    </Frame>
  );
}
