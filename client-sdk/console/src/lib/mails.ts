/** Texts of e-mails and the variables in them. */
import type { EmailTemplate, EmailText } from "../model/operations";
import type { Lang } from "../model/product";

/** The words of a list that was typed: by commas, semicolons or blanks; none twice. */
export function words(text: string): readonly string[] {
  return [...new Set(text.split(/[\s,;]+/u).filter((word) => word !== ""))];
}

/** Variables that texts name, as `{{name}}`, in the order of their first use. */
export function variablesIn(...texts: readonly string[]): readonly string[] {
  const names = texts.flatMap((text) => [...text.matchAll(/\{\{\s*(\w+)\s*\}\}/gu)].map((match) => match[1] ?? ""));
  return [...new Set(names)];
}

/** The text in a language; empty where there is none yet. */
export function textOf(template: Pick<EmailTemplate, "language" | "subject" | "html_content" | "translations">, language: Lang): EmailText {
  if (template.language === language) return { subject: template.subject, html_content: template.html_content };
  return template.translations[language] ?? { subject: "", html_content: "" };
}

/** What is sent so that the template has these texts: its own language, and the other where something is written. */
export function textsOf(language: Lang, texts: Readonly<Record<Lang, EmailText>>): Pick<EmailTemplate, "subject" | "html_content" | "translations"> {
  const other: Lang = language === "fr" ? "en" : "fr";
  const has = texts[other].subject.trim() !== "" || texts[other].html_content.trim() !== "";
  return { ...texts[language], translations: has ? { [other]: texts[other] } : {} };
}
