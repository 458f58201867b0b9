import { ArrowUpDown } from "lucide-react";
import { Fragment, useMemo, type ReactNode } from "react";
import { useT } from "../i18n";
import { nameOf } from "../lib/changes";
import { diffEntries, diffList, diffWords, shorten } from "../lib/diff";
import { isMap, readable, texts } from "../lib/resume";
import styles from "./diff-text.module.css";

/** An entry of a list that is longer is a sentence, not a keyword. */
const LONG_ENTRY = 40;

interface DiffProps {
  readonly before: unknown;
  readonly after: unknown;
  /** Only what changes, with a little around it. */
  readonly compact?: boolean;
}

/** What changes from `before` to `after`: texts word by word, keywords and entries of lists one by one. */
export function DiffText({ before, after, compact = false }: DiffProps) {
  const left = listOf(before);
  const right = listOf(after);
  if (left === null || right === null || (left.length === 0 && right.length === 0)) return <DiffWords before={readable(before)} after={readable(after)} compact={compact} />;
  const all = [...left, ...right];
  if (all.every((item) => typeof item === "string" && item.length <= LONG_ENTRY)) return <DiffKeywords before={texts(left)} after={texts(right)} />;
  return <DiffEntries before={left} after={right} compact={compact} />;
}

/** A list, nothing where a list is new or gone, or null for what is no list. */
function listOf(value: unknown): readonly unknown[] | null {
  if (value === null || value === undefined) return [];
  return Array.isArray(value) ? (value as unknown[]) : null;
}

/** Line by line, so that the blank between two paragraphs is not coloured. */
function Lines({ text, of: line }: { readonly text: string; readonly of: (line: string, key: number) => ReactNode }) {
  return text.split(/(\n+)/u).map((part, index) => (part.trim() === "" && part.includes("\n") ? part : part === "" ? null : line(part, index)));
}

function Add({ children }: { readonly children: string }) {
  return <Lines text={children} of={(line, key) => <ins key={key} className={styles.add}>{line}</ins>} />;
}

function Del({ children }: { readonly children: string }) {
  return <Lines text={children} of={(line, key) => <del key={key} className={styles.del}>{line}</del>} />;
}

/** A text that only changed its place. */
export function Moved({ children }: { readonly children: ReactNode }) {
  const t = useT();
  return (
    <span className={styles.movedEntry}>
      <ArrowUpDown size={13} role="img" aria-label={t("review.moved")} />
      {children}
    </span>
  );
}

function DiffWords({ before, after, compact }: { readonly before: string; readonly after: string; readonly compact: boolean }) {
  const t = useT();
  const pieces = useMemo(() => {
    const all = diffWords(before, after);
    return compact ? shorten(all) : all;
  }, [before, after, compact]);
  if (pieces.length === 0) return <span className="muted">{t("review.empty")}</span>;
  return (
    <span style={{ whiteSpace: "pre-line" }}>
      {pieces.map((piece, index) => (piece.kind === "add" ? <Add key={index}>{piece.text}</Add> : piece.kind === "del" ? <Del key={index}>{piece.text}</Del> : <Fragment key={index}>{piece.text}</Fragment>))}
    </span>
  );
}

function DiffKeywords({ before, after }: { readonly before: string[]; readonly after: string[] }) {
  const pieces = useMemo(() => diffList(before, after), [before, after]);
  return (
    <span>
      {pieces.map((piece, index) => (
        <Fragment key={`${piece.kind} ${piece.text}`}>
          {index > 0 ? ", " : null}
          {piece.kind === "add" ? <Add>{piece.text}</Add> : piece.kind === "del" ? <Del>{piece.text}</Del> : piece.kind === "moved" ? <span className={styles.moved}>{piece.text}</span> : piece.text}
        </Fragment>
      ))}
    </span>
  );
}

function DiffEntries({ before, after, compact }: { readonly before: readonly unknown[]; readonly after: readonly unknown[]; readonly compact: boolean }) {
  const pieces = useMemo(() => diffEntries(before.map(readable), after.map(readable), { before: before.map(nameOf), after: after.map(nameOf) }), [before, after]);
  const shown = compact ? pieces.filter((piece) => piece.kind !== "same") : pieces;
  return (
    <span className={styles.entries}>
      {shown.map((piece) => (
        <span key={`${piece.from} ${piece.to}`} className={styles.entry}>
          {piece.kind === "add" ? <Add>{readable(after[piece.to])}</Add> : null}
          {piece.kind === "del" ? <Del>{readable(before[piece.from])}</Del> : null}
          {piece.kind === "changed" ? <DiffEntry before={before[piece.from]} after={after[piece.to]} compact={compact} /> : null}
          {piece.kind === "moved" ? <Moved>{readable(after[piece.to])}</Moved> : null}
          {piece.kind === "same" ? readable(after[piece.to]) : null}
        </span>
      ))}
    </span>
  );
}

/** A group of keywords keeps its name apart; anything else is compared as its words. */
function DiffEntry({ before, after, compact }: { readonly before: unknown; readonly after: unknown; readonly compact: boolean }) {
  if (isMap(before) && isMap(after) && Array.isArray(before.keywords) && Array.isArray(after.keywords))
    return (
      <>
        <b>{nameOf(after)}: </b>
        <DiffKeywords before={texts(before.keywords)} after={texts(after.keywords)} />
      </>
    );
  return <DiffWords before={readable(before)} after={readable(after)} compact={compact} />;
}
