import { Autocomplete, Button, TextInput } from "@mantine/core";
import { useId, useState } from "react";
import { useSearchParams } from "react-router";
import { Pill, type Tone } from "../components/pill";
import { useI18n } from "../i18n";
import { chapters, parseSeq, proofOf } from "../lib/admin";
import { cx } from "../lib/cx";
import { sentence } from "../lib/words";
import type { Explanation, Fate } from "../model/admin";
import { readExplanation } from "./api";
import { Fresh } from "./freshness";
import { usePolled } from "./poll";
import { Connection } from "./timeline";
import styles from "./admin.module.css";

const TONES: Record<Fate, Tone> = {
  sent: "ok",
  in_snapshot: "ok",
  client_had_it: "ok",
  on_its_way: "warn",
  connection_ended: "bad",
  subscription_ended: "bad",
  not_subscribed: "bad",
  no_such_event: "plain",
};

/** Why did this client not see event `seq` of a topic? */
export function Why({ session, topics }: { readonly session: string; readonly topics: readonly string[] }) {
  const { t } = useI18n();
  const [query, setQuery] = useSearchParams();
  const topic = query.get("topic") ?? "";
  const seq = parseSeq(query.get("seq") ?? "");
  const [draft, setDraft] = useState({ topic, seq: query.get("seq") ?? "" });
  const [tried, setTried] = useState(false);
  const wanted = { topic: draft.topic.trim(), seq: parseSeq(draft.seq) };
  return (
    <>
      <h2 className={styles.title}>{t("admin.why")}</h2>
      <form
        className={styles.form}
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          setTried(true);
          if (wanted.topic === "" || wanted.seq === null) return;
          const next = new URLSearchParams(query);
          next.set("topic", wanted.topic);
          next.set("seq", String(wanted.seq));
          setQuery(next);
        }}
      >
        <Autocomplete
          className={cx(styles.wide)}
          label={t("admin.why.topic")}
          value={draft.topic}
          onChange={(value) => setDraft((old) => ({ ...old, topic: value }))}
          data={[...topics]}
          error={tried && wanted.topic === "" ? t("admin.why.topic.bad") : null}
          spellCheck={false}
          autoCapitalize="none"
          styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)", fontSize: 13.5 } }}
        />
        <TextInput
          className={cx(styles.narrow)}
          label={t("admin.why.seq")}
          inputMode="numeric"
          value={draft.seq}
          onChange={(event) => setDraft({ ...draft, seq: event.currentTarget.value })}
          error={tried && wanted.seq === null ? t("admin.why.seq.bad") : null}
          autoComplete="off"
        />
        <Button type="submit">{t("admin.why.ask")}</Button>
      </form>
      {topic === "" || seq === null ? null : <Answer key={`${topic} ${seq}`} session={session} topic={topic} seq={seq} />}
    </>
  );
}

function Answer({ session, topic, seq }: { readonly session: string; readonly topic: string; readonly seq: number }) {
  const answer = usePolled(`why ${session} ${topic} ${seq}`, (api, signal) => readExplanation(api, session, topic, seq, signal));
  return (
    <div className={styles.answer} aria-live="polite">
      <Fresh polled={answer} rows={2}>
        {(data) => <Verdict explanation={data} topic={topic} seq={seq} />}
      </Fresh>
    </div>
  );
}

function Verdict({ explanation, topic, seq }: { readonly explanation: Explanation; readonly topic: string; readonly seq: number }) {
  const { t } = useI18n();
  const title = useId();
  const proof = proofOf(explanation, topic, seq);
  return (
    <>
      <div className={styles.verdict} data-fate={explanation.fate}>
        <p className={styles.asked}>{t("admin.why.asked", { seq, topic })}</p>
        <p className={styles.fate}>
          <Pill tone={TONES[explanation.fate]}>{explanation.fate}</Pill>
          <b>{t(`admin.fate.${explanation.fate}`)}</b>
        </p>
        <p className={styles.sentence} lang="en">
          {sentence(explanation.sentence)}
        </p>
      </div>
      <section data-proof aria-labelledby={title}>
        <h3 className={styles.proof} id={title}>
          {t("admin.why.proof")}
        </h3>
        {proof.length === 0 ? <p className={styles.none}>{t("admin.why.proof.none")}</p> : chapters(proof).map((chapter) => <Connection key={chapter.connection} chapter={chapter} cut />)}
      </section>
    </>
  );
}
