import { Button, PasswordInput, SegmentedControl, TextInput } from "@mantine/core";
import { useState, type SyntheticEvent } from "react";
import { Fields, Note, Section } from "../../components/section";
import { useI18n } from "../../i18n";
import { useDoing } from "../../lib/actions";
import { day } from "../../lib/format";
import { useLive } from "../../live/live";
import { useOffered } from "../../live/offered";

export default function Profile() {
  const { t, language, setLanguage } = useI18n();
  const { me, user, api, session } = useLive();
  const offered = useOffered();
  const person = user.state?.user ?? me;
  const [name, setName] = useState(person.name ?? "");
  const naming = useDoing();
  const resending = useDoing();
  const save = (event: SyntheticEvent) => {
    event.preventDefault();
    void naming.run(() => api.send("PATCH", "/v1/cv/me", { name: name.trim() }), t("me.saved"));
  };
  return (
    <>
      {person.email_verified === null && offered.has("verify") ? (
        <Note
          action={
            <Button size="compact-sm" variant="default" loading={resending.busy} onClick={() => void resending.run(() => session.open("POST", "/v1/cv/auth/resend-verification", { body: { email: person.email } }), t("me.verify.sent"))}>
              {t("me.verify.resend")}
            </Button>
          }
        >
          {t("me.verify.missing", { email: person.email ?? "" })}
        </Note>
      ) : null}
      <Section title={t("me.profile")} text={t("me.since", { date: day(language, person.created_at) })}>
        <form onSubmit={save}>
          <Fields>
            <TextInput label={t("auth.name")} autoComplete="name" value={name} onChange={(event) => setName(event.currentTarget.value)} disabled={!offered.has("profile")} maxLength={120} />
            <TextInput label={t("auth.email")} value={person.email ?? ""} readOnly description={person.email_verified === null ? t("me.email.unverified") : t("me.email.verified", { date: day(language, person.email_verified) })} />
            {offered.has("profile") ? (
              <div>
                <Button type="submit" loading={naming.busy} disabled={name.trim() === (person.name ?? "")}>
                  {t("common.save")}
                </Button>
              </div>
            ) : null}
          </Fields>
        </form>
      </Section>
      {offered.has("emailChange") ? <ChangeEmail /> : null}
      <Section title={t("nav.language")} text={t("me.language.text")}>
        <SegmentedControl
          aria-label={t("nav.language")}
          value={language}
          onChange={(value) => setLanguage(value === "fr" ? "fr" : "en")}
          data={[
            { value: "en", label: "English" },
            { value: "fr", label: "Français" },
          ]}
        />
      </Section>
    </>
  );
}

function ChangeEmail() {
  const { t } = useI18n();
  const { api } = useLive();
  const { busy, run } = useDoing();
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [sent, setSent] = useState<string | null>(null);
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    const wanted = email.trim();
    void run(() => api.send("POST", "/v1/cv/me/email-change", { new_email: wanted, ...(password === "" ? {} : { password }) })).then((done) => {
      if (!done) return;
      setSent(wanted);
      setEmail("");
      setPassword("");
    });
  };
  return (
    <Section title={t("me.email.change")} text={t("me.email.change.text")}>
      <form onSubmit={submit}>
        <Fields>
          {sent === null ? null : <p role="status">{t("me.email.change.sent", { email: sent })}</p>}
          <TextInput label={t("me.email.new")} type="email" required withAsterisk={false} autoComplete="off" value={email} onChange={(event) => setEmail(event.currentTarget.value)} />
          <PasswordInput label={t("me.password.current")} description={t("me.password.ifAny")} autoComplete="current-password" value={password} onChange={(event) => setPassword(event.currentTarget.value)} visibilityToggleButtonProps={{ "aria-label": t("enter.password.show") }} />
          <div>
            <Button type="submit" variant="default" loading={busy}>
              {t("me.email.change.send")}
            </Button>
          </div>
        </Fields>
      </form>
    </Section>
  );
}
