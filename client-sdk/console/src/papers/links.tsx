import { Button } from "@mantine/core";
import { ItemList, Section } from "../components/section";
import { useI18n } from "../i18n";
import { useDoing } from "../lib/actions";
import { shortSource } from "../lib/cvs";
import { ago } from "../lib/format";
import { useLive } from "../live/live";
import { useHappenings, usePages } from "../live/pages";
import type { Link } from "../model/product";

/** Addresses that were used, each once, the last used first. */
export function UsedLinks() {
  const { t, language } = useI18n();
  const { api, me } = useLive();
  const { busy, run } = useDoing();
  const list = usePages<Link>("/v1/cv/link-history");
  useHappenings(`user:${me.id}`, list.reload);
  const rows = list.rows ?? [];
  if (rows.length === 0) return null;
  const remove = async (link: Link) => {
    if (await run(() => api.delete(`/v1/cv/link-history/${link.id}`), t("links.removed"))) list.reload();
  };
  return (
    <div style={{ marginTop: 18 }}>
      <Section title={t("links.title")} text={t("links.text")}>
        <ItemList
          label={t("links.title")}
          items={rows.map((link) => ({
            id: link.id,
            title: (
              <a href={link.url} target="_blank" rel="noreferrer">
                {shortSource(link.url)}
              </a>
            ),
            text: `${link.url} · ${ago(language, link.created_at)}`,
            action: (
              <Button size="compact-sm" variant="default" loading={busy} onClick={() => void remove(link)} aria-label={t("links.remove.of", { name: link.url })}>
                {t("links.remove")}
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
    </div>
  );
}
