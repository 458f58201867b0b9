import { Anchor, Button, Loader } from "@mantine/core";
import { useEffect, useRef, useState } from "react";
import { Link, useNavigate } from "react-router";
import { useI18n } from "../../i18n";
import { useCarried } from "../../lib/links";
import { explain } from "../../live/errors";
import { session, useMe } from "../../live/live";
import { Done, Frame, Refusal } from "./frame";

type State = { readonly at: "asking" | "done" } | { readonly at: "failed"; readonly text: string };

/** The answer to a confirmed address: a token by which this browser is signed in without a password. */
interface Verified {
  readonly auto_sign_in_token: string;
}

/** An address is confirmed by the link that was sent to it, and its owner is signed in. */
export default function Verify() {
  const { t } = useI18n();
  const navigate = useNavigate();
  const me = useMe();
  const token = useCarried("token") ?? "";
  const [state, setState] = useState<State>({ at: "asking" });
  // A token works once: the second run of the effect in development must not spend it.
  const asked = useRef(false);
  useEffect(() => {
    if (asked.current) return;
    asked.current = true;
    const verify = async () => {
      const answer = (await session.open("POST", "/v1/cv/auth/verify-email", { body: { token } })) as Verified;
      if (session.user.get() === undefined) await session.signInBy("auto-sign-in", { token: answer.auto_sign_in_token });
    };
    verify().then(
      () => setState({ at: "done" }),
      (failure: unknown) => {
        const { title, detail } = explain(t, failure);
        setState({ at: "failed", text: detail ?? title });
      },
    );
  }, [t, token]);
  return (
    <Frame title={t("enter.verify.title")}>
      {state.at === "asking" ? <Loader aria-label={t("common.loading")} /> : null}
      {state.at === "failed" ? (
        <>
          <Refusal text={state.text} />
          <p>{t("enter.verify.failed")}</p>
          <Anchor component={Link} to="/">
            {t("enter.back")}
          </Anchor>
        </>
      ) : null}
      {state.at === "done" ? (
        <>
          <Done>{t("enter.verify.done")}</Done>
          <Button size="md" onClick={() => void navigate("/")}>
            {t(me === undefined ? "auth.signin" : "enter.continue")}
          </Button>
        </>
      ) : null}
    </Frame>
  );
}
