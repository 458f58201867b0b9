import { Anchor, Button, PasswordInput, TextInput } from "@mantine/core";
import { ConflictError, UnauthenticatedError } from "@estafette/client";
import { useState, type SyntheticEvent } from "react";
import { Link, useLocation } from "react-router";
import { useI18n } from "../i18n";
import { explain } from "../live/errors";
import { session } from "../live/live";
import { useOffered } from "../live/offered";
import { Frame, Refusal } from "./enter/frame";
import { Providers } from "./enter/providers";
import styles from "./sign-in.module.css";

/** The account that `estafette demo` makes; filled in where the address says `?demo`. */
const DEMO = { email: "demo@estafette.example", password: "estafette-demo" };
const MIN_PASSWORD = 8;

export default function SignIn() {
  const { t } = useI18n();
  const offered = useOffered();
  const { pathname, search } = useLocation();
  const query = new URLSearchParams(search);
  const demo = query.has("demo");
  const referral = query.get("ref");
  const [mode, setMode] = useState<"signin" | "signup">(pathname === "/sign-up" || referral !== null ? "signup" : "signin");
  const [email, setEmail] = useState(demo ? DEMO.email : "");
  const [password, setPassword] = useState(demo ? DEMO.password : "");
  const [name, setName] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);

  const submit = async (event: SyntheticEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      if (mode === "signin") await session.signIn({ email: email.trim(), password });
      else {
        const more = { ...(name.trim() === "" ? {} : { name: name.trim() }), ...(referral === null ? {} : { referral_code: referral }) };
        await session.signUp({ email: email.trim(), password, ...more });
      }
    } catch (failure) {
      setError(refusalOf(failure));
      setBusy(false);
    }
  };

  /** The two refusals that everybody meets, in the person's language; the server's words for others. */
  function refusalOf(failure: unknown): string {
    if (failure instanceof UnauthenticatedError) return t("auth.wrong");
    if (failure instanceof ConflictError && mode === "signup") return t("auth.taken");
    const { title, detail } = explain(t, failure);
    return detail ?? title;
  }

  return (
    <Frame title={t(`auth.${mode}.title`)}>
      <form className={styles.fields} onSubmit={(event) => void submit(event)}>
        {demo && mode === "signin" ? <div className={styles.note}>{t("auth.demo")}</div> : null}
        {referral !== null && mode === "signup" ? <div className={styles.note}>{t("enter.referred", { code: referral })}</div> : null}
        {mode === "signup" ? <TextInput label={t("auth.name")} autoComplete="name" value={name} onChange={(event) => setName(event.currentTarget.value)} size="md" /> : null}
        <TextInput label={t("auth.email")} type="email" autoComplete="username" required withAsterisk={false} value={email} onChange={(event) => setEmail(event.currentTarget.value)} size="md" />
        <PasswordInput
          label={t("auth.password")}
          description={mode === "signup" ? t("auth.password.hint") : undefined}
          autoComplete={mode === "signup" ? "new-password" : "current-password"}
          required
          withAsterisk={false}
          minLength={mode === "signup" ? MIN_PASSWORD : undefined}
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
          visibilityToggleButtonProps={{ "aria-label": t("enter.password.show") }}
          size="md"
        />
        <Refusal text={error} />
        <Button type="submit" size="md" loading={busy} mt={4}>
          {t(`auth.${mode}`)}
        </Button>
        {mode === "signin" && offered.has("forgot") ? (
          <Anchor component={Link} to="/forgot-password" size="sm">
            {t("enter.forgot")}
          </Anchor>
        ) : null}
      </form>
      <Providers />
      <p className={styles.switch}>
        {t(mode === "signin" ? "auth.toSignup" : "auth.toSignin")}{" "}
        <Anchor component="button" type="button" onClick={() => { setMode(mode === "signin" ? "signup" : "signin"); setError(null); }}>
          {t(mode === "signin" ? "auth.signup" : "auth.signin")}
        </Anchor>
      </p>
    </Frame>
  );
}
