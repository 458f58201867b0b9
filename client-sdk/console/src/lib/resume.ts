/** Reading JSON Resume documents as they come: what is expected may be missing or of another shape. */
import type { Translate } from "../i18n";
import type { JsonResume } from "../model/types";

/** The server's bound of one message; a CV travels in one. */
export const MAX_RESUME_BYTES = 250 * 1024;

/** The document, or a sentence that says why it is none. */
export function parseResume(t: Translate, text: string): JsonResume | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return t("cvs.invalid.json", { why: error instanceof Error ? error.message : String(error) });
  }
  if (!isMap(value) || !isMap(value.basics)) return t("cvs.invalid.shape");
  return value;
}

export type Item = Readonly<Record<string, unknown>>;

/** The entries of a section: maps only. */
export function entries(value: unknown): Item[] {
  return Array.isArray(value) ? value.filter(isMap) : [];
}

/** A text, a number as text, else "". */
export function text(value: unknown): string {
  if (typeof value === "string") return value.trim();
  return typeof value === "number" ? String(value) : "";
}

export function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.map(text).filter((item) => item !== "") : [];
}

export function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A value of a CV as words, for a diff: lists by lines, maps by their texts. */
export function readable(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  if (Array.isArray(value)) return value.map(readable).filter((part) => part !== "").join(value.every((part) => typeof part === "string") ? ", " : "\n");
  return Object.values(value).map(readable).filter((part) => part !== "").join(" · ");
}
