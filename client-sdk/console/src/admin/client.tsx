import { Button, Skeleton, TextInput } from "@mantine/core";
import { History, Search, UserSearch } from "lucide-react";
import { useState } from "react";
import { Link, useSearchParams } from "react-router";
import { Card, Empty } from "../components/page";
import { useI18n } from "../i18n";
import { topicsOf, utcClock, utcTime } from "../lib/admin";
import { cx } from "../lib/cx";
import { ago } from "../lib/format";
import type { Remembered } from "../model/admin";
import { readNotes, readSessions } from "./api";
import { Fresh } from "./freshness";
import { usePolled } from "./poll";
import { Timeline } from "./timeline";
import { Why } from "./why";
import styles from "./admin.module.css";

/** One client: its user's sessions, a session's timeline, and why it did not see an event. All of it is in the address. */
export default function Client() {
  const { t } = useI18n();
  const [query] = useSearchParams();
  const user = query.get("user");
  const session = query.get("session");
  return (
    <>
      <Card className={styles.block}>
        <Find key={user} user={user ?? ""} />
      </Card>
      {user === null ? (
        <Empty icon={UserSearch} title={t("admin.user.start")} text={t("admin.user.start.text")} />
      ) : (
        <div className={styles.client}>
          <Card className={styles.block}>
            <h2 className={styles.title}>{t("admin.sessions")}</h2>
            <Sessions key={user} user={user} chosen={session} />
          </Card>
          {session === null ? <p className={styles.pick}>{t("admin.sessions.pick")}</p> : <Session key={session} session={session} />}
        </div>
      )}
    </>
  );
}

function Find({ user }: { readonly user: string }) {
  const { t } = useI18n();
  const [, setQuery] = useSearchParams();
  const [draft, setDraft] = useState(user);
  const [bad, setBad] = useState(false);
  return (
    <form
      role="search"
      className={styles.form}
      onSubmit={(event) => {
        event.preventDefault();
        const wanted = draft.trim();
        setBad(wanted === "");
        if (wanted !== "") setQuery({ user: wanted });
      }}
    >
      <TextInput
        className={cx(styles.wide)}
        label={t("admin.user")}
        description={t("admin.user.hint")}
        value={draft}
        onChange={(event) => setDraft(event.currentTarget.value)}
        error={bad ? t("admin.user.bad") : null}
        spellCheck={false}
        autoCapitalize="none"
        autoComplete="off"
        inputWrapperOrder={["label", "input", "description", "error"]}
        styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)", fontSize: 13.5 } }}
      />
      <Button type="submit" leftSection={<Search size={16} aria-hidden="true" />}>
        {t("admin.user.search")}
      </Button>
    </form>
  );
}

function Sessions({ user, chosen }: { readonly user: string; readonly chosen: string | null }) {
  const { t } = useI18n();
  const sessions = usePolled(`sessions ${user}`, (api, signal) => readSessions(api, user, signal));
  return (
    <Fresh polled={sessions} rows={3}>
      {(list) =>
        list.length === 0 ? (
          <Empty icon={History} title={t("admin.sessions.empty")} text={t("admin.sessions.empty.text")} />
        ) : (
          <ul className={styles.sessions}>
            {list.map((session) => (
              <SessionLink key={session.session} user={user} of={session} isChosen={session.session === chosen} />
            ))}
          </ul>
        )
      }
    </Fresh>
  );
}

function SessionLink({ user, of, isChosen }: { readonly user: string; readonly of: Remembered; readonly isChosen: boolean }) {
  const { t, language } = useI18n();
  return (
    <li>
      <Link to={`?${String(new URLSearchParams({ user, session: of.session }))}`} className={styles.session} aria-current={isChosen ? "true" : undefined} data-session={of.session}>
        <span className={cx(styles.strong, "mono", "truncate")}>{of.session}</span>
        <span className={styles.sub}>{ago(language, of.to)}</span>
        <span className={cx(styles.sub, "num")}>
          {utcTime(of.from)} – {of.from.slice(0, 10) === of.to.slice(0, 10) ? utcClock(of.to).slice(0, 8) : utcTime(of.to)} UTC
        </span>
        <span className={styles.sub}>{t("admin.connections", { n: of.connections })}</span>
      </Link>
    </li>
  );
}

function Session({ session }: { readonly session: string }) {
  const notes = usePolled(`notes ${session}`, (api, signal) => readNotes(api, session, signal));
  return (
    <div className={styles.detail}>
      <Card className={styles.block}>
        <Why session={session} topics={notes.data === undefined ? [] : topicsOf(notes.data)} />
      </Card>
      <Card className={styles.block}>{notes.data === undefined && notes.error === undefined ? <Skeleton height={240} m={18} /> : <Fresh polled={notes} rows={6}>{(list) => <Timeline notes={list} />}</Fresh>}</Card>
    </div>
  );
}
