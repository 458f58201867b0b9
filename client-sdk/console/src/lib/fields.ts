/** Fields of the administrators' dialogs, and what of them is sent. */
import type { Key } from "../i18n";

export interface Field {
  readonly name: string;
  readonly label: Key;
  readonly kind: "text" | "area" | "code" | "number" | "switch" | "choice" | "date";
  readonly hint?: Key;
  readonly required?: boolean;
  readonly min?: number;
  /** Digits after the point; without it whole numbers. */
  readonly decimals?: number;
  readonly choices?: readonly { readonly value: string; readonly label: string }[];
  /** An emptied field is sent as null; else it is left out. */
  readonly nullable?: boolean;
}

export type Values = Readonly<Record<string, unknown>>;

/** The beginning of a new one. */
export function emptyOf(fields: readonly Field[]): Values {
  return Object.fromEntries(fields.map((field) => [field.name, field.kind === "switch" ? false : field.kind === "number" ? null : field.kind === "choice" && field.required === true ? (field.choices?.[0]?.value ?? null) : ""]));
}

/** What is sent: all that is filled in of a new one (`before` is null), else what changed. */
export function changedOf(fields: readonly Field[], before: Values | null, after: Values): Values {
  const sent: Record<string, unknown> = {};
  for (const field of fields) {
    const value = normal(field, after[field.name]);
    if (before !== null && value === normal(field, before[field.name])) continue;
    if (value === null && (before === null || field.nullable !== true)) continue;
    sent[field.name] = value;
  }
  return sent;
}

function normal(field: Field, value: unknown): unknown {
  if (value === undefined || value === null || value === "") return null;
  if (field.kind === "date" && typeof value === "string") return value.length === 10 ? `${value}T00:00:00Z` : value;
  if (field.kind === "choice" && typeof value === "number") return String(value);
  return value;
}
