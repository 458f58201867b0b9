import { Anchor, Button, PasswordInput } from "@mantine/core";
import { useState, type SyntheticEvent } from "react";
import { Link } from "react-router";
import { useI18n } from "../../i18n";
import { useCarried } from "../../lib/links";
import { explain } from "../../live/errors";
import { session } from "../../live/live";
import styles from "../sign-in.module.css";
import { Done, Frame, Refusal } from "./frame";

const MIN_PASSWORD = 8;

/** A new password, by the link that was sent. */
export default function Reset() {
  const { t } = useI18n();
  const token = useCarried("token") ?? "";
  const [password, setPassword] = useState("");
  const [state, setState] = useState<"asking" | "sending" | "done">("asking");
  const [error, setError] = useState<string | null>(token === "" ? t("enter.link.bad") : null);
  const submit = async (event: SyntheticEvent) => {
    event.preventDefault();
    setState("sending");
    setError(null);
    try {
      await session.signInBy("reset-password", { token, password });
      setState("done");
    } catch (failure) {
      const { title, detail } = explain(t, failure);
      setError(detail ?? title);
      setState("asking");
    }
  };
  return (
    <Frame title={t("enter.reset.title")} lead={t("enter.reset.lead")}>
      {state === "done" ? (
        <>
          <Done>{t("enter.reset.done")}</Done>
          <Button component={Link} to="/" size="md">
            {t("enter.continue")}
          </Button>
        </>
      ) : (
        <form className={styles.fields} onSubmit={(event) => void submit(event)}>
          <PasswordInput
            label={t("enter.reset.password")}
            description={t("auth.password.hint")}
            autoComplete="new-password"
            required
            withAsterisk={false}
            minLength={MIN_PASSWORD}
            value={password}
            onChange={(event) => setPassword(event.currentTarget.value)}
            visibilityToggleButtonProps={{ "aria-label": t("enter.password.show") }}
            size="md"
          />
          <Refusal text={error} />
          <Button type="submit" size="md" loading={state === "sending"} disabled={token === ""}>
            {t("enter.reset.save")}
          </Button>
          <Anchor component={Link} to="/forgot-password" size="sm">
            {t("enter.forgot.again")}
          </Anchor>
        </form>
      )}
    </Frame>
  );
}
