import { Button, CopyButton, TextInput } from "@mantine/core";
import { Gift } from "lucide-react";
import { useState, type SyntheticEvent } from "react";
import { Failure, Rows } from "../components/page";
import { Pill } from "../components/pill";
import { ItemList, Section } from "../components/section";
import { useI18n } from "../i18n";
import { useDoing } from "../lib/actions";
import { day, price } from "../lib/format";
import { useFetched, useLive } from "../live/live";
import { useOffered } from "../live/offered";
import type { Pack, Referrals } from "../model/product";
import { toastDone } from "../live/toasts";
import styles from "./money.module.css";

/** Where credits come from: packs, codes, friends. Each is shown where the server has it. */
export function Buy() {
  const offered = useOffered();
  return (
    <>
      {offered.has("packs") ? <Packs /> : null}
      {offered.has("promo") ? <PromoCode /> : null}
      {offered.has("referrals") ? <Refer /> : null}
    </>
  );
}

function Packs() {
  const { t, language } = useI18n();
  const { client } = useLive();
  const { data, error, reload } = useFetched<readonly Pack[]>("/v1/cv/credit-packs");
  const { busy, run } = useDoing();
  if (data?.length === 0) return null;
  const buy = (pack: Pack) =>
    run(async () => {
      const { url } = (await client.call("billing.checkout", { credit_pack_id: pack.id })) as { readonly url: string };
      location.assign(url);
    });
  return (
    <Section title={t("packs.title")} text={t("packs.text")}>
      {data === undefined ? (
        error === undefined ? (
          <Rows count={1} height={130} />
        ) : (
          <Failure error={error} retry={reload} />
        )
      ) : (
        <ul className={styles.packs} aria-label={t("packs.title")}>
          {data.map((pack) => (
            <li key={pack.id} className={styles.pack} data-pack={pack.name}>
              <span className="muted">{pack.name}</span>
              <b>{t("gen.credits", { n: pack.credit_amount })}</b>
              <small>{pack.description ?? t("packs.each", { price: price(language, pack.price / pack.credit_amount, pack.price_currency) })}</small>
              <Button variant="default" loading={busy} onClick={() => void buy(pack)}>
                {t("packs.buy", { price: price(language, pack.price, pack.price_currency) })} <span className="visually-hidden">({pack.name})</span>
              </Button>
            </li>
          ))}
        </ul>
      )}
    </Section>
  );
}

function PromoCode() {
  const { t } = useI18n();
  const { client } = useLive();
  const { busy, run } = useDoing();
  const [code, setCode] = useState("");
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    void run(async () => {
      const { credits } = await client.call("billing.redeem", { code: code.trim() });
      toastDone(t, t("promo.done", { n: credits }));
      setCode("");
    });
  };
  return (
    <Section title={t("promo.title")} text={t("promo.text")}>
      <form className={styles.redeem} onSubmit={submit}>
        <TextInput label={t("promo.label")} required withAsterisk={false} value={code} onChange={(event) => setCode(event.currentTarget.value.toUpperCase())} autoComplete="off" maxLength={64} />
        <Button type="submit" variant="default" loading={busy} leftSection={<Gift size={16} aria-hidden="true" />}>
          {t("promo.do")}
        </Button>
      </form>
    </Section>
  );
}

function Refer() {
  const { t, language } = useI18n();
  const { data } = useFetched<Referrals>("/v1/cv/referrals");
  if (data === undefined) return null;
  const link = `${location.origin}/sign-up?ref=${encodeURIComponent(data.code)}`;
  return (
    <Section title={t("refer.title")} text={t("refer.text", { a: data.referrer_credits, b: data.referred_credits })}>
      <div className={styles.share}>
        <TextInput label={t("refer.link")} value={link} readOnly onFocus={(event) => event.currentTarget.select()} />
        <CopyButton value={link}>
          {({ copied, copy }) => (
            <Button variant="default" onClick={copy}>
              {t(copied ? "common.copied" : "common.copy")}
            </Button>
          )}
        </CopyButton>
      </div>
      {data.items.length === 0 ? null : (
        <ItemList
          label={t("refer.title")}
          items={data.items.map((referral) => ({
            id: referral.id,
            title: t("refer.who", { date: day(language, referral.created_at) }),
            text: referral.status === "rewarded" ? t("refer.reward", { n: referral.referrer_credits }) : t("refer.waits"),
            action: <Pill tone={referral.status === "rewarded" ? "ok" : referral.status === "pending" ? "plain" : "outline"}>{t(`refer.${referral.status}`)}</Pill>,
          }))}
        />
      )}
    </Section>
  );
}
