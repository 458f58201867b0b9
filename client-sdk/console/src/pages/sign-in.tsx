import { Anchor, Button, PasswordInput, SegmentedControl, TextInput } from "@mantine/core";
import { ConflictError, UnauthenticatedError } from "@estafette/client";
import { Check } from "lucide-react";
import { useState, type SyntheticEvent } from "react";
import { Mark } from "../components/logo";
import { useI18n } from "../i18n";
import { useTitle } from "../lib/hooks";
import { explain, type Explained } from "../live/errors";
import { session } from "../live/live";
import styles from "./sign-in.module.css";

/** The account that `estafette demo` makes; filled in where the address says `?demo`. */
const DEMO = { email: "demo@estafette.example", password: "estafette-demo" };
const MIN_PASSWORD = 8;

export default function SignIn() {
  const { t, language, setLanguage } = useI18n();
  const demo = new URLSearchParams(location.search).has("demo");
  const [mode, setMode] = useState<"signin" | "signup">("signin");
  const [email, setEmail] = useState(demo ? DEMO.email : "");
  const [password, setPassword] = useState(demo ? DEMO.password : "");
  const [name, setName] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<Explained | null>(null);
  useTitle(t(`auth.${mode}`));

  const submit = async (event: SyntheticEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      if (mode === "signin") await session.signIn({ email: email.trim(), password });
      else await session.signUp({ email: email.trim(), password, ...(name.trim() === "" ? {} : { name: name.trim() }) });
    } catch (failure) {
      setError(refusalOf(failure) ?? explain(t, failure));
      setBusy(false);
    }
  };

  /** The two refusals that everybody meets, in the person's language. */
  function refusalOf(failure: unknown): Explained | null {
    if (failure instanceof UnauthenticatedError) return { title: t("auth.wrong"), detail: null };
    if (failure instanceof ConflictError && mode === "signup") return { title: t("auth.taken"), detail: null };
    return null;
  }

  return (
    <main className={styles.split}>
      <section className={styles.story}>
        <div className={styles.brand}>
          <Mark size={36} />
          Estafette
        </div>
        <Relay />
        <h1>{t("app.tagline")}</h1>
        <ul className={styles.points}>
          {(["auth.point1", "auth.point2", "auth.point3"] as const).map((key) => (
            <li key={key}>
              <Check size={18} aria-hidden="true" />
              {t(key)}
            </li>
          ))}
        </ul>
      </section>
      <section className={styles.form} style={{ position: "relative" }}>
        <div className={styles.tools}>
          <SegmentedControl
            size="xs"
            aria-label={t("nav.language")}
            value={language}
            onChange={(value) => setLanguage(value === "fr" ? "fr" : "en")}
            data={[
              { value: "en", label: "EN" },
              { value: "fr", label: "FR" },
            ]}
          />
        </div>
        <form className={styles.inner} onSubmit={(event) => void submit(event)}>
          <h2>{t(`auth.${mode}.title`)}</h2>
          {demo && mode === "signin" ? <div className={styles.note}>{t("auth.demo")}</div> : null}
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
            size="md"
          />
          {error === null ? null : (
            <div className={styles.error} role="alert">
              {error.detail ?? error.title}
            </div>
          )}
          <Button type="submit" size="md" loading={busy} mt={4}>
            {t(`auth.${mode}`)}
          </Button>
          <p className={styles.switch}>
            {t(mode === "signin" ? "auth.toSignup" : "auth.toSignin")}{" "}
            <Anchor component="button" type="button" onClick={() => { setMode(mode === "signin" ? "signup" : "signin"); setError(null); }}>
              {t(mode === "signin" ? "auth.signup" : "auth.signin")}
            </Anchor>
          </p>
        </form>
      </section>
    </main>
  );
}

/** Batons on their way, behind the words. */
function Relay() {
  return (
    <svg className={styles.relay} viewBox="0 0 420 260" fill="none" strokeWidth="22" strokeLinecap="round" aria-hidden="true">
      <path d="M70 40h150" stroke="#7cc8e0" opacity="0.2" />
      <path d="M260 40h60" stroke="#7cc8e0" opacity="0.1" />
      <path d="M30 100h90" stroke="#7cc8e0" opacity="0.1" />
      <path d="M160 100h190" stroke="#ff6b4d" />
      <path d="M20 160h210" stroke="#7cc8e0" opacity="0.2" />
      <path d="M270 160h40" stroke="#7cc8e0" opacity="0.1" />
      <path d="M90 220h60" stroke="#7cc8e0" opacity="0.1" />
      <path d="M190 220h130" stroke="#7cc8e0" opacity="0.2" />
    </svg>
  );
}
