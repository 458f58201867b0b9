/** Words in the person's language: one dictionary each, chosen by the browser until the person chooses. */
import { createContext, use, useEffect, useMemo, useState, type ReactNode } from "react";
import { en, type Key, type Message } from "./en";
import { fr } from "./fr";

export type Language = "en" | "fr";
export type Values = Readonly<Record<string, string | number>>;
export type { Key } from "./en";

const dictionaries: Record<Language, Readonly<Record<Key, Message>>> = { en, fr };
const STORED = "estafette.language";

export function browserLanguage(preferred: readonly string[] = navigator.languages): Language {
  for (const tag of preferred) {
    const base = tag.slice(0, 2).toLowerCase();
    if (base === "en" || base === "fr") return base;
  }
  return "en";
}

/** The text of `key`, with `{name}`s filled in; a message with forms is chosen by `n`. */
export function translate(language: Language, key: Key, values: Values = {}): string {
  const message = dictionaries[language][key];
  let text: string;
  if (typeof message === "string") text = message;
  else {
    const rule = new Intl.PluralRules(language).select(Number(values.n ?? 0));
    text = rule === "one" ? message.one : message.other;
  }
  if (language === "fr") text = unbroken(text);
  return text.replace(/\{(\w+)\}/gu, (whole, name: string) => {
    const value = values[name];
    if (value === undefined) return whole;
    return typeof value === "number" ? new Intl.NumberFormat(language).format(value) : value;
  });
}

/** French puts a blank before some marks, at which no line may break. */
function unbroken(text: string): string {
  return text.replace(/ ([:;!?»])/gu, "\u00a0$1").replaceAll("« ", "«\u00a0");
}

/** Whether the dictionaries know `key`; for keys made of what a server sent. */
export function isKey(key: string): key is Key {
  return Object.hasOwn(en, key);
}

export type Translate = (key: Key, values?: Values) => string;

interface I18n {
  readonly language: Language;
  readonly setLanguage: (language: Language) => void;
  /** Whether the person chose it in this browser; else it is the browser's. */
  readonly isChosen: boolean;
  readonly t: Translate;
}

const Context = createContext<I18n | null>(null);

export function I18nProvider({ children, initial }: { readonly children: ReactNode; readonly initial?: Language }) {
  const [language, setLanguage] = useState<Language>(() => initial ?? storedLanguage() ?? browserLanguage());
  const [isChosen, setChosen] = useState(() => storedLanguage() !== null);
  useEffect(() => {
    document.documentElement.lang = language;
  }, [language]);
  const value = useMemo<I18n>(
    () => ({
      language,
      setLanguage: (next) => {
        setLanguage(next);
        setChosen(true);
        try {
          localStorage.setItem(STORED, next);
        } catch {
          // Storage may be refused: the choice then holds until the page is left.
        }
      },
      isChosen,
      t: (key, values) => translate(language, key, values),
    }),
    [isChosen, language],
  );
  return <Context value={value}>{children}</Context>;
}

export function useI18n(): I18n {
  const value = use(Context);
  if (value === null) throw new Error("useI18n outside I18nProvider");
  return value;
}

/** `t` alone. */
export function useT(): Translate {
  return useI18n().t;
}

function storedLanguage(): Language | null {
  try {
    const stored = localStorage.getItem(STORED);
    return stored === "en" || stored === "fr" ? stored : null;
  } catch {
    return null;
  }
}
