/**
 * `Retry-After` as milliseconds from now: seconds, or an HTTP date, which is read against the answer's own `Date`, as the
 * clock of this side may be wrong.
 */
export function retryAfter(value: string | null | undefined, date: string | null | undefined): number | undefined {
  if (value === null || value === undefined || value.trim() === "") return undefined;
  const seconds = Number(value);
  if (Number.isFinite(seconds)) return Math.max(0, seconds * 1000);
  const wait = Date.parse(value) - Date.parse(date ?? "");
  return Number.isFinite(wait) ? Math.max(0, wait) : undefined;
}
