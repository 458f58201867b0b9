import { Button, PasswordInput } from "@mantine/core";
import { useState, type SyntheticEvent } from "react";
import { confirm } from "../../components/confirm";
import { Failure, Rows } from "../../components/page";
import { Pill } from "../../components/pill";
import { Fields, ItemList, Section } from "../../components/section";
import { useI18n } from "../../i18n";
import { useDoing } from "../../lib/actions";
import { ago, dateTime, day } from "../../lib/format";
import { useFetched, useLive } from "../../live/live";
import { useOffered } from "../../live/offered";
import { useHappenings, usePages } from "../../live/pages";
import type { LinkedAccount, LinkedAccounts, Provider, SessionInfo } from "../../model/product";
import { PROVIDER_NAMES, ProviderMark } from "../enter/providers";

export default function Security() {
  const offered = useOffered();
  return (
    <>
      {offered.has("sessions") ? <Sessions /> : null}
      {offered.has("accounts") ? <Accounts /> : null}
      {offered.has("password") ? <Password /> : null}
    </>
  );
}

function Sessions() {
  const { t, language } = useI18n();
  const { api, me } = useLive();
  const offered = useOffered();
  const { busy, run } = useDoing();
  const list = usePages<SessionInfo>("/v1/cv/me/sessions");
  useHappenings(`user:${me.id}`, list.reload);
  const endOthers = async () => {
    if (await run(() => api.send("DELETE", "/v1/cv/me/sessions"), t("me.sessions.ended"))) list.reload();
  };
  const end = async (session: SessionInfo) => {
    if (await run(() => api.send("DELETE", `/v1/cv/me/sessions/${session.id}`), t("me.session.ended"))) list.reload();
  };
  return (
    <Section
      title={t("me.sessions")}
      text={t("me.sessions.text")}
      action={
        offered.route("DELETE /v1/cv/me/sessions") && (list.rows?.length ?? 0) > 1 ? (
          <Button variant="default" loading={busy} onClick={() => void endOthers()}>
            {t("me.sessions.endOthers")}
          </Button>
        ) : undefined
      }
    >
      {list.rows === undefined ? list.error === undefined ? <Rows count={2} height={54} /> : <Failure error={list.error} retry={list.reload} /> : null}
      <ItemList
        label={t("me.sessions")}
        items={(list.rows ?? []).map((session) => ({
          id: session.id,
          title: (
            <>
              {t("me.session.of", { id: shortDevice(session) })} {session.current ? <Pill tone="brand">{t("me.session.current")}</Pill> : null}
            </>
          ),
          text: (
            <span title={dateTime(language, session.created_at)}>
              {t("me.session.since", { date: day(language, session.created_at) })} · {t("me.session.seen", { when: ago(language, session.last_used_at) })}
            </span>
          ),
          action: session.current ? undefined : (
            <Button size="compact-sm" variant="default" onClick={() => void end(session)} aria-label={t("me.session.end.of", { id: shortDevice(session) })}>
              {t("me.session.end")}
            </Button>
          ),
        }))}
      />
      {list.hasMore ? (
        <Button variant="default" onClick={list.more} loading={list.busy} mt="md">
          {t("common.more")}
        </Button>
      ) : null}
    </Section>
  );
}

/** A device has no name: the first characters of its id tell it from others. */
function shortDevice(session: SessionInfo): string {
  return (session.device ?? session.id).slice(0, 8);
}

function Accounts() {
  const { t, language } = useI18n();
  const { api } = useLive();
  const { busy, run } = useDoing();
  const { data, error, reload } = useFetched<LinkedAccounts>("/v1/cv/me/accounts");
  if (data === undefined) return error === undefined ? null : <Failure error={error} retry={reload} />;
  const free = data.providers.filter((provider) => data.items.every((account) => account.provider !== provider));
  if (data.items.length === 0 && free.length === 0) return null;
  // Who has no password keeps the last way in.
  const isLast = !data.has_password && data.items.length === 1;
  const unlink = async (account: LinkedAccount) => {
    const name = PROVIDER_NAMES[account.provider];
    const sure = await confirm({ title: t("me.account.unlink.title", { name }), text: t("me.account.unlink.text", { name }), yes: t("me.account.unlink"), no: t("common.cancel"), danger: true });
    if (sure && (await run(() => api.send("DELETE", `/v1/cv/me/accounts/${account.id}`), t("me.account.unlinked")))) reload();
  };
  const link = (provider: Provider) =>
    run(async () => {
      const { url } = await api.send<{ readonly url: string }>("POST", "/v1/cv/me/accounts", { provider });
      location.assign(url);
    });
  return (
    <Section title={t("me.accounts")} text={isLast ? t("me.account.last") : t("me.accounts.text")}>
      <ItemList
        label={t("me.accounts")}
        items={[
          ...data.items.map((account) => ({
            id: account.id,
            title: PROVIDER_NAMES[account.provider],
            text: t("me.account.since", { date: day(language, account.created_at) }),
            action: (
              <Button size="compact-sm" variant="default" disabled={isLast} onClick={() => void unlink(account)} aria-label={t("me.account.unlink.of", { name: PROVIDER_NAMES[account.provider] })}>
                {t("me.account.unlink")}
              </Button>
            ),
          })),
          ...free.map((provider) => ({
            id: provider,
            title: PROVIDER_NAMES[provider],
            text: t("me.account.none"),
            action: (
              <Button size="compact-sm" variant="default" loading={busy} leftSection={<ProviderMark provider={provider} />} onClick={() => void link(provider)}>
                {t("me.account.link", { name: PROVIDER_NAMES[provider] })}
              </Button>
            ),
          })),
        ]}
      />
    </Section>
  );
}

/** A new password: by the one that is known, or by a link for who has none. */
function Password() {
  const { t } = useI18n();
  const { api } = useLive();
  const { busy, run } = useDoing();
  const [current, setCurrent] = useState("");
  const [password, setPassword] = useState("");
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    void run(() => api.send("POST", "/v1/cv/me/password", { ...(current === "" ? {} : { current }), password }), t("me.password.saved")).then((done) => {
      if (!done) return;
      setCurrent("");
      setPassword("");
    });
  };
  const shown = { "aria-label": t("enter.password.show") };
  return (
    <Section title={t("auth.password")} text={t("me.password.text")}>
      <form onSubmit={submit}>
        <Fields>
          <PasswordInput label={t("me.password.current")} autoComplete="current-password" value={current} onChange={(event) => setCurrent(event.currentTarget.value)} visibilityToggleButtonProps={shown} />
          <PasswordInput label={t("enter.reset.password")} description={t("auth.password.hint")} autoComplete="new-password" required withAsterisk={false} minLength={8} value={password} onChange={(event) => setPassword(event.currentTarget.value)} visibilityToggleButtonProps={shown} />
          <div>
            <Button type="submit" variant="default" loading={busy}>
              {t("me.password.save")}
            </Button>
          </div>
        </Fields>
      </form>
    </Section>
  );
}
