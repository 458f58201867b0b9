/** One text of the document: plain, with a proposed change in it, or being edited. */
import { Button } from "@mantine/core";
import { createContext, use, useEffect, useRef, useState, type KeyboardEvent, type ReactNode } from "react";
import { DiffText } from "../components/diff-text";
import { useT } from "../i18n";
import { NO_MARKS, type Marks } from "../lib/changes";
import { text as asText, texts } from "../lib/resume";
import { cx } from "../lib/cx";
import styles from "./document.module.css";

export interface DocumentMode {
  readonly marks: Marks;
  readonly selected: string | null;
  readonly onSelect: (changeId: string) => void;
  readonly editing: boolean;
  /** Saves a field; resolves when the field may close. */
  readonly onSave: (path: string, base: unknown, value: unknown) => Promise<void>;
}

const READ_ONLY: DocumentMode = {
  marks: NO_MARKS,
  selected: null,
  onSelect: () => undefined,
  editing: false,
  onSave: () => Promise.resolve(),
};

const Mode = createContext<DocumentMode>(READ_ONLY);
export const DocumentModeProvider = Mode.Provider;

export function useDocumentMode(): DocumentMode {
  return use(Mode);
}

interface FieldProps {
  readonly path: string;
  readonly value: unknown;
  /** Shown where the field is empty and can be edited. */
  readonly hint?: string;
  /** Lists are written with commas. */
  readonly list?: boolean;
  /** How the plain value looks, where it is not its own text. */
  readonly children?: ReactNode;
}

export function Field({ path, value, hint, list = false, children }: FieldProps) {
  const mode = useDocumentMode();
  const [open, setOpen] = useState(false);
  const plain = list ? texts(value).join(", ") : asText(value);
  const mark = mode.marks.fields.get(path);
  if (mode.editing) {
    if (open) return <Editor path={path} value={value} initial={plain} list={list} onClose={() => setOpen(false)} />;
    return <EditTarget path={path} onOpen={() => setOpen(true)}>{plain === "" ? <i className="muted">{hint ?? path}</i> : (children ?? plain)}</EditTarget>;
  }
  if (mark !== undefined)
    return (
      <Mark id={mark.change.id}>
        <DiffText before={mark.before} after={mark.after} />
      </Mark>
    );
  return plain === "" ? null : <>{children ?? plain}</>;
}

/** A change in place; choosing it leads to its reason and its buttons. */
export function Mark({ id, children }: { readonly id: string; readonly children: ReactNode }) {
  const { selected, onSelect } = useDocumentMode();
  const isSelected = selected === id;
  const ref = useRef<HTMLSpanElement>(null);
  useEffect(() => {
    if (isSelected) ref.current?.scrollIntoView({ block: "nearest", behavior: "smooth" });
  }, [isSelected]);
  return (
    <span
      ref={ref}
      data-change={id}
      role="button"
      tabIndex={0}
      aria-pressed={isSelected}
      className={cx(styles.mark, isSelected && styles.selected)}
      onClick={() => onSelect(id)}
      onKeyDown={(event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        onSelect(id);
      }}
    >
      {children}
    </span>
  );
}

function EditTarget({ path, onOpen, children }: { readonly path: string; readonly onOpen: () => void; readonly children: ReactNode }) {
  const t = useT();
  return (
    <span
      role="button"
      tabIndex={0}
      className={styles.edit}
      aria-label={t("cv.edit.field", { field: path })}
      onClick={onOpen}
      onKeyDown={(event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        onOpen();
      }}
    >
      {children}
    </span>
  );
}

interface EditorProps {
  readonly path: string;
  readonly value: unknown;
  readonly initial: string;
  readonly list: boolean;
  readonly onClose: () => void;
}

function Editor({ path, value, initial, list, onClose }: EditorProps) {
  const t = useT();
  const { onSave } = useDocumentMode();
  const [draft, setDraft] = useState(initial);
  const [busy, setBusy] = useState(false);
  // What the field held when the editing began: another value by then is a conflict.
  const [base] = useState(value);
  const area = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    area.current?.focus();
    area.current?.setSelectionRange(initial.length, initial.length);
  }, [initial.length]);
  const save = async () => {
    if (draft === initial) {
      onClose();
      return;
    }
    setBusy(true);
    try {
      await onSave(path, base, list ? draft.split(",").map((part) => part.trim()).filter((part) => part !== "") : draft.trim());
      onClose();
    } catch {
      // The page has said why; the draft stays.
    } finally {
      setBusy(false);
    }
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Escape") {
      event.stopPropagation();
      onClose();
    }
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey || (!initial.includes("\n") && initial.length < 60 && !event.shiftKey))) {
      event.preventDefault();
      void save();
    }
  };
  return (
    <span style={{ display: "block" }}>
      <textarea ref={area} className={styles.editor} aria-label={t("cv.edit.field", { field: path })} value={draft} rows={Math.min(8, Math.ceil(initial.length / 80) + 1)} onChange={(event) => setDraft(event.currentTarget.value)} onKeyDown={onKeyDown} />
      <span className={styles.tools}>
        <Button size="compact-sm" onClick={() => void save()} loading={busy}>
          {t("common.save")}
        </Button>
        <Button size="compact-sm" variant="default" onClick={onClose}>
          {t("common.cancel")}
        </Button>
      </span>
    </span>
  );
}
