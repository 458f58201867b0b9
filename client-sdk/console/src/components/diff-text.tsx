import { Fragment, useMemo } from "react";
import { useT } from "../i18n";
import { diffList, diffWords } from "../lib/diff";
import { readable, texts } from "../lib/resume";
import styles from "./diff-text.module.css";

/** An entry of a list that is longer is a sentence, not a keyword. */
const LONG_ENTRY = 40;

/** What changes from `before` to `after`, word by word; lists of short texts entry by entry. */
export function DiffText({ before, after }: { readonly before: unknown; readonly after: unknown }) {
  const lists = isTexts(before) && isTexts(after);
  // Sentences are compared as sentences, one a line.
  if (lists && [...texts(before), ...texts(after)].some((item) => item.length > LONG_ENTRY))
    return <DiffWords before={texts(before).join("\n")} after={texts(after).join("\n")} />;
  return lists ? <DiffList before={texts(before)} after={texts(after)} /> : <DiffWords before={readable(before)} after={readable(after)} />;
}

const isTexts = (value: unknown): boolean => value === null || value === undefined || (Array.isArray(value) && value.every((item) => typeof item === "string"));

function DiffWords({ before, after }: { readonly before: string; readonly after: string }) {
  const t = useT();
  const pieces = useMemo(() => diffWords(before, after), [before, after]);
  if (pieces.length === 0) return <span className="muted">{t("review.empty")}</span>;
  return (
    <span style={{ whiteSpace: "pre-line" }}>
      {pieces.map((piece, index) =>
        piece.kind === "add" ? (
          <ins key={index} className={styles.add}>
            {piece.text}
          </ins>
        ) : piece.kind === "del" ? (
          <del key={index} className={styles.del}>
            {piece.text}
          </del>
        ) : (
          <Fragment key={index}>{piece.text}</Fragment>
        ),
      )}
    </span>
  );
}

function DiffList({ before, after }: { readonly before: string[]; readonly after: string[] }) {
  const pieces = useMemo(() => diffList(before, after), [before, after]);
  return (
    <span>
      {pieces.map((piece, index) => (
        <Fragment key={`${piece.kind} ${piece.text}`}>
          {index > 0 ? ", " : null}
          {piece.kind === "add" ? <ins className={styles.add}>{piece.text}</ins> : piece.kind === "del" ? <del className={styles.del}>{piece.text}</del> : piece.kind === "moved" ? <span className={styles.moved}>{piece.text}</span> : piece.text}
        </Fragment>
      ))}
    </span>
  );
}
