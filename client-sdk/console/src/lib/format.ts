/** Dates, durations, money and sizes in the person's language; pure. */
import type { Language } from "../i18n";

const locale: Record<Language, string> = { en: "en-GB", fr: "fr-FR" };

export function dateTime(language: Language, at: string): string {
  return safely(at, (date) => new Intl.DateTimeFormat(locale[language], { dateStyle: "medium", timeStyle: "short" }).format(date));
}

export function day(language: Language, at: string): string {
  return safely(at, (date) => new Intl.DateTimeFormat(locale[language], { dateStyle: "medium" }).format(date));
}

/** A UTC day such as `2026-11-21`: "21 Nov", or in full. */
export function utcDay(language: Language, date: string, how: "short" | "full"): string {
  const options: Intl.DateTimeFormatOptions = how === "short" ? { day: "numeric", month: "short" } : { dateStyle: "medium" };
  return safely(`${date}T12:00:00Z`, (at) => new Intl.DateTimeFormat(locale[language], { ...options, timeZone: "UTC" }).format(at));
}

/** "14:05". */
export function clockTime(language: Language, at: number | string): string {
  return safely(typeof at === "number" ? new Date(at).toISOString() : at, (date) => new Intl.DateTimeFormat(locale[language], { timeStyle: "short" }).format(date));
}

/** "3 minutes ago"; beyond a week the date. */
export function ago(language: Language, at: string, now = Date.now()): string {
  return safely(at, (date) => {
    const seconds = Math.round((date.getTime() - now) / 1000);
    const relative = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
    const size = Math.abs(seconds);
    if (size < 45) return relative.format(0, "second");
    if (size < 45 * 60) return relative.format(Math.round(seconds / 60), "minute");
    if (size < 22 * 3600) return relative.format(Math.round(seconds / 3600), "hour");
    if (size < 7 * 86_400) return relative.format(Math.round(seconds / 86_400), "day");
    return day(language, at);
  });
}

/** 850 ms, 3.4 s, 2 min 05 s, 1 h 02 min. */
export function duration(language: Language, ms: number): string {
  const number = (value: number, digits: number) =>
    new Intl.NumberFormat(locale[language], { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value);
  const space = "\u202f";
  if (ms < 1000) return `${number(Math.max(0, Math.round(ms)), 0)}${space}ms`;
  const seconds = ms / 1000;
  if (seconds < 59.95) return `${number(seconds, 1)}${space}s`;
  const whole = Math.round(seconds);
  const two = (value: number) => String(value).padStart(2, "0");
  if (whole < 3600) return `${Math.floor(whole / 60)}${space}min${space}${two(whole % 60)}${space}s`;
  return `${Math.floor(whole / 3600)}${space}h${space}${two(Math.floor((whole % 3600) / 60))}${space}min`;
}

/** A running time: tenths of a second from the start, so that its width does not jump. */
export function ticking(language: Language, ms: number): string {
  if (ms >= 1000) return duration(language, ms);
  const tenths = new Intl.NumberFormat(locale[language], { minimumFractionDigits: 1, maximumFractionDigits: 1 });
  return `${tenths.format(Math.floor(ms / 100) / 10)}\u202fs`;
}

/** A model's cost in US dollars: small sums keep the digits that say something. */
export function cost(language: Language, usd: number): string {
  const digits = usd === 0 ? 2 : usd < 0.01 ? 4 : usd < 1 ? 3 : 2;
  return new Intl.NumberFormat(locale[language], {
    style: "currency",
    currency: "USD",
    currencyDisplay: "narrowSymbol",
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  }).format(usd);
}

/** An amount without cents; an unknown currency is written as it is. */
export function money(language: Language, amount: number, currency: string | null): string {
  const plain = new Intl.NumberFormat(locale[language], { maximumFractionDigits: 0 });
  if (currency === null || !/^[A-Z]{3}$/u.test(currency)) return currency === null ? plain.format(amount) : `${plain.format(amount)} ${currency}`;
  return new Intl.NumberFormat(locale[language], { style: "currency", currency, maximumFractionDigits: 0 }).format(amount);
}

/** A price, with cents where it has some. */
export function price(language: Language, amount: number, currency: string): string {
  const digits = Number.isInteger(amount) ? 0 : 2;
  return new Intl.NumberFormat(locale[language], { style: "currency", currency, minimumFractionDigits: digits, maximumFractionDigits: 2 }).format(amount);
}

export function number(language: Language, value: number): string {
  return new Intl.NumberFormat(locale[language]).format(value);
}

export function signed(language: Language, value: number): string {
  return new Intl.NumberFormat(locale[language], { signDisplay: "exceptZero" }).format(value).replace("-", "−");
}

export function percent(language: Language, fraction: number): string {
  return new Intl.NumberFormat(locale[language], { style: "percent", maximumFractionDigits: 0 }).format(fraction);
}

export function bytes(language: Language, size: number): string {
  const [value, unit] = size < 1024 * 1024 ? [size / 1024, language === "fr" ? "Ko" : "KB"] : [size / 1024 / 1024, language === "fr" ? "Mo" : "MB"];
  return `${new Intl.NumberFormat(locale[language], { maximumFractionDigits: 1 }).format(value)}\u202f${unit}`;
}

export function languageName(language: Language, code: string): string {
  try {
    const name = new Intl.DisplayNames([language], { type: "language" }).of(code) ?? code;
    return name.charAt(0).toLocaleUpperCase(language) + name.slice(1);
  } catch {
    return code;
  }
}

/** A date of a CV, as precise as it was written: "2021", "2021-04", "2021-04-01"; other texts stay. */
export function cvDate(language: string, date: string | null | undefined): string {
  if (date === null || date === undefined || date === "") return "";
  const parts = /^(\d{4})(?:-(\d{2}))?(?:-\d{2})?(?:T.*)?$/u.exec(date);
  if (parts === null) return date;
  const [, year, month] = parts;
  if (month === undefined) return year ?? date;
  try {
    return new Intl.DateTimeFormat(language, { month: "short", year: "numeric", timeZone: "UTC" }).format(Date.UTC(Number(year), Number(month) - 1, 15));
  } catch {
    return date;
  }
}

function safely(at: string, format: (date: Date) => string): string {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? at : format(date);
}
