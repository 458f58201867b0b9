import { Button, Modal, Skeleton } from "@mantine/core";
import { History } from "lucide-react";
import { useMemo, useState } from "react";
import { confirm } from "../components/confirm";
import { DiffText } from "../components/diff-text";
import { Empty, Failure } from "../components/page";
import { Pill } from "../components/pill";
import { isKey, useI18n, type Translate } from "../i18n";
import { compare, placeOf } from "../lib/changes";
import { ago, dateTime } from "../lib/format";
import { readable } from "../lib/resume";
import { useFetched } from "../live/live";
import type { CvFile, CvVersion, CvVersionSummary } from "../model/types";
import { cx } from "../lib/cx";
import styles from "./versions.module.css";

interface VersionsProps {
  readonly file: CvFile;
  readonly versions: readonly CvVersionSummary[];
  /** Whose CV it was made from, where it still exists. */
  readonly sourceName: string | null;
  readonly onRestore: (version: number) => Promise<void>;
  readonly disabled: boolean;
}

export function Versions({ file, versions, sourceName, onRestore, disabled }: VersionsProps) {
  const { t, language } = useI18n();
  const [comparing, setComparing] = useState<number | null>(null);
  const sorted = [...versions].sort((a, b) => b.version - a.version);
  if (sorted.length === 0) return <Empty icon={History} title={t("versions.empty")} />;
  const restore = async (version: number) => {
    const sure = await confirm({ title: t("versions.restore.title", { n: version }), text: t("versions.restore.text"), yes: t("versions.restore"), no: t("common.cancel") });
    if (sure) await onRestore(version);
  };
  return (
    <>
      <ul className={styles.list}>
        {sorted.map((version) => {
          const isCurrent = version.version === file.content_version;
          return (
            <li key={version.version} className={styles.row} data-version={version.version}>
              <span className={cx(styles.number, "num")}>v{version.version}</span>
              <div style={{ minWidth: 0 }}>
                <div className={styles.what}>
                  <span style={{ fontWeight: 540 }}>{version.version === 1 && version.source_file !== null ? t("versions.copy") : t(`versions.type.${version.change_type ?? "original"}`)}</span>
                  {isCurrent ? <Pill tone="brand">{t("versions.current")}</Pill> : null}
                  {version.match_score === null ? null : <span className="muted num">{version.match_score}/100</span>}
                </div>
                <div className={styles.note}>
                  <time dateTime={version.created_at} title={dateTime(language, version.created_at)}>
                    {ago(language, version.created_at)}
                  </time>
                  {noteOf(t, version, sourceName)}
                </div>
                {isCurrent ? null : (
                  <div className={styles.buttons}>
                    <Button size="compact-sm" variant="default" onClick={() => setComparing(version.version)}>
                      {t("versions.compare")}
                    </Button>
                    <Button size="compact-sm" variant="subtle" onClick={() => void restore(version.version)} disabled={disabled}>
                      {t("versions.restore")}
                    </Button>
                  </div>
                )}
              </div>
            </li>
          );
        })}
      </ul>
      <Modal opened={comparing !== null} onClose={() => setComparing(null)} size="xl" title={comparing === null ? "" : t("versions.comparing", { a: comparing })} closeButtonProps={{ "aria-label": t("common.close") }}>
        {comparing === null ? null : <Comparison file={file} version={comparing} />}
      </Modal>
    </>
  );
}

/** The server's own notes are in one language: those that only repeat what the row says are said in the person's. */
function noteOf(t: Translate, { changelog, change_type, source_file }: CvVersionSummary, sourceName: string | null): string | null {
  if (change_type === "restore") {
    const from = /v(\d+)$/u.exec(changelog ?? "")?.[1];
    return from === undefined ? null : ` · ${t("versions.restoredFrom", { n: Number(from) })}`;
  }
  if (source_file !== null) return sourceName === null ? null : ` · ${t("versions.from", { name: sourceName })}`;
  return changelog === null ? null : ` · ${changelog}`;
}

function Comparison({ file, version }: { readonly file: CvFile; readonly version: number }) {
  const { t } = useI18n();
  const { data, error, reload } = useFetched<CvVersion>(`/v1/cv/files/${file.id}/versions/${version}`);
  const changes = useMemo(() => (data === undefined ? [] : compare(data.content, file.content)), [data, file.content]);
  if (error !== undefined) return <Failure error={error} retry={reload} />;
  if (data === undefined) return <Skeleton height={220} />;
  if (changes.length === 0) return <p>{t("versions.same")}</p>;
  return (
    <div className={styles.diffs}>
      <span className="muted">{t("versions.fields", { n: changes.length })}</span>
      {changes.map((change) => {
        const { section, entry } = placeOf(file.content, change.path);
        const key = `cv.section.${section}`;
        const name = isKey(key) ? t(key) : section;
        return (
          <div key={`${change.kind} ${change.path} ${readable(change.before)}`} className={styles.diff}>
            <div className={styles.path}>{[name, entry, change.kind === "order" ? t("cv.reordered") : null].filter((part) => part !== null).join(" · ")}</div>
            <div className={styles.words}>
              <DiffText before={change.before} after={change.after} compact />
            </div>
          </div>
        );
      })}
    </div>
  );
}
