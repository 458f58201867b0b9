import { Anchor, Button, TextInput } from "@mantine/core";
import { useState, type SyntheticEvent } from "react";
import { Link } from "react-router";
import { useI18n } from "../../i18n";
import { explain } from "../../live/errors";
import { session } from "../../live/live";
import styles from "../sign-in.module.css";
import { Done, Frame, Refusal } from "./frame";

/** Asks for a link by which a password is set anew. The answer does not tell whether there is such an account. */
export default function Forgot() {
  const { t } = useI18n();
  const [email, setEmail] = useState("");
  const [state, setState] = useState<"asking" | "sending" | "sent">("asking");
  const [error, setError] = useState<string | null>(null);
  const submit = async (event: SyntheticEvent) => {
    event.preventDefault();
    setState("sending");
    setError(null);
    try {
      await session.open("POST", "/v1/cv/auth/forgot-password", { body: { email: email.trim() } });
      setState("sent");
    } catch (failure) {
      const { title, detail } = explain(t, failure);
      setError(detail ?? title);
      setState("asking");
    }
  };
  return (
    <Frame title={t("enter.forgot.title")} lead={t("enter.forgot.lead")}>
      {state === "sent" ? (
        <Done>{t("enter.forgot.sent", { email: email.trim() })}</Done>
      ) : (
        <form className={styles.fields} onSubmit={(event) => void submit(event)}>
          <TextInput label={t("auth.email")} type="email" autoComplete="username" required withAsterisk={false} value={email} onChange={(event) => setEmail(event.currentTarget.value)} size="md" />
          <Refusal text={error} />
          <Button type="submit" size="md" loading={state === "sending"}>
            {t("enter.forgot.send")}
          </Button>
        </form>
      )}
      <Anchor component={Link} to="/" size="sm">
        {t("enter.back")}
      </Anchor>
    </Frame>
  );
}
